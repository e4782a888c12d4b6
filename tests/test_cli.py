"""The command line: what it prints, what it keeps, and exit codes that scripts can use."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from faultmaven_lib.cli import main

from .investigation.conftest import WINDOW, write_shop


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write_shop(tmp_path / "shop")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAULTMAVEN_DATABASE_URL", f"sqlite:///{tmp_path / 'store.db'}")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


def _all(shop: Path) -> list[str]:
    return [
        str(shop / "logs" / "*.log"), "--metrics", str(shop / "metrics.csv"), "--changes", str(shop / "changes.json"),
        "--at", WINDOW,
    ]  # fmt: skip


def test_from_logs_to_postmortem(shop: Path, tmp_path: Path) -> None:
    found = run("investigate", *_all(shop), "--save", "--export", "case.fmz")
    assert found.exit_code == 1, "a cause stands out"
    assert "Lock contention in db" in found.output
    assert "INC-1" in found.output
    assert "INC-1" in run("cases").output
    assert run("verify", "INC-1").exit_code == 0
    assert run("verify", "case.fmz").exit_code == 0
    assert run("report", "INC-1", "-o", "p.html").exit_code == 0
    assert "Lock contention in db" in (tmp_path / "p.html").read_text()
    log = shop / "logs" / "db.log"
    log.write_text(log.read_text().replace("14:09:59Z ERROR process", "14:09:59Z ERROR prozess"))
    changed = run("verify", "INC-1")
    assert changed.exit_code == 1
    assert "1 row came, 1 row went" in changed.output
    refused = run("report", "INC-1", "-o", "q.html")
    assert refused.exit_code == 2
    assert "has changed" in refused.stderr
    assert not (tmp_path / "q.html").exists()


def test_json_for_scripts(shop: Path) -> None:
    result = run("investigate", *_all(shop), "--json", "--save")
    answer = json.loads(result.stdout)
    assert answer["hypotheses"][0]["mechanism"] == "lock_contention"
    assert {e["id"] for e in answer["evidence"]} >= set(answer["hypotheses"][0]["supports"])
    assert [c["id"] for c in json.loads(run("cases", "--json").stdout)] == [answer["case"]]
    outcomes = json.loads(run("verify", answer["case"], "--json").stdout)
    assert {o["outcome"] for o in outcomes} == {"same"}


def test_the_onset_is_found_when_no_time_is_given(shop: Path) -> None:
    result = run("investigate", shop / "logs" / "shop.log", shop / "logs" / "db.log")
    assert result.exit_code == 1
    assert "2026-03-01 14:05" in result.output


def test_nothing_stands_out_is_exit_code_zero(tmp_path: Path) -> None:
    calm = write_shop(tmp_path / "calm", ill=False)
    result = run("investigate", *_all(calm))
    assert result.exit_code == 0
    assert "stands out" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["investigate", "no/such/*.log"], "no/such"),
        (["investigate"], "nothing to look at"),
        (["verify", "INC-404"], "INC-404"),
        (["verify", "missing.fmz"], "missing.fmz"),
        (["report", "INC-404"], "INC-404"),
        (["investigate", "x.log", "--at", "yesterday"], "is not a time"),
        (["investigate", "x.log", "--at", "2026-03-01T14:00:00"], "no time zone"),
        (["investigate", "x.log", "--metrics", "bad.csv"], "bad.csv"),
        (["cases", "--database-url", "mysql://u:secret@h/d"], "mysql"),
    ],
)
def test_trouble_is_one_clear_message_and_exit_code_two(tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "x.log").write_text("2026-03-01T14:00:00Z INFO ok\n")
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert "secret" not in result.stderr


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x01\x02\xff" * 500,
        gzip.compress(b"2026-03-01T14:00:00Z INFO ok\n" * 500)[:60],
        b"2026-03-01T14:00:00Z ERROR " + b"x" * 10_000_000,
        b"no time in here\nnor here\n",
        b"2026-03-01T14:00:00Z INFO one\n2026-03-01 16:00:01+02:00 ERROR two\n",
        b"<script>alert(1)</script> \x1b[31mred\x1b[0m\n",
    ],
    ids=["empty", "binary", "truncated gzip", "10 MB line", "no times", "two zones", "hostile"],
)
def test_broken_input_never_ends_in_a_traceback_and_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / ("broken.log.gz" if content[:2] == b"\x1f\x8b" else "broken.log")
    path.write_bytes(content)
    result = run("investigate", path)
    assert result.exit_code in (0, 1, 2)
    assert "\x1b" not in result.output
    assert result.output.strip() or result.stderr.strip()


def test_real_system_logs() -> None:
    logs = [p for p in Path("/var/log").glob("*.log*") if p.is_file() and p.stat().st_size]
    if not logs:
        pytest.skip("this machine keeps no files in /var/log")
    result = subprocess.run(
        [sys.executable, "-m", "faultmaven_lib.cli", "investigate", *map(str, logs)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert result.returncode in (0, 1), result.stderr
    assert "Traceback" not in result.stderr
    assert "records" in result.stdout or "compared with" in result.stdout


def test_the_store_is_upgraded_by_command(tmp_path: Path) -> None:
    result = run("db", "upgrade")
    assert result.exit_code == 0
    assert "revision" in result.output


def test_a_case_is_erased_only_with_a_reason(shop: Path) -> None:
    run("investigate", *_all(shop), "--save")
    assert run("erase", "INC-1", "--yes").exit_code == 2
    assert run("erase", "INC-1", "--reason", "asked by the customer", "--yes").exit_code == 0
    assert run("verify", "INC-1").exit_code == 2
