"""Types of sources and of keyword arguments, which are the options of the command line."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, TypedDict

if TYPE_CHECKING:
    # Part of Python from 3.12 on.
    from typing_extensions import Buffer

    from PIL.Image import Image as PilImage


class BinaryFile(Protocol):
    """A file object that is open for reading in binary mode."""

    def read(self, size: int, /) -> bytes: ...


StrPath: TypeAlias = "str | os.PathLike[str]"
Source: TypeAlias = "StrPath | Buffer | BinaryFile | PilImage"
"""What a picture is read from: a path, the bytes of a file in any buffer, a binary file, pixels (an array of rows,
columns and channels of 8 bits), or a PIL image."""

Size: TypeAlias = "int | str | tuple[int | None, int | None]"
"""A box in pixels, ``(width, height)``; a side may be None, which leaves it free. ``256`` is ``(256, 256)``. As text:
``"800x600"``, ``"800x"``, ``"50%"`` or ``"original"``."""

Format: TypeAlias = Literal["keep", "auto", "jpeg", "png", "webp", "avif"]
Mode: TypeAlias = Literal["L", "LA", "RGB", "RGBA"]
Fit: TypeAlias = Literal["inside", "cover", "contain", "fill", "outside"]
Gravity: TypeAlias = Literal[
    "center", "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"
]
Placeholder: TypeAlias = Literal["thumbhash", "blurhash", "color", "lqip"]
Filter: TypeAlias = Literal["lanczos3", "catmullrom", "mitchell", "bilinear", "box", "nearest"]


class LimitOptions(TypedDict, total=False):
    """What a picture may cost, and which damage it may have."""

    max_pixels: int | None
    max_file_size: int | str | None
    memory: int | str | None
    allow_truncated: bool
    strict: bool


class PixelOptions(LimitOptions, total=False):
    """How pixels are made of a source."""

    fit: Fit | None
    gravity: Gravity | None
    background: str | None
    enlarge: bool
    filter: Filter | None
    linear: bool
    no_auto_orient: bool
    icc: Literal["srgb", "keep"] | None


class EncodeOptions(PixelOptions, total=False):
    """How one picture is rendered and encoded."""

    allow: Format | Sequence[Format] | None
    quality: int | Literal["auto"] | None
    target: float | None
    max_bytes: int | str | None
    allow_smaller: bool
    effort: int | None
    lossless: bool
    near_lossless: int | None
    lossy_png: bool
    alpha_quality: int | None
    progressive: bool
    depth: Literal[8, 10] | None
    subsample: Literal["444", "422", "420", "auto"] | None
    metadata: Literal["none", "copyright", "keep"] | None
    trim: int | None
    sharpen: float | None
    blur: float | None
    grayscale: bool
    watermark: StrPath | None
    watermark_gravity: Gravity | None
    watermark_opacity: float | str | None
    watermark_scale: float | str | None
    border: int | None
    border_color: str | None
    round: int | str | None
    placeholder: Placeholder | Sequence[Placeholder] | None


class RunOptions(EncodeOptions, total=False):
    """How a run finds its inputs, and where its outputs go."""

    size: Size | list[Size] | None
    sizes: Sequence[Size] | None
    format: Format | Sequence[Format] | None
    formats: Sequence[Format] | None
    output: StrPath | None
    name: str | None
    hash: bool
    relative_to: StrPath | None
    existing: Literal["replace", "skip", "fail"] | None
    auto_orient: bool
    keep_times: bool
    no_skip_own: bool
    webdataset: StrPath | None
    shard_size: int | str | None
    zstd_level: int | None
    gzip_level: int | None
    partial: bool
    include: str | Sequence[str] | None
    exclude: str | Sequence[str] | None
    max_depth: int | None
    hidden: bool
    backups: bool
    follow: bool
    table: StrPath | Sequence[StrPath] | None
    url_column: str | None
    key_column: str | None
    keep_columns: str | Sequence[str] | None
    drop_duplicates: Literal["sha256", "perceptual"] | None
    min_size: int | None
    max_aspect: float | None
    connections: int | None
    per_host: int | None
    connect_timeout: float | str | None
    idle_timeout: float | str | None
    download_timeout: float | str | None
    retries: int | None
    retry_delay: float | str | None
    allow_private: bool
    ignore_robots_tag: bool
    jobs: int | None
    fail_fast: bool
    max_failures: int | str | None
    dry_run: bool
    in_place: bool
    min_savings: int | str | None
    backup: StrPath | None
    hard_links: bool
    touch: bool
    measure: bool
    update: bool
    state: StrPath | None
    checksum: bool
    retry_failed: bool
    prune: bool
    prune_all: bool
    lock: Literal["skip", "wait", "fail"] | None
    fsync: bool
    timeout: float | str | None
    max_time: float | str | None
