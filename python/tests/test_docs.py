"""The recipes of docs/python.md run, in their order."""

from __future__ import annotations

import functools
import http.server
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def address(photos: Path) -> Iterator[str]:
    """A server with the photographs on this machine."""
    handler = functools.partial(Silent, directory=str(photos))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_every_recipe_runs(photos: Path, address: str, tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    pytest.importorskip("numpy")
    recipes = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(recipes) >= 12
    # A file, so that worker processes can import it.
    setup = f"""
import multiprocessing
from pathlib import Path
# Other methods import the file again, which an example in a document is not made for.
multiprocessing.set_start_method("fork")
photos, out = Path({str(photos)!r}), Path({str(tmp_path / "out")!r})
out.mkdir()
paths = sorted(photos.glob("c*.jpg"))
photo = photos / "chelsea.jpg"
urls = [f"{address}/{{path.name}}" for path in paths]
"""
    script = tmp_path / "recipes.py"
    # This machine is a private address.
    local = [recipe.replace("connections=8", "connections=8, allow_private=True") for recipe in recipes]
    script.write_text(setup + "\n".join(local))
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    assert "failed" not in ran.stdout
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert made >= {"photo_thumb.jpg", "chelsea_thumb.jpg", "all", "events", "queue", "async", "web", "camera.jpg"}
    assert len(list((tmp_path / "out" / "web").iterdir())) == 2
