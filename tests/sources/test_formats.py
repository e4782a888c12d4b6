"""Each log format: from lines as programs write them to times, levels, messages and fields."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from faultmaven_lib.sources import connect

ACCESS = (
    '10.0.0.7 - - [01/Mar/2026:14:02:11 +0000] "GET /cart?id=3 HTTP/1.1" {status} 512 "-" "curl/8.1" '
    "rt=0.{status} uct=0.001 uht=0.1 urt=0.120\n"
)


def read(tmp_path: Path, text: str, name: str = "app.log", query: str = "") -> tuple[pd.DataFrame, list[str]]:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    source = connect(path, kind="logs")
    frame = source.query(query)
    return frame, source.notes


@pytest.mark.parametrize(
    ("line", "fmt", "time", "level", "message"),
    [
        (
            '{"time": "2026-03-01T14:02:11.250Z", "level": "warn", "msg": "slow", "n": 3}',
            "json",
            "2026-03-01T14:02:11.250Z",
            "WARNING",
            "slow",
        ),
        (
            '{"ts": 1772373731.25, "severity": "ERROR", "message": "x"}',
            "json",
            "2026-03-01T14:02:11.250Z",
            "ERROR",
            "x",
        ),
        ('{"time": 1772373731250, "level": 50, "msg": "x"}', "json", "2026-03-01T14:02:11.250Z", "ERROR", "x"),
        (
            'ts=2026-03-01T15:02:11+01:00 level=error msg="could not \\"add\\"" cart=7',
            "logfmt",
            "2026-03-01T14:02:11Z",
            "ERROR",
            'could not "add"',
        ),
        (ACCESS.format(status=502).strip(), "access", "2026-03-01T14:02:11Z", "ERROR", "GET /cart?id=3 HTTP/1.1 502"),
        (
            (
                "2026/03/01 14:02:11 [error] 12#12: *7 upstream timed out, client: 10.0.0.7, server: , "
                'request: "GET / HTTP/1.1", upstream: "http://127.0.0.1:8001/", host: "shop"'
            ),
            "nginx error",
            "2026-03-01T14:02:11Z",
            "ERROR",
            (
                'upstream timed out, client: 10.0.0.7, server: , request: "GET / HTTP/1.1", '
                'upstream: "http://127.0.0.1:8001/", host: "shop"'
            ),
        ),
        (
            "[Sun Mar 01 14:02:11.123456 2026] [proxy:error] [pid 12:tid 34] [client 10.0.0.7:5000] AH01114: failed",
            "apache error",
            "2026-03-01T14:02:11.123456Z",
            "ERROR",
            "AH01114: failed",
        ),
        (
            "2026-03-01 14:02:11.123 UTC [4711] shop@shop FATAL:  too many connections",
            "postgresql",
            "2026-03-01T14:02:11.123Z",
            "CRITICAL",
            "too many connections",
        ),
        (
            "2026-03-01 14:02:11.123 UTC [4711] LOG:  checkpoint starting: time",
            "postgresql",
            "2026-03-01T14:02:11.123Z",
            "INFO",
            "checkpoint starting: time",
        ),
        (
            "2026-03-01 14:02:11,123 ERROR shop.checkout: payment failed",
            "time and level",
            "2026-03-01T14:02:11.123Z",
            "ERROR",
            "payment failed",
        ),
        (
            "2026-03-01 14:02:11,123 - shop.db - WARNING - slow: 3 s",
            "time and level",
            "2026-03-01T14:02:11.123Z",
            "WARNING",
            "slow: 3 s",
        ),
        (
            "[2026-03-01 14:02:11 +0100] [123] [INFO] Starting gunicorn",
            "time and level",
            "2026-03-01T13:02:11Z",
            "INFO",
            "Starting gunicorn",
        ),
        (
            "2026-03-01 14:02:11.123 | ERROR    | shop.api:pay:12 - declined",
            "time and level",
            "2026-03-01T14:02:11.123Z",
            "ERROR",
            "declined",
        ),
        (
            "2026-03-01 14:02:11.123  WARN 99 --- [main] c.example.Pool : exhausted",
            "time and level",
            "2026-03-01T14:02:11.123Z",
            "WARNING",
            "exhausted",
        ),
        (
            "2026-03-01T14:02:11Z ERROR payment: card gateway timed out",
            "time and level",
            "2026-03-01T14:02:11Z",
            "ERROR",
            "payment: card gateway timed out",
        ),
        (
            '2026-03-01 14:02:11.500 INFO:     127.0.0.1:5000 - "GET /search HTTP/1.1" 200 OK',
            "time and level",
            "2026-03-01T14:02:11.500Z",
            "INFO",
            '127.0.0.1:5000 - "GET /search HTTP/1.1" 200 OK',
        ),
        (
            "<34>1 2026-03-01T14:02:11.003Z host su 12 ID47 [a@1 key2=\"v\"] 'su root' failed",
            "syslog 5424",
            "2026-03-01T14:02:11.003Z",
            "CRITICAL",
            "'su root' failed",
        ),
        (
            "2026-03-01T14:02:11.123456+01:00 host sshd[12]: error: closed by peer",
            "syslog",
            "2026-03-01T13:02:11.123456Z",
            "ERROR",
            "error: closed by peer",
        ),
        (
            "2026-03-01 14:02:11 status installed libc6:amd64 2.36",
            "dpkg",
            "2026-03-01T14:02:11Z",
            "",
            "status installed libc6:amd64 2.36",
        ),
        (
            "1:M 01 Mar 2026 14:02:11.123 # Can't save in background: fork: Cannot allocate memory",
            "redis",
            "2026-03-01T14:02:11.123Z",
            "WARNING",
            "Can't save in background: fork: Cannot allocate memory",
        ),
        ("2026/03/01 14:02:11 cart.go:12: lost", "go", "2026-03-01T14:02:11Z", "", "lost"),
        ("2026/03/01 14:02:11.5 WARN slow n=3", "go", "2026-03-01T14:02:11.500Z", "WARNING", "slow n=3"),
        (
            "2026-03-01T14:02:11+0100 host sshd[1]: error: closed",
            "syslog",
            "2026-03-01T13:02:11Z",
            "ERROR",
            "error: closed",
        ),
        (
            "E0301 14:02:11.123456    12 kubelet.go:7] evicted",
            "klog",
            "2026-03-01T14:02:11.123456Z",
            "ERROR",
            "evicted",
        ),
        (
            "2026-03-01T14:02:11.123Z\tERROR\tcart/main.go:12\tno stock",
            "time and level",
            "2026-03-01T14:02:11.123Z",
            "ERROR",
            "cart/main.go:12\tno stock",
        ),
        (
            '{"@timestamp":"2026-03-01T14:02:11.123Z","log.level":"error","message":"x","ecs.version":"1.6"}',
            "json",
            "2026-03-01T14:02:11.123Z",
            "ERROR",
            "x",
        ),
        (
            '{"timeUnixNano":"1772373731123456789","severityText":"ERROR","body":{"stringValue":"x"}}',
            "json",
            "2026-03-01T14:02:11.123456789Z",
            "ERROR",
            "x",
        ),
        (
            (
                '2026-03-01 14:02:11.123 UTC,"shop","orders",4711,"[local]",65f.1,3,"SELECT",2026-03-01 14:00:00 UTC,'
                '3/4,0,ERROR,57014,"canceling, ""now""",,,,,,"select 1",,,"psql","client backend",,0'
            ),
            "postgresql csv",
            "2026-03-01T14:02:11.123Z",
            "ERROR",
            'canceling, "now"',
        ),
        (
            '{"timestamp":"2026-03-01 14:02:11.123 UTC","user":"shop","error_severity":"FATAL","message":"x"}',
            "json",
            "2026-03-01T14:02:11.123Z",
            "CRITICAL",
            "x",
        ),
        ("2026-03-01 14:02:11 something happened", "time", "2026-03-01T14:02:11Z", "", "something happened"),
        (
            "kernel thing at 2026-03-01 14:02:11 WARN it went",
            "text",
            "2026-03-01T14:02:11Z",
            "WARNING",
            "kernel thing at 2026-03-01 14:02:11 WARN it went",
        ),
    ],
)
def test_a_line_of_each_format(tmp_path: Path, line: str, fmt: str, time: str, level: str, message: str) -> None:
    path = tmp_path / "app.log"
    path.write_text(line + "\n")
    source = connect(path, kind="logs")
    frame = source.query()
    assert source.report.files[0].format == fmt
    assert frame.index[0] == pd.Timestamp(time)
    assert str(frame.index.dtype) == "datetime64[ns, UTC]"
    assert list(frame.columns[:5]) == ["service", "level", "message", "source", "line"]
    assert frame[["level", "message", "source", "line"]].iloc[0].tolist() == [level, message, "app.log", 1]


def test_access_fields_are_numbers_and_levels_follow_the_status(tmp_path: Path) -> None:
    frame, _ = read(tmp_path, "".join(ACCESS.format(status=s) for s in (200, 404, 502)), "shop-access.log")
    assert frame["status"].tolist() == [200, 404, 502]
    assert frame["request_time"].tolist() == [0.200, 0.404, 0.502]
    assert frame["upstream_response_time"].tolist() == [0.12] * 3
    assert frame["level"].tolist() == ["INFO", "WARNING", "ERROR"]
    assert frame[["method", "path", "client", "agent"]].iloc[0].tolist() == [
        "GET",
        "/cart?id=3",
        "10.0.0.7",
        "curl/8.1",
    ]
    assert set(frame["service"]) == {"shop"}


def test_bare_numbers_after_an_access_line_are_request_times(tmp_path: Path) -> None:
    line = '10.0.0.7 - ann [01/Mar/2026:14:02:11 +0000] "POST / HTTP/1.1" 200 5 "-" "x" 0.250 0.125\n'
    frame, _ = read(tmp_path, line)
    assert frame[["request_time", "upstream_response_time"]].iloc[0].tolist() == [0.25, 0.125]
    assert frame["user"].iloc[0] == "ann"


def test_nginx_and_postgres_fields(tmp_path: Path) -> None:
    frame, _ = read(
        tmp_path,
        "2026-03-01 14:02:11.123 UTC [4711] shop@orders ERROR:  canceling statement due to lock timeout\n"
        "2026-03-01 14:02:11.123 UTC [4711] shop@orders STATEMENT:  UPDATE stock\n\tSET n = n - 1\n",
    )
    assert frame[["pid", "user", "database"]].iloc[0].tolist() == [4711, "shop", "orders"]
    assert frame["message"].tolist() == ["canceling statement due to lock timeout", "UPDATE stock\n\tSET n = n - 1"]
    assert frame["level"].tolist() == ["ERROR", "INFO"]


TRACEBACK = """\
2026-03-01 14:02:11,100 ERROR shop.checkout: payment failed
Traceback (most recent call last):
  File "shop/checkout.py", line 12, in pay
    raise Timeout("gateway")
shop.errors.Timeout: gateway

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "shop/app.py", line 3, in handle
    pay()
RuntimeError: no answer
2026-03-01 14:02:12,100 INFO shop.checkout: next
"""


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_traceback_is_one_record(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "checkout.log"
    path.write_bytes(TRACEBACK.replace("\n", ending).encode())
    source = connect(path)
    frame = source.query()
    assert frame["message"].iloc[0].splitlines()[-1] == "RuntimeError: no answer"
    assert frame["message"].iloc[1] == "next"
    assert frame["line"].tolist() == [1, 13]
    assert frame["logger"].tolist() == ["shop.checkout"] * 2
    report = source.report.files[0]
    assert (report.lines, report.records, report.continued, report.blank) == (13, 2, 9, 2)


def test_a_traceback_between_json_lines_is_kept_together(tmp_path: Path) -> None:
    one = '{"time": "2026-03-01T14:02:11Z", "level": "info", "message": "a"}\n'
    frame, notes = read(tmp_path, one + "Traceback (most recent call last):\n  File x\nKeyError: 1\n" + one)
    assert frame["message"].tolist() == ["a", "Traceback (most recent call last):\n  File x\nKeyError: 1", "a"]
    assert frame["level"].tolist() == ["INFO", "ERROR", "INFO"]
    assert any("1 record not in the format of the rest (json)" in note for note in notes)


def test_a_key_over_several_lines_of_an_unknown_log_is_redacted_wholly(tmp_path: Path) -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nYWJjZGVmZ2hpag\n-----END PRIVATE KEY-----"
    frame, notes = read(tmp_path, f"key is\n{pem}\ndone\n")
    assert "YWJj" not in " ".join(frame["message"])
    assert frame["message"].tolist()[-1] == "done"
    assert any("1 private key" in note for note in notes)


def test_formats_mixed_in_one_file_are_each_parsed(tmp_path: Path) -> None:
    frame, _ = read(
        tmp_path,
        "INFO:     Started server process [7]\n"
        "2026-03-01 14:02:11,100 ERROR shop: a\n"
        '{"time": "2026-03-01T14:02:12Z", "level": "warn", "message": "b"}\n'
        '10.0.0.7 - - [01/Mar/2026:14:02:13 +0000] "GET / HTTP/1.1" 500 5\n'
        "2026-03-01 14:02:14,100 INFO shop: c\n",
    )
    assert frame["level"].tolist() == ["INFO", "ERROR", "WARNING", "ERROR", "INFO"]
    assert frame.index.second.tolist() == [11, 11, 12, 13, 14]


def test_nested_json_becomes_fields_with_dots_and_reserved_names_get_an_underscore(tmp_path: Path) -> None:
    frame, _ = read(
        tmp_path,
        '{"time": "2026-03-01T14:02:11Z", "message": "m", "http": {"status": 200, "ok": true}, "tags": ["a"], '
        '"line": 9, "service": {"name": "api"}, "id": "007", '
        '"big": 123456789012345678901234567890, "bad": "\\ud800\\u0000"}\n',
    )
    row = frame.iloc[0]
    assert (row["http.status"], row["http.ok"], row["tags"]) == (200, "true", '["a"]')
    assert (row["line"], row["line_"], row["service"], row["id"]) == (1, 9, "api", "007")
    assert row["big"] == "123456789012345678901234567890"
    frame.to_parquet(tmp_path / "x.parquet")


def test_fields_are_bounded_in_number_and_the_rest_is_said(tmp_path: Path) -> None:
    lines = [
        '{"time": "2026-03-01T14:02:11Z", "msg": "m", "often": 1, '
        + ", ".join(f'"f{i}_{j}": {j}' for j in range(9))
        + "}"
        for i in range(50)
    ]
    frame, notes = read(tmp_path, "\n".join(lines))
    assert len(frame.columns) == 5 + 40
    assert frame["often"].sum() == 50
    assert any("411 rarer fields are not columns" in note for note in notes)


def test_syslog_without_a_year_takes_it_from_the_date_of_the_file(tmp_path: Path) -> None:
    import os

    path = tmp_path / "syslog"
    path.write_text("Dec 31 23:59:59 host cron[1]: old\nJan  1 00:00:01 host cron[1]: new\n")
    stamp = pd.Timestamp("2026-01-02T00:00Z").timestamp()
    os.utime(path, (stamp, stamp))
    source = connect(path)
    frame = source.query()
    assert [str(t) for t in frame.index] == ["2025-12-31 23:59:59+00:00", "2026-01-01 00:00:01+00:00"]
    assert frame["service"].tolist() == ["cron", "cron"]
    assert any("times without a year, taken from the file's date (2026-01-02)" in note for note in source.notes)


def test_lines_without_any_time_are_kept_at_the_date_of_the_file(tmp_path: Path) -> None:
    frame, notes = read(tmp_path, "ERROR:root:first\nINFO:     second\nthird\n")
    assert frame["message"].tolist()[0] == "first"
    assert frame["level"].tolist() == ["ERROR", "INFO"]
    assert frame["message"].tolist()[1] == "second\nthird"
    assert any("no line has a time: all are put at the file's date" in note for note in notes)


def test_records_without_a_time_keep_their_place(tmp_path: Path) -> None:
    frame, notes = read(
        tmp_path,
        "banner\n"
        '{"time": "2026-03-01T14:02:11Z", "msg": "a"}\n{"msg": "b"}\n'
        '{"time": "2026-03-01T14:02:12Z", "msg": "c"}\n{"time": "9999-99-99", "msg": "d"}\n',
    )
    assert frame["message"].tolist() == ["banner", "a", "b", "c", "d"]
    assert frame.index.second.tolist() == [11, 11, 11, 12, 12]
    assert any("3 records without a time, placed after the line before" in note for note in notes)


def test_colours_are_taken_out(tmp_path: Path) -> None:
    frame, _ = read(tmp_path, "2026-03-01T14:02:11Z \x1b[31mERROR\x1b[0m boom\n")
    assert frame[["level", "message"]].iloc[0].tolist() == ["ERROR", "boom"]
