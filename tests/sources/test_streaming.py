"""LogSource.frames: the same rows as a query, some at a time, here or in worker processes."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import pandas as pd
import pytest

from faultmaven_lib.exceptions import QuerySyntaxError
from faultmaven_lib.model import Window
from faultmaven_lib.sources import connect
from faultmaven_lib.sources import lines as blocks
from tests.sources.lines_of import lines_of, mixed


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(blocks, "BLOCK", 1 << 16)
    with gzip.open(tmp_path / "shop.log.gz", "wt") as file:
        file.writelines(line + "\n" for line in mixed(3000))
    (tmp_path / "cart.log").write_text(
        "banner\n" + "\n".join(f"{line}\n  and more" for line in lines_of("python", 2000)) + "\n"
    )
    (tmp_path / "plain.log").write_text("\n".join(lines_of("text", 500)) + "\nmail ann@example.com\n")
    return tmp_path


@pytest.mark.parametrize("workers", [0, 2])
def test_frames_hold_what_a_query_returns(logs: Path, workers: int) -> None:
    source = connect(f"{logs}/*.log*")
    whole = source.query()
    report, notes = source.report, source.notes
    frames = list(source.frames(workers=workers))
    assert len(frames) > 10
    assert sum(map(len, frames)) == len(whole) == report.records
    core = ["service", "level", "message", "source", "line"]
    joined = pd.concat([f[core] for f in frames])
    by_line = ["source", "line"]
    pd.testing.assert_frame_equal(
        joined.reset_index().sort_values(by_line, ignore_index=True),
        whole[core].reset_index().sort_values(by_line, ignore_index=True),
    )
    assert source.report == report
    assert source.notes == notes
    assert "1 value redacted: 1 email" in notes
    assert all(f.index.is_monotonic_increasing for f in frames)


@pytest.mark.parametrize("workers", [0, 1])
def test_windows_and_terms_are_kept(logs: Path, workers: int) -> None:
    source = connect(f"{logs}/*.log*")
    window = Window.parse("2026-03-01T14:00:10Z/10s")
    for text in ("", "level=ERROR", "service=cart", "status~^5 -products"):
        expected = source.query(text, window)
        found = pd.concat([expected.iloc[:0], *source.frames(text, window, workers=workers)])
        assert len(found) == len(expected)
        assert found["message"].sort_values().tolist() == expected["message"].sort_values().tolist()
    with pytest.raises(QuerySyntaxError):
        list(source.frames("a OR b"))


def test_a_query_by_workers_is_the_same_frame(logs: Path) -> None:
    source = connect(f"{logs}/*.log*")
    pd.testing.assert_frame_equal(source.query(workers=2), source.query())


def test_workers_redact_with_the_key_of_their_parent(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAULTMAVEN_REDACTION_KEY", "a key")
    (logs / "mail.jsonl").write_text('{"time": "2026-03-01T14:02:11Z", "msg": "to ann@example.com"}\n')
    source = connect(logs / "mail.jsonl", kind="logs")
    expected = source.query()["message"].tolist()
    assert next(source.frames(workers=1))["message"].tolist() == expected


def test_a_reader_that_stops_early_leaves_nothing_running(logs: Path) -> None:
    import multiprocessing

    frames = connect(logs / "shop.log.gz").frames(workers=1)
    next(frames)
    frames.close()
    assert multiprocessing.active_children() == []


def test_memory_does_not_grow_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 1 << 17)

    def peak(number: int) -> int:
        path = tmp_path / "shop.log.gz"
        with gzip.open(path, "wt", compresslevel=1) as file:
            file.writelines(line + "\n" for line in mixed(number))
        source = connect(path)
        next(source.frames())  # what is imported and compiled at first use
        tracemalloc.start()
        rows = sum(len(frame) for frame in source.frames())
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert rows == number
        return found

    few = peak(4000)
    assert peak(16_000) < 1.3 * few
