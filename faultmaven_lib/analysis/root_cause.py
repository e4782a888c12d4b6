"""Rank services by how well each explains what is seen."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from faultmaven_lib.analysis.axis import in_order, length, seconds
from faultmaven_lib.analysis.explaining import as_alerted, as_number, explained, is_of, since, suffices, views, way_of
from faultmaven_lib.analysis.graph import read_graph
from faultmaven_lib.analysis.metrics import MetricAnalyzer
from faultmaven_lib.analysis.metrics.columns import keys
from faultmaven_lib.analysis.plausible import Blame, plausible_change
from faultmaven_lib.analysis.suspects import Suspect, is_log, number_of, side_of, suspects
from faultmaven_lib.analysis.wording import clean, number, span
from faultmaven_lib.evidence import cited
from faultmaven_lib.findings import to_findings
from faultmaven_lib.model import Finding, FindingKind, ServiceGraph

COLUMNS = (
    "service",
    "kind",
    "metric",
    "change",
    "score",
    "onset",
    "direction",
    "explanation",
    "evidence",
)
_SYMPTOM = 0.75
"""How much of its score a service loses when one that it calls stands out as much."""
_OUT_OF_REACH = 0.5
_LATE = 0.35
"""How much of its score a service loses when it starts long after the first."""
_SMALL = 0.5
"""Least share of its score that a service keeps which changed too little to explain those that call it."""
_UNCONFIRMED = 0.6
"""What a service keeps of which its callers alone say that it is slow or fails, while all that it measures is as usual:
they may be waiting for something on their own side."""
_SHADOW = 0.7
"""What a service keeps that may be but the view its callers have of another one."""
_ALERTED = 0.1
"""Adjusted p-value up to which a series counts as changed where something is known to be wrong."""
_SURE = 0.05
"""Adjusted p-value up to which a finding carries a cause."""


def rank_root_causes(
    baseline: pd.DataFrame | None,
    incident: pd.DataFrame | None,
    graph: pd.DataFrame | ServiceGraph | None = None,
    target: tuple[str, str] | str | None = None,
    *,
    findings: pd.DataFrame | None = None,
    changes: pd.DataFrame | None = None,
    traces: pd.DataFrame | None = None,
    onset: Any = None,
    abstain: bool | float = True,
) -> pd.DataFrame:
    """Rank services by how likely each is where the trouble starts.

    A service's suspicion is the size of what stands out there, in its metrics and in its log. It is lowered
    where a service that it calls stands out as well, since that one explains it (the traversal of MonitorRank:
    Kim, Sumbaly and Shah, "Root cause detection in a service-oriented architecture", SIGMETRICS 2013), where
    others started earlier, and where the target does not depend on it; it is raised by the share of the trouble
    that depends on it. No name of a service or metric has a meaning here.

    Parameters
    ----------
    baseline, incident
        Metrics, wide, columns (service, metric[, statistic]); both ``None`` where there are only logs.
    graph
        Who calls whom: an adjacency frame (``graph.loc[a, b] != 0`` where a calls b) or a ``ServiceGraph``.
    target
        The service (and metric) that alerted.
    findings
        Findings of logs, metrics and traces; metrics are compared here if it has none of them.
    changes
        Deploys, commits, flags, configuration (see ``timeline``).
    traces
        Spans, for the graph where none is given.
    onset
        When it started, if it is known: what starts long before it is not held to be the beginning.
    abstain
        Return nothing where nothing is significant. Without it, the best guess is returned. A number also asks for a
        sum of scores that findings have to reach if metrics alone stand out: for windows that nobody was alerted for,
        where a latency that rose for some seconds mostly is all there was to it.

    Returns
    -------
    DataFrame
        One row a service, best first: ``service, kind`` (metric, log, trace or change), ``metric, change, score,
        onset, direction, explanation, evidence``. Empty, with ``attrs["reason"]``, where nothing stands out.

    Examples
    --------
    >>> at = pd.date_range("2026-03-01T14:00Z", periods=60, freq="5s")
    >>> usual = [1.0, 1.1, 0.9] * 20
    >>> healthy = pd.DataFrame({("web", "latency_seconds"): usual, ("db", "lock_waits"): usual}, index=at)
    >>> ill = healthy.set_index(at + pd.Timedelta("5min"))
    >>> ill.iloc[20:] += 8
    >>> causes = rank_root_causes(healthy, ill, ServiceGraph(edges=(("web", "db"),)), ("web", "latency_seconds"))
    >>> causes["service"].tolist()
    ['db', 'web']
    >>> rank_root_causes(healthy, healthy.set_index(ill.index)).attrs["reason"]
    'nothing stands out: none of 2 series differs by more than chance and size allow'
    """
    alerted = target is not None or onset is not None
    usable, reason = _findings(baseline, incident, findings, abstain=abstain, alerted=alerted)
    measured = frozenset(keys(incident)) if incident is not None else frozenset()
    usable = since(usable, incident, onset)
    if isinstance(target, tuple):
        usable = as_alerted(usable, *target, measured, way_of(baseline, incident, *target, onset))
    calls = read_graph(graph, traces)
    known = set(calls.services) if calls else set()
    for frame in (baseline, incident):
        known |= {service for service, _ in keys(frame)} if frame is not None else set()
    found = suspects(usable, known)
    if not found:
        return _frame([], reason or "nothing stands out: no finding names a service")
    window = max((length(in_order(f).index) for f in (baseline, incident) if f is not None and len(f)), default=0.0)
    scores = _scores(found, calls, target, onset, window, measured)
    step = _step(incident)
    rows = []
    for place, service in enumerate(sorted(found, key=lambda s: (-scores[s], s))):
        # A change is blamed only where the trouble starts: with a symptom it has nothing to do.
        blame = None
        if place == 0:
            blame = plausible_change(found[service], changes, length=window, step=step, services=known)
        row = _row(found[service], scores[service], found, calls, blame, changes)
        if place == 0 and blame is None and changes is not None and len(changes):
            name = clean(service, 80)
            row["explanation"] += f" No change explains this: none that is known touches {name} before that."
        rows.append(row)
    return _frame(rows)


def _findings(
    baseline: pd.DataFrame | None,
    incident: pd.DataFrame | None,
    findings: pd.DataFrame | None,
    *,
    abstain: bool | float,
    alerted: bool,
) -> tuple[list[Finding], str]:
    given = to_findings(findings) if findings is not None and len(findings) else []
    given = [f for f in given if f.kind is not FindingKind.REWORDED_TEMPLATE]  # a release shows there, not a fault
    reasons = [str(findings.attrs["reason"])] if findings is not None and "reason" in findings.attrs else []
    has_metrics = any(side_of(f) == "metric" for f in given)
    if baseline is not None and incident is not None and not has_metrics:
        # Where somebody was alerted the question is not whether, but where.
        analyzer = MetricAnalyzer(alpha=_ALERTED) if alerted else MetricAnalyzer()
        compared = analyzer.fit(baseline).compare(incident)
        if not len(compared) and not given and not abstain:
            given += _guesses(baseline, incident)
        if "reason" in compared.attrs:
            reasons.append(str(compared.attrs["reason"]))
        given += to_findings(compared)
    if abstain and given and not any(f.p_value is None or f.p_value <= _SURE for f in given):
        # A few new error lines are worth listing; a cause has to be more than what chance brings.
        reasons.append("what differs came too rarely to tell it from chance")
        given = []
    if abstain and given and all(f.kind is FindingKind.VARIANCE_CHANGE for f in given):
        reasons.append("some series vary more, or less, than they did, around the level they had")
        given = []
    if not isinstance(abstain, bool) and _mild(given, abstain):
        reasons.append("what differs is little, and nobody was alerted")
        given = []
    if not given and not reasons:
        reasons.append("there are neither findings nor two windows of metrics")
    return given, "nothing stands out: " + "; ".join(reasons) if reasons else ""


def _mild(given: list[Finding], least: float) -> bool:
    """Whether findings are of metrics alone, and those that go on together score less than they would have to."""
    if not given or any(side_of(f) != "metric" for f in given):
        return False
    return sum(f.score for f in given if f.until is None) < least


def _guesses(baseline: pd.DataFrame, incident: pd.DataFrame) -> list[Finding]:
    """Return what moved most in each series although none moved enough: for a reader who wants a guess."""
    scores = MetricAnalyzer().fit(baseline).score_samples(incident)
    guesses = []
    for (service, metric), size in zip(keys(scores), scores.quantile(0.9).to_list(), strict=True):
        if size == size:
            sentence = f"{clean(metric, 120)} of {clean(service, 80)} strayed by {number(size)} robust deviations."
            score = 10 * math.log10(1 + size)
            guesses.append(
                Finding(
                    kind=FindingKind.VARIANCE_CHANGE, service=service, subject=metric, sentence=sentence, score=score
                )
            )
    return guesses


def _scores(
    found: dict[str, Suspect],
    calls: ServiceGraph | None,
    target: tuple[str, str] | str | None,
    onset: Any,
    window: float,
    measured: frozenset[tuple[str, str]],
) -> dict[str, float]:
    target, alerted = target if isinstance(target, tuple) else (target, None)
    strength = {service: suspect.strength for service, suspect in found.items()}
    shadows = views(found, strength, calls, alerted)
    for shadow, service in shadows.items():
        # What alerted may show in the view alone: calls fail before they are taken.
        if alerted and not any(is_of(f.subject, alerted) for f in found[service].findings):
            found[service].seen += [f for f in found[shadow].findings if is_of(f.subject, alerted)]
    strength |= {service: found[service].strength for service in shadows.values()}
    watched = {service for service, _ in measured}
    for service, suspect in found.items():
        if service in watched and not suspect.named_by and all(side_of(f) == "trace" for f in suspect.findings):
            strength[service] *= _UNCONFIRMED
    total = sum(strength.values())
    below = {s: _reach(calls, s, down=True) for s in found}
    above = {s: _reach(calls, s, down=False) for s in found}
    first = _first_onset(found, strength, onset)
    depends_on = (_reach(calls, target, down=True) | {target}) if calls and target in calls.services else None
    scores = {}
    for service, own in strength.items():
        score = own
        # Services that call each other in a circle do not explain each other.
        callees = [c for c in below[service] - above[service] if c in strength]
        by_callees = max(
            (explained(found[service], found[c], strength, measured, alerted) for c in callees), default=0.0
        )
        score *= 1 - _SYMPTOM * by_callees
        if calls is not None:
            covered = sum(strength[s] for s in above[service] | {service} if s in strength) / total if total else 0.0
            score *= 1 + covered
        if calls is not None:
            asked = [
                suffices(found[c], found[service], measured, alerted) for c in calls.callers(service) if c in found
            ]
            told = [share for share in asked if share is not None]
            score *= max(*told, _SMALL) if told else 1.0
        if service in shadows:
            score *= _SHADOW
        if depends_on is not None and service not in depends_on:
            score *= _OUT_OF_REACH
        at = found[service].onset
        if at is not None and first is not None and window > 0:
            late = max(number_of(at) - first, 0.0) / (0.1 * window)
            score *= 1 - _LATE * (1 - math.exp(-late))
        scores[service] = score
    return scores


def _reach(calls: ServiceGraph | None, service: str | None, *, down: bool) -> frozenset[str]:
    if calls is None or service is None:
        return frozenset()
    return calls.downstream_of(service) if down else calls.upstream_of(service)


def _first_onset(found: dict[str, Suspect], strength: dict[str, float], onset: Any) -> float | None:
    """The first onset of a service that stands out clearly; one far ahead of a known onset does not count."""
    strongest = max(strength.values())
    times = [
        number_of(s.onset) for name, s in found.items() if s.onset is not None and strength[name] >= 0.4 * strongest
    ]
    if not times:
        return None
    if onset is not None:
        at = as_number(onset)
        return max(min(times), min(at - 120.0, max(times)))
    return min(times)


def _row(
    suspect: Suspect,
    score: float,
    found: dict[str, Suspect],
    calls: ServiceGraph | None,
    blame: Blame | None,
    changes: pd.DataFrame | None,
) -> dict[str, Any]:
    best = suspect.best
    sentences = [best.sentence]
    other = [f for f in suspect.findings if is_log(f) != is_log(best)]
    if other:
        sentences.append(max(other, key=lambda f: f.score).sentence)
    if suspect.named_by:
        sentences.append(f"{clean(suspect.named_by[0].service, 80)} names it in its log.")
    sentences += _relations(suspect, found, calls)
    evidence = [e for f in [best, *other, *suspect.named_by] for e in f.evidence]
    kind, described = side_of(best), ""
    if blame is not None:
        sentences.append(blame.sentence)
        if blame.named:
            kind, described = "change", blame.described
            evidence += cited(changes) if changes is not None else ()
    return {
        "service": suspect.service,
        "kind": kind,
        "metric": "" if is_log(best) else best.subject,
        "change": described,
        "score": round(score, 4),
        "onset": suspect.onset if suspect.onset is not None else best.onset,
        "direction": best.direction,
        "explanation": " ".join(sentences),
        "evidence": " ".join(dict.fromkeys(evidence)),
    }


def _step(frame: pd.DataFrame | None) -> float:
    """Return the usual time between two samples."""
    if frame is None or len(frame) < 2:
        return 0.0
    return float(np.median(np.diff(seconds(in_order(frame).index))))


def _relations(suspect: Suspect, found: dict[str, Suspect], calls: ServiceGraph | None) -> list[str]:
    """Say who depends on a suspect, on whom it depends, and who was first."""
    out = []
    if calls is not None:
        callers = sorted(set(calls.callers(suspect.service)) & set(found))
        callees = sorted(set(calls.callees(suspect.service)) & set(found))
        if callees:
            out.append(f"It calls {_listed(callees)}, where something stands out as well.")
        elif callers:
            verb = "calls" if len(callers) == 1 else "call"
            out.append(f"{_listed(callers)}, which {verb} it, {'shows' if len(callers) == 1 else 'show'} symptoms.")
    times = {s: number_of(x.onset) for s, x in found.items() if x.onset is not None}
    own = times.pop(suspect.service, None)
    if own is not None and times:
        ahead = min(times.values()) - own
        if ahead > 0:
            seconds_known = not isinstance(suspect.onset, float) or own > 1e8
            out.append(f"It started {span(ahead, samples=not seconds_known)} before anything else.")
    return out


def _listed(names: list[str], bound: int = 3) -> str:
    shown = [clean(n, 80) for n in names[:bound]]
    more = len(names) - len(shown)
    if more:
        shown.append(f"{more} more")
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " and " + shown[-1]


def _frame(rows: list[dict[str, Any]], reason: str = "") -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame["score"] = frame["score"].astype("float64")
    for name in ("service", "kind", "metric", "change", "direction", "explanation", "evidence"):
        frame[name] = frame[name].astype("str")
    if any(row["onset"] is not None and not isinstance(row["onset"], float) for row in rows):
        frame["onset"] = pd.to_datetime(frame["onset"], utc=True)
    if reason:
        frame.attrs["reason"] = reason
    return frame
