"""Blocks of lines read as columns give what the parsers of single lines give, whatever the lines are."""

from __future__ import annotations

import random
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faultmaven_lib.sources import lines as blocks
from faultmaven_lib.sources.formats.naming import format_named
from faultmaven_lib.sources.logs import LogSource
from tests.sources.lines_of import FORMATS, in_cri, in_docker, lines_of, mixed

ODD = [
    "",
    "   ",
    "Traceback (most recent call last):",
    '  File "shop/cart.py", line 3, in add',
    "KeyError: 'n'",
    "Caused by: java.io.IOException: closed",
    "panic: runtime error: index out of range [5]",
    "goroutine 1 [running]:",
    "main.main()",
    "\tat c.e.Pool.get(Pool.java:12)",
    "-----BEGIN PRIVATE KEY-----",
    "MIIEvQIBADANBg",
    "}",
    "{",
    "{}",
    '{"a": 1',
    '{"time": [], "level": {}, "message": 7, "service": null, "": 1}',
    '{"time": "2026-03-01T14:02:11Z", "msg": "x\\ny", "n": 1, "m": 9007199254740993, "b": true, "l": [1, {"a": 2}]}',
    '{"time": "2026-03-01T14:02:11Z", "msg": "x", "n": "text", "amount": null, "line": 3, "a": {"b": {"c": {"d": 1}}}}',
    *['{"msg": "no time", "n": 1}'] * 9,
    '{"ts": 1e400, "msg": NaN, "big": 123456789012345678901234567890}',
    '{"ts": 1772373731.25, "level": 30.5, "msg": "\\ud800 \\u0000 \\u00e4"}',
    '{"time": "2026-03-01T14:02:11Z", "message": "first Traceback (most recent call last): x"}',
    'ts=1772373731 level=warn msg=x a= b="" c="a b"',
    '10.0.0.7 - - [01/Mar/2026:14:02:11 +0000] "GET / HTTP/1.1" 500 5',
    '10.0.0.7 - - [01/Mar/2026:14:02:11 +0000] "GET / HTTP/1.1" 500 - "-" "a \\" b" rt=-',
    'shop.example:443 10.0.0.7 - ann [01/Mar/2026:14:02:11 +0000] "-" 400 0 "-" "-" 0.25 0.125',
    '::1 - - [30/Feb/2026:14:02:11 +0000] "GET /ä HTTP/1.1" 200 5 "-" "x" status=7 rt=0.1, 0.2',
    "2026-03-01 14:02:11 +0100 [12] ERROR shop: x",
    "2026-03-01T14:02:11Z ERROR shop.api:pay:12 - declined",
    "2026-03-01 14:02:11.5 | ERROR    | shop.api:pay:12 - declined",
    "2026-02-30 14:02:11,123 ERROR shop.checkout: no such day",
    "2026-03-01 14:02:11,123 INFO",
    "2026-03-01 14:02:11,123 INFOR x",
    "2026-03-01 14:02:11,123 [ERROR-pool] WARN c.e.Pool - x",
    "2026-03-01 14:02:11,123 - ERROR.x - WARN - y",
    "2026-03-01 14:02:11,123 WARN [a b] c.d: x \u00a0 y",
    "Mar  1 14:02:11 host dnsmasq[1]: query[A] shop.example from 10.0.0.1",
    "Mar  1 14:02:11 dnsmasq[1]: reply shop.example is 10.0.0.1",
    "Feb 30 14:02:11 host cron[1]: - ",
    "<34>Mar  1 14:02:11 host su: x",
    "<34>1 2026-99-01T14:02:11Z h a p m - x",
    "E0301 14:02:11.5 12 a.go:7] x",
    "\x1b[31mred\x1b[0m",
    "a\rb\x00c\udcff",
]
CHARACTERS = " \t\"\\'{}[]<>:=-.,|0a\u00e9\x0b\x1c\u2003T"


def frame_of(path: Path, *, vectorised: bool, fmt: str | None = None) -> tuple[pd.DataFrame, dict, list[str]]:
    source = LogSource([path], "", fmt=None if fmt is None else format_named(fmt), vectorised=vectorised)
    frame = source.query()
    return frame, asdict(source.report.files[0]), source.notes


def assert_same(path: Path, fmt: str | None = None) -> pd.DataFrame:
    fast, fast_report, fast_notes = frame_of(path, vectorised=True, fmt=fmt)
    slow, slow_report, slow_notes = frame_of(path, vectorised=False, fmt=fmt)
    pd.testing.assert_frame_equal(fast, slow)
    assert fast_report == slow_report
    assert fast_notes == slow_notes
    return fast


def written(path: Path, lines: list[str]) -> Path:
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
    return path


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format(tmp_path: Path, name: str) -> None:
    frame = assert_same(written(tmp_path / "app.log", list(lines_of(name, 300))))
    assert len(frame) == 300 or name == "text"


@pytest.mark.parametrize("wrap", [in_cri, in_docker])
@pytest.mark.parametrize("name", ["access", "json", "python", "text"])
def test_every_envelope(tmp_path: Path, name: str, wrap) -> None:
    frame = assert_same(written(tmp_path / "app.log", list(wrap(lines_of(name, 300)))))
    assert set(frame["stream"]) == {"stdout"}


def test_a_pattern(tmp_path: Path) -> None:
    lines = [f"cart-{n % 3} 2026-03-01 14:02:{n % 60:02d} [WARN] slow: {n} s" for n in range(300)] + ODD
    frame = assert_same(written(tmp_path / "app.log", lines), "<service> <time> [<level>] <message>")
    assert (frame["level"] == "WARNING").sum() >= 300
    assert_same(written(tmp_path / "app.log", lines), "<service> <time> <_> <message>")


@st.composite
def files(draw: st.DrawFn) -> tuple[list[str], int]:
    """Lines of one or two formats with odd ones, and mutations of themselves, amid them; and the size of a block."""
    names = draw(st.lists(st.sampled_from(sorted(FORMATS)), min_size=1, max_size=2))
    seed = draw(st.integers(0, 2**32))
    r = random.Random(seed)
    sources = [list(lines_of(name, 150, seed)) for name in names]
    lines = [r.choice(group) for group in zip(*sources, strict=True)]
    lines = lines if draw(st.booleans()) else [line for group in sources for line in group]
    for _ in range(draw(st.integers(0, 12))):
        at = r.randrange(len(lines) + 1)
        lines[at:at] = draw(st.lists(st.sampled_from(ODD), min_size=1, max_size=4)) * r.choice((1, 1, 1, 12))
    for _ in range(draw(st.integers(0, 12))):
        at = r.randrange(len(lines))
        line = lines[at]
        place, end = r.randrange(len(line) + 1), r.randrange(len(line) + 1)
        lines[at] = r.choice((
            line[:place],
            line[place:],
            line[:place] + r.choice(CHARACTERS) + line[place:],
            line[:place] + r.choice(CHARACTERS) + line[place + 1 :],
            line[: min(place, end)] + line[max(place, end) :],
            line[:place] + r.choice(ODD) + line[place:],
        ))  # fmt: skip
    wrap = draw(st.sampled_from([None, None, in_cri, in_docker]))
    if wrap is not None:
        lines = list(wrap(line.replace("\udcff", "?") for line in lines))
        lines[r.randrange(len(lines))] = r.choice(ODD)
    return lines, draw(st.sampled_from([2000, 9000, blocks.BLOCK]))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(file=files())
def test_whatever_the_lines_are(tmp_path: Path, file: tuple[list[str], int]) -> None:
    lines, size = file
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK", size)
        frame = assert_same(written(tmp_path / "app.log", lines))
    assert not frame.index.hasnans


def test_mixed_formats_are_each_read_in_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "app.log", list(mixed(2000)))
    assert_same(path)
    # None of them goes to the parsers of single lines, but the sample that tells the format.
    from faultmaven_lib.sources import records

    fed = []
    feed = records.Assembler.feed
    monkeypatch.setattr(records.Assembler, "feed", lambda self, n, text: (fed.append(n), feed(self, n, text)))
    assert len(frame_of(path, vectorised=True)[0]) == 2000
    assert fed == []
    assert len(frame_of(path, vectorised=False)[0]) == len(fed) == 2000
