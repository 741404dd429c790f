"""Decoding for a data loader: pixels of at least 256x256 from a file, one thread.

python loader.py [--rounds 5] DIRECTORY...

Each decoder reads the file and gives an array of 8 bits a sample, RGB, at the smallest scale that it offers and that is not
smaller than asked. Decoders that are not installed are left out. PyTorch's and simplejpeg's read JPEG alone.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import statistics
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

import thumbs
from tree import processor

SIDE = 256
Decoder = Callable[[Path], Any]


def ours() -> Decoder:
    return lambda path: np.asarray(thumbs.open(path).decode(at_least=(SIDE, SIDE), mode="RGB"))


def pillow() -> Decoder:
    from PIL import Image

    def decode(path: Path) -> Any:
        with Image.open(path) as image:
            image.draft("RGB", (SIDE, SIDE))
            return np.asarray(image.convert("RGB"))

    return decode


def opencv() -> Decoder:
    import cv2

    cv2.setNumThreads(1)
    scales = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4, 2: cv2.IMREAD_REDUCED_COLOR_2}

    def decode(path: Path) -> Any:
        # OpenCV tells no size before it decodes; the header is read by ours.
        short = min(thumbs.open(path).size)
        flags = next((flag for scale, flag in scales.items() if short / scale >= SIDE), cv2.IMREAD_COLOR)
        return cv2.cvtColor(cv2.imread(str(path), flags), cv2.COLOR_BGR2RGB)

    return decode


def simplejpeg() -> Decoder:
    module = importlib.import_module("simplejpeg")
    return lambda path: module.decode_jpeg(path.read_bytes(), "RGB", min_height=SIDE, min_width=SIDE)


def torchvision() -> Decoder:
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    io = importlib.import_module("torchvision.io")
    return lambda path: io.decode_jpeg(io.read_file(str(path)), mode=io.ImageReadMode.RGB)


DECODERS = {
    "thumbs": (ours, "thumbs"),
    "PIL with draft": (pillow, "pillow"),
    "OpenCV, reduced": (opencv, "opencv-python-headless"),
    "simplejpeg": (simplejpeg, "simplejpeg"),
    "torchvision": (torchvision, "torchvision"),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("directories", type=Path, nargs="+")
    words = parser.parse_args()
    decoders: dict[str, Decoder] = {}
    for name, (make, package) in DECODERS.items():
        try:
            decoders[f"{name} {importlib.metadata.version(package)}"] = make()
        except (ImportError, importlib.metadata.PackageNotFoundError) as error:
            print(f"{name} is left out: {error}")
    print(f"{date.today()}, {processor()}, medians of {words.rounds} rounds, milliseconds of CPU a picture\n")
    print("| pictures | " + " | ".join(decoders) + " |\n|" + " --- |" * (len(decoders) + 1))
    for directory in words.directories:
        paths = [path for path in sorted(directory.rglob("*")) if path.is_file()]
        times: dict[str, list[float]] = {name: [] for name in decoders}
        for turn in range(words.rounds + 1):
            for name, decode in decoders.items():
                if not all(path.suffix.lower() in (".jpg", ".jpeg") for path in paths) and (
                    name.startswith(("simplejpeg", "torchvision"))
                ):
                    continue
                begun = time.process_time()
                for path in paths:
                    assert 3 in np.asarray(decode(path)).shape, (name, path)
                # The first round warms up.
                if turn:
                    times[name].append((time.process_time() - begun) * 1000 / len(paths))
        medians = {name: statistics.median(each) if each else None for name, each in times.items()}
        first = next(iter(medians.values()))
        assert first is not None
        cells = ["-" if median is None else f"{median:.2f} ({median / first:.1f})" for median in medians.values()]
        print(f"| {directory.name}, {len(paths)} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
