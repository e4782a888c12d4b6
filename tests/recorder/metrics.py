"""The metrics as Prometheus' HTTP API gives them back: one long table."""

from __future__ import annotations

import re

import pandas as pd

from .monitoring import SCRAPE_SECONDS, Prometheus

_RATE = "[12s]"
"""Long enough for four samples, short enough to show a change at once."""
_ERRORS = 'http_requests_total{status=~"5.."}'
_OURS = '{job!~"postgres|nginx|redis|disks|processes|prober|links"}'
"""What exporters say of themselves is not about the service they watch."""
_SERVICES = '{job!~"disks|processes|prober"}'


def _rate(counter: str, by: str = "service") -> str:
    return f"sum by ({by}) (rate({counter}{_RATE}))"


def _quantile(q: float, histogram: str, by: str = "service") -> str:
    return f"histogram_quantile({q}, sum by ({by}, le) (rate({histogram}_bucket{_RATE})))"


QUERIES = {
    "http_requests_per_second": _rate("http_requests_total"),
    # Without the second half a service that never failed would have no series instead of zeros.
    "http_errors_per_second": f"{_rate(_ERRORS)} or 0 * {_rate('http_requests_total')}",
    "http_request_duration_seconds_p50": _quantile(0.5, "http_request_duration_seconds"),
    "http_request_duration_seconds_p99": _quantile(0.99, "http_request_duration_seconds"),
    "http_requests_in_flight": "sum by (service) (http_requests_in_flight)",
    "http_client_request_duration_seconds_p99": _quantile(
        0.99, "http_client_request_duration_seconds", "service, peer"
    ),
    "http_client_errors_per_second": _rate("http_client_errors_total", "service, peer"),
    "db_connections_in_use": "sum by (service) (db_connections_in_use)",
    "db_transaction_duration_seconds_p99": _quantile(0.99, "db_transaction_duration_seconds"),
    "process_cpu_seconds_per_second": _rate(f"process_cpu_seconds_total{_OURS}"),
    "process_resident_memory_bytes": f"sum by (service) (process_resident_memory_bytes{_OURS})",
    "process_open_fds": f"sum by (service) (process_open_fds{_OURS})",
    "process_cpu_wait_seconds_per_second": _rate("process_cpu_wait_seconds_total"),
    "host_cpu_seconds_per_second": _rate("namedprocess_namegroup_cpu_seconds_total", "service, program"),
    "host_memory_bytes": 'sum by (service) (namedprocess_namegroup_memory_bytes{memtype="resident"})',
    "host_processes": "sum by (service) (namedprocess_namegroup_num_procs)",
    "filesystem_avail_bytes": "sum by (service) (node_filesystem_avail_bytes)",
    "dns_lookup_errors_per_second": f"{_rate('dns_lookup_errors_total')} or 0 * {_rate('http_requests_total')}",
    "jobs_done_per_second": _rate("jobs_done_total"),
    "jobs_failed_per_second": _rate("jobs_failed_total"),
    "job_duration_seconds_p99": _quantile(0.99, "job_duration_seconds"),
    "queue_messages_waiting": "sum by (service) (queue_messages_waiting)",
    "redis_command_duration_seconds_p99": _quantile(0.99, "redis_command_duration_seconds"),
    "redis_memory_used_bytes": "sum by (service) (redis_memory_used_bytes)",
    "redis_memory_max_bytes": "sum by (service) (redis_memory_max_bytes)",
    "redis_evicted_keys_per_second": _rate("redis_evicted_keys_total"),
    "redis_expired_keys_per_second": _rate("redis_expired_keys_total"),
    "redis_keyspace_hits_per_second": _rate("redis_keyspace_hits_total"),
    "redis_keyspace_misses_per_second": _rate("redis_keyspace_misses_total"),
    "redis_db_keys": 'sum by (service) (redis_db_keys{db="db0"})',
    "redis_connected_clients": "sum by (service) (redis_connected_clients)",
    "redis_commands_processed_per_second": _rate("redis_commands_processed_total"),
    "redis_net_input_bytes_per_second": _rate("redis_net_input_bytes_total"),
    "probe_success": "sum by (service) (probe_success)",
    "probe_duration_seconds": "sum by (service) (probe_duration_seconds)",
    "nginx_http_requests_per_second": _rate("nginx_http_requests_total"),
    "nginx_connections_active": "sum by (service) (nginx_connections_active)",
    "nginx_connections_waiting": "sum by (service) (nginx_connections_waiting)",
    "nginx_connections_writing": "sum by (service) (nginx_connections_writing)",
    "pg_stat_activity_count": 'sum by (service, state) (pg_stat_activity_count{datname="shop"})',
    "pg_stat_activity_max_tx_duration_seconds": 'max by (service) (pg_stat_activity_max_tx_duration{datname="shop"})',
    "pg_locks_count": 'sum by (service, mode) (pg_locks_count{datname="shop"})',
    "pg_lock_wait_sessions": "sum by (service) (pg_lock_wait_sessions)",
    "pg_lock_wait_longest_seconds": "sum by (service) (pg_lock_wait_longest_seconds)",
    "pg_stat_database_commits_per_second": _rate('pg_stat_database_xact_commit{datname="shop"}'),
    "pg_stat_database_rollbacks_per_second": _rate('pg_stat_database_xact_rollback{datname="shop"}'),
    "pg_stat_database_deadlocks_per_second": _rate('pg_stat_database_deadlocks{datname="shop"}'),
    "pg_stat_database_rows_returned_per_second": _rate('pg_stat_database_tup_returned{datname="shop"}'),
    "pg_stat_database_rows_updated_per_second": _rate('pg_stat_database_tup_updated{datname="shop"}'),
    "pg_stat_database_rows_inserted_per_second": _rate('pg_stat_database_tup_inserted{datname="shop"}'),
    "pg_stat_database_blocks_read_per_second": _rate('pg_stat_database_blks_read{datname="shop"}'),
    "pg_stat_database_blocks_hit_per_second": _rate('pg_stat_database_blks_hit{datname="shop"}'),
    "pg_stat_database_size_bytes": 'sum by (service) (pg_database_size_bytes{datname="shop"})',
    "pg_stat_bgwriter_buffers_checkpoint_per_second": _rate("pg_stat_bgwriter_buffers_checkpoint_total"),
    "scrape_duration_seconds": f"sum by (service) (scrape_duration_seconds{_SERVICES})",
    "up": f"sum by (service) (up{_SERVICES})",
}
"""Metric to PromQL. A further label becomes the end of the name: ``pg_locks_count_exclusivelock``."""


def read_back(prometheus: Prometheus, start: float, end: float) -> pd.DataFrame:
    """Return columns ``time`` (UTC), ``service``, ``metric``, ``value``, one row a sample.

    ``start`` is included and ``end`` is not, both in seconds since 1970. Where Prometheus has no value (a quantile
    of no requests) there is no row.
    """
    rows: list[tuple[float, str, str, float]] = []
    for metric, query in QUERIES.items():
        data = prometheus.ask(
            "/api/v1/query_range",
            query=query,
            start=str(start),
            end=str(end - SCRAPE_SECONDS),
            step=str(SCRAPE_SECONDS),
        )
        for series in data["result"]:
            labels = dict(series["metric"])
            service = labels.pop("service")
            name = "_".join([metric, *(re.sub(r"\W+", "_", labels[key]).strip("_").lower() for key in sorted(labels))])
            rows += [(at, service, name, float(value)) for at, value in series["values"]]
    frame = pd.DataFrame(rows, columns=["time", "service", "metric", "value"])
    frame["time"] = pd.to_datetime(frame["time"], unit="s", utc=True)
    return frame.dropna().sort_values(["service", "metric", "time"], ignore_index=True)
