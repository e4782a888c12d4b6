"""Broken input: a clear message or a counted skip, never a traceback and never silent loss."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import tracemalloc
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.sources import ReadReport, connect

LINE = "2026-03-01T14:02:11Z INFO api: request {n} served in {n} ms\n"
LINES = "".join(LINE.format(n=n) for n in range(20_000)).encode()


HEAD = b"".join(LINES.splitlines(keepends=True)[:10])


def balanced(report: ReadReport) -> bool:
    return all(f.lines == f.records + f.continued + f.blank + f.skipped for f in report.files)


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [(".gz", gzip.compress), (".zst", zstandard.compress), (".bz2", bz2.compress), (".xz", lzma.compress), ("", bytes)],
)
def test_compressed_files_are_read_whole(tmp_path: Path, suffix: str, compress) -> None:
    path = tmp_path / f"api.log{suffix}"
    path.write_bytes(compress(LINES))
    source = connect(path)
    frame = source.query()
    assert len(frame) == 20_000
    assert frame["line"].iloc[-1] == 20_000
    assert frame["service"].unique().tolist() == ["api"]
    assert source.notes == []


def test_joined_gzip_files_are_read_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "api.log.gz"
    path.write_bytes(gzip.compress(LINES[:4000]) + gzip.compress(LINES[4000:]))
    assert len(connect(path).query()) == 20_000


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress, bz2.compress, lzma.compress])
def test_a_truncated_file_is_read_as_far_as_it_goes_and_said(tmp_path: Path, compress) -> None:
    # Text that does not compress well, so that half of the file holds some of it.
    import random

    rng = random.Random(1)
    text = "".join(f"2026-03-01T14:02:11Z INFO api: {rng.getrandbits(4000):x}\n" for _ in range(2000)).encode()
    data = compress(text)
    path = tmp_path / "api.log.gz"
    path.write_bytes(data[: len(data) // 2])
    source = connect(path)
    frame = source.query()
    assert 0 < len(frame) < 2000
    assert any("api.log.gz is truncated" in note and "as far as it goes" in note for note in source.notes)
    assert balanced(source.report)


def test_a_damaged_gzip_is_said(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(os.urandom(100).hex().encode() + b"\n" + LINES))
    data[len(data) // 2 : len(data) // 2 + 60] = bytes(60)
    path = tmp_path / "api.log.gz"
    path.write_bytes(data)
    source = connect(path)
    source.query()
    assert any("api.log.gz is damaged gzip" in note for note in source.notes)


def test_binary_in_a_log_is_replaced_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    path.write_bytes(HEAD + b"2026-03-01T14:02:11Z ERROR api: \xff\xfe\x00 caf\xc3\xa9\n" + HEAD)
    source = connect(path)
    frame = source.query("level=ERROR")
    assert frame["message"].tolist() == ["api: \ufffd\ufffd\ufffd café"]
    assert any("3 bytes that are not text were replaced" in note for note in source.notes)
    assert balanced(source.report)


def test_a_binary_file_is_skipped_and_named(tmp_path: Path) -> None:
    (tmp_path / "wtmp.log").write_bytes(bytes(range(256)) * 4 + bytes(2000))
    (tmp_path / "api.log").write_bytes(HEAD)
    source = connect(f"{tmp_path}/*.log")
    assert len(source.query()) > 5
    assert "wtmp.log is a binary file, not a log: skipped" in source.notes


def test_utf_16_is_read(tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    path.write_text("2026-03-01T14:02:11Z ERROR größer\n", encoding="utf-16")
    assert connect(path).query()["message"].tolist() == ["größer"]


def test_an_empty_file_is_noted(tmp_path: Path) -> None:
    (tmp_path / "a.log").touch()
    (tmp_path / "b.log.gz").write_bytes(gzip.compress(b""))
    source = connect(f"{tmp_path}/*")
    frame = source.query()
    assert list(frame.columns) == ["service", "level", "message", "source", "line"]
    assert len(frame) == 0
    assert source.notes == ["a.log, b.log.gz: empty"]
    assert source.span() is None


def test_a_line_of_ten_megabytes_is_cut_counted_and_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    with path.open("wb") as file:
        file.write(HEAD + b"2026-03-01T14:02:12Z ERROR api: ")
        for _ in range(10):
            file.write(b"x" * 1_000_000)
        file.write(b"\n" + HEAD)
    source = connect(path)
    source.query()
    tracemalloc.start()
    frame = source.query("level=ERROR")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000
    assert len(frame) == 1
    assert 1000 < len(frame["message"].iloc[0]) <= 65_536
    assert source.report.files[0].cut == 1
    assert any("1 line longer than the bound, cut by 9,9" in note for note in source.notes)
    assert balanced(source.report)


def test_a_secret_is_not_halved_where_a_line_is_cut(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("FAULTMAVEN_LINE_MAX_BYTES", "256")
    path = tmp_path / "api.log"
    for length in range(190, 256):
        line = "2026-03-01T14:02:12Z INFO " + "x" * (length - 26) + " ann.example@example.com" + " y" * 200
        path.write_text(line + "\n")
        assert "ann" not in connect(path).query()["message"].iloc[0]


def test_a_traceback_without_end_is_split_not_lost(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("FAULTMAVEN_LINE_MAX_BYTES", "1000")
    path = tmp_path / "api.log"
    path.write_text("2026-03-01T14:02:12Z ERROR boom\n" + "".join(f"  at frame {n}\n" for n in range(500)))
    source = connect(path)
    frame = source.query()
    assert frame["message"].str.len().max() <= 1000
    assert "at frame 499" in frame["message"].iloc[-1]
    assert "\n".join(frame["message"]).count("at frame") == 500
    assert balanced(source.report)


def test_two_zones_in_one_file_are_honoured_and_said(tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    path.write_text(
        "2026-03-01T14:00:00+01:00 INFO first\n2026-03-01T13:30:00Z INFO second\n2026-03-01T13:45:00 INFO third\n"
    )
    source = connect(path)
    frame = source.query()
    assert frame.index.strftime("%H:%M").tolist() == ["13:00", "13:30", "13:45"]
    assert any("times in 2 zones (+00:00, +01:00), all shown as UTC" in note for note in source.notes)
    assert any("times without a zone, assumed UTC" in note for note in source.notes)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_an_error_where_it_is_the_only_one(tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    path.write_bytes(HEAD)
    path.chmod(0)
    with pytest.raises(SourceError, match="permission denied"):
        connect(path).query()


def test_a_file_that_went_is_an_error_where_it_is_the_only_one_and_a_note_beside_others(tmp_path: Path) -> None:
    one, two = tmp_path / "a.log", tmp_path / "b.log"
    one.write_bytes(HEAD)
    two.write_bytes(HEAD)
    source = connect([one, two])
    one.unlink()
    assert len(source.query()) > 5
    assert source.notes == ["a.log could not be read: no such file or directory"]
    two.unlink()
    with pytest.raises(SourceError, match=r"a\.log could not be read.*1 more file"):
        source.query()


_PARTS = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"2026-03-01T14:02:11Z ERROR api: x\n",
            b'{"time": "2026-03-01T14:02:11Z", "msg": "x", "a": {"b": [1]}}\n',
            b'{"time": [], "level": {}, "message": 7, "service": null, "": 1}\n',
            b"ts=1772373731 level=warn msg=x\n",
            b"Traceback (most recent call last):\n  File\n",
            b'10.0.0.7 - - [01/Mar/2026:14:02:11 +0000] "GET / HTTP/1.1" 500 5\n',
            b"Feb 30 14:02:11 host cron[1]: x\n",
            b"<34>1 2026-99-01T14:02:11Z h a p m - x\n",
            b"-----BEGIN PRIVATE KEY-----\n",
            b"\n",
            b"\r\n",
            b"\x00\x00",
            b"\xff\xfe",
            b"\x1f\x8b",
            b"\x28\xb5\x2f\xfd",
            b"BZh9",
            b"9" * 19 + b" x\n",
            b'{"ts": 1e400, "msg": NaN}\n',
            b"\\ud800",
        ]
    ),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(parts=st.lists(_PARTS, max_size=12), cut=st.booleans())
def test_whatever_a_file_holds_its_lines_are_accounted_for(tmp_path: Path, parts: list[bytes], cut: bool) -> None:
    path = tmp_path / "fuzz.log"
    data = b"".join(parts)
    path.write_bytes(gzip.compress(data)[: -7 if cut else None] if len(data) % 3 == 0 else data)
    source = connect(path)
    frame = source.query()
    report = source.report.files[0]
    assert balanced(source.report)
    assert report.records == len(frame)
    if not report.problem and not data.startswith(
        (b"\x1f\x8b", b"\x28\xb5", b"BZh", b"\xfd7z", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb")
    ):
        assert report.lines == data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
    assert frame.index.is_monotonic_increasing
    assert not frame.index.hasnans
    frame.to_parquet(tmp_path / "fuzz.parquet")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    data=st.one_of(st.binary(max_size=200), st.text("time,value\n0129-:TZ\"'{}[]kind; ", max_size=120).map(str.encode))
)
@pytest.mark.parametrize("name", ["m.csv", "c.json", "m.parquet", "c.csv.gz"])
@pytest.mark.parametrize("kind", [None, "metrics", "changes"])
def test_tables_of_garbage_raise_nothing_but_source_errors(tmp_path: Path, name: str, kind, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    message = ""
    try:
        connect(path, kind=kind).query()
    except SourceError as error:
        message = str(error)
    assert not message or str(path) in message
