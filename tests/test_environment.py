"""environment.yml and constraints.txt say the same as pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONDA_NAMES: dict[str, str] = {}
"""Packages that conda-forge spells otherwise than PyPI; the rest differ at most in hyphens and capitals."""
ASKED_FOR = {
    "jupyterlab", "voila", "ipywidgets", "pandas", "scikit-learn", "sentence-transformers", "qdrant-client",
    "sqlalchemy", "papermill", "nbval",
}  # fmt: skip


def requirements(*lists: list) -> dict[str, Requirement]:
    flat = [Requirement(entry) for entries in lists for entry in entries if isinstance(entry, str)]
    return {canonicalize_name(r.name): r for r in flat if r.name != "faultmaven"}


def conda() -> dict[str, Requirement]:
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    pip = [entry for entry in entries[-1]["pip"] if not entry.startswith("-e")]
    found = (Requirement(entry) for entry in (*entries, *pip) if isinstance(entry, str))
    return {canonicalize_name(CONDA_NAMES.get(r.name, r.name)): r for r in found}


def lower_bound(requirement: Requirement) -> str:
    bounds = [s.version for s in requirement.specifier if s.operator == ">="]
    return bounds[0] if bounds else ""


EXTRAS = PYPROJECT["project"]["optional-dependencies"]
USED = requirements(PYPROJECT["project"]["dependencies"], *EXTRAS.values())
DEVELOPED = requirements(*PYPROJECT["dependency-groups"].values())


def test_environment_holds_what_the_package_needs():
    missing = USED.keys() - conda().keys()
    assert not missing, f"add to environment.yml: {sorted(missing)}"


def test_environment_holds_nothing_else():
    others = conda().keys() - USED.keys() - DEVELOPED.keys() - {"python", "pip"}
    assert not others, f"neither pyproject.toml nor this test knows: {sorted(others)}"
    assert conda().keys() >= ASKED_FOR


@pytest.mark.parametrize("name", sorted((USED | DEVELOPED).keys() & conda().keys()))
def test_lower_bounds_agree(name):
    assert lower_bound(conda()[name]) == lower_bound((DEVELOPED | USED)[name])


def test_python_and_package_come_as_pyproject_says():
    document = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert f">={lower_bound(conda()['python'])}" == PYPROJECT["project"]["requires-python"]
    assert document["channels"] == ["conda-forge"]
    assert document["dependencies"][-1]["pip"][-1] == "-e .[all]"


def test_lower_bounds_are_the_same_everywhere():
    lists = [PYPROJECT["project"]["dependencies"], *EXTRAS.values(), *PYPROJECT["dependency-groups"].values()]
    bounds: dict[str, set[str]] = {}
    for entries in lists:
        for name, requirement in requirements(entries).items():
            bounds.setdefault(name, set()).add(lower_bound(requirement))
    assert {name: found for name, found in bounds.items() if len(found) > 1 or found == {""}} == {}


def test_constraints_pin_every_requirement():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    names = [line.split("==")[0] for line in lines]
    assert names == sorted(set(names))
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line) for line in lines), "names and versions alone"
    pinned = {line.split("==")[0]: line.split("==")[1] for line in lines}
    for name, requirement in (USED | DEVELOPED).items():
        assert name in pinned, f"{name} is not pinned: run make lock"
        assert requirement.specifier.contains(pinned[name], prereleases=True), f"{requirement}: run make lock"


def test_constraints_pin_torch_and_leave_its_build_to_the_machine():
    text = (ROOT / "constraints.txt").read_text()
    assert re.search(r"^torch==2\.13\.0$", text, re.MULTILINE)
    assert not re.search(r"^(nvidia|cuda|triton)|\+", text, re.MULTILINE)
