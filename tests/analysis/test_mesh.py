"""The service graph from a real Prometheus that scrapes what Istio, Tempo and Linkerd count."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from faultmaven_lib.analysis import mesh_graph
from faultmaven_lib.exceptions import QuerySyntaxError, SourceError
from faultmaven_lib.model import Window
from faultmaven_lib.sources import connect

ISTIO = (
    'istio_requests_total{{reporter="{r}",source_workload="{a}",source_canonical_service="{a}",'
    'source_workload_namespace="{n}",destination_workload="{b}",destination_workload_namespace="{n}",'
    'destination_service_name="{c}",response_code="{code}"}} {{count}}'
)
COUNTED = [
    ISTIO.format(r="destination", a="web-v1", b="api-v1", c="api", n="shop", code="200"),
    ISTIO.format(r="source", a="web-v1", b="api-v1", c="api", n="shop", code="503"),
    ISTIO.format(r="source", a="api-v1", b="unknown", c="pay.example.com", n="shop", code="200"),
    ISTIO.format(r="destination", a="unknown", b="web-v1", c="web", n="shop", code="200"),
    ISTIO.format(r="source", a="web-v1", b="unknown", c="PassthroughCluster", n="shop", code="200"),
    'istio_tcp_sent_bytes_total{{source_workload="api-v1",destination_workload="postgres"}} {count}',
    'traces_service_graph_request_total{{client="user",server="web",connection_type="virtual_node"}} {count}',
    'traces_service_graph_request_total{{client="jobs",server="redis",connection_type="database"}} {count}',
    'request_total{{direction="outbound",deployment="books",dst_deployment="authors",dst_namespace="lib"}} {count}',
    'request_total{{direction="inbound",deployment="authors",namespace="lib"}} {count}',
    ISTIO.format(r="source", a="old", b="gone", c="gone", n="shop", code="200").replace("{count}", "7"),
]
EDGES = {
    ("web-v1", "api-v1"),
    ("api-v1", "pay.example.com"),
    ("api-v1", "postgres"),
    ("jobs", "redis"),
    ("books", "authors"),
}
CONFIG = """\
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: mesh
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


class Exporter(BaseHTTPRequestHandler):
    """Every scrape finds the counters higher, but for that of a service that is gone."""

    scrapes = 0

    def do_GET(self) -> None:
        Exporter.scrapes += 1
        lines = [line.replace("{{", "{").replace("}}", "}") for line in COUNTED]
        body = "\n".join(line.replace("{count}", str(10 * Exporter.scrapes)) for line in lines) + "\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args: object) -> None: ...


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if shutil.which("prometheus") is None:
        pytest.skip("needs Prometheus")
    folder, port = tmp_path_factory.mktemp("mesh"), free_port()
    exporter = ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
    threading.Thread(target=exporter.serve_forever, daemon=True).start()
    (folder / "prometheus.yml").write_text(CONFIG.format(port=exporter.server_port))
    command = [
        "prometheus",
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(150):
            try:
                asked = {"query": "count_over_time(up[1m])"}
                answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/query", params=asked)
                if float(answer.json()["data"]["result"][0]["value"][1]) >= 9:
                    break
            except (httpx.HTTPError, LookupError, ValueError):
                pass
            time.sleep(0.2)
        else:
            pytest.fail("Prometheus did not start")
        yield f"prometheus+http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)
        exporter.shutdown()
        exporter.server_close()


def last(seconds: float) -> Window:
    now = datetime.now(UTC)
    return Window(start=now - timedelta(seconds=seconds), end=now)


@pytest.mark.servers
class TestMesh:
    def test_edges_that_were_used(self, server: str) -> None:
        # Within the last five seconds the counter of what is gone has neither begun nor risen.
        assert set(mesh_graph(connect(server), last(5)).edges) == EDGES
        assert set(mesh_graph(server, last(5)).edges) == EDGES

    def test_without_a_window_the_last_hour_counts_and_what_began_in_it(self, server: str) -> None:
        assert set(mesh_graph(server).edges) == {*EDGES, ("old", "gone")}

    def test_the_frame_of_a_source_tells_the_same(self, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FAULTMAVEN_METRICS_STEP", "1")
        wide = connect(server).query("", last(5))
        assert set(mesh_graph(wide).edges) == EDGES

    def test_before_anything_was_counted(self, server: str) -> None:
        assert mesh_graph(server, Window.parse("2026-01-01T00:00Z/1h")).edges == ()

    def test_who_cannot_be_asked(self, server: str) -> None:
        with pytest.raises(SourceError, match="cannot be reached"):
            mesh_graph(f"prometheus+http://127.0.0.1:{free_port()}")
        with pytest.raises(QuerySyntaxError, match="not PromQL"):
            connect(server).instant("sum by (", datetime.now(UTC))

    def test_an_expression_at_one_moment(self, server: str) -> None:
        source = connect(server)
        frame = source.instant("sum by (client, server) (traces_service_graph_request_total)", datetime.now(UTC))
        assert sorted(frame["client"] + " " + frame["server"]) == ["jobs redis", "user web"]
        assert (frame["value"] > 0).all()
        assert source.instant("no_such_metric", datetime.now(UTC)).empty
