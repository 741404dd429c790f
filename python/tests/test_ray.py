"""Shards of a plan on a Ray cluster of two nodes of this machine, and thumbnails within Ray Data."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import names

import thumbs
from thumbs.ray import Finish, Thumbnails, run

os.environ["RAY_AUTH_MODE"] = "disabled"
SHARDS = 8

# Shard 3 ends with 75 the first time. Shards from 5 on wait until they may go on, and say in which process.
PROGRAM = """
import os, pathlib, sys, time
here = pathlib.Path(sys.argv[1])
words = sys.argv[2:]
shard = int(words[words.index("--shard") + 1]) if "--shard" in words else 0
if shard:
    (here / f"started-{shard}-{os.getpid()}-{os.getppid()}").touch()
if shard == 3 and not (here / "full").exists():
    (here / "full").touch()
    sys.exit(75)
while shard >= 5 and not (here / "go-on").exists():
    time.sleep(0.02)
os.execv(sys.executable, [sys.executable, "-m", "thumbs", *words])
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A cluster with one node of one CPU, to which this process is connected."""
    ray = pytest.importorskip("ray")
    utils = pytest.importorskip("ray.cluster_utils")
    store = 80 << 20
    head = {"num_cpus": 1, "object_store_memory": store, "include_dashboard": False}
    cluster = utils.Cluster(initialize_head=True, head_node_args=head)
    try:
        ray.init(address=cluster.address, logging_level="error", log_to_driver=False)
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


def planned(where: Path, photos: Path) -> Path:
    """A plan of eight shards, one of whose inputs is damaged."""
    where.mkdir()
    source = where / "in"
    source.mkdir()
    for number in range(24):
        (source / f"{number:02}.jpg").write_bytes((photos / "chelsea.jpg").read_bytes() + bytes(number))
    (source / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    words = [sys.executable, "-m", "thumbs", "in", "-s", "64", "-o", "out/", "--write-plan", "plan", "--shards", "8"]
    subprocess.run(words, cwd=where, check=True)
    return where / "plan"


def of_one_process(where: Path, photos: Path) -> tuple[str, dict[str, bytes]]:
    """The digest and the outputs of a plan that one process works on."""
    plan = planned(where, photos)
    words = [sys.executable, "-m", "thumbs"]
    subprocess.run([*words, "--plan", plan, "--shard", "1-8"], check=True)
    finished = subprocess.run([*words, "--finish", plan], capture_output=True, text=True)
    assert finished.returncode == 1
    return finished.stderr.split()[-1], made(where)


def made(where: Path) -> dict[str, bytes]:
    return {name: (where / "out" / name).read_bytes() for name in names(where / "out")}


def program(where: Path) -> list[str]:
    (where / "program.py").write_text(PROGRAM)
    return [sys.executable, str(where / "program.py"), str(where)]


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def started(where: Path) -> list[tuple[int, int, int]]:
    """The shards that have begun: number, process, its parent."""
    found = [path.name.split("-")[1:] for path in where.glob("started-*")]
    return sorted((int(shard), int(process), int(parent)) for shard, process, parent in found)


def lives(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


class Breaks:
    """A thread that breaks something once `count` shards wait, and then lets all go on."""

    def __init__(self, where: Path, count: int, breaks: Callable[[list[tuple[int, int, int]]], None]) -> None:
        self.lost: list[tuple[int, int, int]] = []
        self._arguments = (where, count, breaks)
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Breaks:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()

    def _run(self) -> None:
        where, count, breaks = self._arguments

        def waiting() -> list[tuple[int, int, int]]:
            return [each for each in started(where) if each[0] >= 5 and lives(each[1])]

        try:
            wait_for(lambda: len(waiting()) >= count)
            before = waiting()
            breaks(before)
            # No process outlives its worker.
            wait_for(lambda: not all(lives(process) for _, process, _ in before))
            self.lost = [each for each in before if not lives(each[1])]
        finally:
            (where / "go-on").touch()


def test_a_cluster_that_loses_a_node_leaves_what_one_process_leaves(cluster: Any, photos: Path, tmp_path: Path) -> None:
    digest, outputs = of_one_process(tmp_path / "one", photos)
    plan = planned(tmp_path / "ray", photos)
    node = cluster.add_node(num_cpus=1, object_store_memory=80 << 20)
    cluster.wait_for_nodes()
    where = plan.parent
    with Breaks(where, 2, lambda _: cluster.remove_node(node, allow_graceful=False)) as broken:
        finish = run(plan, program=program(where), retry_delay=0)
    assert finish == Finish(1, finish.messages, {}), "one input is damaged"
    assert finish.digest == digest
    assert made(where) == outputs and len(outputs) == 24
    assert (plan / "_SUCCESS").exists()
    assert len(broken.lost) == 1
    shards = [shard for shard, _, _ in started(where)]
    assert sorted(shards) == sorted([*range(1, SHARDS + 1), 3, broken.lost[0][0]])


def test_a_worker_that_is_killed_leaves_no_process(cluster: Any, photos: Path, tmp_path: Path) -> None:
    plan = planned(tmp_path / "ray", photos)
    where = plan.parent
    with Breaks(where, 1, lambda waiting: os.kill(waiting[0][2], signal.SIGKILL)) as broken:
        finish = run(plan, program=program(where), retry_delay=0)
    assert finish.failed == {} and finish.status == 1 and len(broken.lost) == 1
    assert len(made(where)) == 24


def test_an_interrupted_run_leaves_no_process(cluster: Any, photos: Path, tmp_path: Path) -> None:
    plan = planned(tmp_path / "ray", photos)
    where = plan.parent
    (where / "thumbs").write_text("#!/bin/sh\nexec " + shlex.join(program(where)) + ' "$@"\n')
    (where / "thumbs").chmod(0o755)
    words = [sys.executable, "-m", "thumbs.ray", str(plan), "--address", cluster.address]
    with subprocess.Popen([*words, "--program", str(where / "thumbs")], stderr=subprocess.PIPE, text=True) as driver:
        try:
            wait_for(lambda: any(shard >= 5 for shard, _, _ in started(where)))
            driver.send_signal(signal.SIGINT)
            _, said = driver.communicate(timeout=60)
        finally:
            driver.kill()
    assert (driver.returncode, said.splitlines()[-1]) == (130, "thumbs.ray: interrupted; run it again for the rest")
    wait_for(lambda: not any(lives(process) for _, process, _ in started(where)))


def test_shards_that_fail_are_named_and_a_second_run_does_the_rest(cluster: Any, photos: Path, tmp_path: Path) -> None:
    plan = planned(tmp_path / "ray", photos)
    (plan.parent / "go-on").touch()
    finish = run(plan, program=program(plan.parent), retries=0, retry_delay=0)
    assert finish.status == 4 and finish.digest is None
    assert list(finish.failed) == [3] and finish.failed[3].startswith("exit status 75")
    assert any("1 of 8 shards are not done: 3" in message for message in finish.messages)
    words = [sys.executable, "-m", "thumbs.ray", str(plan), "--address", cluster.address, "--window", "2", "--", "--nice"]
    ran = subprocess.run(words, capture_output=True, text=True)
    assert ran.returncode == 1, ran.stderr
    assert "24 done, 0 skipped, 1 failed" in ran.stderr and re.search(r"8/8 \[|8 of 8 shards", ran.stderr)
    assert len(made(plan.parent)) == 24


def test_more_failures_than_allowed_fail_a_shard(cluster: Any, photos: Path, tmp_path: Path) -> None:
    plan = planned(tmp_path / "ray", photos)
    finish = run(plan, ["--max-failures", "0"], retry_delay=0)
    assert finish.status == 4 and len(finish.failed) == 1
    assert "broken.jpg" in next(iter(finish.failed.values()))


def test_a_wrong_command_line_ends_the_run_at_once(cluster: Any, photos: Path, tmp_path: Path) -> None:
    plan = planned(tmp_path / "ray", photos)
    finish = run(plan, ["--size", "3"], window=1)
    assert finish.status == 4 and list(finish.failed) == [1]
    assert "--size" in finish.failed[1]
    for wrong in (["-j", "2"], ["--jobs=2"], ["-j2"]):
        with pytest.raises(ValueError, match="cpus"):
            run(plan, wrong)
    with pytest.raises(FileNotFoundError):
        run(tmp_path / "none")


def test_a_shard_has_its_share_of_the_memory(cluster: Any, photos: Path, tmp_path: Path) -> None:
    plan = planned(tmp_path / "ray", photos)
    script = tmp_path / "words.py"
    script.write_text("import json, sys; print(json.dumps(sys.argv[2:]), file=open(sys.argv[1], 'a'))")
    run(plan, window=1, program=[sys.executable, str(script), str(tmp_path / "words")])
    words = [json.loads(line) for line in (tmp_path / "words").read_text().splitlines()]
    memory = pytest.importorskip("ray").nodes()[0]["Resources"]["memory"]
    assert words[0] == ["--plan", str(plan), "--shard", "1", "-j", "1", "--memory", str(int(memory / 2))]
    assert len(words) == SHARDS + 1 and words[-1][:2] == ["--finish", str(plan)]


def test_thumbnails_keep_the_other_columns(photos: Path, photo: Path) -> None:
    broken = b"\xff\xd8\xff\xe0 no picture"
    rows = Thumbnails(size=64)({"id": [1, 2], "bytes": [photo.read_bytes(), broken]})
    assert rows["id"] == [1, 2]
    assert rows["bytes"] == [thumbs.thumbnail(photo, 64).bytes, None]
    assert (rows["width"], rows["height"]) == ([64, None], [43, None])
    assert rows["error"][0] is None and rows["error"][1]
    rows = Thumbnails(column="file", size=64, format="webp")({"file": [str(photo), str(photos / "none.jpg")]})
    assert rows["bytes"][0][8:12] == b"WEBP" and "none.jpg" in rows["error"][1]


def test_thumbnails_work_in_ray_data(cluster: Any, photos: Path, photo: Path) -> None:
    data = pytest.importorskip("ray.data")
    paths = [str(photo), str(photos / "none.jpg"), str(photo)]
    dataset = data.from_items([{"path": path} for path in paths])
    made = dataset.map_batches(Thumbnails, fn_constructor_kwargs={"size": 64}, compute=data.ActorPoolStrategy(size=1))
    rows = sorted(made.take_all(), key=lambda row: row["error"] or "")
    assert [row["bytes"] for row in rows] == [thumbs.thumbnail(photo, 64).bytes] * 2 + [None]
    assert [row["width"] for row in rows[:2]] == [64, 64]
    assert "none.jpg" in rows[2]["error"]
