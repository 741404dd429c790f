"""The whole pipeline: events, order, back pressure, and ends before the end."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import interrupted, names

import thumbs


def test_a_duplicate_names_the_first(photo: Path, tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(photo.read_bytes())
    paths = [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    events = thumbs.process(paths, output=tmp_path / "out", size=16, drop_duplicates="sha256", ordered=True)
    first, second = events
    assert (first.kind, first.duplicate_of) == ("done", None)
    assert (second.kind, second.reason, second.duplicate_of) == ("skipped", "same-bytes", str(paths[0]))


def test_a_run_makes_a_tree_and_returns_its_sums(photos: Path, tmp_path: Path) -> None:
    summary = thumbs.run(photos, output=tmp_path / "out", size=64)
    assert (summary.done, summary.skipped, summary.failed, summary.outputs) == (9, 0, 0, 9)
    assert summary.bytes_in > summary.bytes_out > 0 and summary.elapsed > 0
    assert summary.stopped is None and summary.left == 0 and summary.failures == []
    assert len(names(tmp_path / "out")) == 9


def test_it_makes_the_same_bytes_as_the_program(photos: Path, tmp_path: Path) -> None:
    thumbs.run(photos, output=tmp_path / "a", size=[64, (100, 50)], format=["webp", "jpeg"], quality=70)
    words = [str(photos), "-o", str(tmp_path / "b"), "-s", "64,100x50", "-f", "webp,jpeg", "-q", "70"]
    subprocess.run([sys.executable, "-m", "thumbs", *words], check=True, capture_output=True)
    assert names(tmp_path / "a") == names(tmp_path / "b")
    for name in names(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_one_bad_picture_is_an_event_and_raises_nothing(photo: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(photo.read_bytes()[:2000])
    inputs = [photo, bad, tmp_path / "none.jpg"]
    events = {event.source: event for event in thumbs.process(inputs, output=tmp_path / "out", size=32)}
    good = events[str(photo)]
    assert good.kind == "done" and good.outputs == [str(tmp_path / "out/chelsea.jpg")]
    assert good.bytes_before == photo.stat().st_size and good.bytes_after > 0
    failed = events[str(bad)]
    assert (failed.kind, failed.stage) == ("failed", "decode") and "truncated" in str(failed.error)
    assert events[str(tmp_path / "none.jpg")].stage == "walk"
    summary = thumbs.run(inputs, output=tmp_path / "out", size=32)
    assert summary.failed == 2 and {event.source for event in summary.failures} == {str(bad), str(inputs[2])}


def test_skipped_and_planned_inputs_are_events(photo: Path, tmp_path: Path) -> None:
    def kinds(**options: bool) -> list[tuple[str, str | None]]:
        events = thumbs.process([photo], output=tmp_path, size=32, **options)
        return [(event.kind, event.reason) for event in events]

    assert kinds(dry_run=True) == [("planned", None)]
    assert names(tmp_path) == []
    assert kinds(update=True) == [("done", None)]
    assert kinds(update=True) == [("skipped", "up-to-date")]


def test_ordered_events_come_in_the_order_of_the_inputs(photos: Path, tmp_path: Path) -> None:
    inputs = sorted(photos.iterdir(), reverse=True)
    inputs.insert(3, tmp_path / "none.jpg")
    for given in (inputs, iter(inputs)):
        events = list(thumbs.process(given, ordered=True, output=tmp_path / "out", size=32, jobs=4))
        sources = [event.source for event in events]
        # Inputs of a list that are missing are reported first.
        want = [str(path) for path in inputs]
        assert sorted(sources) == sorted(want)
        if given is not inputs:
            assert sources == want
        else:
            assert [s for s in sources if "none" not in s] == [w for w in want if "none" not in w]


def test_inputs_are_consumed_as_the_run_needs_them(photo: Path, tmp_path: Path) -> None:
    taken = 0

    def endless() -> Iterator[Path]:
        nonlocal taken
        while True:
            taken += 1
            link = tmp_path / f"{taken}.jpg"
            link.symlink_to(photo)
            yield link

    with thumbs.process(endless(), output=tmp_path / "out", size=16, jobs=1) as events:
        for count, event in enumerate(events):
            assert event.kind == "done"
            if count == 5:
                # The run stands still: nothing is taken any more, however long the consumer waits.
                before = -1
                while before != taken:
                    before = taken
                    time.sleep(0.3)
                break
    assert taken < 300
    assert events.summary is not None and events.summary.stopped == "closed"


def test_events_appear_while_the_iterable_waits(photo: Path, tmp_path: Path) -> None:
    done = threading.Event()

    def waits() -> Iterator[Path]:
        yield photo
        assert done.wait(60)

    events = thumbs.process(waits(), output=tmp_path, size=16)
    assert next(events).kind == "done"
    done.set()
    assert list(events) == []


def test_what_the_iterable_raises_is_raised_after_its_inputs(photo: Path, tmp_path: Path) -> None:
    def breaks() -> Iterator[Path]:
        yield photo
        raise LookupError("no more")

    kinds: list[str] = []
    with pytest.raises(LookupError, match="no more"):
        for event in thumbs.process(breaks(), output=tmp_path, size=16):
            kinds.append(event.kind)
    assert kinds == ["done"]
    with pytest.raises(TypeError, match="inputs must hold paths, not int"):
        thumbs.run(iter([photo, 3]), output=tmp_path, size=16)


def test_a_pattern_is_expanded_and_an_iterator_holds_plain_paths(photos: Path, tmp_path: Path) -> None:
    pattern = f"{photos}/c*.jpg"
    assert thumbs.run(pattern, output=tmp_path / "a", size=16).done == 2
    assert thumbs.run(iter([pattern]), output=tmp_path / "a", size=16).failed == 1


def test_a_closed_run_ends_in_order(many: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with thumbs.process(many, output=out, size=200) as events:
        next(events)
    _whole(out)
    assert events.summary is not None and 0 < events.summary.done < 60
    assert list(events) == []


def test_an_exception_in_the_loop_ends_the_run(many: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(ZeroDivisionError):
        for _ in thumbs.process(many, output=out, size=200):
            _ = 1 / 0
    count = _whole(out)
    assert 0 < count < 60
    time.sleep(0.2)
    assert _whole(out) == count, "nothing goes on"


def _whole(out: Path) -> int:
    for name in names(out):
        assert not name.startswith(".thumbs-"), "an unfinished file"
        assert thumbs.open(out / name).decode().width == 200
    return len(names(out))


@pytest.mark.parametrize("what", ["for _ in thumbs.process(inputs(), output=out, size=200): pass", "thumbs.run(inputs(), output=out, size=200)"])
def test_ctrl_c_ends_the_run_in_order(photo: Path, tmp_path: Path, what: str) -> None:
    out = tmp_path / "out"
    script = textwrap.dedent(f"""
        import os, sys, thumbs
        photo, out, links = sys.argv[1:]
        def inputs():
            n = 0
            while True:
                n += 1
                os.symlink(photo, f"{{links}}/{{n}}.jpg")
                yield f"{{links}}/{{n}}.jpg"
        try:
            {what}
        except KeyboardInterrupt:
            print("interrupted")
        """)
    (tmp_path / "links").mkdir()
    words = [sys.executable, "-c", script, str(photo), str(out), str(tmp_path / "links")]
    assert interrupted(words, out) == (0, "interrupted\n")
    assert _whole(out) > 0


def test_a_run_that_nobody_closes_ends_with_the_program(many: Path, tmp_path: Path) -> None:
    script = "import sys, thumbs; e = thumbs.process(sys.argv[1], output=sys.argv[2], size=200); next(e)"
    subprocess.run([sys.executable, "-c", script, str(many), str(tmp_path / "out")], check=True, timeout=60)
    assert 0 < _whole(tmp_path / "out") <= 60


def test_a_run_that_cannot_start_is_an_error(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(thumbs.Error, match="a file, not a directory") as caught:
        thumbs.run([photo], output=tmp_path / "file" / "out", size=16)
    assert (caught.value.stage, caught.value.path) == ("start", None)
    (tmp_path / "old.tar").write_text("mine")
    with pytest.raises(thumbs.OutputConflict):
        thumbs.run([photo], output=tmp_path / "old.tar", size=16)
    assert (tmp_path / "old.tar").read_text() == "mine"


def test_failures_can_end_a_run(photo: Path, tmp_path: Path) -> None:
    bad = [tmp_path / f"{n}.jpg" for n in range(20)]
    for path in bad:
        path.write_text("")
    summary = thumbs.run(bad, output=tmp_path / "out", size=16, max_failures=3)
    assert (summary.stopped, summary.failed) == ("too-many-failures", 4)
    assert thumbs.run(bad, output=tmp_path / "out", size=16, fail_fast=True).stopped == "first-failure"


def test_in_place_replaces_what_gets_smaller(photos: Path, tmp_path: Path) -> None:
    copy = shutil.copy(photos / "hubble.jpg", tmp_path)
    before = os.path.getsize(copy)
    [event] = thumbs.process(copy, in_place=True, quality=60)
    assert (event.kind, event.bytes_before, event.bytes_after) == ("done", before, os.path.getsize(copy))
    assert event.bytes_after < before


def test_names_that_are_not_utf8_work(photo: Path, tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff.jpg"
    shutil.copy(os.fsencode(photo), name)
    [event] = thumbs.process([os.fsdecode(name)], output=tmp_path / "out", size=16)
    assert event.source == os.fsdecode(name) and os.path.exists(event.outputs[0])
    assert thumbs.thumbnail(os.fsdecode(name), 16).width == 16


def test_progress_shows_a_bar(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tqdm")
    summary = thumbs.run(photos, output=tmp_path, size=16, progress=True)
    assert summary.done == 9
    assert "9" in capsys.readouterr().err


def test_progress_without_tqdm_warns(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.warns(UserWarning, match="tqdm is not installed"):
        assert thumbs.run(photo, output=tmp_path, size=16, progress=True).done == 1
