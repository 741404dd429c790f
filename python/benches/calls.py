"""What a call costs beyond the work, and whether calls leak.

python calls.py [--calls 10000]

The picture has four pixels, so nearly all of a call is what is not work on pixels: arguments, the header, and the result.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable
from datetime import date

import numpy as np

import thumbs
from tree import processor


def resident() -> int:
    """KiB."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=10_000)
    calls = parser.parse_args().calls
    pixels = np.zeros((2, 2, 3), np.uint8)
    png, jpeg = (thumbs.thumbnail(pixels, "original", format=format).bytes for format in ("png", "jpeg"))
    image = thumbs.open(png)

    def fails() -> None:
        try:
            thumbs.thumbnail(png[:40])
        except thumbs.Error:
            pass

    functions: dict[str, Callable[[], object]] = {
        "thumbs.open(png)": lambda: thumbs.open(png),
        "image.decode()": lambda: image.decode(),
        "thumbs.open(png).decode(size=...)": lambda: thumbs.open(png).decode(size=(224, 224), fit="cover", mode="RGB"),
        "thumbs.thumbnail(png, 1)": lambda: thumbs.thumbnail(png, 1),
        "thumbs.thumbnail(jpeg, 1, quality=70)": lambda: thumbs.thumbnail(jpeg, 1, quality=70),
        "thumbs.thumbnail(array, 1)": lambda: thumbs.thumbnail(pixels, 1),
        "thumbs.thumbnail(broken)": fails,
    }
    # In memory before the first call.
    times = np.ones(calls, np.int64)
    print(f"{date.today()}, {processor()}, {calls} calls\n")
    print("| call | microseconds, median | memory grows by, KiB |\n| --- | --- | --- |")
    for name, function in functions.items():
        for _ in range(calls // 10):
            function()
        gc.collect()
        before = resident()
        for call in range(calls):
            begun = time.perf_counter_ns()
            function()
            times[call] = time.perf_counter_ns() - begun
        gc.collect()
        grown = resident() - before
        print(f"| `{name}` | {np.median(times) / 1000:.1f} | {grown} |")


if __name__ == "__main__":
    main()
