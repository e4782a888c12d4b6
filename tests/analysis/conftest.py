"""Synthetic windows: a shop whose checkout waits for its database, and the same shop when all is well."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

START = pd.Timestamp("2026-03-01T14:00Z")


def make_logs(seed: int, start: float = 0.0, length: float = 180.0, fault: float | None = None) -> pd.DataFrame:
    """Access and error lines of checkout, cart and db; from ``fault`` seconds on checkout stalls on locks."""
    rng = np.random.default_rng(seed)
    rows = []
    for service, rate in (("checkout", 4.0), ("cart", 7.0)):
        for at in np.sort(rng.uniform(0, length, rng.poisson(rate * length))):
            ill = fault is not None and at >= fault and service == "checkout"
            seconds = float(rng.lognormal(-3, 0.4)) * (30 if ill else 1)
            status = 504 if ill and rng.random() < 0.4 else 200
            user = "".join(rng.choice(list("abcdefgh"), 6))
            message = f"GET /{service} by {user} took {seconds:.3f} s"
            rows.append((at, service, "INFO", message, float(status), seconds))
            if status == 504:
                rows.append((at, service, "ERROR", f"order {rng.integers(1e6)}: lock wait timeout", None, None))
    for at in np.arange(3.0, length, 15.0):
        rows += [(at, "db", "INFO", f"checkpoint complete: wrote {rng.integers(900)} buffers", None, None)]
    if fault is not None:
        for at in np.arange(fault + 0.5, length, 2.5):
            rows += [(at, "db", "WARN", f"process {rng.integers(9999)} still waiting for lock", None, None)]
    columns = ["time", "service", "level", "message", "status", "request_time"]
    frame = pd.DataFrame(rows, columns=columns).sort_values("time", kind="stable")
    frame["time"] = START + pd.to_timedelta(frame["time"] + start, unit="s")
    frame = frame.set_index("time").astype({"status": "float64", "request_time": "float64"})
    return frame.assign(line=frame["message"], source="app.log")


def make_metrics(seed: int, start: int = 0, rows: int = 36, fault: int | None = None) -> pd.DataFrame:
    """Metrics every 5 s; from sample ``fault`` on db has lock waits and the latency of its callers grows."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            ("web", "latency_seconds"): rng.lognormal(-2, 0.15, rows),
            ("web", "requests_per_second"): rng.normal(11, 0.8, rows),
            ("checkout", "latency_seconds"): rng.lognormal(-3, 0.15, rows),
            ("checkout", "requests_per_second"): rng.normal(4, 0.4, rows),
            ("cart", "latency_seconds"): rng.lognormal(-3, 0.15, rows),
            ("cart", "threads"): np.full(rows, 8.0),
            ("db", "lock_waits"): np.zeros(rows),
            ("db", "connections"): rng.normal(12, 1, rows).round(),
            ("db", "resident_bytes"): 3e8 + np.cumsum(rng.normal(0, 2e5, rows)),
        },
        index=pd.date_range(START, periods=rows, freq="5s", name="time") + pd.Timedelta(5 * start, "s"),
    )
    if fault is not None:
        ill = slice(fault, None)
        frame.iloc[ill, frame.columns.get_loc(("db", "lock_waits"))] = 9.0 + np.arange(rows - fault)
        frame.iloc[fault + 1 :, frame.columns.get_loc(("checkout", "latency_seconds"))] *= 20
        frame.iloc[fault + 2 :, frame.columns.get_loc(("web", "latency_seconds"))] *= 6
    return frame


@pytest.fixture
def logs() -> Callable[..., pd.DataFrame]:
    return make_logs


@pytest.fixture
def metrics() -> Callable[..., pd.DataFrame]:
    return make_metrics
