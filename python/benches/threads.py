"""Threads of the caller's own: `ThreadPoolExecutor(n).map(thumbs.thumbnail, paths)` against one thread.

python threads.py [--rounds 5] DIRECTORY
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import thumbs
from tree import processor


def seconds(threads: int, paths: list[Path]) -> float:
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(thumbs.thumbnail, paths[:threads]))
        begun = time.perf_counter()
        list(pool.map(thumbs.thumbnail, paths))
        return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("directory", type=Path)
    words = parser.parse_args()
    paths = [path for path in sorted(words.directory.rglob("*")) if path.is_file()]
    counts = range(1, len(os.sched_getaffinity(0)) + 1)
    times: dict[int, list[float]] = {count: [] for count in counts}
    for _ in range(words.rounds):
        for count in counts:
            times[count].append(seconds(count, paths))
    print(f"{date.today()}, {processor()}, {len(paths)} pictures, medians of {words.rounds} rounds\n")
    print("| threads | seconds | times one thread |\n| --- | --- | --- |")
    one = statistics.median(times[1])
    for count in counts:
        many = statistics.median(times[count])
        print(f"| {count} | {many:.2f} | {one / many:.2f} |")


if __name__ == "__main__":
    main()
