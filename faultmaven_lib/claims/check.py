"""The claim check: does the evidence carry the sentence? What it cannot judge, it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from faultmaven_lib.claims import language as say
from faultmaven_lib.claims.facts import Facts, fold, without
from faultmaven_lib.evidence import is_intact
from faultmaven_lib.exceptions import UnsupportedClaim
from faultmaven_lib.findings import is_findings
from faultmaven_lib.model import (
    Claim,
    Evidence,
    Finding,
    FindingKind,
    Hypothesis,
    Mechanism,
    Outcome,
    Status,
    Verification,
)


def check(
    claims: Iterable[Claim],
    evidence: Iterable[Evidence],
    findings: Iterable[Finding] = (),
    hypotheses: Iterable[Hypothesis] = (),
    verifications: Iterable[Verification] = (),
) -> None:
    """Raise if any claim is not supported.

    A claim is supported when every evidence it cites exists, at least one of it can be run again, none of it
    has changed, its numbers, times and names occur there or follow by a named operation, and what it says of
    cause, direction or order is what a stored finding or hypothesis says.

    Raises
    ------
    UnsupportedClaim
        With one sentence a problem.

    Examples
    --------
    >>> check([Claim(text="The disk is full.")], [])
    Traceback (most recent call last):
    ...
    faultmaven_lib.exceptions.UnsupportedClaim: "The disk is full." cites no evidence
    """
    checker = ClaimChecker(evidence, findings, hypotheses, verifications)
    found = [problem for claim in claims for problem in checker.problems(claim)]
    if found:
        raise UnsupportedClaim(found)


class ClaimChecker:
    """Holds what was recorded, and judges claims by it."""

    def __init__(
        self,
        evidence: Iterable[Evidence],
        findings: Iterable[Finding] = (),
        hypotheses: Iterable[Hypothesis] = (),
        verifications: Iterable[Verification] = (),
    ) -> None:
        self._evidence = {e.id: e for e in evidence}
        self._findings = {f.id: f for f in findings}
        self._hypotheses = {h.id: h for h in hypotheses}
        self._outcomes = {v.evidence: v for v in verifications}
        names = {f.service for f in self._findings.values()} | {h.service for h in self._hypotheses.values()}
        self._intact: dict[str, bool] = {}
        self._services = sorted((fold(n) for n in names if n), key=len, reverse=True)

    def problems(self, claim: Claim) -> list[str]:
        """Return what is wrong with a claim, a sentence each; empty if it is supported."""
        return [f'"{_short(claim.text)}" {what}' for what in self.reasons(claim)]

    def reasons(self, claim: Claim) -> list[str]:
        """Return what is wrong with a claim, without repeating it: "cites no evidence"."""
        return list(self._problems(claim))

    def _problems(self, claim: Claim) -> Iterator[str]:
        if not claim.text.strip():
            yield "says nothing"
        missing = list(self._missing(claim))
        yield from missing
        if missing:
            return
        yield from self._standing(claim)
        findings = [self._findings[i] for i in claim.findings]
        hypotheses = [self._hypotheses[i] for i in claim.hypotheses]
        for finding in findings:
            if not self._recorded(finding, claim.evidence):
                yield f"restates {finding.id}, which the evidence it cites does not contain"
        for hypothesis in hypotheses:
            if not set(hypothesis.supports) & set(claim.evidence):
                yield f"restates {hypothesis.id} without citing evidence that supports it"
        facts = self._facts(claim, findings, hypotheses)
        yield from _references(claim)
        yield from _facts_missing(claim.text, facts)
        # A stored sentence says what it says; only what is added to it has to be judged.
        rest = without(claim.text, [f.sentence for f in findings] + [f.sentence.rstrip(".") for f in findings])
        stored = [h.cause for h in hypotheses if h.status is not Status.REFUTED]
        rest = without(rest, stored + [cause.rstrip(".") for cause in stored])
        yield from self._meaning(rest, claim, findings, hypotheses)

    def _missing(self, claim: Claim) -> Iterator[str]:
        if not claim.evidence:
            yield "cites no evidence"
        for kind, ids, known in (
            ("evidence", claim.evidence, self._evidence),
            ("finding", claim.findings, self._findings),
            ("hypothesis", claim.hypotheses, self._hypotheses),
        ):
            for missing in (i for i in ids if i not in known):
                yield f"cites {kind} {missing}, which does not exist"

    def _standing(self, claim: Claim) -> Iterator[str]:
        if not any(self._rerunnable(i) for i in claim.evidence):
            yield f"cites only evidence that cannot be run again ({', '.join(claim.evidence)})"
        for evidence_id in self._with_parents(claim.evidence):
            outcome = self._outcomes.get(evidence_id)
            if outcome is not None and outcome.outcome is Outcome.CHANGED:
                yield f"rests on {evidence_id}, which has changed: {outcome.difference}"
            elif evidence_id in self._evidence and not self._is_intact(evidence_id):
                yield f"rests on {evidence_id}, whose stored result is not the one that was recorded"

    def _is_intact(self, evidence_id: str) -> bool:
        if evidence_id not in self._intact:  # a large result takes long to fingerprint, and is cited again and again
            self._intact[evidence_id] = is_intact(self._evidence[evidence_id])
        return self._intact[evidence_id]

    def _rerunnable(self, evidence_id: str) -> bool:
        entry = self._evidence.get(evidence_id)
        if entry is None or not entry.rerunnable:
            return False
        return entry.kind == "query" or (bool(entry.parents) and all(self._rerunnable(p) for p in entry.parents))

    def _with_parents(self, ids: Iterable[str]) -> list[str]:
        seen: list[str] = []
        todo = list(ids)
        while todo:
            current = todo.pop(0)
            if current not in seen:
                seen.append(current)
                todo += self._evidence[current].parents if current in self._evidence else ()
        return seen

    def _recorded(self, finding: Finding, cited: tuple[str, ...]) -> bool:
        for evidence_id in cited:
            entry = self._evidence[evidence_id]
            if entry.kind != "derived":
                continue
            frame = entry.frame
            if not is_findings(frame):
                continue
            same = (frame["sentence"] == finding.sentence) & (frame["subject"] == finding.subject)
            same &= (frame["service"] == finding.service) & (frame["direction"] == finding.direction)
            for number in ("before", "after"):
                value = getattr(finding, number)
                column = frame[number]
                same &= column.isna() if value is None else (column - value).abs() <= 1e-9 * max(1.0, abs(value))
            if bool((same & (frame["kind"] == finding.kind.value)).any()):
                return True
        return False

    def _facts(self, claim: Claim, findings: list[Finding], hypotheses: list[Hypothesis]) -> Facts:
        facts = Facts()
        for hypothesis in hypotheses:
            facts.add_hypothesis(hypothesis)
        stored = [self._findings[i] for h in hypotheses for i in h.findings if i in self._findings]
        stated = [*findings, *(f for f in stored if f not in findings and self._recorded(f, claim.evidence))]
        for finding in stated:
            facts.add_finding(finding)
        for evidence_id in claim.evidence:
            entry = self._evidence[evidence_id]
            if stated:
                # What restates a finding is held to that finding: in a large log, any number occurs somewhere.
                for evidence in (entry, *(self._evidence[p] for p in entry.parents if p in self._evidence)):
                    facts.add_window(evidence.window)
                facts.add_text(entry.source)
            else:
                facts.add_evidence(entry)
        return facts

    def _meaning(self, text: str, claim: Claim, findings: list[Finding], hypotheses: list[Hypothesis]) -> Iterator[str]:
        for clause in say.CLAUSE.split(say.QUOTED.sub(" ", text)):
            words = {w.lower().replace("’", "'") for w in re.findall(r"[\w'’]+", clause)}
            negated = bool(words & say.NEGATION)
            causal = bool(words & say.CAUSE or say.RESULTS.search(clause.lower()))
            if causal:
                yield from self._cause(fold(clause), negated, hypotheses)
            elif negated and not self._absence(claim, words, hypotheses):
                yield "denies something that no recorded result denies"
            if words & (say.UP | say.DOWN | say.NEW) and not (causal and hypotheses and not findings):
                yield from self._direction(clause, words, findings)
            if words & say.ORDER and not causal:
                yield from self._order(fold(clause), findings, hypotheses)
            yield from _certainty(words, hypotheses)

    def _absence(self, claim: Claim, words: set[str], hypotheses: list[Hypothesis]) -> bool:
        if any(h.status is Status.REFUTED and set(fold(h.service).split("-")) & words for h in hypotheses):
            return True
        entries = [self._evidence[i] for i in claim.evidence]
        return bool(words & say.ABSENCE) and any(e.kind == "derived" and e.rows == 0 for e in entries)

    def _cause(self, clause: str, negated: bool, hypotheses: list[Hypothesis]) -> Iterator[str]:
        if not hypotheses:
            yield "speaks of a cause without naming the hypothesis it restates"
            return
        named = [self._named_cause(clause, match) for match in self._cause_phrases(clause)]
        if not named or None in named:
            yield "speaks of a cause in words that cannot be held against a hypothesis: use its own sentence"
            return
        phrases = {_bare(m) for m in Mechanism if m is not Mechanism.UNKNOWN}
        for service in named:
            restated = [h for h in hypotheses if fold(h.service) == service]
            if not restated:
                yield f"blames {service}, which the hypothesis it cites does not"
            for hypothesis in restated:
                if negated != (hypothesis.status is Status.REFUTED):
                    yield f"says the opposite of {hypothesis.id}, which is {hypothesis.status.value}"
                own = _bare(hypothesis.mechanism)
                wrong = sorted(p for p in phrases if p in clause and p not in own)
                if wrong:
                    yield f"names {wrong[0]} where {hypothesis.id} says {hypothesis.mechanism.phrase}"

    def _cause_phrases(self, clause: str) -> list[tuple[str, int]]:
        right = [("right", m.end()) for m in say.CAUSE_RIGHT.finditer(clause)]
        return right + [("left", m.start()) for m in say.CAUSE_LEFT.finditer(clause)]

    def _named_cause(self, clause: str, phrase: tuple[str, int]) -> str | None:
        side, position = phrase
        mentions = _mentions(clause, self._services)
        if side == "right":
            return next((name for at, name in mentions if at >= position), None)
        return next((name for at, name in reversed(mentions) if at < position), None)

    def _direction(self, clause: str, words: set[str], findings: list[Finding]) -> Iterator[str]:
        if not findings:
            yield "speaks of a direction without naming the finding it restates"
            return
        folded = fold(clause)
        named = [f for f in findings if _mentioned(f, folded)] or findings
        for lexicon, direction in ((say.UP, "up"), (say.DOWN, "down")):
            if words & lexicon and not any(f.direction == direction for f in named):
                yield f"says {sorted(words & lexicon)[0]!r}, which {named[0].id} does not: it went {named[0].direction}"
        if words & say.NEW and not any(f.kind is FindingKind.NEW_TEMPLATE for f in named):
            yield f"says {sorted(words & say.NEW)[0]!r}, which no finding it cites says"

    def _order(self, clause: str, findings: list[Finding], hypotheses: list[Hypothesis]) -> Iterator[str]:
        dated = [(f, f.onset) for f in findings if f.onset is not None]
        onsets: dict[str, float] = {}
        for finding, onset in dated:
            seconds = onset if isinstance(onset, float) else onset.timestamp()
            for name in (fold(finding.service), fold(finding.subject)):
                onsets[name] = min(seconds, onsets.get(name, seconds))
        for hypothesis in hypotheses:
            if hypothesis.onset is not None and not isinstance(hypothesis.onset, float):
                onsets.setdefault(fold(hypothesis.service), hypothesis.onset.timestamp())
        mentions = _mentions(clause, sorted((n for n in onsets if n), key=len, reverse=True))
        if not mentions or len(onsets) < 2:
            yield "speaks of an order without naming dated findings that show it"
            return
        for match in re.finditer(r"[\w']+", clause):
            word = match.group()
            left = next((n for at, n in reversed(mentions) if at < match.start()), None)
            right = next((n for at, n in mentions if at > match.start()), None)
            if word in say.EARLIER | say.LATER | say.THEN:
                if left is None or right is None:
                    yield f"says {word!r} of things that no finding it cites dates"
                elif (onsets[left] < onsets[right]) != (word not in say.LATER):
                    yield f"says {left} {word} {right}, which is not the order of their onsets"
            elif word in say.FIRST | say.LAST:
                pick = min if word in say.FIRST else max
                subject = left or right
                if subject is None or onsets[subject] != pick(onsets.values()):
                    yield f"says {word!r} of what the findings it cites do not show {word}"


def _references(claim: Claim) -> Iterator[str]:
    cited = {*claim.evidence, *claim.findings, *claim.hypotheses}
    for reference in dict.fromkeys(say.REFERENCE.findall(claim.text)):
        if reference not in cited:
            yield f"mentions {reference} without citing it"


def _facts_missing(text: str, facts: Facts) -> Iterator[str]:
    for quoted in say.QUOTED.findall(text):
        if not facts.has_phrase(quoted):
            yield f"quotes {_short(quoted)!r}, which its evidence does not contain"
    rest = say.REFERENCE.sub(" ", say.QUOTED.sub(" ", text))
    for kind, pattern, known in (
        ("the time", say.MOMENT, facts.has_moment),
        ("the duration", say.DURATION, facts.has_duration),
    ):
        for match in pattern.finditer(rest):
            if not known(match.group()):
                yield f"gives {kind} {match.group()}, which its evidence does not contain"
        rest = pattern.sub(" ", rest)
    names = [w for w in say.WORD.findall(rest) if w.lower() not in say.ALLOWED]
    for word in dict.fromkeys(names):
        parts = [p for p in re.split(r"['’]s?$", word) if p]
        if parts and not facts.has_word(parts[0]) and not facts.has_phrase(parts[0]):
            yield f"names {word!r}, which its evidence does not contain"
    for match in say.NUMBER.finditer(rest):
        if not facts.has_number(match.group("digits"), match.group("unit") or ""):
            yield f"gives the number {match.group().strip()}, which its evidence does not contain"


def _certainty(words: set[str], hypotheses: list[Hypothesis]) -> Iterator[str]:
    if words & say.CERTAIN and not any(h.status is Status.CONFIRMED for h in hypotheses):
        yield f"says {sorted(words & say.CERTAIN)[0]!r} of what nobody has confirmed"
    said = {"probably": "probable", "strongly": "strong", "likely": "probable"}
    wanted = {said.get(w, w) for w in words & say.CONFIDENCE}
    held = {h.confidence.value for h in hypotheses} | {"strong" for h in hypotheses if h.status is Status.CONFIRMED}
    weaker = held | ({"probable"} if "strong" in held else set())
    if hypotheses and wanted - weaker - {"speculative"}:
        yield f"says {sorted(wanted - weaker)[0]!r} of a hypothesis that is {', '.join(sorted(held))}"


def _mentions(clause: str, names: Iterable[str]) -> list[tuple[int, str]]:
    found: dict[int, str] = {}
    for name in names:
        for match in re.finditer(rf"(?<![\w-]){re.escape(name)}(?![\w-])", clause):
            taken = any(at <= match.start() < at + len(other) for at, other in found.items())
            if not taken:
                found[match.start()] = name
    return sorted(found.items())


def _mentioned(finding: Finding, clause: str) -> bool:
    return bool(_mentions(clause, [n for n in (fold(finding.service), fold(finding.subject)) if n]))


def _bare(mechanism: Mechanism) -> str:
    return mechanism.phrase.lower().removeprefix("a ").removeprefix("an ")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 120 else text[:119] + "…"
