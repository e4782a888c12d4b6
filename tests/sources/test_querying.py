"""The query language of files: what it means, and what it says when it is not understood."""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultmaven_lib.exceptions import QuerySyntaxError
from faultmaven_lib.sources import connect
from faultmaven_lib.sources.querying import parse_query

LOGS = pd.DataFrame(
    {
        "time": pd.date_range("2026-03-01T14:00Z", periods=6, freq="1min"),
        "service": ["api", "api", "db", "db", "web", "web"],
        "level": ["info", "error", "warn", "error", "info", "error"],
        "message": ["GET /health", "lock wait timeout", "lock taken", 'said "no"', "GET /cart", "Timed OUT"],
        "status": [200, 500, None, None, 200, 504],
        "mail": ["ann@example.com", None, None, "bob@example.com", None, None],
    }
)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("", [0, 1, 2, 3, 4, 5]),
        ("service=db", [2, 3]),
        ("service=db level=ERROR", [3]),
        ("service=db AND level=error", [3]),
        ("level=warn", [2]),
        ("level=WARNING", [2]),
        ("-service=db", [0, 1, 4, 5]),
        ("lock", [1, 2]),
        ("LOCK -timeout", [2]),
        ('"lock wait"', [1]),
        ('-"lock wait" lock', [2]),
        ("timed", [5]),
        ("message~^GET", [0, 4]),
        ('message~"(?i)time(d )?out"', [1, 5]),
        ("-message~[a-z]{5} level=info", [4]),
        ('message~"wait time"', [1]),
        ("status=500", [1]),
        ("status=500.0", [1]),
        ("status~^5", [1, 5]),
        ("-status=200", [1, 2, 3, 5]),
        ('message="GET /cart"', [4]),
        ('"said \\"no\\""', [3]),
        ("service=db/x", []),
        ("mail=bob@example.com", [3]),
        ("bob@example.com", [3]),
        ("absent=1", []),
        ("-absent=1 service=db", [2, 3]),
        ("/cart", [4]),
        ("android", []),
    ],
)
def test_what_a_query_selects(query: str, rows: list[int]) -> None:
    source = connect(LOGS)
    assert source.query(query)["line"].tolist() == [r + 1 for r in rows]


def test_files_and_frames_agree(tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    LOGS.assign(time=LOGS["time"].astype("str")).to_json(path, orient="records", lines=True)
    for query in ("service=db", "status~^5", "lock -timeout", "-status=200", "mail=bob@example.com", "status=500"):
        expected = connect(LOGS).query(query)["message"].tolist()
        assert connect(path).query(query)["message"].tolist() == expected, query


def test_a_field_that_no_line_has_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("ts=2026-03-01T14:00:00Z msg=x a=1\n")
    source = connect(path)
    assert len(source.query("colour=red")) == 0
    assert "no line has a field colour" in source.notes


@pytest.mark.parametrize(
    ("query", "position", "words"),
    [
        ('service="a', 8, "a closing quote is missing"),
        ("service=", 8, "a value is missing after service="),
        ("service= a", 8, "a value is missing"),
        ("a OR b", 2, "OR is not supported"),
        ("NOT a", 0, "NOT is not supported"),
        ("AND a", 0, "AND must stand between"),
        ("a AND AND b", 6, "AND must stand between"),
        ("a AND", 2, "a term is missing after AND"),
        ("a -", 2, "a term is missing after the minus"),
        ("a b~(c", 4, "not a regular expression"),
        ("b~a(?=c)", 2, "not a regular expression"),
        ("status!=500", 6, "write -status="),
        ("x status>=500", 8, "write status~regex"),
        ('""', 0, "an empty phrase"),
        ("a~" + "x" * 1001, 2, "longer than 1000"),
    ],
)
def test_what_is_wrong_is_said_with_its_position(query: str, position: int, words: str) -> None:
    with pytest.raises(QuerySyntaxError, match="(?s)" + words) as caught:
        connect(LOGS).query(query)
    assert caught.value.position == position
    assert caught.value.query == query


def test_a_hostile_pattern_takes_no_long_time() -> None:
    frame = pd.DataFrame({"time": ["2026-03-01T14:00Z"] * 50, "message": ["a" * 60_000 + "!"] * 50})
    started = time.perf_counter()
    assert len(connect(frame).query("message~(a+)+$")) == 0
    assert time.perf_counter() - started < 5


@given(st.text(max_size=40))
def test_any_text_is_a_query_or_a_syntax_error(text: str) -> None:
    position = 0
    try:
        terms = parse_query(text)
    except QuerySyntaxError as error:
        position, terms = error.position, ()
    assert 0 <= position <= len(text)
    assert all(term.value or term.field for term in terms)


@given(st.text('ab"\\ =~-', min_size=1, max_size=20).filter(str.strip))
def test_a_quoted_phrase_finds_itself(text: str) -> None:
    frame = pd.DataFrame({"time": ["2026-03-01T14:00Z"], "message": [f"x{text}y"]})
    if text.endswith("\\"):
        return
    quoted = text.replace('"', '\\"')
    if '\\\\"' in quoted:
        return
    assert len(connect(frame).query(f'"{quoted}"')) == 1
