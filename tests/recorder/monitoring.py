"""What watches the shop: Prometheus with its alert, Alertmanager, and exporters."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx

from .process import Process, answers, free_port
from .programs import RecorderError, program

SCRAPE_SECONDS = 2

_PROMETHEUS = """\
global:
  scrape_interval: {scrape}s
  scrape_timeout: {scrape}s
  evaluation_interval: {scrape}s
rule_files: [{rules}]
alerting:
  alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]}}]
scrape_configs:
{jobs}
"""
_RULES = """\
groups:
  - name: shop
    rules:
      - alert: CheckoutLatencyHigh
        expr: >-
          histogram_quantile(0.99, sum by (service, le)
          (rate(http_request_duration_seconds_bucket{service="checkout", handler="/orders"}[30s]))) > 2.5
        for: 10s
        labels: {severity: page, team: shop}
        annotations:
          summary: "Checkout answers slowly"
          description: '99th percentile of /orders is {{ printf "%.1f" $value }} s, the objective is 2.5 s.'
          runbook_url: "https://runbooks.shop.example.com/checkout-latency"
"""
_ALERTMANAGER = """\
route: {{receiver: pager, group_by: [alertname, service], group_wait: 1s}}
receivers: [{{name: pager, webhook_configs: [{{url: "{url}", send_resolved: false}}]}}]
"""
_QUERIES = """\
pg_lock_wait:
  query: >-
    SELECT count(*) AS sessions, coalesce(max(extract(epoch FROM now() - query_start)), 0) AS longest_seconds
    FROM pg_stat_activity WHERE datname = 'shop' AND wait_event_type = 'Lock'
  metrics:
    - sessions: {usage: "GAUGE", description: "Sessions that wait for a lock."}
    - longest_seconds: {usage: "GAUGE", description: "How long the first of them has waited."}
"""


class PostgresExporter(Process):
    """Debian's exporter, with one query of the database team's own."""

    def __init__(self, folder: Path, database_port: int) -> None:
        self.port = free_port()
        queries = folder / "queries.yml"
        queries.write_text(_QUERIES)
        super().__init__(
            "postgres exporter",
            [
                program("prometheus-postgres-exporter"),
                f"--web.listen-address=127.0.0.1:{self.port}",
                f"--extend.query-path={queries}",
                "--disable-settings-metrics",
            ],
            folder / "postgres-exporter.log",
            environment={"DATA_SOURCE_NAME": f"postgresql://metrics@127.0.0.1:{database_port}/shop?sslmode=disable"},
            ready=answers(f"http://127.0.0.1:{self.port}/metrics"),
        )


class NginxExporter(Process):
    """Debian's exporter of nginx's stub_status."""

    def __init__(self, folder: Path, status_url: str) -> None:
        self.port = free_port()
        super().__init__(
            "nginx exporter",
            [
                program("prometheus-nginx-exporter"),
                f"-nginx.scrape-uri={status_url}",
                f"-web.listen-address=127.0.0.1:{self.port}",
            ],
            folder / "nginx-exporter.log",
            ready=answers(f"http://127.0.0.1:{self.port}/metrics"),
        )


class Alertmanager(Process):
    """Posts to the pager what Prometheus tells it."""

    def __init__(self, folder: Path, pager_url: str) -> None:
        self.port = free_port()
        configuration = folder / "alertmanager.yml"
        configuration.write_text(_ALERTMANAGER.format(url=pager_url))
        super().__init__(
            "alertmanager",
            [
                program("prometheus-alertmanager"),
                f"--config.file={configuration}",
                f"--storage.path={folder / 'alertmanager'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--web.external-url=http://alertmanager.shop.example.com/",
                "--cluster.listen-address=",
            ],
            folder / "alertmanager.log",
            ready=answers(f"http://127.0.0.1:{self.port}/-/ready"),
        )


class Prometheus(Process):
    """Scrapes ``targets`` (service to port), each sample labelled with its service."""

    def __init__(self, folder: Path, targets: dict[str, int], alertmanager_port: int) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        configuration, rules = folder / "prometheus.yml", folder / "rules.yml"
        rules.write_text(_RULES)
        jobs = "\n".join(
            f"  - {{job_name: {name}, static_configs: "
            f'[{{targets: ["127.0.0.1:{port}"], labels: {{service: {name}}}}}]}}'
            for name, port in targets.items()
        )
        configuration.write_text(
            _PROMETHEUS.format(scrape=SCRAPE_SECONDS, rules=rules, alertmanager=alertmanager_port, jobs=jobs)
        )
        super().__init__(
            "prometheus",
            [
                program("prometheus"),
                f"--config.file={configuration}",
                f"--storage.tsdb.path={folder / 'prometheus'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--web.external-url=http://prometheus.shop.example.com/",
            ],
            folder / "prometheus.log",
            ready=answers(f"{self.url}/-/ready"),
        )

    def version(self) -> str:
        return str(self.ask("/api/v1/status/buildinfo")["version"])

    def ask(self, path: str, **parameters: str) -> Any:
        """Return the data of one call of the HTTP API."""
        response = httpx.get(f"{self.url}{path}", params=parameters, timeout=30)
        answer = response.json()
        if answer["status"] != "success":
            raise RecorderError(f"Prometheus refuses {parameters or path}: {answer.get('error')}")
        return answer["data"]


class Pager:
    """Takes Alertmanager's webhook and keeps the bodies as they came."""

    def __init__(self) -> None:
        bodies: list[bytes] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._bodies = bodies
        self._server = ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self._thread = Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/"

    @property
    def alert(self) -> bytes | None:
        """The first post that says firing."""
        return next((body for body in self._bodies if json.loads(body)["status"] == "firing"), None)

    def start(self) -> None:
        self._thread.start()

    def check(self) -> None:
        """A thread of ours: it does not end by itself."""

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
