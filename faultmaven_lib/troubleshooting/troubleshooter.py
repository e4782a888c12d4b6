"""Troubleshooter: from findings and ranked services to hypotheses that can be defended or refuted."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pandas as pd

from faultmaven_lib.model import (
    Confidence,
    Finding,
    Hypothesis,
    Mechanism,
    Recommendation,
    ServiceGraph,
    Status,
)
from faultmaven_lib.troubleshooting.playbook import PLAYBOOK
from faultmaven_lib.troubleshooting.signs import Sign, side, signs_of, signs_of_change

_BY_CHANGE = frozenset(
    {
        Mechanism.CODE_ERROR,
        Mechanism.CONFIGURATION_ERROR,
        Mechanism.LIMIT_TOO_LOW,
        Mechanism.MEMORY_LEAK,
        Mechanism.SLOW_QUERY,
        Mechanism.SCHEMA_MISMATCH,
        Mechanism.AUTHENTICATION_FAILURE,
        Mechanism.UNKNOWN,
    }
)
"""Mechanisms that a deploy, a commit, a flag or a setting brings about by itself."""

_EXPLAINS: dict[Mechanism, frozenset[Mechanism]] = {
    Mechanism.LOCK_CONTENTION: frozenset(
        {Mechanism.CONNECTION_POOL_EXHAUSTED, Mechanism.SLOW_QUERY, Mechanism.DEPENDENCY_TIMEOUT}
    ),
    Mechanism.SLOW_QUERY: frozenset({Mechanism.CONNECTION_POOL_EXHAUSTED, Mechanism.DEPENDENCY_TIMEOUT}),
    Mechanism.OUT_OF_MEMORY: frozenset({Mechanism.PROCESS_CRASH, Mechanism.DEPENDENCY_UNREACHABLE}),
    Mechanism.MEMORY_LEAK: frozenset(
        {Mechanism.OUT_OF_MEMORY, Mechanism.PROCESS_CRASH, Mechanism.DEPENDENCY_UNREACHABLE, Mechanism.CPU_SATURATION}
    ),
    Mechanism.DISK_FULL: frozenset({Mechanism.PROCESS_CRASH, Mechanism.CODE_ERROR}),
    Mechanism.PROCESS_CRASH: frozenset({Mechanism.DEPENDENCY_UNREACHABLE, Mechanism.NETWORK_LOSS}),
    Mechanism.CACHE_EVICTION: frozenset({Mechanism.SLOW_QUERY}),
    Mechanism.POISON_MESSAGE: frozenset({Mechanism.QUEUE_BACKLOG}),
}
"""What a mechanism is known to bring about elsewhere: it stands behind those, never the other way round."""
_AHEAD = timedelta(seconds=10)
_PLAIN, _FAIRLY = 0.8, 0.55
"""So strong are the signs of a mechanism that stands behind another one; less strong ones have to come first."""
_EXPLAINED = 0.6
"""Share of its score that a mechanism keeps when another one, plainly seen, would bring it about."""


@dataclass
class _Candidate:
    """A service and a mechanism while they are being weighed."""

    service: str
    mechanism: Mechanism
    rank: float
    """Score of the service among the ranked causes, 0 to 1."""
    weights: dict[str, float] = field(default_factory=dict)
    """The strongest sign by where it was seen: log, metric, trace, change."""
    findings: list[Finding] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    change: str | None = None
    explained_by: str = ""

    def see(self, finding: Finding, where: str, weight: float) -> None:
        self.weights[where] = max(weight, self.weights.get(where, 0.0))
        if finding not in self.findings:
            self.findings.append(finding)

    @property
    def strength(self) -> float:
        """How sure the signs are of the mechanism: independent kinds of sign reinforce each other."""
        doubt = 1.0
        for weight in self.weights.values():
            doubt *= 1.0 - weight
        return 1.0 - doubt

    @property
    def score(self) -> float:
        return (0.55 * self.rank + 0.45 * self.strength) * (_EXPLAINED if self.explained_by else 1.0)


class Troubleshooter:
    """Argues from findings: which service, by which mechanism, what speaks for it and what against.

    Parameters
    ----------
    max_hypotheses
        How many hypotheses to return at most; a leader never comes without an alternative.

    Examples
    --------
    >>> from faultmaven_lib.model import Finding
    >>> waits = Finding(id="F1", kind="new template", service="db", direction="up", evidence=("E3",), sentence="…",
    ...                 subject="process <*> still waiting for ShareLock on transaction <*> after <*> ms")
    >>> causes = pd.DataFrame({"service": ["db"], "score": [9.1], "evidence": ["E4"]})
    >>> leader, alternative = Troubleshooter().hypotheses([waits], causes)
    >>> leader.cause
    'Lock contention in db is the probable cause.'
    """

    def __init__(self, max_hypotheses: int = 3) -> None:
        self.max_hypotheses = max_hypotheses

    def hypotheses(
        self,
        findings: Iterable[Finding],
        causes: pd.DataFrame,
        *,
        graph: ServiceGraph | None = None,
        target: str = "",
    ) -> list[Hypothesis]:
        """Return the hypotheses that the findings carry, the leading one first; none where no cause stands out.

        Parameters
        ----------
        findings
            What the analyzers found, each with its evidence.
        causes
            Services ranked by ``rank_root_causes``: columns ``service, score`` and, where known, ``onset, change,
            evidence``. Empty where nothing stands out.
        graph
            Who calls whom; without it, order and signs alone decide.
        target
            The service that the alert is about.
        """
        stated = list(findings)
        if causes.empty:
            return []
        candidates = self._candidates(stated, causes, graph)
        ranks = _ranks(causes)[0]
        ranked = sorted(candidates, key=lambda c: (-c.score, c.service, c.mechanism.value))
        chosen = self._with_alternative(ranked, causes, target)
        hypotheses: list[Hypothesis] = []
        for number, candidate in enumerate(chosen, 1):
            against, reasons = _contradictions(candidate, stated, ranks, graph)
            leads = number == 1 and (len(chosen) == 1 or candidate.score - chosen[1].score > 0.02)
            confidence = _confidence(candidate, bool(against), leads=leads)
            hypotheses.append(
                Hypothesis(
                    id=f"H{number}",
                    service=candidate.service,
                    mechanism=candidate.mechanism,
                    cause=sentence(candidate.service, candidate.mechanism, confidence),
                    onset=_first_onset(candidate.findings),
                    supports=tuple(
                        dict.fromkeys([*(e for f in candidate.findings for e in f.evidence), *candidate.evidence])
                    ),
                    contradicts=tuple(against),
                    findings=tuple(f.id for f in candidate.findings if f.id),
                    confidence=confidence,
                    score=round(candidate.score, 3),
                    change=candidate.change,
                    alternative_to=None if number == 1 else "H1",
                    reasons=(*_for(candidate), *reasons),
                )
            )
        return hypotheses

    def recommendations(self, hypotheses: Iterable[Hypothesis]) -> list[Recommendation]:
        """Return what to do next: for the leading hypothesis first, then the check that tests the alternative."""
        steps: list[Recommendation] = []
        for hypothesis in hypotheses:
            if hypothesis.status in (Status.REFUTED, Status.RETIRED):
                continue
            entries = PLAYBOOK[hypothesis.mechanism]
            for entry in entries if not steps else entries[:1]:
                # A service name may come from a log line: in a command it is quoted.
                quoted = shlex.quote(hypothesis.service)
                fields = {
                    k: v.replace("{service}", quoted if k == "command" else hypothesis.service)
                    for k, v in entry.items()
                }
                steps.append(Recommendation(**fields, hypothesis=hypothesis.id, evidence=hypothesis.supports[:3]))
        return steps

    def follow_ups(self, hypotheses: list[Hypothesis], *, missing: Iterable[str] = ()) -> list[str]:
        """Return questions whose answers would take the investigation further."""
        questions = []
        if hypotheses:
            leader = hypotheses[0]
            questions.append(f"what changed in {leader.service} before the onset?")
            questions += [f"what speaks against {h.id} ({h.mechanism.phrase} in {h.service})?" for h in hypotheses[1:2]]
            questions.append("which past incident resembles this one?")
        else:
            questions.append("what happened just before the window?")
        lacks = list(missing)
        if lacks:
            questions.append(f"can you add {lacks[0]}?")
        return questions

    def _candidates(
        self, findings: list[Finding], causes: pd.DataFrame, graph: ServiceGraph | None
    ) -> list[_Candidate]:
        ranks, evidence, changes = _ranks(causes)
        found: dict[tuple[str, Mechanism], _Candidate] = {}

        def candidate(service: str, mechanism: Mechanism) -> _Candidate:
            key = (service, mechanism)
            if key not in found:
                found[key] = _Candidate(service, mechanism, ranks.get(service, 0.0), change=changes.get(service))
                found[key].evidence += evidence.get(service, [])
            return found[key]

        for finding in findings:
            for sign in signs_of(finding):
                for service, share in _blamed(finding, sign, ranks, graph):
                    candidate(service, sign.mechanism).see(finding, sign.where, sign.weight * share)
        for service in list(ranks)[:5]:
            own = [f for f in findings if f.service == service]
            if not any(c.service == service and c.strength >= 0.3 for c in found.values()):
                unknown = candidate(service, Mechanism.UNKNOWN)
                for finding in own[:5]:
                    unknown.see(finding, side(finding), 0.0)
        for service, change in changes.items():
            for sign in signs_of_change(change):
                own = [f for f in findings if f.service == service]
                for finding in own[:5]:
                    candidate(service, sign.mechanism).see(finding, "change", sign.weight)
        for one in found.values():
            if one.change is not None and one.mechanism in _BY_CHANGE:
                one.weights.setdefault("change", 0.4)
        for one in found.values():
            behind = [
                c
                for c in found.values()
                if one.mechanism in _EXPLAINS.get(c.mechanism, ())
                and (c.strength >= _PLAIN or (c.strength >= _FAIRLY and _precedes(c, one)))
            ]
            one.explained_by = behind[0].mechanism.phrase + " in " + behind[0].service if behind else ""
        return list(found.values())

    def _with_alternative(self, ranked: list[_Candidate], causes: pd.DataFrame, target: str) -> list[_Candidate]:
        if not ranked:
            return []
        chosen = ranked[:1]
        for other in ranked[1:]:
            # Another mechanism in the same service is an alternative only if it is nearly as well supported.
            same = any(c.service == other.service for c in chosen)
            if len(chosen) < self.max_hypotheses and other.score >= (0.75 if same else 0.3) * chosen[0].score:
                chosen.append(other)
        if len(chosen) == 1:
            ranks, evidence, changes = _ranks(causes)
            others = [s for s in (*list(ranks)[1:], target) if s and s != chosen[0].service]
            service = others[0] if others else chosen[0].service
            known = chosen[0].mechanism is Mechanism.UNKNOWN and not others
            mechanism = Mechanism.LOAD_SURGE if known else Mechanism.UNKNOWN
            weak = _Candidate(service, mechanism, ranks.get(service, 0.0), change=changes.get(service))
            weak.evidence += evidence.get(service, chosen[0].evidence)
            weak.findings += [] if weak.evidence else chosen[0].findings[:1]
            chosen.append(weak)
        return chosen


def sentence(service: str, mechanism: Mechanism, confidence: Confidence, status: Status = Status.OPEN) -> str:
    """Return the one sentence of a hypothesis, as its status and confidence stand."""
    what = f"{mechanism.phrase[0].upper()}{mechanism.phrase[1:]} in {service}"
    if status is Status.REFUTED:
        return f"{what} is not the cause."
    if status is Status.CONFIRMED:
        return f"{what} is the confirmed cause."
    return f"{what} is {_STANDING[confidence]}."


_STANDING = {
    Confidence.STRONG: "the most likely cause, on strong evidence",
    Confidence.PROBABLE: "the probable cause",
    Confidence.SPECULATIVE: "a possible cause",
}


def _ranks(causes: pd.DataFrame) -> tuple[dict[str, float], dict[str, list[str]], dict[str, str]]:
    best: dict[str, float] = {}
    evidence: dict[str, list[str]] = {}
    changes: dict[str, str] = {}
    top = max(float(causes["score"].max()), 1e-12)
    for row in causes.to_dict("records"):
        service = str(row["service"])
        best.setdefault(service, max(0.0, float(row["score"]) / top))
        evidence.setdefault(service, [])
        evidence[service] += [e for e in str(row.get("evidence") or "").split() if e not in evidence[service]]
        if isinstance(row.get("change"), str) and row["change"]:
            changes.setdefault(service, row["change"])
    return best, evidence, changes


def _blamed(
    finding: Finding, sign: Sign, ranks: dict[str, float], graph: ServiceGraph | None
) -> list[tuple[str, float]]:
    """Return who is to blame for a sign, with a share of its weight."""
    if sign.at == "here" or graph is None:
        return [(finding.service, 1.0)]
    callees = graph.callees(finding.service)
    text = f"{finding.subject} {finding.example}".lower()
    named = [c for c in callees if c.lower() in text]
    moved = named or [c for c in callees if ranks.get(c, 0.0) > ranks.get(finding.service, 0.0)]
    if moved:
        return [(service, 1.0 if named else 0.6) for service in moved]
    return [(finding.service, 0.6)]


def _precedes(one: _Candidate, other: _Candidate) -> bool:
    """Whether a mechanism shows in the same service before another one does."""
    if one.service != other.service:
        return False
    first, later = _first_onset(one.findings), _first_onset(other.findings)
    return isinstance(first, datetime) and isinstance(later, datetime) and later - first >= _AHEAD


def _contradictions(
    candidate: _Candidate, findings: list[Finding], ranks: dict[str, float], graph: ServiceGraph | None
) -> tuple[list[str], list[str]]:
    against: list[str] = []
    reasons: list[str] = []
    if graph is not None:
        for callee in sorted(graph.downstream_of(candidate.service)):
            # Two that depend on each other cannot be told apart so.
            if candidate.service in graph.downstream_of(callee) or ranks.get(callee, 0.0) <= candidate.rank:
                continue
            shown = [f for f in findings if f.service == callee]
            against += [e for f in shown for e in f.evidence]
            reasons.append(f"{callee}, which {candidate.service} depends on, stands out more")
    # A metric that names the mechanism and went the other way speaks against it.
    for finding in findings:
        if finding.service == candidate.service and side(finding) == "metric" and finding.direction in ("up", "down"):
            turned = finding.model_copy(update={"direction": "down" if finding.direction == "up" else "up"})
            if any(
                s.mechanism is candidate.mechanism and s.direction != "any" and s.weight >= 0.6
                for s in signs_of(turned)
            ):
                against += finding.evidence
                reasons.append(f"{finding.subject} went {finding.direction}")
    return list(dict.fromkeys(against)), reasons


def _for(candidate: _Candidate) -> list[str]:
    words = {"log": "log messages", "metric": "metrics", "trace": "traces", "change": "a change"}
    kinds = [words[k] for k in words if candidate.weights.get(k, 0.0) > 0]
    verb = "fits" if kinds == ["a change"] else "fit"
    reasons = [f"{_and(kinds)} of {candidate.service} {verb} {candidate.mechanism.phrase}"] if kinds else []
    if candidate.explained_by:
        reasons.append(f"{candidate.explained_by} would bring it about")
    if candidate.rank >= 0.999:
        reasons.append(f"{candidate.service} ranks first among the services that moved")
    return reasons


def _and(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _confidence(candidate: _Candidate, contradicted: bool, *, leads: bool) -> Confidence:
    if candidate.mechanism is Mechanism.UNKNOWN:
        return Confidence.SPECULATIVE
    seen = sum(weight >= 0.3 for weight in candidate.weights.values())
    if leads and candidate.strength >= 0.8 and seen >= 2 and not contradicted:
        return Confidence.STRONG
    return Confidence.PROBABLE if leads and candidate.strength >= 0.5 else Confidence.SPECULATIVE


def _first_onset(findings: list[Finding]) -> datetime | float | None:
    times = [f.onset for f in findings if isinstance(f.onset, datetime)]
    if times:
        return min(times)
    samples = [f.onset for f in findings if isinstance(f.onset, float)]
    return min(samples) if samples else None
