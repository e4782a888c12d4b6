"""The service graph out of what a service mesh, or a tracing backend, tells Prometheus."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd

from faultmaven_lib.analysis.axis import in_order
from faultmaven_lib.model import ServiceGraph, Source, Window
from faultmaven_lib.sources import connect
from faultmaven_lib.sources.prometheus import PrometheusSource

_NOBODY = frozenset({"", "unknown", "-", "blackholecluster", "passthroughcluster"})
"""What Istio says of an end that it does not know."""
_SERIES = re.compile(r"^([A-Za-z_:][\w:]*)\{(.*)\}$", re.DOTALL)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_BEFORE = 300
"""Seconds before the window in which a series has to have a sample to count as older than the window."""
Labels = Mapping[str, str]


class _End(NamedTuple):
    """How one end of a call is labelled: the first label that has a known service's name counts, else the first."""

    names: tuple[str, ...]
    namespace: str = ""


class _Mesh(NamedTuple):
    """How calls are counted by one kind of mesh."""

    metrics: tuple[str, ...]
    caller: _End
    callee: _End
    selector: str = ""
    """Which of its series count."""
    further: tuple[str, ...] = ()
    """Other labels that tell of an end."""


_ISTIO = _Mesh(
    ("istio_requests_total", "istio_tcp_sent_bytes_total"),
    _End(("source_workload", "source_canonical_service", "source_app"), "source_workload_namespace"),
    _End(
        ("destination_workload", "destination_service_name", "destination_canonical_service", "destination_app"),
        "destination_workload_namespace",
    ),
)
_TRACES = _Mesh(
    ("traces_service_graph_request_total",), _End(("client",)), _End(("server",)), further=("connection_type",)
)
_LINKERD = _Mesh(
    ("request_total",),
    _End(("deployment", "statefulset", "daemonset"), "namespace"),
    _End(("dst_deployment", "dst_statefulset", "dst_daemonset", "dst_service"), "dst_namespace"),
    selector='direction="outbound"',
)
_MESHES = (_ISTIO, _TRACES, _LINKERD)


def mesh_graph(
    metrics: Source | str | pd.DataFrame,
    window: Window | str | None = None,
    *,
    services: Collection[str] = (),
) -> ServiceGraph:
    """Return who calls whom, as a service mesh or a tracing backend counts it in Prometheus.

    Read are Istio's ``istio_requests_total`` and ``istio_tcp_sent_bytes_total`` (by source and destination workload),
    ``traces_service_graph_request_total`` of Grafana Tempo and of the OpenTelemetry collector (client and server), and
    Linkerd's ``request_total`` (outbound, by deployment). An edge is in the graph if it was used in the window. Ends
    that are ``unknown`` are left out; a destination without a workload goes by its service's name.

    Parameters
    ----------
    metrics
        A Prometheus source, its URL (``prometheus+http://host:9090``), or a frame of metrics whose columns hold such
        series with their labels, as ``connect`` returns it.
    window
        When the calls were made; default: of Prometheus the last hour, of a frame all of it.
    services
        Names under which services are known elsewhere: where a workload has none of them, but its app or service has,
        as ``reviews`` of ``reviews-v1``, it goes by that.

    Returns
    -------
    ServiceGraph
        Without edges where no such metric is known. A name that occurs in several namespaces has its own before it,
        as in ``prod/api``.

    Raises
    ------
    SourceError
        If Prometheus cannot be reached.

    Examples
    --------
    >>> labels = 'source_workload="{}",destination_workload="{}",destination_service_name="{}"'
    >>> names = [("", "istio_requests_total{" + labels.format(*ends) + "}")
    ...          for ends in (("web", "api", "api"), ("api", "unknown", "mail.example.com"), ("unknown", "web", "web"))]
    >>> wide = pd.DataFrame([[1.0, 1.0, 1.0], [9.0, 5.0, 3.0]], columns=pd.MultiIndex.from_tuples(names))
    >>> mesh_graph(wide).edges
    (('api', 'mail.example.com'), ('web', 'api'))
    """
    span = Window.model_validate(window) if window is not None else None
    source = connect(metrics, kind="metrics") if isinstance(metrics, str) else metrics
    if isinstance(source, PrometheusSource):
        calls = [pair for mesh in _MESHES for pair in _asked(source, mesh, span)]
    else:
        frame = source if isinstance(source, pd.DataFrame) else source.query("", span)
        calls = list(_read(frame, span))
    ends = [(_named(labels, m.caller, services), _named(labels, m.callee, services)) for m, labels in calls]
    ends = [(caller, callee) for caller, callee in ends if caller[0] and callee[0]]
    homes: dict[str, set[str]] = {}
    for name, namespace in {end for pair in ends for end in pair}:
        homes.setdefault(name, set()).update({namespace} - {""})
    edges = {(_told(caller, homes), _told(callee, homes)) for caller, callee in ends}
    return ServiceGraph(edges=tuple(sorted((a, b) for a, b in edges if a != b)))


def _asked(source: PrometheusSource, mesh: _Mesh, window: Window | None) -> Iterator[tuple[_Mesh, Labels]]:
    """Ask Prometheus for the labels of the calls that were counted in a window."""
    if window is None:
        now = datetime.now(UTC)
        window = Window(start=now - timedelta(hours=1), end=now)
    seconds = max(round(window.length.total_seconds()), 1)
    names = (*mesh.caller.names, mesh.caller.namespace, *mesh.callee.names, mesh.callee.namespace, *mesh.further)
    by = ", ".join(filter(None, names))
    for metric in mesh.metrics:
        series = f"{metric}{{{mesh.selector}}}"
        # A counter that begins in the window with its first call has not risen since.
        new = f"last_over_time({series}[{seconds}s]) unless last_over_time({series}[{_BEFORE}s] offset {seconds}s)"
        text = f"sum by ({by}) ((increase({series}[{seconds}s]) > 0) or (({new}) > 0))"
        for row in source.instant(text, window.end).to_dict("records"):
            yield mesh, {str(name): str(value) for name, value in row.items() if name != "value"}


def _read(metrics: pd.DataFrame, window: Window | None) -> Iterator[tuple[_Mesh, Labels]]:
    """Read the labels of the calls that a frame counts."""
    frame = in_order(metrics)
    if window is not None and isinstance(frame.index, pd.DatetimeIndex):
        start, end = pd.Timestamp(window.start), pd.Timestamp(window.end)
        frame = frame[np.asarray((frame.index >= start) & (frame.index < end))]
    for place, column in enumerate(frame.columns):
        parts = [str(part) for part in column] if isinstance(column, tuple) else ["", str(column)]
        match = _SERIES.match(parts[1])
        mesh = next((m for m in _MESHES if match and match[1] in m.metrics), None)
        if match is None or mesh is None:
            continue
        labels = dict(_LABEL.findall(match[2]))
        if mesh is _LINKERD:  # a source takes the deployment for the service, and its label out of the name
            labels.setdefault("deployment", parts[0])
        values = pd.to_numeric(frame.iloc[:, place], errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
        known = values[np.isfinite(values)]
        begins = len(known) and not np.isfinite(values[0])
        if len(known) and (known.max() > known.min() or (begins and known.max() > 0)):
            yield mesh, labels


def _named(labels: Labels, end: _End, services: Collection[str]) -> tuple[str, str]:
    """Return the name of an end, empty for nobody that is known, and its namespace."""
    said = [value for name in end.names if (value := labels.get(name, "")).lower() not in _NOBODY]
    if labels.get("connection_type") == "virtual_node" and said == ["user"]:
        return "", ""  # whoever calls from outside
    namespace = labels.get(end.namespace, "") if end.namespace else ""
    name = next((value for value in said if value in services), said[0] if said else "")
    return name, "" if namespace.lower() in _NOBODY else namespace


def _told(end: tuple[str, str], homes: Mapping[str, set[str]]) -> str:
    name, namespace = end
    return f"{namespace}/{name}" if namespace and len(homes[name]) > 1 else name
