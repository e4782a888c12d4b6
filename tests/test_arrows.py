"""The import check holds the arrows: it passes on the package, and catches what would break them."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import faultmaven_lib

ROOT = Path(__file__).resolve().parent.parent
LINT = Path(sysconfig.get_path("scripts")) / "lint-imports"


@pytest.fixture
def house(tmp_path):
    """Copy the package's modules, to be broken."""
    ignore = shutil.ignore_patterns("__pycache__", "recordings", "*.parquet", "*.gz")
    shutil.copytree(ROOT / "faultmaven_lib", tmp_path / "faultmaven_lib", ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(folder: Path) -> tuple[int, str]:
    command = [sys.executable, str(LINT), "--no-cache", "--config", str(folder / "pyproject.toml")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout + done.stderr


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def test_the_package_keeps_its_arrows(house):
    code, output = lint(house)
    assert code == 0, output


@pytest.mark.parametrize(
    ("module", "statement", "named"),
    [
        ("evidence.py", "from faultmaven_lib.query import QueryHandler", "evidence -> faultmaven_lib.query"),
        ("settings.py", "import faultmaven_lib.storage", "settings -> faultmaven_lib.storage"),
        (
            "sources/__init__.py",
            "from faultmaven_lib.storage import schema",
            "sources -> faultmaven_lib.storage",
        ),
        ("analysis/__init__.py", "import faultmaven_lib.knowledge", "analysis -> faultmaven_lib.knowledge"),
    ],
)
def test_an_import_upwards_or_sideways_inside_a_function_is_caught(house, module, statement, named):
    append(house / "faultmaven_lib" / module, f"\n\ndef sneak() -> None:\n    {statement}\n")
    code, output = lint(house)
    assert code == 1
    assert named in output


def ways_round(source: str) -> list[str]:
    """Imports of the package's face that could bring any room with them: all but its version."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names if a.name == "faultmaven_lib"]
        elif isinstance(node, ast.ImportFrom) and node.module == "faultmaven_lib" and not node.level:
            found += [a.name for a in node.names if a.name in (*faultmaven_lib.__all__, "*")]
    return found


def test_no_room_reaches_another_through_the_face_of_the_package():
    modules = (ROOT / "faultmaven_lib").rglob("*.py")
    found = {str(m.relative_to(ROOT)): ways_round(m.read_text()) for m in modules}
    assert {module: names for module, names in found.items() if names} == {}


def test_the_way_round_is_seen():
    assert ways_round("def sneak():\n    import faultmaven_lib as fm\n") == ["faultmaven_lib"]
    assert ways_round("from faultmaven_lib import Investigation, __version__") == ["Investigation"]
    assert ways_round("from faultmaven_lib import __version__\nimport faultmaven_lib.model") == []


def test_a_new_module_has_to_be_given_a_floor(house):
    (house / "faultmaven_lib" / "utils.py").write_text('"""A drawer."""\n')
    code, output = lint(house)
    assert code == 1
    assert "utils" in output
