"""The command line of the wheel."""

from __future__ import annotations

import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from conftest import interrupted, names

import thumbs

SCRIPT = Path(sysconfig.get_path("scripts")) / "thumbs"


@pytest.fixture(params=["script", "module"])
def program(request: pytest.FixtureRequest) -> list[str]:
    if request.param == "script":
        assert SCRIPT.exists()
        return [str(SCRIPT)]
    return [sys.executable, "-m", "thumbs"]


def test_it_is_the_program(program: list[str], photo: Path, tmp_path: Path) -> None:
    version = subprocess.run([*program, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout == f"thumbs {thumbs.__version__}\n"
    assert "--near-lossless" in subprocess.run([*program, "--help"], capture_output=True, text=True, check=True).stdout
    made = subprocess.run([*program, str(photo), "-s", "64", "-o", f"{tmp_path}/a.jpg"], capture_output=True, text=True)
    assert (made.returncode, made.stdout) == (0, "")
    assert (tmp_path / "a.jpg").read_bytes() == thumbs.thumbnail(photo, 64).bytes
    piped = subprocess.run([*program, "-", "-s", "64"], input=photo.read_bytes(), capture_output=True, check=True)
    assert piped.stdout == thumbs.thumbnail(photo, 64).bytes


@pytest.mark.parametrize(("words", "status"), [(["/nope.jpg"], 1), (["a.jpg", "--sise", "3"], 2), ([], 2)])
def test_its_exit_statuses_are_those_of_the_program(program: list[str], words: list[str], status: int) -> None:
    failed = subprocess.run([*program, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert failed.returncode == status and failed.stderr.startswith("thumbs: ")


def test_a_signal_ends_it_in_order(program: list[str], photo: Path, tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(2000):
        (many / f"{number}.jpg").symlink_to(photo)
    out = tmp_path / "out"
    words = [*program, str(many), "--follow", "-o", str(out), "-s", "400"]
    assert interrupted(words, out)[0] == -signal.SIGINT
    assert not [name for name in names(out) if name.startswith(".thumbs-")]
