"""The Prometheus source against a real Prometheus that scrapes itself."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest

from faultmaven_lib.exceptions import QuerySyntaxError, SourceError
from faultmaven_lib.model import Window
from faultmaven_lib.sources import connect

CONFIG = """\
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: monitor
    static_configs:
      - targets: ["127.0.0.1:{port}"]
        labels: {{service: prom, owner: ann@example.com}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if shutil.which("prometheus") is None:
        pytest.skip("needs Prometheus")
    folder: Path = tmp_path_factory.mktemp("prometheus")
    port = free_port()
    (folder / "prometheus.yml").write_text(CONFIG.format(port=port))
    process = subprocess.Popen(
        [
            "prometheus",
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(150):
            try:
                answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/query", params={"query": "count_over_time(up[1m])"})
                if float(answer.json()["data"]["result"][0]["value"][1]) >= 4:
                    break
            except (httpx.HTTPError, LookupError, ValueError):
                pass
            time.sleep(0.2)
        else:
            pytest.fail("Prometheus did not start")
        yield f"prometheus+http://ann:secret@127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.servers
class TestPrometheus:
    @pytest.fixture(autouse=True)
    def _fine_steps(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FAULTMAVEN_METRICS_STEP", "1")

    def recent(self) -> Window:
        now = datetime.now(UTC)
        return Window(start=now - timedelta(seconds=30), end=now)

    def test_a_metric(self, server: str) -> None:
        source = connect(server)
        frame = source.query("up", self.recent())
        assert source.kind == "metrics"
        assert "secret" not in source.url
        assert frame.columns.names == ["service", "metric"]
        ((service, metric),) = frame.columns
        assert service == "prom"
        assert metric.startswith('up{instance="127.0.0.1:')
        assert 'job="monitor"' in metric
        assert "<email:" in metric
        assert frame.iloc[-1, 0] == 1.0
        assert str(frame.index.dtype) == "datetime64[ns, UTC]"
        assert frame.index.name == "time"
        assert frame.index.max() < pd.Timestamp(datetime.now(UTC))
        assert source.key_id

    def test_an_expression(self, server: str) -> None:
        frame = connect(server).query("sum by (service) (rate(prometheus_http_requests_total[10s]))", self.recent())
        assert frame.columns.tolist() == [("prom", "sum by (service) (rate(prometheus_http_requests_total[10s]))")]

    def test_everything_within_the_window(self, server: str) -> None:
        window = self.recent()
        frame = connect(server).query("", window)
        assert frame.shape[1] > 100
        assert frame.columns.is_unique
        assert frame.index.min() >= pd.Timestamp(window.start)
        assert frame.index.max() < pd.Timestamp(window.end)
        assert not np.isinf(frame.to_numpy()).all()

    def test_nothing_found_is_an_empty_frame(self, server: str) -> None:
        assert connect(server).query("no_such_metric", self.recent()).shape == (0, 0)

    def test_a_long_window_gets_a_wider_step_and_none_the_last_hour(self, server: str) -> None:
        source = connect(server)
        now = datetime.now(UTC)
        source.query("up", Window(start=now - timedelta(days=30), end=now))
        assert any("the step is 260 s" in note for note in source.notes)
        assert len(source.query("up")) >= 1
        assert any("no window was given: the last hour" in note for note in source.notes)

    def test_the_span_is_what_is_stored(self, server: str) -> None:
        span = connect(server).span()
        assert span is not None
        assert timedelta(seconds=1) < span.length < timedelta(minutes=10)
        assert abs(span.end - datetime.now(UTC)) < timedelta(seconds=30)

    def test_a_bad_expression_names_the_position(self, server: str) -> None:
        with pytest.raises(QuerySyntaxError, match="not PromQL") as caught:
            connect(server).query("up{\n  a=1}", self.recent())
        assert caught.value.position == 8

    def test_who_does_not_answer(self, server: str) -> None:
        with pytest.raises(SourceError, match=r"prometheus\+http://127\.0\.0\.1:\d+ cannot be reached"):
            connect(f"prometheus+http://127.0.0.1:{free_port()}").query("up", self.recent())
        with pytest.raises(SourceError, match="answered 404 and no Prometheus result"):
            connect(server + "/wrong").query("up", self.recent())


def test_urls_that_name_no_server() -> None:
    with pytest.raises(SourceError, match="names no host"):
        connect("prometheus+http:///x")
    with pytest.raises(SourceError, match="holds metrics, not logs"):
        connect("prometheus+http://prom:9090", kind="logs")
