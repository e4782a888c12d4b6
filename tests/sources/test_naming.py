"""A format given by name or as a pattern, and formats that other packages bring."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.sources import connect, from_text
from faultmaven_lib.sources.formats import plug_ins
from faultmaven_lib.sources.formats.naming import format_named, format_names


def test_a_format_by_name_is_taken_whatever_the_lines_look_like(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text(
        '{"time": "2026-03-01T14:02:10Z", "msg": "a"}\n' * 9
        + '10.0.0.7 - - [01/Mar/2026:14:02:11 +0000] "GET / HTTP/1.1" 502 5\n',
        encoding="utf-8",
    )
    source = connect(path, format="nginx")
    assert source.query()["message"].tolist() == ["a"] * 9 + ["GET / HTTP/1.1 502"]
    assert source.report.files[0].format == "access"
    assert connect(source.url).query().equals(source.query())
    assert set(format_names()) >= {"json", "nginx", "klog", "postgresql csv", "text"}


def test_a_pattern_reads_a_house_format_and_survives_in_the_url(tmp_path: Path) -> None:
    path = tmp_path / "app 100%.log"
    path.write_text(
        "[cart] 01/Mar/2026:14:02:11 +0100 |WARN| #12 slow: 3 s\n  and more\nbroken\n[] 1772373731.5 |I| #9 \n"
    )
    source = connect(path, format="[<service>] <time> |<level>| #<thread> <message>")
    frame = source.query()
    assert frame["message"].tolist() == ["slow: 3 s\n  and more\nbroken", ""]
    assert frame["service"].tolist() == ["cart", "app 100%"]
    assert frame["level"].tolist() == ["WARNING", "INFO"]
    assert frame["thread"].tolist() == [12, 9]
    assert frame.index.strftime("%H:%M:%S.%f").tolist() == ["13:02:11.000000", "14:02:11.500000"]
    assert connect(source.url).query().equals(frame)


def test_reserved_and_passed_over_fields_of_a_pattern() -> None:
    frame = from_text("2026-03-01T14:02:11Z a b c.go:7 rest of it", format="<time> <_> <_> <line> <what>").query()
    assert frame[["line", "line_", "what", "message"]].iloc[0].tolist() == [
        1, "c.go:7", "rest of it", "2026-03-01T14:02:11Z a b c.go:7 rest of it",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("ngnix", r"there is no log format 'ngnix'; did you mean nginx\?"),
        ("<time", "has no field at position 0: write it as in <time> <level>"),
        ("<time> <", "has a wrong field at position 7"),
        ("<time><level>", "two fields without anything between them at position 6"),
        ("<a> <b> <a>", "has the field <a> twice"),
        ("x>", "has no field"),
        ("<a>" + " <_>" * 50, "longer than 500 characters or 40 fields"),
    ],
)
def test_what_is_no_format_is_said(tmp_path: Path, given: str, words: str) -> None:
    path = tmp_path / "app.log"
    path.write_text("x\n")
    with pytest.raises(SourceError, match=words):
        connect(path, format=given)


def test_a_format_is_for_log_files_only(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text("x\n")
    with pytest.raises(SourceError, match="not read as metrics"):
        connect(path, kind="metrics", format="json")
    with pytest.raises(SourceError, match="format= tells how to read log files"):
        connect("prometheus+http://prom:9090", format="json")


def test_a_pattern_takes_linear_time() -> None:
    parse = format_named("<a>:<b>:<c> <d> <e>,<f> <message>").parse
    before = time.process_time()
    for text in (":" * 60_000, " " * 60_000, "a: " * 20_000, "a" * 60_000):
        parse(text)
    assert time.process_time() - before < 1


MODULE = """
from faultmaven_lib.sources.formats import Format

def parse_house(line):
    if not line.startswith("@"):
        return None
    if "bug" in line:
        raise RuntimeError(line)
    stamp, _, text = line[1:].partition("@")
    return {"time": stamp, "level": "warn", "message": text, "tags": ["a"], "line": 9, "none": None}

HOUSE = Format("ignored", parse_house, multiline=True)
NOTHING = 7
"""
POINTS = """\
[faultmaven.log_formats]
house = fm_house_logs:HOUSE
house function = fm_house_logs:parse_house
house broken = fm_no_such_module:x
house number = fm_house_logs:NOTHING
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with formats, installed as pip installs it."""
    site = tmp_path / "site"
    info = site / "fm_house_logs-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "fm_house_logs.py").write_text(MODULE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fm-house-logs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    monkeypatch.syspath_prepend(str(site))
    yield site
    sys.modules.pop("fm_house_logs", None)


def test_an_installed_package_brings_a_format(installed: Path, tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text("@2026-03-01T14:02:11Z@hot\nmore\n@bug\n@2026-03-01T14:02:12Z@cold\n")
    source = connect(path)
    frame = source.query()
    assert source.report.files[0].format == "house"
    assert frame["message"].tolist() == ["hot\nmore\n@bug", "cold"]
    assert frame["level"].tolist() == ["WARNING"] * 2
    assert frame[["line", "line_", "tags"]].iloc[0].tolist() == [1, 9, "['a']"]
    assert connect(path, format="house function").query()["message"].iloc[0].startswith("hot")
    assert {"house", "house broken"} <= set(format_names())
    assert {f.name for f in plug_ins()} == {"house", "house function"}
    assert next(source.frames(workers=1)).equals(frame)


def test_a_broken_plug_in_breaks_nothing_and_says_why_when_it_is_asked_for(installed: Path, tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text("2026-03-01T14:02:11Z ERROR x\n")
    assert connect(path).query()["level"].tolist() == ["ERROR"]
    with pytest.raises(SourceError, match=r"house broken \(fm_no_such_module:x\) cannot be loaded"):
        connect(path, format="house broken")
    with pytest.raises(SourceError, match="is a int: it has to be a Format or a function"):
        connect(path, format="house number")
