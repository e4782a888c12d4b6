"""Ranking of services: what explains what, and when to say nothing."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from faultmaven_lib.analysis import LogAnalyzer, MetricAnalyzer, rank_root_causes
from faultmaven_lib.evidence import Ledger
from faultmaven_lib.model import ServiceGraph

T0 = pd.Timestamp("2026-03-01T14:00Z")
EDGES = (("web", "checkout"), ("web", "cart"), ("checkout", "db"), ("cart", "db"))
GRAPH = ServiceGraph(edges=EDGES)
TARGET = ("web", "latency_seconds")
COLUMNS = ["service", "kind", "metric", "change", "score", "onset", "direction", "explanation", "evidence"]


@pytest.fixture
def case(logs, metrics):
    before, after = metrics(1), metrics(2, 36, 30, fault=12)
    odd = LogAnalyzer().fit(logs(1)).compare(logs(2, start=180, length=150, fault=60))
    return before, after, odd


def test_the_deepest_service_that_stands_out_comes_first(case) -> None:
    before, after, odd = case
    causes = rank_root_causes(before, after, GRAPH, TARGET, findings=odd)
    assert causes.columns.tolist() == COLUMNS
    assert causes["service"].iloc[0] == "db"
    first = causes.iloc[0]
    assert (first["direction"], first["change"]) == ("up", "")
    assert abs((first["onset"] - T0).total_seconds() - 240) < 1
    assert "checkout and web" not in first["explanation"]
    assert "checkout, which calls it" in first["explanation"]
    assert not causes["service"].duplicated().any()


@pytest.mark.parametrize("have", ["metrics", "logs", "no graph", "frame", "traces"])
def test_any_part_of_the_data_will_do(case, have) -> None:
    before, after, odd = case
    spans = pd.DataFrame(
        [("t", callee, caller, callee) for caller, callee in EDGES] + [("t", "web", "", "web")],
        columns=["trace", "span", "parent", "service"],
    )
    causes = {
        "metrics": lambda: rank_root_causes(before, after, GRAPH, TARGET),
        "logs": lambda: rank_root_causes(None, None, GRAPH, "web", findings=odd),
        "no graph": lambda: rank_root_causes(before, after, findings=odd, onset=T0 + pd.Timedelta(270, "s")),
        "frame": lambda: rank_root_causes(before, after, GRAPH.frame(), TARGET),
        "traces": lambda: rank_root_causes(before, after, traces=spans, target=TARGET),
    }[have]()
    expected = {"db"} if have != "no graph" else {"db", "checkout"}
    assert causes["service"].iloc[0] in expected


def test_names_do_not_matter(case) -> None:
    before, after, _ = case
    names = {"web": "zz", "checkout": "m1", "cart": "aa", "db": "q"}
    moved = [f.rename(columns=names, level=0).iloc[:, ::-1] for f in (before, after)]
    graph = ServiceGraph(edges=tuple((names[a], names[b]) for a, b in EDGES))
    plain = rank_root_causes(before, after, GRAPH, TARGET)
    other = rank_root_causes(*moved, graph, ("zz", "latency_seconds"))
    assert other["service"].tolist() == [names[s] for s in plain["service"]]
    assert other["score"].tolist() == plain["score"].tolist()


def test_says_nothing_where_nothing_stands_out(metrics) -> None:
    causes = rank_root_causes(metrics(1), metrics(2, 36, 30), GRAPH, TARGET)
    assert causes.empty
    assert causes.columns.tolist() == COLUMNS
    assert "nothing stands out" in causes.attrs["reason"]
    assert not rank_root_causes(metrics(1), metrics(2, 36, 30), GRAPH, TARGET, abstain=False).empty
    assert rank_root_causes(None, None).attrs["reason"]
    assert rank_root_causes(pd.DataFrame(), pd.DataFrame(), findings=pd.DataFrame()).attrs["reason"]


def deploys(*rows: tuple[int, str, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["time", "service", "message", "diff"])
    frame["time"] = T0 + pd.to_timedelta(frame["time"], unit="s")
    return frame.assign(kind="deploy", version="1.2", commit="abc", author="a", files=[["x.py"]] * len(frame))


def test_an_innocent_deploy_beside_the_onset_does_not_win(case) -> None:
    before, after, odd = case
    for service in ("web", "db"):
        changes = deploys((238, service, "new colours", "color: blue"))
        causes = rank_root_causes(before, after, GRAPH, TARGET, findings=odd, changes=changes)
        assert causes["service"].iloc[0] == "db"
        assert (causes["change"] == "").all()
        said = {"db": "nothing in the deploy of db 1.2", "web": "none that is known touches db before that."}[service]
        assert f"No change explains this: {said}" in causes["explanation"].iloc[0]


def test_a_change_that_speaks_of_the_symptoms_is_named_however_long_ago(case) -> None:
    before, after, odd = case
    changes = deploys(
        (-7200, "db", "raise lock timeout, batch the waiting process", "SET lock_timeout = 0"),
        (400, "db", "lock waits process again", "after the fact"),
    )
    ledger = Ledger()
    ledger.record(changes, source="changes", query="")
    first = rank_root_causes(before, after, GRAPH, TARGET, findings=odd, changes=changes).iloc[0]
    assert (first["service"], first["kind"]) == ("db", "change")
    assert "raise lock timeout" in first["change"]
    assert "E1" in first["evidence"].split()


def test_metric_findings_that_are_given_are_not_made_again(case) -> None:
    before, after, odd = case
    given = pd.concat([odd, MetricAnalyzer().fit(before).compare(after)], ignore_index=True)
    both = rank_root_causes(before, after, GRAPH, TARGET, findings=given)
    alone = rank_root_causes(None, None, GRAPH, TARGET, findings=given)
    assert both["service"].tolist() == alone["service"].tolist()


def test_sample_numbers_and_a_third_column_level() -> None:
    rng = np.random.default_rng(0)
    columns = pd.MultiIndex.from_tuples([("a", "cpu", "avg"), ("b", "cpu", "avg")])
    before = pd.DataFrame(rng.normal(5, 1, (60, 2)), columns=columns)
    after = pd.DataFrame(rng.normal(5, 1, (60, 2)), columns=columns)
    after.iloc[30:, 1] += 50
    causes = rank_root_causes(before, after)
    assert causes[["service", "metric", "onset"]].to_numpy().tolist() == [["b", "cpu avg", 30.0]]


def test_a_few_new_error_lines_are_a_finding_but_no_cause() -> None:
    at = pd.date_range("2026-03-01T14:00Z", periods=120, freq="500ms", name="time")
    calm = pd.DataFrame({"service": "web", "level": "INFO", "message": "request served"}, index=at)
    probe = pd.DataFrame({"service": "web", "level": "ERROR", "message": "open() failed: no such file"}, index=at[::15])
    later = pd.concat([calm, probe]).sort_index()
    later.index += pd.Timedelta("1min")
    odd = LogAnalyzer().fit(calm).compare(later)
    assert odd["kind"].tolist() == ["new template"]
    causes = rank_root_causes(None, None, findings=odd)
    assert causes.empty
    assert "too rarely" in causes.attrs["reason"]
    crash = later.assign(level=later["level"].replace("ERROR", "CRITICAL"))
    assert rank_root_causes(None, None, findings=LogAnalyzer().fit(calm).compare(crash))["service"].tolist() == ["web"]


def test_without_an_alert_little_is_no_cause_and_much_is_one(case) -> None:
    before, after, odd = case
    total = float(MetricAnalyzer().fit(before).compare(after)["score"].sum())
    assert len(rank_root_causes(before, after, GRAPH, abstain=total * 0.9))
    silent = rank_root_causes(before, after, GRAPH, abstain=total * 1.1)
    assert silent.empty
    assert "nobody was alerted" in silent.attrs["reason"]
    assert len(rank_root_causes(before, after, GRAPH, findings=odd, abstain=1e6))  # log lines speak for themselves


def wide(start: int, rows: int, **moves: tuple[float, float]) -> pd.DataFrame:
    """Five-minute samples: of each service a level, and another one from its third sample on."""
    rng = np.random.default_rng(start)
    at = 1_700_000_000.0 + 300.0 * (start + np.arange(rows))
    columns = {}
    for name, (usual, later) in moves.items():
        service, _, metric = name.partition("__")
        columns[service, metric] = np.where(np.arange(rows) < 2, usual, later) * (1 + rng.normal(0, 0.01, rows))
    return pd.DataFrame(columns, index=at)


CHAIN = ServiceGraph(edges=(("web", "shop"), ("shop", "db"), ("shop", "mail")))
SINCE = 1_700_000_000.0 + 300.0 * 1001.6


def test_what_had_drifted_before_the_onset_is_not_the_cause() -> None:
    before = wide(0, 500, web__latency=(1, 1), shop__latency=(0.5, 0.5), db__latency=(0.1, 0.1))
    after = wide(1000, 5, web__latency=(1, 3), shop__latency=(0.5, 2.5), db__latency=(0.3, 0.3))
    known = rank_root_causes(before, after, CHAIN, ("web", "latency"), onset=SINCE)
    assert known["service"].iloc[0] == "shop"


def test_a_callee_explains_no_more_than_it_changed() -> None:
    before = wide(0, 500, web__latency=(1, 1), shop__latency=(0.5, 0.5), db__latency=(0.002, 0.002))
    after = wide(1000, 5, web__latency=(1, 3), shop__latency=(0.5, 2.5), db__latency=(0.002, 0.006))
    assert rank_root_causes(before, after, CHAIN, ("web", "latency"), onset=SINCE)["service"].iloc[0] == "shop"
    after = wide(1000, 5, web__latency=(1, 3), shop__latency=(0.5, 2.5), db__latency=(0.002, 1.9))
    assert rank_root_causes(before, after, CHAIN, ("web", "latency"), onset=SINCE)["service"].iloc[0] == "db"


def test_findings_on_the_metric_that_alerted_count_most_and_only_in_its_direction() -> None:
    before = wide(
        0, 500, web__errors=(1, 1), shop__errors=(1, 1), shop__latency=(1, 1), mail__errors=(9, 9), mail__latency=(1, 1)
    )
    after = wide(
        1000,
        5,
        web__errors=(1, 9),
        shop__errors=(1, 9),
        shop__latency=(1, 1),
        mail__errors=(9, 1),
        mail__latency=(1, 9),
    )
    assert rank_root_causes(before, after, CHAIN, ("web", "errors"), onset=SINCE)["service"].iloc[0] == "shop"


def test_a_leaf_that_moves_with_a_service_of_the_same_callers_is_taken_for_a_view_of_it() -> None:
    graph = ServiceGraph(edges=(("web", "shop"), ("web", "to-shop"), ("shop", "db")))
    moved = {
        "web__latency": (1, 3),
        "shop__latency": (0.5, 2.4),
        "to-shop__latency": (0.5, 2.5),
        "db__latency": (0.1, 0.1),
    }
    before = wide(0, 500, **{name: (usual, usual) for name, (usual, _) in moved.items()})
    causes = rank_root_causes(before, wide(1000, 5, **moved), graph, ("web", "latency"), onset=SINCE)
    assert causes["service"].tolist()[0] == "shop"


def test_a_change_is_named_to_the_commit_with_what_it_lowered(case) -> None:
    before, after, odd = case
    changes = deploys((230, "db", "spare the disk", "-max_waiting_locks = 64\n+max_waiting_locks = 8\n lock waits"))
    changes["commit"] = "5f2a" * 10
    first = rank_root_causes(before, after, GRAPH, TARGET, findings=odd, changes=changes).iloc[0]
    assert first["kind"] == "change"
    assert "5f2a5f2a5f2a" in first["change"]
    assert "lowers max_waiting_locks from 64 to 8" in first["change"]
    assert re.search(
        r"It follows the deploy of db 1\.2 commit 5f2a5f2a5f2a by a in x\.py 1\d s before", first["explanation"]
    )
    around = deploys((230, "db", "spare the disk", "+colour = blue\n lock waits of a process"))
    assert rank_root_causes(before, after, GRAPH, TARGET, findings=odd, changes=around)["change"].iloc[0] == ""


def stepped(frame: pd.DataFrame, **rises: tuple[float, float]) -> pd.DataFrame:
    """Return a frame with more series, which are at one level, and at another in the second half."""
    late = np.arange(len(frame)) >= len(frame) // 2
    noise = np.random.default_rng(5).normal(0, 0.01, len(frame))
    more = {tuple(name.split("__")): a + noise + (b - a) * late for name, (a, b) in rises.items()}
    return pd.concat([frame, pd.DataFrame(more, index=frame.index)], axis=1)


def test_what_alerted_is_what_has_to_be_explained(metrics) -> None:
    """Calls of the cart fail; the database only answers later, and was never measured to fail."""
    well = {"cart__failures": (0.1, 0.1), "db__failures": (0.1, 0.1), "cart__wait": (0.1, 0.1), "db__wait": (0.1, 0.1)}
    ill = well | {"cart__failures": (0.1, 40.0), "cart__wait": (0.1, 0.4), "db__wait": (0.1, 0.9)}
    before, after = stepped(metrics(1), **well), stepped(metrics(2), **ill)

    def share(metric: str) -> float:
        scores = rank_root_causes(before, after, GRAPH, ("cart", metric)).set_index("service")["score"]
        return float(scores["cart"] / scores["db"])

    assert share("failures") > 2 * share("wait")


def test_what_callers_see_of_a_service_counts_for_it(metrics) -> None:
    """The balancer in front of the api calls nobody as traces show it: it fails where the api only gets slower."""
    calls = ServiceGraph(edges=(("web", "balancer"), ("web", "api"), ("api", "store")))
    well = {"balancer__failures": (0.1, 0.1), "api__failures": (0.1, 0.1), "api__wait": (0.1, 0.1)}
    before = stepped(metrics(1), **well)
    after = stepped(metrics(2), **(well | {"balancer__failures": (0.1, 30.0), "api__wait": (0.1, 0.3)}))
    ranked = rank_root_causes(before, after, calls, ("web", "failures"))["service"].tolist()
    assert ranked[:2] == ["api", "balancer"]
    alone = rank_root_causes(before, after, ServiceGraph(edges=(("web", "balancer"),)), ("web", "failures"))
    assert alone["service"].iloc[0] == "balancer"
