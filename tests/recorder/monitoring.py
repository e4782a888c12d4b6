"""What watches the shop: Prometheus with its alert, Alertmanager, and exporters."""

from __future__ import annotations

import json
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx

from .alerting import rules
from .process import Process, answers, free_port
from .programs import RecorderError, program

SCRAPE_SECONDS = 3

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


class RedisExporter(Process):
    """Debian's exporter."""

    def __init__(self, folder: Path, redis_port: int) -> None:
        self.port = free_port()
        super().__init__(
            "redis exporter",
            [
                program("prometheus-redis-exporter"),
                f"-redis.addr=redis://127.0.0.1:{redis_port}",
                f"-web.listen-address=127.0.0.1:{self.port}",
                "-check-keys=queue:*",
            ],
            folder / "redis-exporter.log",
            ready=answers(f"http://127.0.0.1:{self.port}/metrics"),
        )


class NodeExporter(Process):
    """Debian's exporter, of disks alone: the rest of the machine is not the shop's."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        super().__init__(
            "node exporter",
            [
                program("prometheus-node-exporter"),
                "--collector.disable-defaults",
                "--collector.filesystem",
                "--collector.filesystem.mount-points-exclude=^/(dev|proc|sys|run)($|/)",
                f"--web.listen-address=127.0.0.1:{self.port}",
            ],
            folder / "node-exporter.log",
            ready=answers(f"http://127.0.0.1:{self.port}/metrics"),
        )


class ProcessExporter(Process):
    """Debian's exporter: CPU and memory of each service's processes, and of what else runs on its host.

    ``commands`` are patterns that tell a service by its command line.
    """

    def __init__(self, folder: Path, commands: dict[str, str], hosts: Path) -> None:
        self.port = free_port()
        configuration = folder / "processes.yml"
        groups = [{"name": service, "cmdline": [pattern]} for service, pattern in commands.items()]
        beside = {"name": "{{.Matches.Host}}:{{.Comm}}", "cmdline": [f"{hosts}/(?P<Host>[a-z]+)/"]}
        configuration.write_text(json.dumps({"process_names": [*groups, beside]}))
        super().__init__(
            "process exporter",
            [
                program("prometheus-process-exporter"),
                f"-config.path={configuration}",
                f"-web.listen-address=127.0.0.1:{self.port}",
                "-threads=false",
                "-gather-smaps=false",
            ],
            folder / "process-exporter.log",
            ready=answers(f"http://127.0.0.1:{self.port}/metrics"),
        )


class Prober(Process):
    """Debian's blackbox exporter, which asks the shop from outside."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        configuration = folder / "blackbox.yml"
        headers = {"Host": "shop.example.com", "User-Agent": "uptime/1.4", "X-Forwarded-For": "192.0.2.10"}
        http = {"prober": "http", "timeout": "2s", "http": {"headers": headers}}
        configuration.write_text(json.dumps({"modules": {"http": http}}))
        super().__init__(
            "prober",
            [
                program("prometheus-blackbox-exporter"),
                f"--config.file={configuration}",
                f"--web.listen-address=127.0.0.1:{self.port}",
            ],
            folder / "prober.log",
            ready=answers(f"http://127.0.0.1:{self.port}/metrics"),
        )


class Prometheus(Process):
    """Scrapes ``targets``, jobs as Prometheus' configuration has them, and tells Alertmanager what its rules find."""

    def __init__(self, folder: Path, targets: list[dict[str, Any]], alertmanager_port: int) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        configuration, rules_file = folder / "prometheus.yml", folder / "rules.yml"
        rules_file.write_text(json.dumps({"groups": [{"name": "shop", "rules": rules()}]}))
        every = f"{SCRAPE_SECONDS}s"
        configuration.write_text(  # JSON is YAML
            json.dumps(
                {
                    "global": {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every},
                    "rule_files": [str(rules_file)],
                    "alerting": {
                        "alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager_port}"]}]}]
                    },
                    "scrape_configs": targets,
                }
            )
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


def target(
    service: str,
    port: int,
    *,
    job: str = "",
    tls: bool = False,
    path: str = "/metrics",
    parameters: dict[str, list[str]] | None = None,
    relabel: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return one job of Prometheus' configuration; its samples are labelled with the service."""
    labels = {"service": service} if service else {}
    return {
        "job_name": job or service,
        "metrics_path": path,
        "params": parameters or {},
        "scheme": "https" if tls else "http",
        **({"tls_config": {"insecure_skip_verify": True}} if tls else {}),
        "static_configs": [{"targets": [f"127.0.0.1:{port}"], "labels": labels}],
        "metric_relabel_configs": relabel or [],
    }


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
    def fired(self) -> list[tuple[datetime, bytes]]:
        """All posts that say firing, with the start of their first alert."""
        posts = [(json.loads(body), body) for body in list(self._bodies)]
        return [
            (datetime.fromisoformat(post["alerts"][0]["startsAt"]), body)
            for post, body in posts
            if post["status"] == "firing"
        ]

    def start(self) -> None:
        self._thread.start()

    def check(self) -> None:
        """A thread of ours: it does not end by itself."""

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
