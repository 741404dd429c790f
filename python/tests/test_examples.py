"""The examples run, where their packages are installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def ran(example: str, directory: Path, tmp_path: Path) -> list[str]:
    """The lines that an example prints about a directory."""
    words = [sys.executable, str(EXAMPLES / example), str(directory)]
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture
def directory(photos: Path, tmp_path: Path) -> Path:
    """Eight photographs, grey ones and a WebP among them, and a file that is none."""
    directory = tmp_path / "pictures"
    directory.mkdir()
    for path in photos.iterdir():
        if path.name != "retina.jpg":
            (directory / path.name).symlink_to(path)
    (directory / "broken.jpg").write_bytes((photos / "chelsea.jpg").read_bytes()[:500])
    return directory


def test_a_torch_data_set_loads_in_worker_processes(directory: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    lines = ran("torch_dataset.py", directory, tmp_path)
    shapes = [line.rsplit(" ", 1)[0] for line in lines]
    assert shapes == ["(4, 3, 224, 224)", "(4, 3, 224, 224)", "(1, 3, 224, 224)"]
    assert all(float(line.rsplit(" ", 1)[1]) > 1 for line in lines)


def test_a_hugging_face_data_set_maps_to_smaller_pictures(directory: Path, tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    lines = ran("datasets_map.py", directory, tmp_path)
    assert len(lines) == 8
    sizes = [tuple(map(int, line.strip("()").split(", "))) for line in lines]
    assert all(max(size) == 256 for size in sizes)


def test_a_notebook_shows_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(EXAMPLES / "notebook.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(EXAMPLES)}}).execute()
    shown = [output["data"] for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [next(kind for kind in ("image/png", "text/html") if kind in data) for data in shown] == [
        "text/html",
        "image/png",
        "text/html",
    ]
    assert "data:image/webp;base64," in shown[0]["text/html"]
    assert shown[2]["text/html"].count("<img") == 2
