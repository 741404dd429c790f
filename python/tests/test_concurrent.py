"""asyncio: results, cancellation, and a loop that is never held."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from conftest import names

import thumbs


def test_it_renders_as_the_other_does(photo: Path) -> None:
    async def main() -> list[list[thumbs.Output]]:
        content = photo.read_bytes()
        sources = [photo, content, bytearray(content), photo.open("rb")]
        return await asyncio.gather(*(thumbs.render_async(source, sizes=[100]) for source in sources))

    want = thumbs.thumbnail(photo, 100).bytes
    assert [output.bytes for [output] in asyncio.run(main())] == [want] * 4


def test_failures_and_wrong_arguments_are_raised() -> None:
    async def main() -> None:
        with pytest.raises(thumbs.UnsupportedFormat):
            await thumbs.render_async(b"nothing")
        with pytest.raises(TypeError, match=r"render_async\(\) has no argument colour"):
            await thumbs.render_async(b"nothing", colour=3)
        with pytest.raises(TypeError, match="inputs must be"):
            async for _ in thumbs.process_async(3):
                pass

    asyncio.run(main())


def test_a_cancelled_task_ends_its_decoder(photos: Path) -> None:
    async def main() -> None:
        # Minutes of work, if nobody ended it.
        sizes = [(400 + n, 400 + n) for n in range(500)]
        work = [thumbs.render_async(photos / "hubble.jpg", sizes, ["webp"], effort=9) for _ in range(6)]
        tasks = [asyncio.create_task(one) for one in work]
        await asyncio.sleep(0.2)
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ended)
        # The threads are free again.
        assert await asyncio.wait_for(thumbs.render_async(photos / "chelsea.jpg", sizes=[16]), 120)

    asyncio.run(main())


def test_the_loop_runs_on_while_pictures_are_rendered(photos: Path) -> None:
    async def main() -> int:
        turns = 0
        work = asyncio.gather(*(thumbs.render_async(photos / "retina.jpg", sizes=["original"]) for _ in range(4)))
        while not work.done():
            turns += 1
            await asyncio.sleep(0)
        await work
        return turns

    assert asyncio.run(main()) > 100


def test_events_come_as_they_happen(photos: Path, tmp_path: Path) -> None:
    async def main() -> list[str]:
        events = thumbs.process_async(photos, output=tmp_path, size=16)
        return [event.kind async for event in events]

    assert asyncio.run(main()) == ["done"] * 9
    assert len(names(tmp_path)) == 9


def test_an_asynchronous_iterable_is_an_input(photos: Path, tmp_path: Path) -> None:
    paths = sorted(photos.iterdir())

    async def inputs() -> AsyncIterator[Path]:
        for path in paths:
            await asyncio.sleep(0.001)
            yield path
        raise LookupError("no more")

    async def main() -> list[str]:
        sources: list[str] = []
        with pytest.raises(LookupError):
            async for event in thumbs.process_async(inputs(), ordered=True, output=tmp_path, size=16):
                sources.append(event.source)
        return sources

    assert asyncio.run(main()) == [str(path) for path in paths]


async def _closed(events: AsyncIterator[thumbs.Event]) -> None:
    async with contextlib.aclosing(events):
        async for _ in events:
            break


async def _cancelled(events: AsyncIterator[thumbs.Event]) -> None:
    async def consume() -> None:
        async for _ in events:
            first.set()
            await asyncio.sleep(3600)

    first = asyncio.Event()
    task = asyncio.create_task(consume())
    await first.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _raised(events: AsyncIterator[thumbs.Event]) -> None:
    with contextlib.suppress(LookupError):
        async for _ in events:
            raise LookupError


@pytest.mark.parametrize("end", [_closed, _cancelled, _raised])
def test_a_loop_that_is_left_ends_the_run_in_order(
    many: Path, tmp_path: Path, end: Callable[[AsyncIterator[thumbs.Event]], Awaitable[None]]
) -> None:
    async def main() -> None:
        await end(thumbs.process_async(many, output=tmp_path / "out", size=200, jobs=1))

    asyncio.run(main())
    made = names(tmp_path / "out")
    assert 0 < len(made) < 60
    assert not [name for name in made if name.startswith(".thumbs-")]
    for name in made:
        assert thumbs.open(tmp_path / "out" / name).decode().width == 200
