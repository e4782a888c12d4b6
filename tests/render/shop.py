"""What the sources of the examples hold: logs, metrics and changes of a small shop, healthy or broken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from faultmaven_lib.model import Window

WINDOW = Window.parse("2026-03-01T14:00Z/10m")
BASELINE = WINDOW.before()
ONSET = datetime(2026, 3, 1, 14, 2, 10, tzinfo=UTC)
HOSTILE = (
    '<script>alert(1)</script><img src="https://evil.example/x.png" onerror="alert(2)"> '
    '" onmouseover="x \u202etxt.exe \x1b[31mred\x00'
)


def logs(window: Window, *, broken: bool, seed: int = 1) -> pd.DataFrame:
    """Lines of three services; a broken checkout times out from the onset on."""
    rng = np.random.default_rng(seed)
    rows = []
    for second in range(0, int(window.length.total_seconds()), 2):
        at = window.start + timedelta(seconds=second, milliseconds=int(rng.integers(0, 999)))
        bad = broken and at >= ONSET and rng.random() < 0.55
        service = "checkout" if bad else str(rng.choice(["checkout", "orders", "web"]))
        message = (
            f"order {rng.integers(1000, 9999)} timed out after 3000 ms waiting for a lock"
            if bad
            else "GET /cart 200 12 ms"
        )
        rows.append((at, service, "ERROR" if bad else "INFO", message, f"{service}.log", second + 1))
    if broken:
        rows.append((ONSET + timedelta(seconds=1), "web", "ERROR", HOSTILE, "web.log", 9999))
    frame = pd.DataFrame(rows, columns=["time", "service", "level", "message", "source", "line"])
    return frame.assign(time=pd.to_datetime(frame["time"], utc=True)).set_index("time").sort_index()


def metrics(window: Window, *, broken: bool, seed: int = 2) -> pd.DataFrame:
    """Six series every 5 s; a broken database holds locks from the onset on."""
    rng = np.random.default_rng(seed)
    index = pd.date_range(window.start, window.end, freq="5s", inclusive="left", name="time")
    late = (index >= ONSET) & broken
    n = len(index)
    columns = {
        ("orders-db", "lock_wait_seconds"): rng.gamma(2, 0.004, n) + late * (3.1 + rng.normal(0, 0.2, n)),
        ("checkout", "request_seconds_p99"): rng.normal(0.21, 0.012, n) + late * rng.normal(2.9, 0.15, n),
        ("checkout", "errors_per_second"): rng.gamma(1, 0.02, n) + late * rng.normal(4.4, 0.4, n),
        ("orders", "pool_in_use"): rng.integers(2, 6, n) + late * 14.0,
        ("web", "heap_bytes"): 310e6 + rng.normal(0, 4e6, n),
        ("web", "requests_per_second"): rng.normal(41, 1.5, n) - late * rng.normal(12, 1, n),
    }
    frame = pd.DataFrame(columns, index=index)
    frame.columns = pd.MultiIndex.from_tuples(frame.columns, names=["service", "metric"])
    frame.iloc[40:44, 1] = np.nan
    return frame


def change_events() -> pd.DataFrame:
    """A migration of the database just before the onset, and a deploy that is innocent."""
    rows = [
        (
            "2026-03-01T13:56:20Z",
            "deploy",
            "web",
            "2.18.0",
            "9f1c2ab03d",
            "Mara Lind",
            "Show delivery dates in the cart",
        ),
        (
            "2026-03-01T14:01:58Z",
            "migration",
            "orders-db",
            "0042",
            "4be77d01aa",
            "Jon Wu",
            "Add an index on orders.customer",
        ),
    ]
    frame = pd.DataFrame(rows, columns=["time", "kind", "service", "version", "commit", "author", "message"])
    return frame.assign(time=pd.to_datetime(frame["time"], utc=True), files="", diff="")
