"""Many threads at once, forked processes, and whether the interpreter runs on."""

from __future__ import annotations

import multiprocessing
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

import thumbs


def test_many_threads_share_the_module(photos: Path, tmp_path: Path) -> None:
    paths = sorted(photos.iterdir())
    want = {(path, size): thumbs.thumbnail(path, size).bytes for path in paths for size in (20, 40)}
    barrier = threading.Barrier(16)

    def work(number: int) -> None:
        barrier.wait()
        for round in range(4):
            for path in paths:
                size = 20 if (number + round) % 2 else 40
                assert thumbs.thumbnail(path, size).bytes == want[path, size]
                # Every thread has plans of its own, more than are remembered.
                thumbs.thumbnail(path, 16, quality=1 + (number * 36 + round * 9) % 100)
                assert thumbs.open(path).decode(size=size).width <= size
            out = tmp_path / f"{number}-{round}"
            assert thumbs.run(paths[:2], output=out, size=16, jobs=2).done == 2

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(16)))


def test_one_iterator_can_be_read_and_closed_by_many_threads(many: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        events = thumbs.process(many, output=tmp_path / "a", size=16)
        counts = list(pool.map(lambda _: sum(1 for _ in events), range(8)))
        assert sum(counts) == 60
        events = thumbs.process(many, output=tmp_path / "b", size=16)
        list(pool.map(lambda n: events.close() if n == 7 else [0 for _ in events], range(8)))
        assert events.summary is not None


def test_other_threads_run_while_a_picture_is_rendered(photos: Path) -> None:
    turns = 0
    over = threading.Event()

    def count() -> None:
        nonlocal turns
        while not over.is_set():
            turns += 1

    thread = threading.Thread(target=count)
    interval = sys.getswitchinterval()
    # Nobody gives the GIL away unasked.
    sys.setswitchinterval(0.5)
    try:
        thread.start()
        before = turns
        thumbs.thumbnail(photos / "hubble.jpg", "original", format="png")
        during = turns - before
    finally:
        over.set()
        sys.setswitchinterval(interval)
        thread.join()
    assert during > 1000


def _width(path: str) -> int:
    return thumbs.thumbnail(path, 32).width + thumbs.open(path).decode(size=32).width


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_worker_processes_use_it(photo: Path, method: str) -> None:
    assert _width(str(photo)) == 64
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        assert list(pool.map(_width, [str(photo)] * 4)) == [64] * 4


def test_the_module_needs_no_gil() -> None:
    is_enabled = getattr(sys, "_is_gil_enabled", None)
    if is_enabled is None or sys.version_info < (3, 13) or "free-threading" not in sys.version:
        pytest.skip("this Python has a GIL")
    assert not is_enabled(), "importing the module turned the GIL on"
