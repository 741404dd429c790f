"""The same for ``asyncio``: the event loop is never held, and a cancelled task ends its work."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ._batch import Events, path_of
from ._friends import plain
from ._single import rendering
from ._thumbs import Feed, Interrupt, render

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import EncodeOptions, Format, RunOptions, Size, Source, StrPath
    from ._thumbs import Event, Output


async def render_async(
    source: Source,
    sizes: Sequence[Size] = ((800, 600),),
    formats: Sequence[Format] = ("keep",),
    **options: Unpack[EncodeOptions],
) -> list[Output]:
    """Renders one picture like :func:`thumbs.render`, on threads of this module.

    As many pictures are rendered at once as there are processors; others wait. A file is read there, too. Cancelling
    the task ends the decoder.

    Args, Returns, Raises:
        As :func:`thumbs.render`.
    """
    words = rendering(sizes, formats, options)
    interrupt = Interrupt()

    def work() -> list[Output]:
        return render(plain(source), words, "render_async", interrupt)

    try:
        return await asyncio.get_running_loop().run_in_executor(_threads(), work)
    except asyncio.CancelledError:
        interrupt.set()
        raise


async def process_async(
    inputs: StrPath | Iterable[StrPath] | AsyncIterable[StrPath],
    *,
    ordered: bool = False,
    progress: bool = False,
    **options: Unpack[RunOptions],
) -> AsyncGenerator[Event]:
    """Runs the pipeline like :func:`thumbs.process`, as an asynchronous iterator.

    Args:
        inputs: as for :func:`thumbs.process`, or an asynchronous iterable.
        ordered, progress, options: as for :func:`thumbs.process`.

    Leaving the loop with ``aclose()`` (``contextlib.aclosing``), an exception or a cancelled task finishes the pictures
    in progress, and begins no others.

    Raises:
        As :func:`thumbs.process`, when the first event is awaited.
    """
    loop = asyncio.get_running_loop()
    # Threads that may wait for long, and so do not take one of those that render.
    waiting = ThreadPoolExecutor(2, thread_name_prefix="thumbs-events")
    feed = Feed() if isinstance(inputs, AsyncIterable) else None
    pump: asyncio.Task[None] | None = None
    events: Events | None = None

    def start() -> Events:
        given: StrPath | Iterable[StrPath] = [] if isinstance(inputs, AsyncIterable) else inputs
        return Events(given, ordered=ordered, progress=progress, options=options, called="process_async", feed=feed)

    try:
        events = running = await loop.run_in_executor(waiting, start)
        if feed is not None and isinstance(inputs, AsyncIterable):
            pump = asyncio.create_task(_pump(inputs, feed, waiting, running.fail))
        while batch := await loop.run_in_executor(waiting, running.take):
            for event in batch:
                yield event
    finally:
        if pump is not None:
            pump.cancel()
        if events is not None:
            events.cancel()
            await asyncio.shield(loop.run_in_executor(waiting, events.close))
        waiting.shutdown(wait=False)


async def _pump(
    paths: AsyncIterable[object], feed: Feed, waiting: ThreadPoolExecutor, fail: Callable[[BaseException], None]
) -> None:
    """Hands over what an asynchronous iterable yields."""
    loop = asyncio.get_running_loop()
    try:
        async for path in paths:
            if not await loop.run_in_executor(waiting, feed.send, path_of(path)):
                break
    except Exception as error:
        fail(error)
    finally:
        feed.close()


_pool: ThreadPoolExecutor | None = None
_pool_lock = threading.Lock()


def _threads() -> ThreadPoolExecutor:
    """The threads that render, as many as there are processors."""
    global _pool
    with _pool_lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)), thread_name_prefix="thumbs-render")
        return _pool


def _forget_threads() -> None:
    """A forked process has no threads."""
    global _pool, _pool_lock
    _pool, _pool_lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forget_threads)
