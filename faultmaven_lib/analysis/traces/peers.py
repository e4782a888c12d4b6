"""Whom a span calls when the other side left no span: named by its attributes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping

import numpy as np

from faultmaven_lib.analysis.traces.spans import Array, Spans

Address = tuple[str, str]
_LOCAL = re.compile(r"localhost|[\d.]+|[0-9a-fA-F:]*:[0-9a-fA-F:.]*|/.*")
"""Addresses that name a machine or a socket, not a service."""
_INSIDE = re.compile(r"\.(?:svc|local|internal|cluster|consul|lan)(?:\.|$)|^[^.]+$")
_TELLING = ("peer.service", "server.address", "server.port", "db.system", "messaging.system")
_SHARE = 0.9
_LEAST_PREFIX = 4


def addresses_of(spans: Spans, callers: Array, callees: Array) -> dict[Address, str]:
    """Learn which service answers at which address, from the calls that left spans on both sides.

    Parameters
    ----------
    spans
        All of them.
    callers, callees
        Rows of the two sides of each call.
    """
    hosts, ports = spans.text("server.address"), spans.text("server.port")
    seen: dict[Address, Counter[str]] = {}
    for caller, callee in zip(callers.tolist(), callees.tolist(), strict=True):
        if hosts[caller]:
            seen.setdefault((hosts[caller], ports[caller]), Counter())[spans.service[callee]] += 1
    # Behind a balancer there are several services at one address: it names none of them.
    best = {address: counts.most_common(1)[0] for address, counts in seen.items()}
    return {a: name for a, (name, n) in best.items() if n >= _SHARE * seen[a].total()}


def peers_of(spans: Spans, rows: Array, known: Collection[str], addresses: Mapping[Address, str]) -> Array:
    """Return the name of the service that each of some spans calls; empty where nothing tells it."""
    columns = [spans.text(name) for name in _TELLING]
    names: dict[tuple[str, ...], str] = {}
    out = np.full(len(rows), "", dtype=object)
    for place, row in enumerate(rows.tolist()):
        told = tuple(column[row] for column in columns)
        if told not in names:
            names[told] = _peer(told, known, addresses)
        out[place] = names[told]
    return out


def _peer(told: tuple[str, ...], known: Collection[str], addresses: Mapping[Address, str]) -> str:
    service, host, port, database, messaging = told
    learned = addresses.get((host, port), "") if host else ""
    candidates = [service, learned, _host(host), database, messaging]
    resolved = (resolve(candidate, known) for candidate in candidates if candidate)
    name = next((r for r in resolved if r), "")
    if name:
        return name
    return next((c for c in candidates if c), f"{host}:{port}" if host and port else host)


def _host(host: str) -> str:
    if not host or _LOCAL.fullmatch(host):
        return ""
    return host.split(".", maxsplit=1)[0] if _INSIDE.search(host) else host


def resolve(name: str, known: Collection[str]) -> str:
    """Return the known service that a name means; empty if there is none.

    It is the one of the same name but for its case, or the only one that begins with it or that it begins with.

    Examples
    --------
    >>> resolve("postgresql", ["web", "postgres"]), resolve("redis", ["redis-a", "redis-b"])
    ('postgres', '')
    """
    if name in known:
        return name
    lower = name.lower()
    same = [k for k in known if k.lower() == lower]
    if same:
        return sorted(same)[0]
    near = [
        k
        for k in known
        if min(len(k), len(lower)) >= _LEAST_PREFIX and (k.lower().startswith(lower) or lower.startswith(k.lower()))
    ]
    return near[0] if len(near) == 1 else ""
