"""A data set for PyTorch: squares of 224 pixels, decoded at the scale that the decoder has ready.

python torch_dataset.py DIRECTORY
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from torch.utils.data import DataLoader, Dataset

import thumbs


class Pictures(Dataset[torch.Tensor]):
    """Pictures as tensors of 3 channels and `side` rows and columns, uint8."""

    def __init__(self, paths: Sequence[Path], side: int = 224) -> None:
        self.paths, self.side = paths, side

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, at: int) -> torch.Tensor:
        side = (self.side, self.side)
        picture = thumbs.open(self.paths[at]).decode(size=side, fit="cover", enlarge=True, mode="RGB")
        # Shares the memory of the picture.
        return torch.from_dlpack(picture).permute(2, 0, 1)


class Decodable(Pictures):
    """The same without those that cannot be decoded: their places are taken by black."""

    def __getitem__(self, at: int) -> torch.Tensor:
        try:
            return super().__getitem__(at)
        except thumbs.Error as error:
            print(error, file=sys.stderr)
            return torch.zeros(3, self.side, self.side, dtype=torch.uint8)


if __name__ == "__main__":
    loader = DataLoader(Decodable(sorted(Path(sys.argv[1]).iterdir())), batch_size=4, num_workers=2)
    for batch in loader:
        print(tuple(batch.shape), batch.float().mean().item())
