"""Hugging Face `datasets`: smaller pictures in a column, made by `map`.

python datasets_map.py DIRECTORY
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from datasets import Dataset, Image

import thumbs

threads = ThreadPoolExecutor()


def smaller(content: Mapping[str, Any]) -> dict[str, Any]:
    """A picture as `datasets` stores it, at most 256 pixels wide and high. One that fails has no bytes."""
    try:
        source = content["bytes"] or content["path"]
        return {"bytes": thumbs.thumbnail(source, 256, format="jpeg").bytes, "path": content["path"], "why": None}
    except thumbs.Error as error:
        return {"bytes": None, "path": content["path"], "why": error.reason}


def batch(rows: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """A batch, on all processors: the work runs without the GIL."""
    made = list(threads.map(smaller, rows["image"]))
    return {"image": [{"bytes": one["bytes"], "path": one["path"]} for one in made], "why": [one["why"] for one in made]}


def main(directory: Path) -> Dataset:
    """A data set of the pictures in a directory. `decode=False` hands over the files, not pixels."""
    paths = [str(path) for path in sorted(directory.iterdir())]
    rows = Dataset.from_dict({"image": paths}).cast_column("image", Image(decode=False))
    return rows.map(batch, batched=True, batch_size=64).filter(lambda why: why is None, input_columns="why")


if __name__ == "__main__":
    for row in main(Path(sys.argv[1])).cast_column("image", Image()):
        print(row["image"].size)
