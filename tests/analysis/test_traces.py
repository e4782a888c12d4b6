"""The service graph and the edges of made-up traces: what is slow, what fails, and in whom."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from faultmaven_lib.analysis import MetricAnalyzer, TraceAnalyzer, compute, edge_metrics, find_onset, service_graph
from faultmaven_lib.analysis.graph import read_graph
from faultmaven_lib.analysis.root_cause import rank_root_causes
from faultmaven_lib.findings import operation_of, to_findings
from faultmaven_lib.model import FindingKind
from faultmaven_lib.sources import connect

from ..tracing import EDGES, START, Shop

BORDER = pd.Timestamp(START) + pd.Timedelta("180s")
ONSET = 240.0
"""Seconds after START; baseline and incident meet at 180."""


@cache
def shop(fault: str = "", seed: int = 1, load: float = 4.0, later: float = 1.0) -> pd.DataFrame:
    with TemporaryDirectory() as folder:
        served = Shop(seed, fault, ONSET, load).run(0, 180)
        served.load *= later
        return connect(served.run(180, 180).write(Path(folder) / "spans.json")).query()


def windows(fault: str = "", **options: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    spans = shop(fault, **options)
    return spans[spans.index < BORDER], spans[spans.index >= BORDER]


def compare(fault: str = "", **options: float) -> pd.DataFrame:
    before, after = windows(fault, **options)
    return TraceAnalyzer(services=["postgres"]).fit(before).compare(after)


# ---- the graph


def test_the_graph_has_who_leaves_spans_and_who_does_not() -> None:
    assert set(service_graph(shop()).edges) == EDGES
    assert read_graph(None, shop()) == service_graph(shop())


def test_names_known_elsewhere_are_used() -> None:
    graph = service_graph(shop(), services=["web", "postgres", "redis", "postgres-exporter"])
    assert graph.callers("postgres") == ("catalog", "checkout", "worker")
    assert graph.callers("postgresql") == ()


def test_who_does_not_answer_is_known_by_the_address_at_which_it_answered_before() -> None:
    _, after = windows("payment down")
    gone = after[after.index >= BORDER + pd.Timedelta("60s")]
    assert "payment" not in set(gone["service"])
    both = pd.concat([windows("payment down")[0], gone])
    assert service_graph(both).callers("payment") == ("checkout",)
    assert service_graph(gone).callers("127.0.0.1:8003") == ("checkout",)


def spans(rows: list[tuple[str, str, str, str]], **columns: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["span", "parent", "service", "kind"])
    return frame.assign(trace="t", **columns)


@pytest.mark.parametrize(
    ("attributes", "peer"),
    [
        ({"peer.service": "billing", "db.system": "mysql"}, "billing"),
        ({"server.address": "orders-db.prod.svc.cluster.local", "db.system": "mysql"}, "orders-db"),
        ({"server.address": "api.stripe.com", "server.port": "443"}, "api.stripe.com"),
        ({"server.address": "10.0.0.7", "db.system": "mysql"}, "mysql"),
        ({"server.address": "10.0.0.7", "server.port": "9000"}, "10.0.0.7:9000"),
        ({"messaging.system": "kafka", "messaging.destination": "orders"}, "kafka"),
    ],
)
def test_a_peer_is_named_by_what_the_caller_says(attributes: dict[str, str], peer: str) -> None:
    frame = spans([("a", "", "web", "server"), ("b", "a", "web", "client")])
    frame = frame.assign(**{name: ["", value] for name, value in attributes.items()})
    assert service_graph(frame).edges == (("web", peer),)


def test_a_consumer_belongs_to_the_producer_that_it_links_to() -> None:
    rows = [("a", "", "web", "producer"), ("b", "", "mailer", "consumer")]
    assert service_graph(spans(rows, link=["", "a"])).edges == (("web", "mailer"),)


def test_a_client_span_around_another_one_is_one_call() -> None:
    rows = [("a", "", "web", "server"), ("b", "a", "web", "client"), ("c", "b", "web", "client")]
    frame = spans(rows, **{"db.system": ["", "orm", "postgresql"]})
    assert service_graph(frame).edges == (("web", "postgresql"),)


def test_both_sides_of_a_call_may_share_an_id() -> None:
    """As Zipkin's older libraries have it: the callee's own children then have the shared id as their parent."""
    rows = [
        ("a", "", "web", "server"),
        ("b", "a", "web", "client"),
        ("b", "b", "cart", "server"),
        ("c", "b", "cart", ""),
        ("d", "c", "cart", "client"),
    ]
    frame = spans(rows, **{"db.system": ["", "", "", "", "redis"]})
    assert service_graph(frame).edges == (("cart", "redis"), ("web", "cart"))


def test_spans_that_are_their_own_ancestors_end_somewhere() -> None:
    rows = [("a", "b", "web", "server"), ("b", "a", "web", "client"), ("c", "c", "web", "server")]
    assert service_graph(spans(rows)).edges == ()
    assert service_graph(spans([])).edges == ()
    assert service_graph(pd.DataFrame()).edges == ()


# ---- edges as metrics


def test_edges_are_metrics_that_analyzers_take() -> None:
    before, after = (edge_metrics(frame, "5s", ["postgres"]) for frame in windows("busy catalog"))
    assert before.columns.names == ["service", "metric", "caller"]
    assert before["catalog", "calls_per_second", "web"].mean() == pytest.approx(0.6 * 4, rel=0.2)
    assert (before["catalog", "error_share", "web"].dropna() == 0).all()
    waits, own = before["catalog", "latency_seconds_p50", "web"], before["catalog", "own_seconds_p50", ""]
    assert (own.dropna() < waits.dropna()).all()
    odd = MetricAnalyzer().fit(before).compare(after)
    assert odd["service"].iloc[0] == "catalog"
    assert (odd["unit"] == "s").all()
    onset = find_onset(metrics=edge_metrics(shop("busy catalog"), "3s"))
    assert abs(onset.time - pd.Timestamp(START) - pd.Timedelta(ONSET, "s")) < pd.Timedelta("6s")


def test_own_time_counts_overlapping_calls_once() -> None:
    at = pd.Timestamp("2026-03-01T14:00Z")
    rows = [("a", "", "web", "server"), ("b", "a", "web", "client"), ("c", "a", "web", "client")]
    one = spans(rows, **{"db.system": ["", "x", "y"]}).assign(status="unset", duration=[1.0, 0.6, 0.6])
    start = at + pd.to_timedelta([0.0, 0.1, 0.3], unit="s")
    many = pd.concat([one.assign(trace=str(n)).set_index(start + pd.Timedelta(n, "s")) for n in range(30)])
    own = edge_metrics(many.sort_index(), "10s")["web", "own_seconds_p50", ""]
    assert own.tolist() == pytest.approx([1.0 - 0.8] * 2)


def test_a_width_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="not a length of time"):
        edge_metrics(shop(), "0s")


def test_a_span_of_another_age_does_not_stretch_the_axis() -> None:
    old = shop().iloc[:1]
    assert edge_metrics(pd.concat([old.set_axis(old.index - pd.Timedelta("9000D")), shop()])).empty


# ---- findings


@pytest.mark.parametrize(
    ("fault", "service", "kind", "words"),
    [
        ("slow postgres", "postgres", FindingKind.EDGE_LATENCY, "the time passes in postgres itself"),
        ("busy catalog", "catalog", FindingKind.EDGE_LATENCY, "the time passes in catalog itself"),
        ("payment far", "payment", FindingKind.EDGE_LATENCY, "the time passes before payment takes them up"),
        ("payment fails", "payment", FindingKind.EDGE_ERRORS, "payment fails by itself: \"KeyError: 'currency'\""),
        ("payment down", "payment", FindingKind.EDGE_ERRORS, "Connection refused"),
        ("postgres fails", "postgres", FindingKind.EDGE_ERRORS, "No space left on device"),
        ("catalog clock", "catalog", FindingKind.LEVEL_SHIFT, "The clock of catalog is 90 s behind that of web"),
    ],
)
@pytest.mark.parametrize("load", [1.0, 4.0])
def test_the_one_to_blame_stands_out_most(fault: str, service: str, kind: FindingKind, words: str, load: float) -> None:
    first = to_findings(compare(fault, load=load))[0]
    assert (first.service, first.kind) == (service, kind)
    assert words in first.sentence
    late = (first.onset - START).total_seconds() - ONSET
    assert 0 <= late < 15


def test_an_edge_that_only_waits_says_for_whom_and_weighs_less() -> None:
    odd = compare("slow postgres")
    by_edge = {str(row["subject"]).split(":")[0]: row for row in odd.to_dict("records")}
    waiting = by_edge["web → catalog latency"]
    assert "catalog waits for postgres" in waiting["sentence"]
    assert waiting["score"] < odd["score"].max() / 2
    failing = compare("payment fails")
    assert "web fails where its calls to checkout do" in failing["sentence"].iloc[-1]


def test_a_caller_that_sees_everything_late_is_not_taken_for_its_database() -> None:
    """A service short of processor time measures slow answers of all that it calls; nobody else does."""
    before, after = windows()
    late = (after["service"] == "catalog") & (after["kind"] == "client")
    after = after.assign(duration=np.where(late, after["duration"] + 0.2, after["duration"]))
    odd = TraceAnalyzer().fit(before).compare(after)
    told = odd[odd["subject"] == "catalog → postgresql latency"]["sentence"].iloc[0]
    assert "catalog waits longer for others, too, and nobody else for postgresql" in told


@pytest.mark.parametrize("seed", range(6))
def test_nothing_stands_out_when_nothing_is_wrong(seed: int) -> None:
    """Also with few requests, and with three times as many of them later on."""
    odd = compare(seed=seed, load=[0.5, 2.0, 4.0][seed % 3], later=[1.0, 3.0][seed % 2])
    assert odd.empty
    assert odd.attrs["reason"].startswith("none of ")


def test_a_rare_operation_that_fails_is_seen() -> None:
    before, after = windows()
    entry = (after["name"] == "GET /items") & (after["kind"] == "server") & (after["service"] == "web")
    failing = after.assign(status=np.where(entry & (np.arange(len(after)) % 3 == 0), "error", after["status"]))
    odd = TraceAnalyzer().fit(before).compare(failing)
    assert odd["subject"].tolist() == ["outside → web: GET /items errors"]
    assert odd["unit"].tolist() == ["%"]


def test_the_ranking_uses_traces_alone_and_beside_metrics() -> None:
    odd = compare("slow postgres")
    causes = rank_root_causes(None, None, target="web", findings=odd, traces=shop("slow postgres"))
    assert causes["service"].iloc[0] == "postgres"
    assert causes["kind"].iloc[0] == "trace"
    quiet = pd.DataFrame({("web", "threads"): [4.0, 5.0] * 30})
    ill = pd.DataFrame({("web", "threads"): [90.0] * 60})
    with_metrics = rank_root_causes(quiet, ill, target="web", findings=odd, traces=shop("slow postgres"))
    assert "threads" in " ".join(with_metrics["explanation"])  # findings of traces do not stand for metrics


def test_it_runs_again_from_its_operation() -> None:
    before, after = windows("payment fails")
    odd = compare("payment fails")
    operation = operation_of(odd)[0]
    assert operation.name == "traces.compare"
    pd.testing.assert_frame_equal(compute(operation, [before, after]), odd)
    shuffled = [frame.sample(frac=1.0, random_state=1) for frame in (before, after)]
    pd.testing.assert_frame_equal(compute(operation, shuffled), odd)


def test_it_follows_scikit_learn() -> None:
    analyzer = TraceAnalyzer(min_calls=9)
    assert clone(analyzer).get_params() == analyzer.get_params()
    with pytest.raises(NotFittedError):
        analyzer.compare(shop())


@pytest.mark.parametrize(("before", "after"), [(0, 0), (0, 500), (500, 0), (40, 40)])
def test_too_little_is_said(before: int, after: int) -> None:
    odd = TraceAnalyzer().fit(shop().iloc[:before]).compare(shop().iloc[500 : 500 + after])
    assert odd.empty
    assert odd.attrs["reason"]


def test_frames_without_times_kinds_and_durations_do_no_harm() -> None:
    bare = shop()[["trace", "span", "parent", "service"]].reset_index(drop=True)
    assert TraceAnalyzer().fit(bare).compare(bare).empty
    unknown = shop().assign(duration=np.nan)
    assert TraceAnalyzer().fit(unknown).compare(unknown).empty
