"""The process pool that everyone copies, beside `thumbs.run`: wall time, CPU, and memory of all processes.

python recipe.py [--rounds 5] [--workers N] DIRECTORY...

The recipe calls Pillow's `thumbnail((800, 600))` and saves `*_thumb.jpg`. Both write to a directory of their own, in
alternation, and each round is a process of its own, from the start of Python to its end. `--workers` gives both as many workers
as a machine with more processors would; then only the memory says something.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import date
from pathlib import Path

SIZE = (800, 600)
EXTENSIONS = {".jpg", ".jpeg", ".png", ".webp"}


def resize_image(path: Path, out: Path) -> None:
    from PIL import Image

    with Image.open(path) as image:
        # JPEG has no transparency.
        image = image if image.mode in ("RGB", "L") else image.convert("RGB")
        image.thumbnail(SIZE)
        image.save(out / f"{path.stem}_thumb.jpg")


def parallel_map(directory: Path, out: Path, workers: int | None) -> None:
    paths = sorted(path for path in directory.rglob("*") if path.suffix.lower() in EXTENSIONS)
    with ProcessPoolExecutor(workers) as pool:
        futures = {pool.submit(resize_image, path, out): path for path in paths}
        for future in as_completed(futures):
            future.result()


def thumbs_run(directory: Path, out: Path, workers: int | None) -> None:
    import thumbs

    summary = thumbs.run(directory, output=out, size=SIZE, format="jpeg", quality=75, jobs=workers)
    assert not summary.failed, summary.failures


WAYS = {"parallel_map": parallel_map, "thumbs_run": thumbs_run}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--once", choices=WAYS)
    parser.add_argument("directories", type=Path, nargs="+")
    words = parser.parse_args()
    if words.once:
        [directory, out] = words.directories
        return WAYS[words.once](directory, out, words.workers)

    from tree import Cost, measure, processor

    print(f"{date.today()}, {processor()}, Python {sys.version.split()[0]}, medians of {words.rounds} rounds\n")
    print("| pictures | | wall, s | CPU, s | memory, MiB |\n| --- | --- | --- | --- | --- |")
    for directory in words.directories:
        costs: dict[str, list[Cost]] = {way: [] for way in WAYS}
        count = 0
        for _ in range(words.rounds):
            for way in WAYS:
                with tempfile.TemporaryDirectory() as out:
                    command = [sys.executable, __file__, "--once", way, str(directory), out]
                    command += ["--workers", str(words.workers)] if words.workers else []
                    costs[way].append(measure(command))
                    assert costs[way][-1].succeeded
                    made = sum(path.is_file() for path in Path(out).rglob("*"))
                    assert count in (0, made), f"{way} made {made} files, not {count}"
                    count = made
        medians = {
            way: Cost(*(statistics.median(getattr(cost, what) for cost in each) for what in ("wall", "cpu", "memory")))
            for way, each in costs.items()
        }
        for way, cost in medians.items():
            print(f"| {directory.name}, {count} | `{way}` | {cost.wall:.2f} | {cost.cpu:.2f} | {cost.memory:.0f} |")
        pool, run = medians["parallel_map"], medians["thumbs_run"]
        ratios = [f"{a / b:.1f}" for a, b in zip(*((cost.wall, cost.cpu, cost.memory) for cost in (pool, run)), strict=True)]
        print(f"| | times more | {' | '.join(ratios)} |")


if __name__ == "__main__":
    main()
