"""What a command and all its processes take: wall time, CPU, and memory. Linux only."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Cost:
    wall: float
    """Seconds."""
    cpu: float
    """Seconds, user and system, of all processes."""
    memory: float
    """MiB at the highest, of all processes together; shared pages count once (PSS)."""
    succeeded: bool = True


def children(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in task.read_text().split():
                found += children(int(child))
        except OSError:
            pass
    return found


def pss(pid: int) -> int:
    """KiB."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("Pss:")), 0)
    except OSError:
        return 0


def measure(words: list[str], every: float = 0.05) -> Cost:
    """Runs a command to its end. If it fails, its last words are printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.monotonic()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        highest = 0
        over = threading.Event()

        def watch() -> None:
            nonlocal highest
            while not over.wait(every):
                highest = max(highest, sum(map(pss, children(process.pid))))

        watcher = threading.Thread(target=watch)
        watcher.start()
        status = process.wait()
        wall = time.monotonic() - begun
        over.set()
        watcher.join()
        if status:
            said.seek(0)
            tail = said.read()[-2000:].decode(errors="replace")
            print(f"{words[0]} ended with status {status}:\n{tail}", file=sys.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall, cpu, highest / 1024, status == 0)


def processor() -> str:
    """The name of the processor, and how many this process may use."""
    names = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return f"{len(os.sched_getaffinity(0))} of {names[0]}"
