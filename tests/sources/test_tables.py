"""Metrics and change events: every shape that tables come in, to the frames of the convention."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.model import Window
from faultmaven_lib.sources import connect
from faultmaven_lib.sources.changes import COLUMNS


def written(tmp_path: Path, text: str, name: str) -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


class TestMetrics:
    def test_wide(self, tmp_path: Path) -> None:
        source = connect(
            written(
                tmp_path, "timestamp,api/lat.p99,db.conns,load\n2026-03-01T14:00:15Z,1,2,3\n1772373600,4,,6\n", "m.csv"
            )
        )
        frame = source.query()
        assert source.kind == "metrics"
        assert frame.columns.tolist() == [("api", "lat.p99"), ("db", "conns"), ("", "load")]
        assert frame.columns.names == ["service", "metric"]
        assert [str(t) for t in frame.index] == ["2026-03-01 14:00:00+00:00", "2026-03-01 14:00:15+00:00"]
        assert frame.index.name == "time"
        assert frame[("api", "lat.p99")].tolist() == [4.0, 1.0]
        assert np.isnan(frame[("db", "conns")].iloc[0])

    def test_long_with_labels_and_duplicates(self, tmp_path: Path) -> None:
        text = (
            "time,service,metric,value,zone\n"
            "2026-03-01T14:00:00Z,api,cpu,1,a\n2026-03-01T14:00:00Z,api,cpu,2,b\n2026-03-01T14:00:00Z,api,cpu,3,b\n"
        )
        source = connect(written(tmp_path, text, "m.csv"))
        frame = source.query()
        assert frame.to_dict("records") == [{("api", 'cpu{zone="a"}'): 1.0, ("api", 'cpu{zone="b"}'): 3.0}]
        assert any("1 sample given twice, the last one is used" in note for note in source.notes)

    @pytest.mark.parametrize("suffix", ["csv", "parquet"])
    def test_what_pandas_writes_of_the_convention_is_read_as_it_was(self, tmp_path: Path, suffix: str) -> None:
        columns = pd.MultiIndex.from_tuples([("api", "latency"), ("db", "conns")], names=["service", "metric"])
        index = pd.date_range("2026-03-01T14:00Z", periods=3, freq="15s", name="time").as_unit("ns")
        frame = pd.DataFrame([[1.5, 2], [np.nan, 3], [2.5, 4]], index=index, columns=columns, dtype="float64")
        path = tmp_path / f"m.{suffix}"
        frame.to_csv(path) if suffix == "csv" else frame.to_parquet(path)
        source = connect(path)
        pd.testing.assert_frame_equal(source.query(), frame, check_freq=False)
        assert source.span() == Window.parse("2026-03-01T14:00:00Z/30.000002s")
        pd.testing.assert_frame_equal(connect(frame).query(), frame, check_freq=False)

    def test_a_long_parquet(self, tmp_path: Path) -> None:
        long = pd.DataFrame(
            {
                "time": pd.to_datetime(["2026-03-01T14:00Z", "2026-03-01T14:00Z"], utc=True),
                "service": ["a", "b"],
                "metric": ["x", "x"],
                "value": [1.0, 2.0],
            }
        )
        long.to_parquet(tmp_path / "m.parquet")
        assert connect(tmp_path / "m.parquet").query().columns.tolist() == [("a", "x"), ("b", "x")]

    def test_a_query_selects_columns_and_a_window_rows(self, tmp_path: Path) -> None:
        path = written(
            tmp_path,
            "time,api/lat_p50,api/lat_p99,db/conns\n" + "".join(f"2026-03-01T14:00:{s:02d}Z,1,2,3\n" for s in range(9)),
            "m.csv",
        )
        source = connect(path)
        assert source.query("service=api metric~p99").columns.tolist() == [("api", "lat_p99")]
        assert source.query("-service=api").columns.tolist() == [("db", "conns")]
        assert source.query("lat", Window.parse("2026-03-01T14:00:02Z/3s")).shape == (3, 2)
        assert source.query("service=nobody").shape == (9, 0)

    def test_without_a_time_the_error_names_file_columns_and_mend(self, tmp_path: Path) -> None:
        path = written(tmp_path, "a,b\n1,2\n", "m.csv")
        with pytest.raises(
            SourceError, match=r"m\.csv has no time column; its columns are a, b: name one of them time"
        ):
            connect(path).query()

    def test_times_that_are_none(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match=r"m\.csv: no value of the column time is a time.*'soon'"):
            connect(written(tmp_path, "time,a\nsoon,2\n", "m.csv")).query()
        source = connect(written(tmp_path, "time,a\nsoon,2\n2026-03-01T14:00:00Z,3\n", "n.csv"))
        assert len(source.query()) == 1
        assert any("1 row skipped, without a readable time" in note for note in source.notes)

    def test_zones_cells_and_doubles_are_noted(self, tmp_path: Path) -> None:
        text = "time,a/x,a/note\n2026-03-01T15:00:00+01:00,1,p\n2026-03-01T14:00:00Z,2,q\n2026-03-01T13:00:00,oops,r\n"
        source = connect(written(tmp_path, text, "m.csv"))
        frame = source.query()
        assert frame[("a", "x")].tolist()[1] == 2.0
        assert np.isnan(frame[("a", "x")].iloc[0])
        notes = " | ".join(source.notes)
        for words in ("2 zones", "assumed UTC", "1 cell of a/x not a number", "1 time given twice", "left out: a/note"):
            assert words in notes

    def test_semicolons_and_an_unnamed_index(self, tmp_path: Path) -> None:
        assert connect(written(tmp_path, "time;a/x\n2026-03-01T14:00:00Z;1\n", "s.csv")).query().iloc[0, 0] == 1.0
        path = written(tmp_path, ",a/x\n2026-03-01 14:00:00+00:00,1\n", "u.csv")
        assert connect(path).query().columns.tolist() == [("a", "x")]

    def test_several_files_are_one_table(self, tmp_path: Path) -> None:
        written(tmp_path, "time,a/x\n2026-03-01T14:00:00Z,1\n", "1.csv")
        written(tmp_path, "time,b/y\n2026-03-01T14:00:00Z,2\n2026-03-01T14:01:00Z,3\n", "2.csv")
        assert connect(f"{tmp_path}/*.csv").query().shape == (2, 2)

    def test_an_empty_file_is_an_empty_table(self, tmp_path: Path) -> None:
        source = connect(written(tmp_path, "", "m.csv"), kind="metrics")
        assert source.query().shape == (0, 0)
        assert source.notes == ["m.csv: empty"]
        assert source.span() is None


CHANGES = [
    {"time": "2026-03-01T14:05:00Z", "kind": "deploy", "service": "api", "version": "v2", "author": "ann@example.com"},
    {
        "time": "2026-03-01T14:00:00Z",
        "kind": "commit",
        "commit": "3f2a9c1b",
        "files": ["a.py", "b.py"],
        "diff": "-x\n+y",
    },
]


class TestChanges:
    @pytest.mark.parametrize(
        "text",
        [
            json.dumps(CHANGES),
            json.dumps(CHANGES, indent=2),
            "\n".join(map(json.dumps, CHANGES)),
            json.dumps({"changes": CHANGES}),
        ],
    )
    def test_json(self, tmp_path: Path, text: str) -> None:
        source = connect(written(tmp_path, text, "changes.json"))
        frame = source.query()
        assert source.kind == "changes"
        assert list(frame.columns) == COLUMNS
        assert frame["kind"].tolist() == ["commit", "deploy"]
        assert frame["files"].tolist() == ["a.py\nb.py", ""]
        assert frame["commit"].iloc[0] == "3f2a9c1b"
        assert frame["author"].iloc[1].startswith("<email:")
        assert str(frame["time"].dtype) == "datetime64[ns, UTC]"
        frame.to_parquet(tmp_path / "c.parquet")
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "c.parquet"), frame)

    def test_csv_with_other_names_and_a_query(self, tmp_path: Path) -> None:
        text = (
            "timestamp,kind,app,sha,title\n"
            "2026-03-01 14:00:00,flag,web,,banner on\n"
            "2026-03-01 14:01:00,deploy,api,abc,v3\nlater,x,y,z,w\n"
        )
        source = connect(written(tmp_path, text, "changes.csv"))
        assert source.kind == "changes"
        assert source.query("service=api")["message"].tolist() == ["v3"]
        assert source.query("banner")["kind"].tolist() == ["flag"]
        assert source.query("", Window.parse("2026-03-01T14:01Z/1m"))["commit"].tolist() == ["abc"]
        assert any("1 row skipped" in note for note in source.notes)

    def test_a_secret_in_a_diff_is_redacted_and_a_long_diff_cut(self, tmp_path: Path) -> None:
        change = {
            "time": "2026-03-01T14:00:00Z",
            "kind": "commit",
            "version": "1",
            "diff": "+password=hunter2\n" + "+x\n" * 100_000,
        }
        source = connect(written(tmp_path, json.dumps([change]), "c.json"))
        diff = source.query()["diff"].iloc[0]
        assert "hunter2" not in diff
        assert diff.endswith("… (cut)")
        assert len(diff) < 201_000
        assert any("1 values of diff are cut" in note or "cut at 200,000" in note for note in source.notes)

    def test_what_is_no_list_of_events(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match=r"c\.json is not a list of change events"):
            connect(written(tmp_path, "[1, 2]", "c.json"), kind="changes").query()
        with pytest.raises(SourceError, match=r"c\.csv has no time column; its columns are a, b"):
            connect(written(tmp_path, "a,b\n1,2\n", "c.csv"), kind="changes").query()
