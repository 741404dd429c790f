"""Runs the shards of a plan on a Ray cluster: ``python -m thumbs.ray PLAN``.

One task works on one shard, in one process of the program. Every node sees the plan, the inputs and the outputs under the
same paths, and has this module. Pictures do not pass through Ray.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import _child
from ._options import StrPath
from ._single import thumbnail
from ._thumbs import Error

__all__ = ["Finish", "Thumbnails", "TryAgain", "run"]

_SUCCESS, _USAGE, _TRY_AGAIN = 0, 2, 75
_INTERRUPTED = 128 + signal.SIGINT
# A program that ends by a signal was lost with its node, or to the kernel's shortage of memory.
_LOST = (_INTERRUPTED, 128 + signal.SIGKILL, 128 + signal.SIGTERM)
# The program ends within ten seconds after SIGTERM.
_GRACE = 15
_LINE_EVERY = 10.0


class TryAgain(Exception):
    """A shard that ended with 75, or by a signal. Ray runs its task again."""


@dataclass(frozen=True)
class Finish:
    """What ``--finish`` says of a plan."""

    status: int
    """The exit status: 0, or 1 if inputs failed, 4 if shards are missing, 2 or 3 if it could not run."""
    messages: list[str]
    """The messages of the program."""
    failed: dict[int, str] = field(default_factory=dict[int, str])
    """The shards that failed in this run, and why."""

    @property
    def digest(self) -> str | None:
        """The digest of the names, sizes and bytes of all outputs, if the plan is finished."""
        found = (re.search(r"; digest ([0-9a-f]{32})$", message) for message in self.messages)
        return next((match[1] for match in found if match), None)


def run(
    plan: StrPath,
    options: Iterable[str] = (),
    *,
    address: str | None = None,
    window: int | None = None,
    cpus: int = 1,
    retries: int = 3,
    retry_delay: float = 5.0,
    program: Sequence[str] | None = None,
    progress: bool = False,
) -> Finish:
    """Runs all shards of a plan that are not done, and finishes it.

    Args:
        plan: the directory of the plan, under the same path on every node.
        options: options of the machine for every shard, such as ``["--max-failures", "1%"]``. ``-j`` is `cpus`.
            Without ``--memory``, a shard takes its share of half of the memory that Ray has counted on its node.
        address: of the cluster, if ``ray.init`` was not called before. By default, Ray decides: ``RAY_ADDRESS``, a
            cluster on this machine, or a new one.
        window: the most tasks that run or wait. The default is twice as many as the cluster runs at once.
        cpus: CPUs of a task, and workers of its process.
        retries: how often a shard runs again that ends with 75, or is lost with its worker or its node.
        retry_delay: seconds before a shard that ended with 75 runs again.
        program: a command to run instead of ``python -m thumbs``.
        progress: show a bar of tqdm, or lines on standard error where it is not installed.

    Raises:
        ModuleNotFoundError: Ray is not installed.
        OSError, ValueError: the plan cannot be read, or an argument is wrong.
    """
    words = list(options)
    if cpus < 1 or retries < 0 or retry_delay < 0 or (window is not None and window < 1):
        raise ValueError("cpus and window are at least 1, retries and retry_delay at least 0")
    if any(re.match(r"-j|--jobs", word) for word in words):
        raise ValueError("-j is the number of CPUs of a task: cpus=2, or --cpus 2")
    directory = os.path.abspath(os.fsdecode(plan))
    shards = int(json.loads(Path(directory, "plan.json").read_text("utf-8"))["shards"])
    command = list(program) if program else None
    ray = _ray()
    if not ray.is_initialized():
        ray.init(address=address)
    task = ray.remote(
        num_cpus=cpus, max_retries=retries, retry_exceptions=[TryAgain], scheduling_strategy="SPREAD"
    )(_shard)

    def start(shard: int) -> Any:
        name = f"thumbs shard {shard} of {shards}"
        return task.options(name=name).remote(command, directory, shard, cpus, words, retry_delay)

    failed: dict[int, str] = {}
    with _Progress(shards, shown=progress) as shown:
        for shard, error in _ended(ray, start, shards, window, cpus):
            if error is not None:
                failed[shard] = _reason(error)
            shown.count(shard, failed.get(shard))
            if isinstance(error, _Usage):
                # It is the same for all shards.
                break
    return _finish(command, directory, failed)


def _ray() -> Any:
    return importlib.import_module("ray")


def _ended(
    ray: Any, start: Callable[[int], Any], shards: int, window: int | None, cpus: int
) -> Iterator[tuple[int, Exception | None]]:
    """The shards as they end. There are never more tasks than the window, so that Ray's queue stays short."""
    live: dict[Any, int] = {}
    waiting = iter(range(1, shards + 1))
    try:
        while True:
            # A cluster may grow and shrink.
            room = window or max(4, 2 * int(ray.cluster_resources().get("CPU", 1)) // cpus)
            while len(live) < room and (shard := next(waiting, None)) is not None:
                live[start(shard)] = shard
            if not live:
                return
            for ref in ray.wait(list(live), num_returns=1)[0]:
                error: Exception | None = None
                try:
                    ray.get(ref)
                except Exception as raised:
                    error = getattr(raised, "cause", None) or raised
                yield live.pop(ref), error
    finally:
        for ref in live:
            ray.cancel(ref)


class _Usage(Exception):
    """A shard that ended with 2."""


def _shard(
    program: list[str] | None, plan: str, shard: int, cpus: int, options: list[str], retry_delay: float
) -> None:
    """The task."""
    child = [sys.executable, "-I", "-S", _child.__file__, str(os.getpid()), *_program(program)]
    words = ["--plan", plan, "--shard", str(shard), "-j", str(cpus), *_memory(cpus, options), *options]
    with subprocess.Popen([*child, *words], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            _, said = process.communicate()
        except BaseException:
            # The task is cancelled.
            process.terminate()
            try:
                process.communicate(timeout=_GRACE)
            finally:
                process.kill()
            raise
    status = process.returncode
    if status == _SUCCESS:
        return
    lines = said.decode("utf-8", "replace").strip().splitlines()
    reason = f"exit status {status}: {'; '.join(lines[-3:])}"
    if status == _TRY_AGAIN:
        time.sleep(retry_delay)
    if status == _TRY_AGAIN or status < 0 or status in _LOST:
        raise TryAgain(reason)
    raise _Usage(reason) if status == _USAGE else RuntimeError(reason)


def _memory(cpus: int, options: list[str]) -> list[str]:
    """Half of the node's memory, divided among the shards that run on it at once."""
    if any(word.split("=")[0] == "--memory" for word in options):
        return []
    ray = _ray()
    node = ray.get_runtime_context().get_node_id()
    resources: dict[str, float] = {}
    for each in ray.nodes():
        if each["NodeID"] == node:
            resources = each["Resources"]
    if "memory" not in resources:
        return []
    return ["--memory", str(int(resources["memory"] / 2 * min(1, cpus / resources.get("CPU", cpus))))]


def _program(program: list[str] | None) -> list[str]:
    return program or [sys.executable, "-m", "thumbs"]


def _reason(error: Exception) -> str:
    if isinstance(error, (TryAgain, _Usage, RuntimeError)):
        return str(error)
    # Errors of Ray have many lines, the first of which says what happened.
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0]}" if str(error).strip() else repr(error)


def _finish(program: list[str] | None, plan: str, failed: dict[int, str]) -> Finish:
    words = [*_program(program), "--finish", plan, "--log-format", "json"]
    ran = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True)
    messages: list[str] = []
    for line in ran.stderr.decode("utf-8", "replace").splitlines():
        try:
            messages.append(str(json.loads(line)["message"]))
        except (ValueError, KeyError, TypeError):
            messages.append(line)
    return Finish(ran.returncode, messages, failed)


class _Progress:
    """A bar, or lines."""

    def __init__(self, shards: int, *, shown: bool) -> None:
        self._shards, self._ended, self._failed, self._shown = shards, 0, 0, shown
        self._last = time.monotonic()
        self._bar: Any = None
        if shown and importlib.util.find_spec("tqdm") is not None:
            self._bar = importlib.import_module("tqdm").tqdm(total=shards, unit="shard")

    def count(self, shard: int, failure: str | None) -> None:
        self._ended += 1
        self._failed += failure is not None
        if failure is not None and self._shown:
            self._say(f"shard {shard}: {failure}")
        if self._bar is not None:
            self._bar.update()
        elif self._shown and (self._ended == self._shards or time.monotonic() - self._last >= _LINE_EVERY):
            self._last = time.monotonic()
            failed = f", {self._failed} failed" if self._failed else ""
            self._say(f"{self._ended} of {self._shards} shards{failed}")

    def _say(self, text: str) -> None:
        if self._bar is not None:
            self._bar.write(f"thumbs.ray: {text}", file=sys.stderr)
        else:
            print(f"thumbs.ray: {text}", file=sys.stderr, flush=True)

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()


class Thumbnails:
    """Thumbnails within Ray Data: ``dataset.map_batches(Thumbnails, fn_constructor_kwargs={"size": 256})``.

    Rows have a picture in the column ``bytes``, or a path in ``path``, or what `column` names. Their other columns stay. The columns
    ``bytes``, ``width`` and ``height`` are those of the thumbnail, and ``error`` is why there is none.
    """

    def __init__(self, *, column: str | None = None, **options: Any) -> None:
        """`options` are those of :func:`thumbs.thumbnail`."""
        self._column = column
        self._options = options

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """A batch in the format of dictionaries of arrays, which is the default of Ray Data."""
        column = self._column or ("bytes" if "bytes" in batch else "path")
        rows = [self._row(source) for source in batch[column]]
        made = {name: [row[at] for row in rows] for at, name in enumerate(("bytes", "width", "height", "error"))}
        return {**batch, **made}

    def _row(self, source: Any) -> tuple[bytes | None, int | None, int | None, str | None]:
        try:
            made = thumbnail(source, **self._options)
        except (Error, OSError) as error:
            return None, None, None, str(error)
        return made.bytes, made.width, made.height, None


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m thumbs.ray",
        usage="%(prog)s PLAN [OPTION]... [-- OPTION_OF_THE_MACHINE...]",
        description="Runs the shards of a plan on a Ray cluster, and finishes it. Options of the machine, such as --max-failures, "
        "stand after --.",
        epilog="The exit status is that of thumbs --finish: 0, or 1 if inputs failed, 4 if shards are missing.",
    )
    parser.add_argument("plan", metavar="PLAN", help="directory of the plan, under the same path on every node")
    parser.add_argument("--address", help="address of the cluster [default: what Ray finds]")
    parser.add_argument("--window", type=int, metavar="N", help="most tasks [default: twice what runs at once]")
    parser.add_argument("--cpus", type=int, default=1, metavar="C", help="CPUs of a shard [default: 1]")
    parser.add_argument("--retries", type=int, default=3, metavar="N", help="tries after the first [default: 3]")
    parser.add_argument("--program", metavar="FILE", help="the program [default: python -m thumbs]")
    # argparse does not take `--` after other options.
    words = sys.argv[1:]
    at = words.index("--") if "--" in words else len(words)
    typed, options = parser.parse_args(words[:at]), words[at + 1 :]
    if importlib.util.find_spec("ray") is None:
        parser.error("Ray is not installed: pip install ray")
    try:
        finish = run(
            typed.plan,
            options,
            address=typed.address,
            window=typed.window,
            cpus=typed.cpus,
            retries=typed.retries,
            program=[typed.program] if typed.program else None,
            progress=True,
        )
    except (OSError, ValueError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print("thumbs.ray: interrupted; run it again for the rest", file=sys.stderr)
        return _INTERRUPTED
    for message in finish.messages:
        print(f"thumbs: {message}", file=sys.stderr)
    return finish.status


if __name__ == "__main__":
    # The task is to be found in the module of this name, not in __main__.
    from thumbs.ray import main as program

    sys.exit(program())
