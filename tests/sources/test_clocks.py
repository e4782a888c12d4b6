"""Clocks that were set back, run ahead or disagree are said, with the size; late lines and pauses are not."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pandas as pd
import pytest

from faultmaven_lib.sources import connect
from faultmaven_lib.sources import lines as blocks

START = pd.Timestamp("2026-03-01T14:00:00Z")


def write(path: Path, seconds: list[float], ids: list[str] | None = None) -> None:
    at = START + pd.to_timedelta(seconds, unit="s")
    stamps = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    tail = [f" request_id={i}" for i in ids] if ids else [""] * len(seconds)
    path.write_text("".join(f"ts={t} level=info msg=served{x}\n" for t, x in zip(stamps, tail, strict=True)))


def clock_notes(*paths: Path) -> list[str]:
    source = connect(list(paths))
    source.query()
    return [n for n in source.notes if "clock" in n or "step back" in n or "earlier" in n or "later" in n]


@pytest.mark.parametrize("size", [2000, blocks.BLOCK])
def test_a_clock_that_was_set_back_is_said_once_with_its_size(tmp_path: Path, monkeypatch, size: int) -> None:
    monkeypatch.setattr(blocks, "BLOCK", size)
    times = [n * 0.5 for n in range(2000)]
    times[1200:] = [t - 47 for t in times[1200:]]
    write(tmp_path / "api.log", times)
    (note,) = clock_notes(tmp_path / "api.log")
    assert note.startswith("api.log: times step back by 46 s at 2026-03-01 14:09:59 UTC")
    assert "not corrected" in note


def test_a_step_back_from_which_the_file_never_recovers(tmp_path: Path) -> None:
    write(tmp_path / "api.log", [n * 1.0 for n in range(500)] + [n * 1.0 - 3100 for n in range(500, 700)])
    (note,) = clock_notes(tmp_path / "api.log")
    assert "step back by 51 min 39 s" in note


def test_late_lines_buffers_and_pauses_are_no_steps(tmp_path: Path) -> None:
    r = random.Random(3)
    times = [n * 0.1 + r.random() * 1.5 for n in range(3000)]  # threads
    times[700:740] = [t - 30 for t in times[700:740]]  # a buffer that was written late
    times[1500:] = [t + 600 for t in times[1500:]]  # nothing happened for ten minutes
    times[2000] -= 900
    write(tmp_path / "api.log", times)
    assert clock_notes(tmp_path / "api.log") == []


def test_records_later_than_their_file_are_said(tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    write(path, [float(n) for n in range(600)])
    for written, notes in ((START.timestamp() + 500, 1), (START.timestamp() + 599, 0), (START.timestamp() - 99, 0)):
        os.utime(path, (written, written))
        found = clock_notes(path)
        assert len(found) == notes
        if notes:
            assert "its last record is 1 min 38 s later than the file was written" in found[0]


def test_files_that_share_requests_tell_how_far_their_clocks_differ(tmp_path: Path) -> None:
    r = random.Random(1)
    ids = [f"{r.getrandbits(64):016x}" for _ in range(400)]
    times = [n * 3.0 for n in range(400)]
    write(tmp_path / "edge.log", [t + 0.2 * r.random() for t in times], ids)
    write(tmp_path / "api.log", [t + 37 for t in times], ids)
    write(tmp_path / "other.log", times, ids)
    notes = clock_notes(*(tmp_path / n for n in ("edge.log", "api.log", "other.log")))
    assert len(notes) == 2
    assert all(n.startswith("api.log: its clock is 37 s ahead of that of ") and "400 requests" in n for n in notes)


def test_requests_that_time_out_for_a_while_are_no_skew(tmp_path: Path) -> None:
    r = random.Random(1)
    ids = [f"{r.getrandbits(64):016x}" for _ in range(400)]
    times = [n * 3.0 for n in range(400)]
    write(tmp_path / "edge.log", [t + (30 if n > 150 else 0.1) for n, t in enumerate(times)], ids)
    write(tmp_path / "api.log", times, ids)
    assert clock_notes(tmp_path / "edge.log", tmp_path / "api.log") == []


def test_a_file_that_starts_and_ends_later_than_all_others_is_said(tmp_path: Path) -> None:
    r = random.Random(2)
    for name, offset in (("a", 0), ("b", 0), ("c", 0), ("d", 95)):
        write(tmp_path / f"{name}.log", sorted(offset + r.random() * 600 for _ in range(800)))
    (note,) = clock_notes(*sorted(tmp_path.glob("*.log")))
    assert note.startswith("d.log: starts and ends 1 min 3")
    write(tmp_path / "d.log", sorted(95 + r.random() * 505 for _ in range(800)))  # it only started later
    assert clock_notes(*sorted(tmp_path.glob("*.log"))) == []
