"""Pixels of others: arrays and PIL images as sources, and outputs for them and for notebooks."""

from __future__ import annotations

import base64
import io
import os
import struct
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from PIL.Image import Image as PilImage

    from ._thumbs import Output, Picture

# The TIFF tags that say how the samples are to be understood, by channels.
_PHOTOMETRIC = {1: 1, 2: 1, 3: 2, 4: 2}
_CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}


def plain(source: Any) -> Any:
    """The source, with pixels as the bytes of an uncompressed file."""
    if isinstance(source, (str, bytes, os.PathLike)):
        return cast(Any, source)
    if hasattr(source, "getbands") and hasattr(source, "tobytes"):
        return _of_pil(source)
    try:
        view = memoryview(source)
    except (TypeError, BufferError):
        # A file, or the module says what it takes.
        return source
    if view.ndim < 2:
        return source
    return _of_array(view)


def _of_array(view: memoryview) -> bytes:
    shape = view.shape or ()
    height, width, channels = (*shape, 1)[:3]
    if len(shape) > 3 or channels not in _PHOTOMETRIC or view.format != "B":
        what = "x".join(str(side) for side in shape)
        raise TypeError(
            "source: an array of pixels is (height, width) or (height, width, channels) with 1 to 4 channels of uint8, "
            f"not {what} of {view.format!r}"
        )
    return _tiff(width, height, channels, view.tobytes())


def _of_pil(image: PilImage) -> bytes:
    orientation = image.getexif().get(0x0112, 1)
    icc: bytes | None = image.info.get("icc_profile")
    if image.mode not in _CHANNELS:
        has_alpha = "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info
        if image.mode not in ("P", "PA", "1", "RGBX", "RGBa", "La"):
            # The profile describes other channels than these.
            icc = None
        grey = image.mode in ("1", "I", "F", "I;16", "La")
        image = image.convert(("LA" if has_alpha else "L") if grey else ("RGBA" if has_alpha else "RGB"))
    return _tiff(image.width, image.height, _CHANNELS[image.mode], image.tobytes(), orientation, icc)


def _tiff(
    width: int, height: int, channels: int, pixels: bytes, orientation: int = 1, icc: bytes | None = None
) -> bytes:
    """An uncompressed TIFF of one strip: pixels with as little around them as a decoder needs."""
    if len(pixels) >= 1 << 32:
        raise ValueError("source: more than 4 GiB of pixels")
    after = b"\x08\x00" * channels
    # Tag, type (3 is SHORT, 4 LONG, 7 UNDEFINED), count, value or the bytes that it stands for.
    tags: list[tuple[int, int, int, int | bytes]] = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, channels, 8 if channels == 1 else after),
        (259, 3, 1, 1),
        (262, 3, 1, _PHOTOMETRIC[channels]),
        (273, 4, 1, 0),
        (274, 3, 1, orientation if orientation in range(1, 9) else 1),
        (277, 3, 1, channels),
        (278, 4, 1, height),
        (279, 4, 1, len(pixels)),
    ]
    if channels in (2, 4):
        # Alpha that is not premultiplied.
        tags.append((338, 3, 1, 2))
    if icc:
        tags.append((34675, 7, len(icc), icc))
    at = 8 + 2 + 12 * len(tags) + 4
    entries: list[bytes] = []
    extra = b""
    start_of_pixels = at + sum(
        len(value) + len(value) % 2 for *_, value in tags if isinstance(value, bytes) and len(value) > 4
    )
    for tag, kind, count, value in tags:
        if tag == 273:
            value = start_of_pixels
        if isinstance(value, bytes) and len(value) <= 4:
            entries.append(struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0"))
        elif isinstance(value, bytes):
            entries.append(struct.pack("<HHII", tag, kind, count, at + len(extra)))
            extra += value + b"\0" * (len(value) % 2)
        else:
            entries.append(struct.pack("<HHII", tag, kind, count, value))
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + b"\0\0\0\0"
    return b"".join([b"II*\0\x08\0\0\0", directory, extra, pixels])


def open_output(output: Output) -> PilImage:
    """``Output.to_pil``."""
    from PIL import Image

    return Image.open(io.BytesIO(output.bytes))


def picture_to_pil(picture: Picture) -> PilImage:
    """``Picture.to_pil``."""
    from PIL import Image

    image = Image.frombuffer(picture.mode, picture.size, picture, "raw", picture.mode, 0, 1)
    if picture.icc:
        image.info["icc_profile"] = picture.icc
    return image


def picture_as_png(picture: Picture) -> bytes:
    """``Picture._repr_png_``."""
    from ._single import thumbnail

    source = picture_to_pil(picture).convert("RGB") if picture.mode == "CMYK" else picture
    return thumbnail(source, "original", format="png", effort=0).bytes


def output_as_html(output: Output) -> str:
    """``Output._repr_html_``."""
    data = base64.b64encode(output.bytes).decode("ascii")
    about = f"{output.format} {output.width}x{output.height}, {len(output):,} bytes"
    size = f'width="{output.width}" height="{output.height}"'
    return f'<img src="data:image/{output.format};base64,{data}" {size} alt="{about}" title="{about}">'
