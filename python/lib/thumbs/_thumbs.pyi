"""The extension module. What is documented here is public through ``thumbs``."""

import builtins
from collections.abc import Mapping
from typing import Any, Literal, final

import numpy as np
from PIL.Image import Image as PilImage
from typing_extensions import Buffer, Unpack

from ._options import Mode, PixelOptions, Size, StrPath

__version__: str

class Error(Exception):
    """A picture or a run failed."""

    path: str | None
    """The source, or the output that could not be saved; None where there is no path."""
    stage: Literal["start", "walk", "read", "decode", "plan", "resize", "encode", "write"]
    """Where it failed."""
    reason: str
    """Why, without the path."""

class UnsupportedFormat(Error):
    """Not a picture, or a picture of a format that is not read."""

class DamagedPicture(Error):
    """The picture is damaged or truncated."""

class TooLarge(Error):
    """The source is over a limit, or the output is too large for its format."""

class OutputConflict(Error):
    """A file that has to stay is where an output would be."""

@final
class Output:
    """An encoded picture."""

    @property
    def bytes(self) -> builtins.bytes:
        """The file."""
    @property
    def format(self) -> Literal["jpeg", "png", "webp", "avif"]:
        """The format of the file."""
    @property
    def width(self) -> int:
        """Pixels."""
    @property
    def height(self) -> int:
        """Pixels."""
    @property
    def size(self) -> tuple[int, int]:
        """``(width, height)`` in pixels."""
    @property
    def quality(self) -> int | None:
        """The quality it is encoded with; None without loss, or where the source's own bytes are kept."""
    @property
    def score(self) -> float | None:
        """The SSIMULACRA2 score against the resized pixels, where there is a target, or no loss (100)."""
    @property
    def effort(self) -> int | None:
        """The effort that was spent."""
    @property
    def encoder(self) -> str:
        """What encoded it; "source" where the source's own bytes are kept."""
    @property
    def notes(self) -> list[str]:
        """What was lost or ignored, such as "animation lost: first frame only"."""
    @property
    def placeholders(self) -> dict[str, str]:
        """What a page shows while the picture loads, by kind, with ``placeholder``: of the smallest output."""
    def save(self, path: StrPath, *, existing: Literal["replace", "fail"] = "replace") -> None:
        """Writes the file, whole or not at all, and makes missing directories.

        Raises:
            OutputConflict: a file exists and ``existing`` is ``"fail"``, or a directory has this name.
            OSError: the system refuses.
        """
    def to_pil(self) -> PilImage:
        """The picture for Pillow, which decodes it."""
    def __bytes__(self) -> builtins.bytes: ...
    def __len__(self) -> int:
        """The size of the file in bytes."""
    def _repr_html_(self) -> str: ...

@final
class Picture:
    """Decoded pixels: 8 bits a sample, rows from the top, upright, alpha not premultiplied.

    ``numpy.asarray(picture)``, ``memoryview(picture)`` and ``torch.from_dlpack(picture)`` share its memory, and may
    write to it. DLPack needs NumPy.
    """

    @property
    def width(self) -> int:
        """Pixels."""
    @property
    def height(self) -> int:
        """Pixels."""
    @property
    def size(self) -> tuple[int, int]:
        """``(width, height)`` in pixels."""
    @property
    def shape(self) -> tuple[int, ...]:
        """``(height, width, channels)``, or ``(height, width)`` for grey."""
    @property
    def mode(self) -> Literal["L", "LA", "RGB", "RGBA", "CMYK"]:
        """The channels, as Pillow calls them."""
    @property
    def icc(self) -> bytes | None:
        """The ICC profile of the pixels, with ``icc="keep"``. None is sRGB."""
    @property
    def notes(self) -> list[str]:
        """What was lost or ignored."""
    @property
    def __array_interface__(self) -> dict[str, Any]: ...
    def __array__(self) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
    def __dlpack__(self, **options: Any) -> Any: ...
    def __dlpack_device__(self) -> tuple[int, int]: ...
    def tobytes(self) -> bytes:
        """A copy of the samples."""
    def to_pil(self) -> PilImage:
        """The picture for Pillow, which shares the memory until it writes."""
    def _repr_png_(self) -> bytes: ...

@final
class Image:
    """A picture whose header is read."""

    def __init__(self, source: StrPath | Buffer) -> None: ...
    @property
    def width(self) -> int:
        """Pixels, upright."""
    @property
    def height(self) -> int:
        """Pixels, upright."""
    @property
    def size(self) -> tuple[int, int]:
        """``(width, height)`` in pixels, upright."""
    @property
    def format(self) -> str:
        """The format of the source, such as "jpeg" or "tiff"."""
    @property
    def has_alpha(self) -> bool:
        """Whether pixels may be transparent."""
    @property
    def path(self) -> str | None:
        """The file, if it is one."""
    def decode(
        self,
        *,
        at_least: tuple[int, int] | None = None,
        size: Size | None = None,
        mode: Mode | None = None,
        **options: Unpack[PixelOptions],
    ) -> Picture:
        """Decodes the pixels.

        Args:
            at_least: a size in pixels. The decoder takes the smallest size that it has ready and that is not smaller,
                which is fast and not exact: JPEG has eighths of its own size. No resize follows. A smaller picture
                comes at its own size.
            size: instead, the exact size after a resize, as for :func:`thumbs.thumbnail`.
            mode: the channels of the result. "RGB" turns grey into colour, and lays what is transparent over the
                background. By default, the channels of the picture; a picture without colour is "L".
            options: with ``size``, also ``fit``, ``gravity``, ``enlarge``, ``filter`` and ``linear``.

        Without ``at_least`` and ``size``, the picture comes at its own size.

        Raises:
            As :func:`thumbs.thumbnail`.
        """

@final
class Event:
    """What happened to one input."""

    @property
    def kind(self) -> Literal["done", "planned", "skipped", "kept", "failed", "pruned"]:
        """Done, planned (``dry_run``), skipped, kept (``in_place``: encoded, and not replaced), failed, or pruned: an
        output without a source was removed."""
    @property
    def source(self) -> str:
        """The input; of "pruned", the output."""
    @property
    def outputs(self) -> list[str]:
        """The outputs, saved or planned."""
    @property
    def reason(self) -> str | None:
        """Why it was skipped or kept, such as "up-to-date"."""
    @property
    def duplicate_of(self) -> str | None:
        """With ``drop_duplicates``, the earlier input that it is the same as."""
    @property
    def stage(self) -> str | None:
        """Where it failed: "walk", "read", "decode", "plan", "resize", "encode" or "write"."""
    @property
    def error(self) -> str | None:
        """Why it failed."""
    @property
    def bytes_before(self) -> int:
        """The size of the source in bytes."""
    @property
    def bytes_after(self) -> int:
        """The size of all outputs in bytes."""
    @property
    def notes(self) -> list[str]:
        """What was lost or ignored."""
    @property
    def placeholders(self) -> dict[str, str]:
        """What a page shows while the picture loads, by kind, with ``placeholder``: of the smallest output."""

@final
class Summary:
    """The sums of a run."""

    @property
    def done(self) -> int:
        """Inputs whose outputs are saved."""
    @property
    def skipped(self) -> int:
        """Inputs that need no outputs."""
    @property
    def failed(self) -> int:
        """Inputs that failed."""
    @property
    def pruned(self) -> int:
        """Outputs that were removed, as their source is gone."""
    @property
    def outputs(self) -> int:
        """Outputs that are saved."""
    @property
    def bytes_in(self) -> int:
        """Bytes of the sources that are done."""
    @property
    def bytes_out(self) -> int:
        """Bytes of the outputs."""
    @property
    def elapsed(self) -> float:
        """Seconds."""
    @property
    def left(self) -> int:
        """Inputs that were found, and not processed because the run ended early."""
    @property
    def stopped(self) -> Literal["closed", "first-failure", "too-many-failures", "out-of-time"] | None:
        """Why the run ended early, if it did."""
    @property
    def failures(self) -> list[Event]:
        """The events of the first 1000 failures."""

@final
class Interrupt:
    def set(self) -> None: ...

@final
class Feed:
    def send(self, path: str) -> bool: ...
    def close(self) -> None: ...

@final
class Run:
    def __init__(
        self,
        inputs: list[str],
        options: Mapping[str, Any],
        *,
        called: str,
        ordered: bool = False,
        counting: bool = False,
        silent: bool = False,
        feed: Feed | None = None,
    ) -> None: ...
    def take(self, most: int) -> list[Event]: ...
    def cancel(self) -> None: ...
    def close(self) -> None: ...
    @property
    def summary(self) -> Summary | None: ...
    @property
    def total(self) -> int | None: ...

def render(
    source: Any, options: Mapping[str, Any], called: str = "render", interrupt: Interrupt | None = None
) -> list[Output]: ...
def option_names(function: Literal["decode", "render", "run"]) -> dict[str, bool]: ...
def main(words: list[str]) -> None: ...
