"""Holdings: what the connected sources can tell, of which services; and what they cannot."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from faultmaven_lib.troubleshooting.probes import Reading


@dataclass(frozen=True)
class Holdings:
    """What is connected: by source, the services in its logs and the series in its metrics; who is in traces.

    Examples
    --------
    >>> held = Holdings(metrics={"prom": (("db", "lock_wait_sessions"),)})
    >>> held.source_of(Reading("metrics", "lock.*wait", "rises"), "db")
    'prom'
    >>> held.missing("db", alerted="shop")[0]
    'there are no logs of db: connect those of the time before and after the onset'
    """

    logs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    metrics: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """By source, pairs of service and metric."""
    traces: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By source, the services that make or get calls."""
    changes: bool = False
    graph: bool = False
    languages: Mapping[str, str] = field(default_factory=dict)
    """By source, the language that it is asked in, where that is not the one of files."""

    def source_of(self, reading: Reading, service: str) -> str:
        """Return a source that can give a reading of a service; empty if none can."""
        own = reading.whose == "own"
        if reading.kind == "metrics":
            for source, series in self.metrics.items():
                if any((s == service or not own) and re.search(reading.pattern, m, re.IGNORECASE) for s, m in series):
                    return source
            return ""
        by_source = self.logs if reading.kind == "logs" else self.traces
        return next((name for name, services in by_source.items() if service in services or not own), "")

    def query(self, reading: Reading, service: str) -> str:
        """Return the question for a reading in the language of its source."""
        source = self.source_of(reading, service)
        if reading.kind == "traces":
            return ""  # what was compared already answers it
        pattern = f"(?i){reading.pattern}"
        if self.languages.get(source) == "promql":
            # What a series calls its service differs; the rows of the service are picked from the answer.
            return f'{{__name__=~"(?i).*({_escaped(reading.pattern)}).*"}}'
        column = "metric" if reading.kind == "metrics" else "message"
        asked = f'{column}~"{pattern.replace(chr(34), chr(92) + chr(34))}"'
        if reading.whose == "anyone":
            return asked
        if re.fullmatch(r"[\w.@/-]+", service):
            return f"service={service} {asked}"
        if service.endswith("\\"):  # it would take the quote that closes it for one of its own
            return asked
        quoted = service.replace('"', '\\"')
        return f'service="{quoted}" {asked}'

    def missing(self, service: str, *, alerted: str = "") -> list[str]:
        """Return what there is nothing of, for the service that is suspected: a sentence each, with what to do."""
        told = []
        if not any(service in services for services in self.logs.values()):
            told.append(f"there are no logs of {service}: connect those of the time before and after the onset")
        if not any(s == service for series in self.metrics.values() for s, _ in series):
            told.append(f"there are no metrics of {service}: connect its processor, memory, requests and errors")
        if not any(service in services for services in self.traces.values()):
            others = "" if alerted in ("", service) else f" that lead from {alerted} to it"
            told.append(f"there are no traces of {service}: spans{others} would say where the time goes")
        if not self.changes:
            told.append(f"there are no changes: the deploys and settings of {service} before the onset are not known")
        if not self.graph:
            told.append("who calls whom is not known: traces or a graph would say what can have passed on")
        return told


def _escaped(pattern: str) -> str:
    return pattern.replace("\\", "\\\\").replace('"', '\\"')
