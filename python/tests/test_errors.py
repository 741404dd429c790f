"""Exceptions: their classes, and what they say."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import thumbs


def test_what_is_no_picture_is_unsupported(tmp_path: Path) -> None:
    path = tmp_path / "page.jpg"
    path.write_text("<html></html>")
    with pytest.raises(thumbs.UnsupportedFormat) as caught:
        thumbs.thumbnail(path)
    error = caught.value
    assert isinstance(error, thumbs.Error)
    assert (error.path, error.stage) == (str(path), "decode")
    assert str(error) == f"{path}: {error.reason}" and "HTML" in error.reason
    with pytest.raises(thumbs.UnsupportedFormat):
        thumbs.open(path)
    with pytest.raises(thumbs.UnsupportedFormat, match="empty"):
        thumbs.thumbnail(b"")


def test_a_truncated_picture_is_damaged_unless_it_may_be(photos: Path) -> None:
    for name in ["chelsea.jpg", "coffee.png", "rocket.webp"]:
        content = (photos / name).read_bytes()
        half = content[: len(content) // 2]
        with pytest.raises(thumbs.DamagedPicture) as caught:
            thumbs.thumbnail(half, 100)
        assert caught.value.path is None and "truncated" in caught.value.reason
        assert thumbs.thumbnail(half, 100, allow_truncated=True).width == 100


def test_limits_are_checked_from_the_header(photo: Path) -> None:
    with pytest.raises(thumbs.TooLarge, match=r"\(max_pixels\)"):
        thumbs.thumbnail(photo, max_pixels=1000)
    for source in [photo, photo.read_bytes(), io.BytesIO(photo.read_bytes())]:
        with pytest.raises(thumbs.TooLarge, match=r"\(max_file_size\)"):
            thumbs.thumbnail(source, max_file_size="1k")
    with pytest.raises(thumbs.TooLarge, match="over the limit of AVIF|over the limit of WebP"):
        thumbs.thumbnail(photo, (20000, None), format="webp", enlarge=True)


def test_files_that_cannot_be_read_are_oserrors(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        thumbs.thumbnail(tmp_path / "none.jpg")
    assert caught.value.filename == str(tmp_path / "none.jpg")
    with pytest.raises(FileNotFoundError):
        thumbs.open(tmp_path / "none.jpg")
    with pytest.raises(thumbs.Error, match="a directory"):
        thumbs.thumbnail(tmp_path)


Call = Callable[[Any], object]


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda p: thumbs.thumbnail(p, "0x"), ValueError, "size 0x:"),
        (lambda p: thumbs.thumbnail(p, (0, 5)), ValueError, "size 0x5:"),
        (lambda p: thumbs.thumbnail(p, quality=300), ValueError, "quality 300:"),
        (lambda p: thumbs.thumbnail(p, quality=True), TypeError, "quality must be a value"),
        (lambda p: thumbs.thumbnail(p, quality=[1], lossless=2), TypeError, "lossless must be True or False"),
        (lambda p: thumbs.thumbnail(p, quality=object()), TypeError, "quality must be a str, a number or a path"),
        (lambda p: thumbs.thumbnail(p, qualty=3), TypeError, r"thumbnail\(\) has no argument qualty; did you mean quality"),
        (lambda p: thumbs.thumbnail(p, update=True), TypeError, r"thumbnail\(\) has no argument update"),
        (lambda p: thumbs.thumbnail(p, format="heic"), ValueError, "format heic:"),
        (lambda p: thumbs.thumbnail(p, fit="covr"), ValueError, "fit covr: one of .*did you mean cover"),
        (lambda p: thumbs.thumbnail(p, allow_smaller=True), ValueError, "allow_smaller: .* without max_bytes"),
        (lambda p: thumbs.thumbnail(3), TypeError, "source must be a path, .*not int"),
        (lambda p: thumbs.thumbnail(io.StringIO("x")), TypeError, "gave str, not bytes"),
        (lambda p: thumbs.render(p, sizes=[]), ValueError, "sizes is empty"),
        (lambda p: thumbs.render(p, size=3), TypeError, "sizes or size, not both"),
        (lambda p: thumbs.open(p).decode(at_least=(0, 1)), ValueError, "at_least"),
        (lambda p: thumbs.open(p).decode(at_least=(1, 1), size=3), TypeError, "at_least or size"),
        (lambda p: thumbs.open(p).decode(fit="cover"), TypeError, "fit has no effect without size"),
        (lambda p: thumbs.open(p).decode(quality=3), TypeError, r"decode\(\) has no argument quality"),
        (lambda p: thumbs.open(p).decode(mode="CMYK"), ValueError, "mode CMYK: one of"),
        (lambda p: thumbs.run(p, output="-"), ValueError, "output -:"),
        (lambda p: thumbs.run(p, size=[10, 20], name="x.jpg", output="x/"), ValueError, "name x.jpg:"),
        (lambda p: thumbs.run(p, checksum=True), ValueError, "checksum: .* without update"),
        (lambda p: thumbs.run(p, report="x"), TypeError, r"run\(\) has no argument report"),
        (lambda p: thumbs.run(p, nice=True), TypeError, r"run\(\) has no argument nice"),
        (lambda p: thumbs.run(3), TypeError, "inputs must be a path or an iterable of paths, not int"),
        (lambda p: thumbs.run([3]), TypeError, "inputs must hold paths, not int"),
        (lambda p: thumbs.run([]), ValueError, "no input"),
        (lambda p: list(thumbs.process(p, output="x/", ordered=True, fsync=True)), ValueError, "ordered: not together"),
    ],
)
def test_a_wrong_argument_is_named(photo: Path, call: Call, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call(photo)
