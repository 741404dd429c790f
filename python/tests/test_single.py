"""One picture: sources, options, outputs."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from conftest import names

import thumbs


def test_every_kind_of_source_gives_the_same_thumbnail(photo: Path) -> None:
    content = photo.read_bytes()
    want = thumbs.thumbnail(photo, 100).bytes
    with photo.open("rb") as file:
        sources = [str(photo), content, bytearray(content), memoryview(content), io.BytesIO(content), file]
        for source in sources:
            assert thumbs.thumbnail(source, 100).bytes == want


def test_an_output_says_what_it_is(photo: Path) -> None:
    output = thumbs.thumbnail(photo, (100, 100))
    assert (output.format, output.size, output.width, output.height) == ("jpeg", (100, 67), 100, 67)
    assert len(output) == len(output.bytes) == len(bytes(output))
    assert output.quality == 80 and output.encoder == "thumbs-jpeg" and output.notes == []
    assert repr(output) == f"<thumbs.Output jpeg 100x67, {len(output)} bytes>"


def test_an_output_has_the_placeholders_that_are_asked_for(photo: Path) -> None:
    large, small = thumbs.render(photo, [100, 50], placeholder=["color", "thumbhash"])
    assert small.placeholders.keys() == {"color", "thumbhash"} and small.placeholders == large.placeholders
    assert len(small.placeholders["color"]) == 7
    assert thumbs.thumbnail(photo, 100).placeholders == {}


@pytest.mark.parametrize(
    ("size", "want"),
    [
        ((100, 100), (100, 67)),
        ((100, None), (100, 67)),
        ((None, 50), (75, 50)),
        (90, (90, 60)),
        ("90", (90, 60)),
        ("50%", (226, 150)),
        ("original", (451, 300)),
        ((4000, 4000), (451, 300)),
    ],
)
def test_sizes_are_boxes_in_pixels(photo: Path, size: thumbs._options.Size, want: tuple[int, int]) -> None:
    assert thumbs.thumbnail(photo, size).size == want


def test_sizes_and_formats_come_from_one_decode(photo: Path) -> None:
    outputs = thumbs.render(photo, sizes=[(64, 64), "original"], formats=["webp", "jpeg"])
    assert [(o.format, o.width) for o in outputs] == [("webp", 64), ("jpeg", 64), ("webp", 451), ("jpeg", 451)]


def test_options_are_those_of_the_command_line(photo: Path) -> None:
    plain = thumbs.thumbnail(photo, 100)
    assert len(thumbs.thumbnail(photo, 100, quality=30)) < len(plain)
    assert thumbs.thumbnail(photo, 100, fit="cover", gravity="west").size == (100, 100)
    assert len(thumbs.thumbnail(photo, 100, max_bytes=1500)) <= 1500
    assert thumbs.thumbnail(photo, 100, target=70, effort=0).score is not None
    assert thumbs.thumbnail(photo, 100, format="png", quality=None).format == "png"
    assert thumbs.thumbnail(photo, 1000, enlarge=True).width == 1000
    assert thumbs.thumbnail(photo, 1000, enlarge=False).width == 451


def test_several_outputs_are_not_a_thumbnail(photo: Path) -> None:
    with pytest.raises(TypeError, match="one size"):
        thumbs.thumbnail(photo, [100, 200])
    with pytest.raises(TypeError, match="sizes must be a list"):
        thumbs.render(photo, sizes=256)


def test_a_saved_file_is_whole_and_has_its_directories(photo: Path, tmp_path: Path) -> None:
    output = thumbs.thumbnail(photo, 100)
    path = tmp_path / "a" / "b.jpg"
    output.save(path)
    assert path.read_bytes() == output.bytes
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()
    path.write_bytes(b"old")
    with pytest.raises(thumbs.OutputConflict) as caught:
        output.save(path, existing="fail")
    assert path.read_bytes() == b"old"
    assert (caught.value.path, caught.value.stage, caught.value.reason) == (str(path), "write", "the file exists")
    output.save(str(path))
    assert path.read_bytes() == output.bytes
    with pytest.raises(thumbs.OutputConflict, match="a directory has this name"):
        output.save(tmp_path / "a")
    assert names(tmp_path) == ["a/b.jpg"]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_directory_that_cannot_be_made_is_an_oserror(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        thumbs.thumbnail(photo, 100).save(tmp_path / "file" / "a.jpg")


def test_notes_say_what_is_lost(photos: Path) -> None:
    pillow = pytest.importorskip("PIL.Image")
    frames = [pillow.new("RGB", (20, 20), color) for color in ("red", "blue")]
    animation = io.BytesIO()
    frames[0].save(animation, "GIF", save_all=True, append_images=frames[1:])
    output = thumbs.thumbnail(animation.getvalue(), 10)
    assert output.notes == ["animation lost: first frame only"]


def test_an_option_without_effect_warns(photo: Path) -> None:
    with pytest.warns(UserWarning, match="progressive"):
        thumbs.thumbnail(photo, 11, format="png", progressive=True)
