"""Container runtimes and the journal wrap lines: what is inside is read in its own format."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from faultmaven_lib.sources import connect

AT = "2026-03-01T14:02:{s:02d}.500000000Z"


def read(path: Path, data: str | bytes) -> tuple[pd.DataFrame, object, list[str]]:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    source = connect(path, kind="logs")
    frame = source.query()
    return frame, source.report.files[0], source.notes


def balanced(report) -> bool:
    return report.lines == report.records + report.continued + report.blank + report.skipped


def test_cri_lines_are_read_in_the_format_inside(tmp_path: Path) -> None:
    lines = [
        f"{AT.format(s=1)} stdout F 2026-03-01 14:02:01,250 ERROR shop.cart: boom",
        f"{AT.format(s=1)} stdout F Traceback (most recent call last):",
        f'{AT.format(s=1)} stdout F   File "shop/cart.py", line 3, in add',
        f"{AT.format(s=1)} stdout F KeyError: 7",
        f"{AT.format(s=2)} stderr F warming up",
        f"{AT.format(s=3)} stdout F 2026-03-01 14:02:03,000 INFO shop.cart: next",
        f"{AT.format(s=4)} stdout F ",
    ]
    frame, report, _ = read(tmp_path / "cart.log", "\n".join(lines) + "\n")
    assert (report.container, report.format) == ("cri", "time and level")
    assert frame["level"].tolist() == ["ERROR", "INFO"]
    assert frame["exception"].tolist()[0] == "KeyError"
    assert frame["stream"].tolist() == ["stdout", "stdout"]
    assert frame["line"].tolist() == [1, 6]
    assert frame.index[0] == pd.Timestamp("2026-03-01T14:02:01.250Z")
    assert balanced(report)


def test_the_parts_of_a_long_cri_line_are_joined_by_stream(tmp_path: Path) -> None:
    record = json.dumps({"level": "error", "msg": "x" * 300})
    lines = [
        f"{AT.format(s=1)} stdout P {record[:100]}",
        f"{AT.format(s=1)} stderr F amid",
        f"{AT.format(s=2)} stdout P {record[100:200]}",
        f"{AT.format(s=2)} stdout F {record[200:]}",
        *(f'{AT.format(s=n)} stdout F {{"msg": "m", "n": {n}}}' for n in range(3, 9)),
    ]
    frame, report, _ = read(tmp_path / "cart.log", "\n".join(lines) + "\n")
    assert frame["message"].tolist()[0] == "x" * 300
    assert frame["message"].tolist()[1] == "amid"
    # It has no time of its own, so it has that of its first part.
    assert frame.index[0] == pd.Timestamp("2026-03-01T14:02:01.5Z")
    assert (report.lines, report.records, report.continued) == (10, 8, 2)


def test_dockers_json_lines_are_unwrapped_and_joined(tmp_path: Path) -> None:
    access = '10.0.0.7 - - [01/Mar/2026:14:02:{s:02d} +0000] "GET / HTTP/1.1" 502 5'
    lines = [
        json.dumps({"log": access.format(s=n) + "\n", "stream": "stdout", "time": AT.format(s=n)}) for n in range(5)
    ]
    lines.insert(2, json.dumps({"log": access.format(s=1)[:30], "stream": "stderr", "time": AT.format(s=1)}))
    lines.insert(3, json.dumps({"log": access.format(s=1)[30:] + "\n", "stream": "stderr", "time": AT.format(s=1)}))
    frame, report, notes = read(tmp_path / "abc-json.log", "\n".join(lines) + "\n")
    assert (report.container, report.format) == ("docker", "access")
    assert frame["status"].tolist() == [502] * 6
    assert set(frame["level"]) == {"ERROR"}
    assert frame["stream"].value_counts().to_dict() == {"stdout": 5, "stderr": 1}
    assert balanced(report)
    assert notes == []


def test_an_application_that_logs_a_field_log_is_not_taken_for_docker(tmp_path: Path) -> None:
    frame, report, _ = read(
        tmp_path / "a.log", '{"time": "2026-03-01T14:02:01Z", "level": "warn", "log": "ready", "n": 1}\n' * 3
    )
    assert report.format == "json"
    assert frame["message"].tolist() == ["ready"] * 3


ENTRY = (
    b"__CURSOR=s=1;i=%d\n__REALTIME_TIMESTAMP=17723737310%05d\n_BOOT_ID=abc\nPRIORITY=3\n"
    b"SYSLOG_IDENTIFIER=sshd\n_PID=7\n"
)


def test_an_export_of_the_journal_is_read_binary_fields_too(tmp_path: Path) -> None:
    text = b"first\nsecond"
    data = ENTRY % (1, 1) + b"MESSAGE=plain = text\n\n"
    data += ENTRY % (2, 2) + b"MESSAGE\n" + len(text).to_bytes(8, "little") + text + b"\n\n"
    frame, report, _ = read(tmp_path / "host.export", data)
    assert report.container == "journal"
    assert frame["message"].tolist() == ["plain = text", "first\nsecond"]
    assert frame["service"].tolist() == ["sshd"] * 2
    assert frame["level"].tolist() == ["ERROR"] * 2
    assert frame.index[0] == pd.Timestamp(1772373731000001, unit="us", tz="UTC")
    assert "_BOOT_ID" not in frame.columns
    assert (report.lines, report.records) == (2, 2)


def test_a_broken_export_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    huge = ENTRY % (1, 1) + b"MESSAGE\n" + (2**62).to_bytes(8, "little") + b"x" * 300_000
    frame, _, _ = read(tmp_path / "host.export", huge)
    assert len(frame) == 1
    assert len(frame["message"].iloc[0]) <= 65_536
    frame, _, _ = read(tmp_path / "host.export", ENTRY % (1, 1) + b"MESSAGE\n\x01")
    assert len(frame) == 1


def test_journalctl_o_json(tmp_path: Path) -> None:
    entry = {
        "__REALTIME_TIMESTAMP": "1772373731000010", "PRIORITY": "4", "MESSAGE": [104, 105, 255], "_COMM": "x",
        "_SYSTEMD_UNIT": "shop.service",
    }  # fmt: skip
    frame, _, _ = read(tmp_path / "host.log", "\n".join([json.dumps(entry), json.dumps(entry | {"MESSAGE": "ok"})]))
    assert frame["message"].tolist() == ["hi\ufffd", "ok"]
    assert frame["level"].tolist() == ["WARNING"] * 2
    assert frame["service"].tolist() == ["shop.service"] * 2
