"""The stubs: they name every option, and two type checkers agree with them."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import thumbs
from thumbs import _options, _thumbs

HERE = Path(__file__).resolve().parents[1]


def test_the_types_name_every_option() -> None:
    def keys(options: type) -> set[str]:
        return set(options.__annotations__) | set(getattr(options, "__optional_keys__", ()))

    decode, render, run = (_thumbs.option_names(name) for name in ("decode", "render", "run"))
    assert keys(_options.PixelOptions) == set(decode) - {"size"}
    assert keys(_options.EncodeOptions) == set(render) - {"size", "format"}
    assert keys(_options.RunOptions) == set(run) | {"sizes", "formats"}
    flags = {name for name, takes_value in run.items() if not takes_value}
    assert flags == {name for name, hint in _hints().items() if hint == "bool"}


def _hints() -> dict[str, str]:
    found: dict[str, str] = {}
    for options in (_options.LimitOptions, _options.PixelOptions, _options.EncodeOptions, _options.RunOptions):
        for name, hint in options.__annotations__.items():
            found[name] = getattr(hint, "__forward_arg__", str(hint))
    return found


def test_everything_public_has_a_docstring() -> None:
    for name in thumbs.__all__:
        if name != "__version__":
            assert getattr(thumbs, name).__doc__, name


CHECKERS = [["mypy", "lib", "tests/typed_use.py"], ["pyright", "--pythonpath", sys.executable]]


@pytest.mark.parametrize("checker", CHECKERS)
def test_type_checkers_agree(checker: list[str]) -> None:
    if importlib.util.find_spec(checker[0]) is None:
        pytest.skip(f"{checker[0]} is not installed")
    words = [sys.executable, "-m", *checker]
    checked = subprocess.run(words, cwd=HERE, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
