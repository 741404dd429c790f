"""Thumbnails and smaller pictures: fast, gentle on memory, and never half-written.

- :func:`thumbnail` and :func:`render` turn one picture into encoded outputs, :func:`open` into pixels.
- :func:`run` and :func:`process` turn files and directories into files, on all processors.
- :func:`render_async` and :func:`process_async` do the same for ``asyncio``.

Keyword arguments are the options of the command line with underscores (``max_bytes`` is ``--max-bytes``), with the same
values and defaults; ``thumbs --help`` explains them. Sizes are in pixels, width first. All work runs without the GIL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._batch import Events, process, run
from ._single import open, render, thumbnail
from ._thumbs import (
    DamagedPicture,
    Error,
    Event,
    Image,
    Output,
    OutputConflict,
    Picture,
    Summary,
    TooLarge,
    UnsupportedFormat,
    __version__,
)

if TYPE_CHECKING:
    from ._concurrent import process_async, render_async

__all__ = [
    "DamagedPicture",
    "Error",
    "Event",
    "Events",
    "Image",
    "Output",
    "OutputConflict",
    "Picture",
    "Summary",
    "TooLarge",
    "UnsupportedFormat",
    "__version__",
    "open",
    "process",
    "process_async",
    "render",
    "render_async",
    "run",
    "thumbnail",
]


def __getattr__(name: str) -> object:
    """Imports `asyncio` when it is needed: it takes longer than everything else here, and a third of the memory."""
    if name in ("process_async", "render_async"):
        from . import _concurrent

        return getattr(_concurrent, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
