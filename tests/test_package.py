"""The face of the package: ten names, all real, and a fast import."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import faultmaven_lib
from faultmaven_lib import resources
from faultmaven_lib.exceptions import FaultMavenError

PUBLIC = [
    "Evidence", "Finding", "Investigation", "KnowledgeBase", "LogAnalyzer", "MetricAnalyzer", "QueryHandler",
    "Troubleshooter", "ask", "connect",
]  # fmt: skip
HEAVY = {
    "pandas",
    "numpy",
    "sklearn",
    "scipy",
    "pyarrow",
    "qdrant_client",
    "qdrant_edge",
    "sqlalchemy",
    "plotly",
    "IPython",
}


def fresh(code: str) -> str:
    """Run code in a new interpreter that knows nothing of this one."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COVERAGE"))}
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment, timeout=120
    )
    return result.stdout.strip()


def test_all_is_the_ten_names():
    assert list(faultmaven_lib.__all__) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_each_name_is_real_and_documented(name):
    value = getattr(faultmaven_lib, name)
    assert inspect.isclass(value) if name[0].isupper() else inspect.isfunction(value)
    assert value.__name__ == name
    assert value.__module__.startswith("faultmaven_lib.")
    assert len(inspect.getdoc(value) or "") > 40


@pytest.mark.parametrize("name", PUBLIC)
def test_the_docstring_has_an_example(name):
    assert ">>> " in (inspect.getdoc(getattr(faultmaven_lib, name)) or "")


def test_star_import_brings_the_ten_names_and_no_others():
    code = "before = set(globals()); from faultmaven_lib import *; print(sorted(set(globals()) - before - {'before'}))"
    assert fresh(code) == str(PUBLIC)


def test_names_are_listed_before_they_are_used():
    assert set(PUBLIC) <= set(dir(faultmaven_lib))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'Detective'"):
        faultmaven_lib.Detective  # noqa: B018


def test_import_takes_under_half_a_second():
    code = "import time; t = time.perf_counter(); import faultmaven_lib; print(time.perf_counter() - t)"
    assert min(float(fresh(code)) for _ in range(5)) < 0.5


def test_import_brings_no_heavy_package():
    code = "import sys, faultmaven_lib; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    assert not HEAVY & set(fresh(code).split())


def test_the_command_line_answers_before_pandas_is_loaded():
    code = "import sys, faultmaven_lib.cli; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    assert not HEAVY & set(fresh(code).split())


def test_the_version_is_that_of_the_distribution():
    import tomllib

    pyproject = Path(__file__).resolve().parent.parent / "pyproject.toml"
    assert tomllib.loads(pyproject.read_text())["project"]["version"] == faultmaven_lib.__version__


def test_notebooks_and_dashboards_are_found_in_a_clone():
    assert (resources.notebooks() / "01_triage.ipynb").is_file()
    assert (resources.dashboards() / "incidents.ipynb").is_file()


def test_an_incomplete_installation_is_said_plainly(monkeypatch, tmp_path):
    monkeypatch.setattr(resources, "files", lambda _: tmp_path / "faultmaven_lib")
    with pytest.raises(FaultMavenError, match="the folder notebooks is missing"):
        resources.notebooks()


def test_an_installed_package_uses_what_it_carries(monkeypatch, tmp_path):
    carried = tmp_path / "faultmaven_lib" / "_carried" / "dashboards"
    carried.mkdir(parents=True)
    (tmp_path / "dashboards").mkdir()  # somebody else's folder beside site-packages
    monkeypatch.setattr(resources, "files", lambda _: tmp_path / "faultmaven_lib")
    assert resources.dashboards() == carried
