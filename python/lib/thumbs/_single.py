"""One picture: from a source to encoded outputs, or to pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ._friends import plain
from ._thumbs import Image, Output
from ._thumbs import render as render_words

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import EncodeOptions, Format, Size, Source


def thumbnail(
    source: Source,
    size: Size = (800, 600),
    *,
    format: Format | None = None,
    **options: Unpack[EncodeOptions],
) -> Output:
    """Renders one picture at one size.

    Args:
        source: a path, the bytes of a file in any buffer, a binary file, an array of pixels, or a PIL image.
        size: the box in pixels, ``(width, height)``, into which the picture fits with its own proportions. It never
            grows without ``enlarge=True``. ``(800, None)`` leaves the height free; ``256``, ``"50%"`` and
            ``"original"`` work, too.
        format: ``"keep"`` (the default: the source's format; PNG or JPEG where that is not written), ``"jpeg"``,
            ``"png"``, ``"webp"``, ``"avif"``, or ``"auto"`` for the one with the fewest bytes.
        options: ``quality`` (1 to 100, default 80), ``fit``, ``gravity``, ``target``, ``max_bytes``, ...

    Raises:
        UnsupportedFormat: not a picture, or of a format that is not read.
        DamagedPicture: damaged or truncated (``allow_truncated=True`` takes what there is).
        TooLarge: over ``max_pixels``, ``max_file_size`` or ``memory``, or too large for the output's format.
        Error: anything else about the picture.
        OSError: the file cannot be read.
        TypeError, ValueError: an argument is wrong; the message names it.
    """
    words: dict[str, Any] = {**options, "size": size, "format": format}
    outputs = render_words(plain(source), words, "thumbnail")
    if len(outputs) != 1:
        raise TypeError("thumbnail() makes one picture: size must be one size, and format one format; see render()")
    return outputs[0]


def render(
    source: Source,
    sizes: Sequence[Size] = ((800, 600),),
    formats: Sequence[Format] = ("keep",),
    **options: Unpack[EncodeOptions],
) -> list[Output]:
    """Renders one picture at several sizes and in several formats, from one decode.

    Args:
        source: as for :func:`thumbnail`.
        sizes: boxes in pixels, such as ``[(400, 300), 1600, "original"]``.
        formats: such as ``["webp", "jpeg"]``.
        options: as for :func:`thumbnail`.

    Returns:
        One output for each size and format, grouped by size.

    Raises:
        As :func:`thumbnail`.
    """
    return render_words(plain(source), rendering(sizes, formats, options), "render")


def rendering(sizes: object, formats: object, options: object) -> dict[str, Any]:
    """The options of :func:`render`."""
    assert isinstance(options, dict)
    for name, values in (("sizes", sizes), ("formats", formats)):
        if isinstance(values, (str, int, float)):
            raise TypeError(f"{name} must be a list, such as [{values!r}]")
    return {**options, "sizes": sizes, "formats": formats}


def open(source: Source) -> Image:  # noqa: A001
    """Opens a picture and reads its header; :meth:`Image.decode` reads the pixels.

    Args:
        source: as for :func:`thumbnail`. Of a path, only the first 64 KiB are read, more only if the header is longer.

    Raises:
        As :func:`thumbnail`.
    """
    return Image(plain(source))
