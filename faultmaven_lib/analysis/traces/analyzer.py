"""TraceAnalyzer: which calls take longer, which fail, and in whom."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from faultmaven_lib.analysis.axis import moment
from faultmaven_lib.analysis.statistics import adjusted
from faultmaven_lib.analysis.traces.calls import read_calls
from faultmaven_lib.analysis.traces.moves import Moved, clock_moved, errors_moved, times_moved
from faultmaven_lib.analysis.traces.sentences import Edge, Pair, of_clock, of_errors, of_own_time, of_waits
from faultmaven_lib.analysis.traces.spans import in_time
from faultmaven_lib.evidence import cited
from faultmaven_lib.findings import findings_frame
from faultmaven_lib.model import Finding, Operation, Window

VERSION = 2
_MOST_GROUPS = 400
"""Operations that are compared on their own: the most frequent ones, the rest together by edge."""
_INHERITED = 0.35
"""Share of its score that an edge keeps whose callee only waits for others, or fails only with them."""


@dataclass(frozen=True)
class _Found:
    """What moved in one group of calls: ``wait``, ``alone`` or ``errors``, and its calls in both windows."""

    kind: str
    edge: Edge
    moved: Moved
    before: pd.DataFrame
    after: pd.DataFrame


class TraceAnalyzer(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Compare the calls of an incident with those of a baseline, edge by edge of the service graph.

    Of every operation that is called often enough, the caller's wait and the time that passes in the callee itself
    are followed as ``MetricAnalyzer`` follows a series: the median and the 95th percentile in bins of time, or call
    by call where there are few. The first slow call dates the change. Failures are followed call by call: the
    stretch with the largest likelihood ratio of a higher share (Kulldorff, "A spatial scan statistic", Commun.
    Stat. 26, 1997) has to outweigh what the baseline holds by chance. Where the time passes is told from the
    spans: in the callee itself, before it begins, or in those that it calls; an edge whose callee only waits for
    others keeps a third of its score. A clock that goes wrong shows as an offset between the two sides of a call.

    Parameters
    ----------
    alpha
        False discovery rate over all comparisons.
    min_calls
        Fewest calls of an edge in the baseline.
    min_deviation
        Smallest slowdown in robust deviations.
    min_change
        Smallest slowdown relative to the baseline.
    min_seconds
        Smallest slowdown in seconds.
    min_errors
        Fewest failures.
    min_share
        Smallest rise of the share of failures, 0 to 1.
    services
        Names under which services are known elsewhere; see ``service_graph``.
    max_findings
        Bound on what is returned.

    Examples
    --------
    >>> at = pd.date_range("2026-03-01T14:00Z", periods=300, freq="s", name="time")
    >>> calls = pd.DataFrame({"trace": [f"{i:x}" for i in range(300)], "span": "a", "parent": "", "service": "web",
    ...                       "name": "query", "kind": "client", "db.system": "postgresql", "status": "unset",
    ...                       "duration": 0.01 + 0.001 * (np.arange(300) % 7)}, index=at)
    >>> slow = calls.set_axis(at + pd.Timedelta("5min"))
    >>> slow.iloc[100:, -1] += 2
    >>> odd = TraceAnalyzer().fit(calls).compare(slow)
    >>> print(odd["sentence"][0])
    The median of calls from web to postgresql rose from 13 ms to 2.01 s (×155) at 2026-03-01 14:06:40 UTC and
    stayed there; the time passes in postgresql itself.
    """

    def __init__(
        self,
        *,
        alpha: float = 0.01,
        min_calls: int = 15,
        min_deviation: float = 5.0,
        min_change: float = 0.5,
        min_seconds: float = 0.005,
        min_errors: int = 5,
        min_share: float = 0.02,
        services: Sequence[str] = (),
        max_findings: int = 200,
    ) -> None:
        self.alpha = alpha
        self.min_calls = min_calls
        self.min_deviation = min_deviation
        self.min_change = min_change
        self.min_seconds = min_seconds
        self.min_errors = min_errors
        self.min_share = min_share
        self.services = services
        self.max_findings = max_findings

    def fit(self, baseline: pd.DataFrame, y: Any = None, *, baseline_window: Window | None = None) -> Self:  # noqa: ARG002
        """Take the spans of a time when all is well; they are read with those of the incident, across the border."""
        self.spans_ = baseline
        self._cited = baseline
        self._window = baseline_window
        return self

    def compare(self, incident: pd.DataFrame, *, incident_window: Window | None = None) -> pd.DataFrame:
        """Return the edges that became slower or fail, most striking first.

        Parameters
        ----------
        incident
            Spans.
        incident_window
            The window that was asked for; kept with the result.

        Returns
        -------
        DataFrame
            A frame of findings: of kind ``edge latency`` (``before`` and ``after`` in seconds), ``edge errors`` (in
            percent of the calls) or, for a clock, ``level shift``. ``service`` is the one that is called. Empty, with
            ``attrs["reason"]``, where nothing stands out or nothing could be compared.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before ``fit``.
        """
        if not hasattr(self, "spans_"):
            raise NotFittedError("this TraceAnalyzer has no baseline yet: call fit(baseline) first")
        given = {"baseline_window": self._window, "incident_window": incident_window}
        parameters = self.get_params() | {k: str(w) for k, w in given.items() if w}
        operation = Operation(name="traces.compare", parameters=parameters, version=VERSION)
        before, after = self._calls(incident, incident_window)
        compared, found = 0, []
        pairs: set[Pair] = set()
        least = (self.min_deviation, self.min_change, self.min_seconds)
        for edge, was, now, whole in _groups(before, after, self.min_calls):
            # A whole edge is slower when its mix of operations changes: only each of them can be.
            moves = {} if whole else {part: times_moved(was, now, part, *least) for part in ("wait", "alone")}
            moves["errors"] = errors_moved(was, now, self.min_errors, self.min_share)
            compared += len(moves)
            pairs.add(edge.pair)
            found += [_Found(kind, edge, moved, was, now) for kind, moved in moves.items() if moved is not None]
        significant = adjusted(np.array([f.moved.p for f in found] + [1.0] * (compared - len(found))))
        held = [(f, float(q)) for f, q in zip(found, significant, strict=False) if q < self.alpha]
        findings = [*_findings(held, after, pairs), *self._clocks(before, after)]
        findings.sort(key=lambda f: (-f.score, f.service, f.subject))
        result = findings_frame(findings[: self.max_findings], operation, cited(self._cited, incident))
        if not findings:
            result.attrs["reason"] = self._reason(compared, before, after)
        return result

    def _calls(self, incident: pd.DataFrame, window: Window | None) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the calls of both windows; read together, since a trace may lie across their border.

        A service whose clock is wrong may even have answered in the window before the one that asked.
        """
        sides = ((self.spans_, self._window, False), (incident, window, True))
        parts = [_touching(frame, asked).assign(incident=flag) for frame, asked, flag in sides]
        both = in_time(pd.concat(parts))
        calls = read_calls(both, self.services)
        late = both["incident"].to_numpy(dtype=bool)[calls["row"].to_numpy()]
        return calls[~late], calls[late]

    def _clocks(self, before: pd.DataFrame, after: pd.DataFrame) -> list[Finding]:
        wrong: list[tuple[str, str, Moved]] = []
        known = dict(list(before.groupby(["caller", "callee"], sort=True)))
        for key, now in after.groupby(["caller", "callee"], sort=True):
            was = known.get(key)
            moved = None if was is None else clock_moved(was, now)
            if moved is not None:
                wrong.append((str(key[0]), str(key[1]), moved))
        out = []
        while wrong:  # the clock that most offsets have in common is the one that is wrong
            sides = Counter(name for caller, callee, _ in wrong for name in (callee, caller) if name)
            service = sides.most_common(1)[0][0]
            own = [w for w in wrong if service in w[:2]]
            wrong = [w for w in wrong if service not in w[:2]]
            out.append(of_clock(service, *max(own, key=lambda w: w[2].count)))
        return out

    def _reason(self, compared: int, before: pd.DataFrame, after: pd.DataFrame) -> str:
        if not len(before):
            return "the baseline has no calls"
        if not len(after):
            return "the incident has no calls"
        if not compared:
            return f"no edge has {self.min_calls} calls in the baseline and any in the incident"
        return f"none of {compared:,} series of calls differs by more than chance and size allow"


def _touching(spans: pd.DataFrame, window: Window | None) -> pd.DataFrame:
    """Return the spans of traces that have one in the window."""
    if window is None or "trace" not in spans.columns or not isinstance(spans.index, pd.DatetimeIndex):
        return spans
    at = spans.index.tz_localize("UTC") if spans.index.tz is None else spans.index
    inside = (at >= pd.Timestamp(window.start)) & (at < pd.Timestamp(window.end))
    return spans if inside.all() else spans[spans["trace"].isin(set(spans["trace"][inside]))]


def _groups(
    before: pd.DataFrame, after: pd.DataFrame, least: int
) -> Iterator[tuple[Edge, pd.DataFrame, pd.DataFrame, bool]]:
    """Yield what is compared: operations that are called often, the others of an edge together, whole edges.

    A caller that gets no answer cannot name the operation as the callee does: whole edges fail, too.
    """
    keys = ["caller", "callee", "operation"]
    before, after = (c[(c["callee"] != "") & (c["caller"] != c["callee"])] for c in (before, after))
    counts = before.groupby(keys, sort=True).size().sort_values(ascending=False, kind="stable")
    often = set(counts[counts >= least].index[:_MOST_GROUPS])

    def grouped(calls: pd.DataFrame) -> dict[tuple[str, ...], pd.DataFrame]:
        triples = zip(*(calls[k] for k in keys), strict=True)
        names = [t[2] if t in often else "" for t in triples]
        parts = calls.assign(group=names).groupby(["caller", "callee", "group"], sort=True)
        return {tuple(map(str, key)): part for key, part in parts}

    def edges(calls: pd.DataFrame) -> dict[tuple[str, ...], pd.DataFrame]:
        return {tuple(map(str, key)): part for key, part in calls.groupby(keys[:2], sort=True)}

    was, now = grouped(before), grouped(after)
    edges_now = edges(after)
    for (caller, callee), part in edges(before).items():
        if len(part) < least or (caller, callee) not in edges_now:
            continue
        operations = {k[2] for k in (*was, *now) if k[:2] == (caller, callee)}
        for operation in sorted(operations):
            key = (caller, callee, operation)
            if key in was and key in now and len(was[key]) >= least:
                yield Edge(caller, callee, operation if len(operations) > 1 else ""), was[key], now[key], False
        if len(operations) > 1:
            yield Edge(caller, callee, ""), part, edges_now[caller, callee], True


def _findings(held: list[tuple[_Found, float]], after: pd.DataFrame, compared: set[Pair]) -> list[Finding]:
    """State the strongest operation of each edge, once slower and once failing."""
    best: dict[tuple[str, str, str], Finding] = {}
    alone = {found.edge: found.moved.deviation for found, _ in held if found.kind == "alone"}
    starved = _starved({f.edge.pair for f, _ in held if f.kind != "errors"}, compared, after)
    for found, q in held:
        moved = found.moved
        onset = moment(pd.Timestamp(moved.start, tz="UTC"))
        ended = None if moved.stop is None else moment(pd.Timestamp(moved.stop, tz="UTC"))
        by_caller = found.edge.pair in starved
        states: dict[str, Callable[..., tuple[Finding, float]]] = {
            "wait": partial(of_waits, by_caller=by_caller),
            "alone": of_own_time,
            "errors": of_errors,
        }
        state = states[found.kind]
        finding, share = state(found.edge, moved, found.before, found.after, after, onset, ended)
        score = 10 * math.log10(1 + moved.deviation) * (_INHERITED + (1 - _INHERITED) * share)
        if found.kind == "wait" and share >= 0.5 and found.edge in alone and not by_caller:
            # What the callee takes itself is the same thing, seen more clearly: the wait tells it in full.
            score = max(score, 10 * math.log10(1 + alone[found.edge]))
        if found.kind == "alone" and by_caller:
            continue
        finding = finding.model_copy(update={"score": round(score, 4), "p_value": q})
        key = (finding.kind.value, *found.edge.pair)
        if key not in best or finding.score > best[key].score:
            best[key] = finding
    return list(best.values())


def _starved(slower: set[Pair], compared: set[Pair], calls: pd.DataFrame) -> set[Pair]:
    """Return slow edges that tell of their caller: it waits longer for all who leave no spans, and nobody else does.

    A caller that is short of processor time sees its answers late.
    """
    last = calls.groupby(["caller", "callee"])["visit"].max()
    silent = {pair for pair in compared if last.get(pair, 0) < 0}
    found = set()
    for pair in slower & silent:
        caller, callee = pair
        others = {p for p in compared if p[1] == callee and p[0] != caller}
        siblings = {p for p in silent if p[0] == caller and p != pair}
        if others and not others & slower and siblings and siblings <= slower:
            found.add(pair)
    return found
