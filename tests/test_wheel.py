"""The built wheel works in an empty environment, away from the clone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.slow


def run(command: list[str | Path], folder: Path, **variables: str) -> str:
    """Run a command that knows nothing of the clone, and return what it printed."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV", "FAULTMAVEN_"))}
    environment |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", **variables}
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the source distribution from a copy of the tree, and the wheel from that distribution."""
    folder = tmp_path_factory.mktemp("build")
    hidden = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "_build", "faultmaven-demo")
    shutil.copytree(ROOT, folder / "clone", ignore=hidden)
    run([sys.executable, "-m", "build", "--outdir", folder / "dist", folder / "clone"], folder)
    (built,) = (folder / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The programs of an environment that holds the wheel with its notebook extra and nothing else."""
    folder = tmp_path_factory.mktemp("empty")
    run([sys.executable, "-m", "venv", folder / "venv"], folder)
    programs = folder / "venv" / "bin"
    pip = [programs / "python", "-m", "pip", "install", "--quiet"]
    run([*pip, "-c", ROOT / "constraints.txt", f"faultmaven[notebook] @ {wheel.as_uri()}"], folder)
    return programs


def carried(folder: str) -> set[str]:
    skipped = {"__pycache__", ".ipynb_checkpoints"}
    found = (p for p in (ROOT / folder).rglob("*") if p.is_file() and not skipped & set(p.parts))
    return {str(p.relative_to(ROOT)) for p in found if p.suffix not in (".pyc", ".pyo")}


def test_the_wheel_holds_all_of_the_package_and_what_it_carries(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    assert carried("faultmaven_lib") - held == set()
    beside = carried("notebooks") | carried("dashboards")
    assert {f"faultmaven_lib/_carried/{name}" for name in beside} - held == set()


def test_the_wheel_holds_nothing_else(wheel):
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    beside = {f"faultmaven_lib/_carried/{name}" for name in carried("notebooks") | carried("dashboards")}
    assert held - carried("faultmaven_lib") - beside == set()


def test_the_installed_package_finds_what_it_carries(installed, tmp_path):
    code = (
        "import faultmaven_lib, json; from faultmaven_lib import resources;"
        "print(json.dumps([faultmaven_lib.__file__, str(resources.notebooks()), str(resources.dashboards())]))"
    )
    package, notebooks, dashboards = map(Path, json.loads(run([installed / "python", "-c", code], tmp_path)))
    assert installed.parent in package.parents
    assert notebooks == package.parent / "_carried" / "notebooks"
    assert (notebooks / "01_triage.ipynb").is_file()
    assert (dashboards / "incidents.ipynb").is_file()


def test_demo_and_report_run_away_from_the_clone(installed, tmp_path):
    here = {"HOME": str(tmp_path), "FAULTMAVEN_HOME": str(tmp_path / "home")}
    here["PATH"] = f"{installed}:{os.environ['PATH']}"
    said = run([installed / "faultmaven", "demo"], tmp_path, **here)
    assert "E1" in said
    assert str(ROOT) not in said
    cases = json.loads(run([installed / "faultmaven", "cases", "--json"], tmp_path, **here))
    assert len(cases) == 1
    run([installed / "faultmaven", "report", cases[0]["id"], "--output", "out.html"], tmp_path, **here)
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert page.lstrip().lower().startswith("<!doctype html")
    assert "E1" in page
