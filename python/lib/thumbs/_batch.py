"""Many pictures: the whole pipeline, as an iterator over its events or as one call."""

from __future__ import annotations

import atexit
import os
import threading
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from ._options import StrPath
from ._thumbs import Error, Event, Feed, Run, Summary

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import RunOptions

_live: weakref.WeakSet[Events] = weakref.WeakSet()


def process(
    inputs: StrPath | Iterable[StrPath],
    *,
    ordered: bool = False,
    progress: bool = False,
    **options: Unpack[RunOptions],
) -> Events:
    """Runs the pipeline, and yields an event for each input as it completes.

    Args:
        inputs: a path, a list of paths, or any other iterable of paths. A path is a file, a directory, or (alone or in
            a list) a pattern. What is not a list is consumed on a thread of its own, only as fast as the run needs it.
        ordered: yield events in the order of the inputs. Not together with ``update``, ``fsync`` and ``in_place``.
        progress: show a bar of ``tqdm.auto``, which must be installed.
        options: ``output`` (a directory, a file or an archive; without it, outputs stand beside their inputs),
            ``size``, ``format``, ``update``, ``existing``, ...

    Returns:
        An iterator and context manager. It buffers 64 events; a slow consumer slows the run. Leaving it early, by
        ``close()``, an exception or Ctrl-C, finishes the pictures in progress and begins no others. What the iterable
        raises is raised here after the events of the inputs before it.

    Raises:
        TypeError, ValueError: an argument is wrong; the message names it.
        Error: the run cannot start or go on, as when the destination cannot be written. A picture that fails is an
            event and raises nothing.
    """
    return Events(inputs, ordered=ordered, progress=progress, options=options, called="process")


def run(inputs: StrPath | Iterable[StrPath], *, progress: bool = False, **options: Unpack[RunOptions]) -> Summary:
    """Runs the pipeline to its end.

    Args:
        inputs, progress, options: as for :func:`process`.

    Returns:
        The sums. ``summary.failures`` holds the events of the first 1000 failures.

    Raises:
        As :func:`process`.
    """
    with Events(inputs, ordered=False, progress=progress, options=options, called="run") as events:
        for _ in events:
            pass
    assert events.summary is not None
    return events.summary


class Events(Iterator[Event]):
    """A run, as an iterator over its events."""

    def __init__(
        self,
        inputs: StrPath | Iterable[StrPath],
        *,
        ordered: bool,
        progress: bool,
        options: Mapping[str, Any],
        called: str,
        feed: Feed | None = None,
    ) -> None:
        # With a feed, the caller feeds it.
        named, given = ([], None) if feed else _split(inputs)
        self._failure: list[BaseException] = []
        self._bar: Any = None
        if given is not None:
            feed = Feed()
        self._run = Run(
            named,
            dict(options),
            called=called,
            ordered=ordered,
            counting=progress and feed is None,
            silent=called == "run" and not progress,
            feed=feed,
        )
        _live.add(self)
        if progress:
            self._bar = _bar()
        if feed is not None and given is not None:
            # A thread of its own, since an iterable may wait for events.
            args = (feed, given, self.fail)
            threading.Thread(target=_feed, args=args, name="thumbs-inputs", daemon=True).start()

    def __iter__(self) -> Events:
        return self

    def __next__(self) -> Event:
        batch = self.take(1)
        if not batch:
            raise StopIteration
        return batch[0]

    def take(self, most: int = 64) -> list[Event]:
        """Waits for an event, and returns all that there are, up to `most`; an empty list after the last one."""
        try:
            batch = self._run.take(most)
        except BaseException:
            self.close()
            raise
        if not batch:
            self.close()
            if self._failure:
                raise self._failure.pop()
        elif self._bar is not None:
            self._show(batch)
        return batch

    def fail(self, error: BaseException) -> None:
        """Raises an error after the events of the inputs before it."""
        self._failure.append(error)

    def cancel(self) -> None:
        """Like :meth:`close`, without waiting."""
        self._run.cancel()

    def close(self) -> None:
        """Ends the run in order: pictures in progress are finished and saved, and no others begin. Waits for that."""
        try:
            self._run.close()
        finally:
            _live.discard(self)
            if self._bar is not None:
                self._bar.close()

    @property
    def summary(self) -> Summary | None:
        """The sums, once the run is over."""
        return self._run.summary

    def __enter__(self) -> Events:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_run"):
            self.close()

    def _show(self, batch: list[Event]) -> None:
        total = self._run.total
        if total is not None and self._bar.total != total:
            self._bar.total = total
        for event in batch:
            if event.kind == "failed":
                self._bar.set_postfix_str(f"failed: {os.path.basename(event.source)}", refresh=False)
        self._bar.update(sum(event.kind != "pruned" for event in batch))


def _split(inputs: object) -> tuple[list[str], Iterable[object] | None]:
    """The inputs that are named beforehand, and those that come during the run."""
    if isinstance(inputs, (str, bytes, os.PathLike)):
        return [path_of(cast(object, inputs))], None
    if isinstance(inputs, (list, tuple)):
        return [path_of(path) for path in cast(list[object], inputs)], None
    if isinstance(inputs, Iterable):
        return [], cast(Iterable[object], inputs)
    raise TypeError(f"inputs must be a path or an iterable of paths, not {type(inputs).__name__}")


def path_of(path: object) -> str:
    """One of several inputs."""
    if isinstance(path, (str, bytes, os.PathLike)):
        return os.fsdecode(cast(StrPath, path))
    raise TypeError(f"inputs must hold paths, not {type(path).__name__}")


def _feed(feed: Feed, paths: Iterable[object], fail: Callable[[BaseException], None]) -> None:
    try:
        for path in paths:
            if not feed.send(path_of(path)):
                break
    except BaseException as error:
        fail(error)
    finally:
        feed.close()


def _bar() -> Any:
    try:
        from tqdm.auto import tqdm  # type: ignore[import-untyped]
    except ImportError:
        warnings.warn("progress has no effect: tqdm is not installed", stacklevel=4)
        return None
    return tqdm(unit="picture", unit_scale=False)


@atexit.register
def _close_all() -> None:
    """No run outlives its program, and leaves no unfinished file."""
    for events in list(_live):
        try:
            events.close()
        except Error:
            pass
