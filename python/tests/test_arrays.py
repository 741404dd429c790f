"""Pixels: shapes, memory without copies, and friends."""

from __future__ import annotations

import gc
import hashlib
import io
from pathlib import Path
from typing import Any

import pytest

import thumbs

np: Any = pytest.importorskip("numpy")
pillow: Any = pytest.importorskip("PIL.Image")


def test_the_header_alone_gives_the_size(photos: Path, tmp_path: Path) -> None:
    for name, size, format in [
        ("chelsea.jpg", (451, 300), "jpeg"),
        ("coffee.png", (600, 400), "png"),
        ("rocket.webp", (640, 427), "webp"),
    ]:
        image = thumbs.open(photos / name)
        assert (image.size, image.format, image.has_alpha) == (size, format, False)
        assert image.path == str(photos / name)
        # Damage behind the header is not read.
        cut = tmp_path / name
        cut.write_bytes((photos / name).read_bytes()[:20_000])
        assert thumbs.open(cut).size == size
        with pytest.raises(thumbs.DamagedPicture):
            thumbs.open(cut).decode()
    assert thumbs.open((photos / "chelsea.jpg").read_bytes()).path is None


def test_a_sideways_picture_is_upright(photos: Path) -> None:
    image = thumbs.open(photos / "raccoon.jpg")
    assert image.size == (1024, 768)
    assert image.decode().size == (1024, 768)
    assert image.decode(no_auto_orient=True).size == (768, 1024)
    least = image.decode(at_least=(500, 100))
    assert 500 <= least.width < 1024 and least.width > least.height


@pytest.mark.parametrize("name", ["chelsea.jpg", "hubble.jpg", "coffee.png", "rocket.webp", "camera.jpg"])
def test_at_least_is_at_least_and_like_the_whole(photos: Path, name: str) -> None:
    image = thumbs.open(photos / name)
    whole = image.decode(mode="RGB")
    for side in (16, 50, 100, 200, 299):
        picture = image.decode(at_least=(side, side), mode="RGB")
        assert side <= picture.width <= whole.width and side <= picture.height <= whole.height
        want = np.asarray(whole.to_pil().resize(picture.size, pillow.Resampling.LANCZOS)).astype(int)
        error = ((np.asarray(picture).astype(int) - want) ** 2).mean()
        # What Pillow's draft mode gives: a signal 28 dB above the error.
        assert error < 255**2 / 10**2.8, side
    assert image.decode(at_least=(5000, 5000)).size == whole.size


def test_jpeg_is_decoded_at_eighths(photos: Path) -> None:
    image = thumbs.open(photos / "retina.jpg")
    assert image.decode(at_least=(256, 256)).size == (353, 353)  # two eighths of 1411


def test_size_is_exact(photo: Path) -> None:
    image = thumbs.open(photo)
    assert image.decode(size=(224, 224), fit="cover").shape == (224, 224, 3)
    assert image.decode(size=(64, None)).size == (64, 43)


def test_numpy_shares_the_memory(photo: Path) -> None:
    picture = thumbs.open(photo).decode(at_least=(100, 100))
    array = np.asarray(picture)
    assert array.shape == picture.shape == (picture.height, picture.width, 3) and array.dtype == np.uint8
    array[0, 0] = (1, 2, 3)
    assert picture.tobytes()[:3] == b"\x01\x02\x03"
    assert bytes(memoryview(picture).cast("B")[:3]) == b"\x01\x02\x03"
    interface = np.asarray(type("Holder", (), {"__array_interface__": picture.__array_interface__})())
    dlpack = np.from_dlpack(picture)
    assert np.shares_memory(array, interface) and np.shares_memory(array, dlpack)
    del picture
    assert tuple(array[0, 0]) == (1, 2, 3), "the memory lives as long as an array on it"


def test_modes_convert(photos: Path) -> None:
    shapes = {}
    for mode in ("L", "LA", "RGB", "RGBA"):
        picture = thumbs.open(photos / "camera.jpg").decode(size=20, mode=mode)
        shapes[mode] = picture.shape
        assert picture.mode == mode
    assert shapes == {"L": (20, 20), "LA": (20, 20, 2), "RGB": (20, 20, 3), "RGBA": (20, 20, 4)}
    assert thumbs.open(photos / "camera.jpg").decode(size=20).mode == "L"
    color = thumbs.open(photos / "chelsea.jpg").decode(size=40)
    grey = thumbs.open(photos / "chelsea.jpg").decode(size=40, mode="L")
    assert np.array_equal(np.asarray(color.to_pil().convert("L")), np.asarray(grey))
    clear = pillow.new("RGBA", (4, 4), (200, 100, 0, 0))
    assert tuple(np.asarray(thumbs.open(clear).decode(mode="RGB"))[0, 0]) == (255, 255, 255)
    assert tuple(np.asarray(thumbs.open(clear).decode(mode="RGB", background="#010203"))[0, 0]) == (1, 2, 3)


def test_every_kind_of_reader_gets_the_same_bytes(photo: Path) -> None:
    for mode, axes in (("RGB", 3), ("L", 2), ("RGBA", 3), ("LA", 3)):
        picture = thumbs.open(photo).decode(size=30, mode=mode)
        view = memoryview(picture)
        assert (view.format, view.itemsize, view.readonly, view.ndim) == ("B", 1, False, axes)
        assert view.shape == picture.shape and view.c_contiguous
        assert view.strides == (picture.width * len(mode), len(mode), 1)[:2] + (1,) * (axes - 2)
        whole = picture.tobytes()
        assert len(whole) == view.nbytes == picture.width * picture.height * len(mode)
        # Readers that ask for bytes alone, and for nothing but rows.
        assert bytes(picture) == whole == b"".join([picture])
        assert hashlib.sha256(picture).digest() == hashlib.sha256(whole).digest()
        file = io.BytesIO()
        assert file.write(picture) == len(whole) and file.getvalue() == whole


def test_views_share_the_pixels_and_keep_them(photo: Path) -> None:
    picture = thumbs.open(photo).decode(size=30)
    array, view = np.asarray(picture), memoryview(picture)
    view[0, 0, 0] = 255 - view[0, 0, 0]
    assert array[0, 0, 0] == view[0, 0, 0] == picture.tobytes()[0]
    want = array.copy()
    del picture, view
    gc.collect()
    # Something else would lie here by now.
    others = [thumbs.open(photo).decode(size=30) for _ in range(50)]
    assert np.array_equal(array, want) and len(others) == 50


def test_arrays_and_pictures_are_sources(photo: Path) -> None:
    picture = thumbs.open(photo).decode()
    array = np.asarray(picture)
    for source in (picture, array, array[:, :, 0], array[::2, ::-1]):
        back = np.asarray(thumbs.open(source).decode())
        assert np.array_equal(back, source)
    assert thumbs.thumbnail(array, 100).bytes == thumbs.thumbnail(picture, 100).bytes
    assert thumbs.thumbnail(array, 100).format == "jpeg"
    # An encoded file in a flat array is a file.
    flat = np.frombuffer(photo.read_bytes(), np.uint8)
    assert thumbs.thumbnail(flat, 100).bytes == thumbs.thumbnail(photo, 100).bytes
    for wrong in (array.astype(np.float32), np.zeros((2, 2, 5), np.uint8), np.zeros((1, 2, 2, 3), np.uint8)):
        with pytest.raises(TypeError, match="source: an array of pixels is"):
            thumbs.thumbnail(wrong)


def test_pil_images_go_in_and_out(photos: Path) -> None:
    with pillow.open(photos / "coffee.png") as image:
        for mode in ("RGB", "L", "RGBA", "LA", "P", "1", "CMYK", "YCbCr", "I"):
            decoded = thumbs.open(image.convert(mode)).decode()
            assert decoded.size == image.size, mode
        exact = np.asarray(thumbs.open(image).decode())
        assert np.array_equal(exact, np.asarray(image))
        output = thumbs.thumbnail(image, 100, format="webp")
        assert output.to_pil().size == (100, 67) == output.size
    picture = thumbs.open(photos / "coffee.png").decode(size=10)
    assert np.array_equal(np.asarray(picture.to_pil()), np.asarray(picture))
    with pillow.open(photos / "raccoon.jpg") as sideways:
        assert thumbs.open(sideways).size == (1024, 768)


def test_notebooks_show_pictures(photo: Path) -> None:
    picture = thumbs.open(photo).decode(size=20)
    with pillow.open(io.BytesIO(picture._repr_png_())) as png:
        assert png.format == "PNG" and np.array_equal(np.asarray(png), np.asarray(picture))
    html = thumbs.thumbnail(photo, 20, format="webp")._repr_html_()
    assert html.startswith('<img src="data:image/webp;base64,') and 'width="20"' in html
