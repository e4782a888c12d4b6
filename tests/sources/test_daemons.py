"""What daemons write: fields of their own, and lines amid those of others."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from faultmaven_lib.sources import connect


def read(tmp_path: Path, text: str, name: str = "app.log") -> pd.DataFrame:
    path = tmp_path / name
    path.write_text(text)
    return connect(path, kind="logs").query()


def test_dnsmasq_writes_its_file_without_a_host_and_queries_are_fields(tmp_path: Path) -> None:
    frame = read(
        tmp_path,
        "Mar  1 14:02:11 dnsmasq[12]: query[A] shop.example from 10.0.0.2\n"
        "Mar  1 14:02:11 dnsmasq[12]: reply shop.example is NXDOMAIN\n",
        "dns.log",
    )
    assert frame["program"].tolist() == ["dnsmasq"] * 2
    assert frame["domain"].tolist() == ["shop.example"] * 2
    assert frame[["query_type", "client"]].iloc[0].tolist() == ["A", "10.0.0.2"]
    assert frame["answer"].iloc[1] == "NXDOMAIN"


def test_a_line_of_another_program_amid_those_of_an_application_keeps_its_time_and_level(tmp_path: Path) -> None:
    lines = [f"2026-03-01 14:02:{n:02d},000 INFO shop: n {n}" for n in range(60)]
    lines[30:30] = ["2026-03-01T14:02:29.500+00:00 host supervisord[1]: crit: worker exited"]
    frame = read(tmp_path, "\n".join(lines))
    row = frame[frame["line"] == 31].iloc[0]
    assert (row.name, row["service"], row["level"]) == (
        pd.Timestamp("2026-03-01T14:02:29.5Z"),
        "supervisord",
        "CRITICAL",
    )
    assert len(frame) == 61


def test_the_csv_log_of_postgresql_is_a_log_though_it_ends_in_csv(tmp_path: Path) -> None:
    path = tmp_path / "postgresql.csv"
    path.write_text('2026-03-01 14:02:11.123 UTC,,,4711,,65f.1,3,,2026-03-01 14:00:00 UTC,,0,LOG,00000,"ready",,,\n')
    assert connect(path).query()["message"].tolist() == ["ready"]
