"""Not run: what type checkers have to accept, and what they have to know."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, assert_type

import thumbs
import thumbs.ray


def single(path: Path, upload: io.BytesIO) -> None:
    output = thumbs.thumbnail(path, (800, 600), quality=70, fit="cover", gravity="north")
    assert_type(output, thumbs.Output)
    assert_type(output.bytes, bytes)
    assert_type(output.size, tuple[int, int])
    assert_type(output.score, float | None)
    output.save("a.jpg", existing="fail")
    assert_type(thumbs.render(upload, [(400, None), "50%"], ["webp", "jpeg"], max_bytes="50k"), list[thumbs.Output])
    thumbs.thumbnail(bytearray(b""), 256, format="auto", allow=["webp", "jpeg"])
    thumbs.thumbnail(memoryview(b""), "original", lossless=True, memory=1 << 29)
    picture = thumbs.open(path).decode(at_least=(224, 224), mode="RGB")
    assert_type(picture, thumbs.Picture)
    assert_type(picture.shape, tuple[int, ...])
    assert_type(memoryview(picture).nbytes, int)
    thumbs.thumbnail(picture)
    thumbs.thumbnail(picture.to_pil())


def paths() -> Iterator[Path]:
    yield Path("a.jpg")


async def more() -> AsyncIterator[str]:
    yield "a.jpg"


def many() -> None:
    assert_type(thumbs.run("photos/", output="out/", size=[256, (800, 600)], format=["webp"]), thumbs.Summary)
    with thumbs.process(paths(), ordered=True, output=Path("out"), sizes=[256], update=False) as events:
        for event in events:
            assert_type(event, thumbs.Event)
            assert_type(event.outputs, list[str])
    assert_type(events.summary, thumbs.Summary | None)
    try:
        thumbs.run(["a.jpg", Path("b.jpg")], in_place=True, min_savings="10%", backup="old/", progress=True)
    except thumbs.OutputConflict as error:
        assert_type(error.path, str | None)


async def concurrent(path: Path) -> None:
    assert_type(await thumbs.render_async(path, [100], metadata="copyright"), list[thumbs.Output])
    async for event in thumbs.process_async(more(), output="out/"):
        assert_type(event, thumbs.Event)


def wrong(path: Path) -> None:
    thumbs.thumbnail(path, qualty=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    thumbs.thumbnail(path, fit="covr")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    thumbs.thumbnail(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    thumbs.run(path, report="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def cluster(plan: Path) -> None:
    finish = thumbs.ray.run(plan, ["--nice"], address="auto", cpus=2, window=8, program=["/usr/local/bin/thumbs"])
    assert_type(finish, thumbs.ray.Finish)
    assert_type(finish.digest, str | None)
    assert_type(finish.failed, dict[int, str])
    assert_type(thumbs.ray.Thumbnails(size=256)({"path": ["a.jpg"]})["error"], Any)
