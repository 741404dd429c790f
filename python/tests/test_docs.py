"""The recipes of docs/python.md run, in their order."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"


def test_every_recipe_runs(photos: Path, tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    pytest.importorskip("numpy")
    recipes = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(recipes) >= 9
    # A file, so that worker processes can import it.
    setup = f"""
from pathlib import Path
photos, out = Path({str(photos)!r}), Path({str(tmp_path / "out")!r})
out.mkdir()
paths = sorted(photos.glob("c*.jpg"))
photo = photos / "chelsea.jpg"
"""
    script = tmp_path / "recipes.py"
    script.write_text(setup + "\n".join(recipes))
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    assert "failed" not in ran.stdout
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert made >= {"photo_thumb.jpg", "chelsea_thumb.jpg", "all", "events", "queue", "async"}
