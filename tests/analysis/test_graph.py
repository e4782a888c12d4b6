"""Who calls whom, in whatever form it is given, and how far trouble reaches."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultmaven_lib.analysis import blast_radius, dependencies, mesh_graph, rank_root_causes, read_graph
from faultmaven_lib.exceptions import FaultMavenError, SourceError
from faultmaven_lib.findings import findings_frame
from faultmaven_lib.model import Finding, Operation, ServiceGraph, Window

EDGES = (("checkout", "postgres"), ("checkout", "redis"), ("web", "checkout"))
NAMES = st.sampled_from("abcdefgh")


def finding(service: str, subject: str = "latency", kind: str = "level shift", score: float = 9.0) -> Finding:
    return Finding(
        kind=kind, service=service, subject=subject, score=score, onset="2026-03-01T14:00:00Z", evidence=("E1",),
        sentence=f"{subject} of {service} rose.",
    )  # fmt: skip


class TestForms:
    """All forms of one graph are the same graph."""

    @pytest.mark.parametrize(
        "given_as",
        [
            EDGES,
            [list(edge) for edge in reversed(EDGES)] * 2,
            {"web": "checkout", "checkout": ["redis", "postgres"], "redis": []},
            ServiceGraph(edges=EDGES),
            ServiceGraph(edges=EDGES).frame(),
            ServiceGraph(edges=EDGES).frame().astype(bool),
            ServiceGraph(edges=EDGES).frame().astype(float).replace(0.0, float("nan")),
            pd.DataFrame(EDGES, columns=["caller", "callee"]).assign(calls=3),
            pd.DataFrame(EDGES, columns=["Source", "Target"]),
            pd.DataFrame([*EDGES, ("web", ""), ("web", None), ("web", "web")], columns=["client", "server"]),
        ],
    )
    def test_a_form(self, given_as) -> None:
        assert set(read_graph(given_as).edges) == set(EDGES)

    @pytest.mark.parametrize("separator", [",", ";"])
    def test_a_file(self, tmp_path, separator) -> None:
        path = tmp_path / "calls.csv"
        pd.DataFrame(EDGES, columns=["caller", "callee"]).to_csv(path, index=False, sep=separator)
        assert read_graph(path).edges == EDGES
        assert read_graph(str(path)).edges == EDGES

    def test_services_that_are_called_like_the_columns_of_a_list(self) -> None:
        graph = ServiceGraph(edges=(("source", "target"), ("target", "sink")))
        assert read_graph(graph.frame()).edges == graph.edges

    @pytest.mark.parametrize("wrong", [["web"], [("a", "b", "c")], 7, pd.DataFrame({"who": ["a"], "whom": ["b"]})])
    def test_what_is_no_graph_is_said(self, wrong) -> None:
        with pytest.raises(SourceError, match="caller"):
            read_graph(wrong)

    def test_a_file_that_is_not_there(self, tmp_path) -> None:
        with pytest.raises(SourceError, match="none"):
            read_graph(tmp_path / "none.csv")

    def test_nothing_is_none(self) -> None:
        assert read_graph(None) is None
        assert read_graph(pd.DataFrame()) is None

    def test_root_causes_take_every_form(self) -> None:
        odd = findings_frame([finding("postgres"), finding("checkout")], Operation(name="by hand"))
        for form in (EDGES, {"checkout": "postgres"}, ServiceGraph(edges=EDGES).frame()):
            assert rank_root_causes(None, None, form, findings=odd)["service"].tolist() == ["postgres", "checkout"]


class TestReach:
    """Everyone who depends on a service, by the shortest way, and nobody else."""

    @given(st.sets(st.tuples(NAMES, NAMES), min_size=1), NAMES)
    def test_it_is_the_closure_of_the_calls(self, edges, service) -> None:
        edges = {(a, b) for a, b in edges if a != b}
        known = {name for edge in edges for name in edge}
        if service not in known:
            with pytest.raises(FaultMavenError, match="no call from or to"):
                blast_radius(edges, service)
            return
        for reach, away in ((blast_radius, edges), (dependencies, {(b, a) for a, b in edges})):
            distance = {service: 0}  # Bellman and Ford: every edge once for every service
            for _ in known:
                for caller, callee in away:
                    if callee in distance:
                        distance[caller] = min(distance.get(caller, len(known)), distance[callee] + 1)
            found = reach(edges, service)
            assert found.set_index("service")["distance"].to_dict() == {k: d for k, d in distance.items() if d}
            assert found["distance"].is_monotonic_increasing
            for path, steps in zip(found["path"], found["distance"], strict=True):
                hops = path.split(" → ")
                assert len(hops) == steps + 1
                assert set(pairwise(hops)) <= edges
                assert service == hops[-1 if reach is blast_radius else 0]

    def test_it_says_who_shows_symptoms(self) -> None:
        calls = [*EDGES, ("report", "postgres")]
        odd = findings_frame(
            [finding("checkout", score=3), finding("checkout", "errors"), finding("redis")], Operation(name="by hand")
        )
        reached = blast_radius(calls, "postgres", odd).set_index("service")
        assert reached["affected"].to_dict() == {"checkout": True, "report": False, "web": False}
        assert reached["findings"].tolist() == [2, 0, 0]
        assert reached.loc["checkout", "symptom"] == "errors of checkout rose."
        assert reached.loc["checkout", "evidence"] == "E1"
        assert str(reached.loc["checkout", "onset"]) == "2026-03-01 14:00:00+00:00"
        assert reached["onset"].isna().tolist() == [False, True, True]

    def test_a_slow_edge_is_a_symptom_of_both_its_ends(self) -> None:
        odd = findings_frame([finding("postgres", "checkout → postgres latency", "edge latency")], Operation(name="x"))
        assert blast_radius(EDGES, "postgres", odd).set_index("service")["affected"].to_dict() == {
            "checkout": True, "web": False
        }  # fmt: skip

    def test_without_findings_nothing_is_said_of_symptoms(self) -> None:
        assert blast_radius(EDGES, "postgres")["affected"].isna().all()
        assert (blast_radius(EDGES, "postgres", pd.DataFrame())["affected"] == False).all()  # noqa: E712

    def test_the_first_of_ranked_causes_counts(self) -> None:
        odd = findings_frame([finding("postgres"), finding("checkout")], Operation(name="by hand"))
        causes = rank_root_causes(None, None, EDGES, findings=odd)
        assert blast_radius(EDGES, causes)["service"].tolist() == ["checkout", "web"]
        with pytest.raises(FaultMavenError, match="the ranking is empty"):
            blast_radius(EDGES, causes[:0])

    def test_nobody_depends_on_the_front(self) -> None:
        assert blast_radius(EDGES, "web").empty


class TestMesh:
    """Series of a mesh in a frame of metrics; those of a real Prometheus are in test_mesh.py."""

    def frame(self, *series: str, rows=((1.0,), (5.0,))) -> pd.DataFrame:
        at = pd.date_range("2026-03-01T14:00Z", periods=len(rows), freq="min", name="time")
        names = pd.MultiIndex.from_tuples([("", name) for name in series])
        return pd.DataFrame([[*row] * (len(series) // len(row)) for row in rows], index=at, columns=names)

    def test_names_that_are_known_elsewhere_are_taken(self) -> None:
        wide = self.frame(
            'istio_requests_total{source_workload="web-v1",source_app="web",destination_workload="reviews-v3",'
            'destination_canonical_service="reviews"}'
        )
        assert mesh_graph(wide).edges == (("web-v1", "reviews-v3"),)
        assert mesh_graph(wide, services=["web", "reviews"]).edges == (("web", "reviews"),)

    def test_a_name_in_two_namespaces_is_told_apart(self) -> None:
        series = [
            f'istio_requests_total{{source_workload="web",source_workload_namespace="front",'
            f'destination_workload="api",destination_workload_namespace="{space}"}}'
            for space in ("prod", "test")
        ]
        assert mesh_graph(self.frame(*series)).edges == (("web", "prod/api"), ("web", "test/api"))

    def test_an_edge_that_was_not_used_is_not_there(self) -> None:
        series = 'traces_service_graph_request_total{client="web",server="api"}'
        assert mesh_graph(self.frame(series)).edges == (("web", "api"),)
        assert not mesh_graph(self.frame(series, rows=((5.0,), (5.0,)))).edges
        assert mesh_graph(self.frame(series, rows=((float("nan"),), (1.0,)))).edges == (("web", "api"),)
        assert not mesh_graph(self.frame(series), Window.parse("2026-03-01T15:00Z/1h")).edges

    def test_users_are_no_service_but_a_service_may_be_called_user(self) -> None:
        wide = self.frame(
            'traces_service_graph_request_total{client="user",server="web",connection_type="virtual_node"}',
            'traces_service_graph_request_total{client="user",server="db",connection_type=""}',
        )
        assert mesh_graph(wide).edges == (("user", "db"),)

    def test_other_metrics_tell_nothing(self) -> None:
        assert mesh_graph(self.frame('http_requests_total{client="a",server="b"}', "up")).edges == ()
        assert mesh_graph(pd.DataFrame()).edges == ()
