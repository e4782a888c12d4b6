"""connect: what it takes, what it detects, what it says when it cannot."""

from __future__ import annotations

import gzip
from importlib.metadata import EntryPoint
from pathlib import Path

import pandas as pd
import pytest

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.model import Source, Window
from faultmaven_lib.sources import connect, connecting, from_text, read_alert, schemes

LINE = "2026-03-01T14:0{m}:00Z INFO {s}: n {m}\n"


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    (tmp_path / "web.log").write_text(LINE.format(m=1, s="w") + LINE.format(m=3, s="w") + "  and more\n")
    with gzip.open(tmp_path / "api.log.1.gz", "wt") as file:
        file.write(LINE.format(m=2, s="a") + LINE.format(m=3, s="a"))
    return tmp_path


def test_files_are_merged_on_one_time_line(logs: Path) -> None:
    source = connect(f"{logs}/*.log*")
    frame = source.query()
    assert isinstance(source, Source)
    assert source.kind == "logs"
    assert frame["service"].tolist() == ["web", "api", "api", "web"]
    assert frame["source"].tolist() == ["web.log", "api.log.1.gz", "api.log.1.gz", "web.log"]
    assert frame["line"].tolist() == [1, 1, 2, 2]
    assert frame["message"].iloc[-1] == "w: n 3\n  and more"
    assert source.span() == Window.parse("2026-03-01T14:01:00Z/120.000002s")


def test_a_window_includes_its_start_and_excludes_its_end(logs: Path) -> None:
    source = connect(f"{logs}/*.log*")
    assert source.query("", Window.parse("2026-03-01T14:02Z/1m"))["service"].tolist() == ["api"]
    assert source.query("service=web", Window.parse("2026-03-01T14:02Z/5m"))["line"].tolist() == [2]
    assert len(source.query("", Window.parse("2027-03-01T14:02Z/5m"))) == 0


@pytest.mark.parametrize(
    "make", [lambda p: p / "web.log", lambda p: [p / "web.log", f"{p}/api*"], lambda p: f"file://{p}/w*.log", str]
)
def test_the_url_connects_again(logs: Path, make) -> None:
    source = connect(make(logs))
    again = connect(source.url)
    assert source.url.startswith("file:///")
    pd.testing.assert_frame_equal(again.query(), source.query())


def test_an_odd_name_and_a_given_kind_survive_in_the_url(tmp_path: Path) -> None:
    path = tmp_path / "my #1 [x] 100%.csv"
    path.write_text("2026-03-01T14:00:00Z INFO x\n")
    source = connect(path, kind="logs")
    assert connect(source.url).query()["message"].tolist() == ["x"]
    assert connect(source.url).kind == "logs"


def test_files_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    for host in ("a", "b"):
        (tmp_path / host).mkdir()
        (tmp_path / host / "api.log").write_text(LINE.format(m=1, s=host))
    assert connect(f"{tmp_path}/*/api.log").query()["source"].tolist() == ["a/api.log", "b/api.log"]


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("x.csv", "time,api/cpu\n2026-03-01T14:00:00Z,1\n", "metrics"),
        ("x.csv", "time,service,metric,value\n2026-03-01T14:00:00Z,a,b,1\n", "metrics"),
        ("x.csv", "time,kind,service,message\n2026-03-01T14:00:00Z,deploy,a,b\n", "changes"),
        ("x.json", '[{"time": "2026-03-01T14:00:00Z", "kind": "deploy", "version": "1"}]', "changes"),
        ("x.json", '{"time": "2026-03-01T14:00:00Z", "level": "info", "message": "x"}\n', "logs"),
        ("x.jsonl", '{"time": "2026-03-01T14:00:00Z", "kind": "x", "level": "info", "msg": "x"}\n', "logs"),
        ("x.log", "time,api/cpu\n", "logs"),
        ("x", "anything", "logs"),
    ],
)
def test_the_kind_is_detected(tmp_path: Path, name: str, text: str, kind: str) -> None:
    (tmp_path / name).write_text(text)
    assert connect(tmp_path / name).kind == kind


def test_frames(tmp_path: Path) -> None:
    logs = pd.DataFrame(
        {"message": ["mail ann@example.com", "b"]}, index=pd.date_range("2026-03-01T14:00Z", periods=2, name="time")
    )
    source = connect(logs, name="mine")
    assert (source.kind, source.url) == ("logs", "memory:mine")
    assert source.query()["message"].iloc[0].startswith("mail <email:")
    assert "1 value redacted: 1 email" in source.notes
    assert logs["message"].iloc[0] == "mail ann@example.com"
    changes = pd.DataFrame({"time": ["2026-03-01T14:00Z"], "kind": ["deploy"], "version": ["2"]})
    assert connect(changes).kind == "changes"
    assert connect(changes).query()["version"].tolist() == ["2"]
    with pytest.raises(SourceError, match="no time column"):
        connect(pd.DataFrame({"message": ["x"]}))


def test_pasted_text() -> None:
    source = from_text("2026-03-01T14:00:00Z ERROR boom\nTraceback (most recent call last):\n  x\nKeyError: 1\n")
    assert source.url == "memory:pasted"
    assert source.query()["source"].tolist() == ["pasted"]
    assert source.query()["message"].iloc[0].endswith("KeyError: 1")


def test_what_cannot_be_connected_is_said(tmp_path: Path) -> None:
    for target, words in (
        (f"{tmp_path}/*.nope", rf"nothing matches \*\.nope in the folder {tmp_path}"),
        (f"{tmp_path}/no/x*.log", "which does not exist"),
        (f"{tmp_path}/a.log", r"there is no file .*a\.log"),
        ("gopher://u:secret@host/x", r"the scheme gopher of gopher://host/x is not known; known are file, "),
        ("file://elsewhere/x", "a file on elsewhere"),
        ([], "an empty list"),
        (7, "a int is not a source"),
        ("/dev/null", "not a file: devices"),
        (tmp_path, "holds no file"),
    ):
        with pytest.raises(SourceError, match=words):
            connect(target)
    (tmp_path / "a.log").write_text("x")
    (tmp_path / "b.csv").write_text("time,a\n1,2\n")
    with pytest.raises(SourceError, match=r"of different kinds \(logs: a\.log; metrics: b\.csv\)"):
        connect(f"{tmp_path}/*")
    with pytest.raises(SourceError, match="there is no kind 'log'"):
        connect(tmp_path / "a.log", kind="log")


def test_a_plug_in_adds_a_scheme_and_a_broken_one_breaks_nothing(tmp_path: Path, monkeypatch) -> None:
    import sys
    import types

    module = types.ModuleType("fm_plug_in")
    module.opener = lambda url, kind, name: connect(pd.DataFrame({"time": ["2026-03-01T14:00Z"], "message": [url]}))
    module.raiser = lambda url, kind, name: 1 / 0
    monkeypatch.setitem(sys.modules, "fm_plug_in", module)
    plug_ins = [
        EntryPoint("demo", "fm_plug_in:opener", connecting.GROUP),
        EntryPoint("raises", "fm_plug_in:raiser", connecting.GROUP),
        EntryPoint("broken", "no_such_module:x", connecting.GROUP),
    ]
    monkeypatch.setattr(connecting, "entry_points", lambda group: plug_ins)
    assert {"demo", "broken", "file"} <= set(schemes())
    assert connect("demo://x").query()["message"].tolist() == ["demo://x"]
    (tmp_path / "a.log").write_text("x")
    assert len(connect(tmp_path / "a.log").query()) == 1
    with pytest.raises(SourceError, match=r"the plug-in for broken \(no_such_module:x\) cannot be loaded"):
        connect("broken://x")
    with pytest.raises(SourceError, match=r"the plug-in for raises .* failed: division by zero"):
        connect("raises://x")


def test_everything_is_redacted_on_read_and_the_key_named(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"time": "2026-03-01T14:00:00Z", "msg": "for ann@example.com", "password": "x y", '
        '"user_mail": "ann@example.com"}\n'
    )
    source = connect(path)
    row = source.query().iloc[0]
    assert row["message"] == f"for {row['user_mail']}"
    assert row["password"].startswith("<password:")
    assert len(source.key_id) == 8
    assert "3 values redacted: 2 email, 1 password" in source.notes
    monkeypatch.setenv("FAULTMAVEN_REDACT", "false")
    assert source.query().iloc[0]["password"] == "x y"
    assert source.key_id == ""


ALERT = {
    "status": "firing",
    "labels": {"alertname": "SlowCheckout", "service": "checkout"},
    "annotations": {"summary": "page ann@example.com"},
    "startsAt": "2026-03-01T14:02:00.123456789Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://u:p@prom:9090/graph?g0.expr=up",
}


class TestAlerts:
    def test_a_webhook_payload(self, tmp_path: Path) -> None:
        import json

        later = {**ALERT, "labels": {"alertname": "Later"}, "startsAt": "2026-03-01T14:03:00Z"}
        done = {
            **ALERT,
            "labels": {"alertname": "Done"},
            "status": "resolved",
            "startsAt": "2026-03-01T13:00:00Z",
            "endsAt": "2026-03-01T13:30:00Z",
        }
        payload = {"version": "4", "commonLabels": {"team": "shop"}, "alerts": [done, later, ALERT]}
        (tmp_path / "alert.json").write_text(json.dumps(payload))
        for given in (tmp_path / "alert.json", str(tmp_path / "alert.json"), payload, json.dumps(payload)):
            alert = read_alert(given)
            assert (alert.name, alert.service, alert.labels["team"]) == ("SlowCheckout", "checkout", "shop")
            assert alert.annotations["summary"].startswith("page <email:")
            assert alert.annotations["other_alerts"] == "2"
            assert alert.starts_at.isoformat() == "2026-03-01T14:02:00.123456+00:00"
            assert alert.ends_at is None
            assert alert.url == "http://prom:9090/graph?g0.expr=up"

    def test_one_alert_and_what_prometheus_answers(self) -> None:
        assert read_alert(ALERT).name == "SlowCheckout"
        answer = {
            "status": "success",
            "data": {
                "alerts": [
                    {
                        "labels": ALERT["labels"],
                        "annotations": {},
                        "state": "firing",
                        "activeAt": "2026-03-01T14:02:00Z",
                    }
                ]
            },
        }
        assert read_alert(answer).starts_at.hour == 14

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ("{", "the alert is not JSON"),
            ("nope.json", "there is no alert file nope.json"),
            ({"alerts": []}, "holds no alert"),
            ({"a": 1}, r"no label alertname \(its keys are a\)"),
            ({"labels": {"alertname": "x"}}, "the alert x has no startsAt"),
            ({"labels": {"alertname": "x"}, "startsAt": "soon"}, "the alert x has no startsAt"),
            ("[1]", "must be an object"),
        ],
    )
    def test_what_is_no_alert(self, given, words: str) -> None:
        with pytest.raises(SourceError, match=words):
            read_alert(given)
