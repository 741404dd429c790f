"""Pictures for tests, and a place for their outputs."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

PHOTOS = Path(__file__).resolve().parents[2] / "fixtures" / "photos"


@pytest.fixture
def photos() -> Path:
    """Nine photographs; nothing is written there."""
    return PHOTOS


@pytest.fixture
def photo(photos: Path) -> Path:
    """A progressive JPEG of 451x300."""
    return photos / "chelsea.jpg"


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A directory of 60 pictures."""
    directory = tmp_path / "many"
    directory.mkdir()
    for number in range(60):
        shutil.copy(PHOTOS / "chelsea.jpg", directory / f"{number:02}.jpg")
    return directory


def names(directory: Path) -> list[str]:
    """All names below a directory, hidden ones included."""
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


def interrupted(words: list[str], out: Path) -> tuple[int, str]:
    """Starts a program, and interrupts it once it has made something in `out`. Its status and output."""
    pipe = subprocess.PIPE
    # A shell that starts the tests in the background lets them ignore SIGINT, which programs inherit.
    heeds = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, preexec_fn=heeds) as process:
        try:
            deadline = time.monotonic() + 60
            while not (out.exists() and any(out.iterdir())):
                assert time.monotonic() < deadline and process.poll() is None
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            stdout, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    return process.returncode, stdout
