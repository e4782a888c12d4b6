"""``faultmaven backtest``: what it prints, what it writes, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from faultmaven_lib.cli import main

from ..investigation.conftest import write_shop
from .conftest import CALM, FAULT, Record
from .test_keeping import worked


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["backtest", *map(str, arguments)], catch_exceptions=False)


def test_the_measures_stand_at_the_top_of_the_json(record: Record) -> None:
    home = record("lock", FAULT)
    found = run("--recordings", home, "--json", "--html", "page.html", "--fail-under", "0.9")
    assert found.exit_code == 0, found.output
    result = json.loads(found.stdout)
    assert list(result)[:3] == ["AC@1", "AC@3", "Avg@5"]
    assert result["AC@1"] == 1.0
    assert "lock" in Path("page.html").read_text()


def test_below_the_bound_the_exit_code_is_one(record: Record) -> None:
    home = record("lock", FAULT | {"service": "shop"})
    found = run("--recordings", home, "--fail-under", "0.9")
    assert found.exit_code == 1
    assert "db" in found.output
    assert run("--recordings", home).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "no-such-*"], "no-such-*"),
        (["--half", "dev", "--recordings", "."], "holds no recordings"),
        (["--cases", "--recordings", "."], "two sets"),
        (["--cases"], "no closed case"),
        (["--keep", "INC-1"], "go together"),
        (["--keep", "INC-404", "--out", "kept"], "INC-404"),
        (["--html", "no/such/folder/page.html"], "no folder"),
        (["--fail-under", "2"], "fail-under"),
    ],
)
def test_trouble_is_one_clear_message(arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_an_incident_without_a_truth_is_trouble(record: Record) -> None:
    record("calm", CALM, ill=False)
    found = run("--recordings", record("untold", None, ill=False))
    assert found.exit_code == 2
    assert "Not scored: untold" in found.output


def test_a_bound_without_a_fault_is_trouble(record: Record) -> None:
    found = run("--recordings", record("calm", CALM, ill=False), "--fail-under", "0.5")
    assert found.exit_code == 2
    assert "no incident of the set has a fault" in found.stderr


def test_from_a_saved_case_to_a_regression_test(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop")
    inv = worked(shop)
    url = f"sqlite:///{shop / 'store.db'}"
    inv.export("case.fmz")
    assert run("--cases", "--database-url", url, "--fail-under", "1").exit_code == 0
    kept = run("--keep", "INC-1", "--out", "kept", "--database-url", url)
    assert kept.exit_code == 0, kept.output
    assert "faultmaven backtest --recordings kept" in kept.output
    assert run("--recordings", "kept", "--fail-under", "1").exit_code == 0
    assert run("--keep", "case.fmz", "--out", "exported").exit_code == 0
    assert run("--recordings", "exported", "--fail-under", "1").exit_code == 0
