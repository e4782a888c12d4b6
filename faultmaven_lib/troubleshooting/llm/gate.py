"""The gate: code, not the prompt, decides what a model may say.

A sentence passes if it can be read to its last sign and what it says is what a stored finding, a stored hypothesis, two
dated findings, or one row of recorded data says. Whatever cannot be read so is dropped, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from faultmaven_lib.claims.facts import fold
from faultmaven_lib.claims.language import REFERENCE
from faultmaven_lib.model import Claim, Dropped, Finding, ModelSentence, SentenceKind
from faultmaven_lib.troubleshooting.llm import causes, commands, orders, restating, rows, steps
from faultmaven_lib.troubleshooting.llm import vocabulary as say
from faultmaven_lib.troubleshooting.llm.reading import Unreadable, read
from faultmaven_lib.troubleshooting.llm.schema import SaidSentence, kept
from faultmaven_lib.troubleshooting.llm.scope import Scope, can_name


@dataclass(frozen=True)
class _Verdict:
    kind: SentenceKind
    problems: list[str]
    findings: tuple[str, ...] = ()
    hypotheses: tuple[str, ...] = ()


class Gate:
    """Judges what a model said of one incident.

    Parameters
    ----------
    scope
        What is known of the incident.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def sentences(self, said: Iterable[SaidSentence]) -> tuple[list[ModelSentence], list[Dropped]]:
        """Return the sentences that pass, and those that do not with the reasons."""
        passed: list[ModelSentence] = []
        dropped: list[Dropped] = []
        for sentence in said:
            judged = self.sentence(sentence)
            if isinstance(judged, Dropped):
                dropped.append(judged)
            elif any(fold(judged.text) == fold(other.text) for other in passed):
                dropped.append(_dropped(sentence, ["is said already"]))
            else:
                passed.append(judged)
        return passed, dropped

    def sentence(self, said: SaidSentence) -> ModelSentence | Dropped:
        """Return a sentence as it may be shown, or why it may not."""
        evidence = tuple(dict.fromkeys(said.evidence))
        found = self.scope.not_standing(evidence)
        if commands.in_text(said.text):
            found.append("holds a command: those stand in a field of their own, if they only read")
        if found:
            return _dropped(said, found)
        try:
            verdict = self._judge(said, evidence)
        except Unreadable as error:
            return _dropped(said, [str(error)])
        text = " ".join(said.text.split())
        found = [*verdict.problems, *self._beside(verdict, evidence)]
        if not found and verdict.kind not in ("action", "question"):
            # What passes here has to hold as a claim in a report, too.
            claim = Claim(text=text, evidence=evidence, findings=verdict.findings, hypotheses=verdict.hypotheses)
            found = self.scope.checker.reasons(claim)
        if found:
            return _dropped(said, found)
        command = said.command.strip() if verdict.kind == "action" else ""
        return ModelSentence(
            text=text,
            kind=verdict.kind,
            evidence=evidence,
            findings=verdict.findings,
            hypotheses=verdict.hypotheses,
            command=command,
        )

    def _beside(self, verdict: _Verdict, evidence: Sequence[str]) -> list[str]:
        """Return what a sentence cites beside what it restates rests on, so that it would seem to rest on more."""
        carried = [i for f in verdict.findings for i in self.scope.finding[f].evidence]
        carried += [i for h in verdict.hypotheses for i in self.scope.hypothesis[h].supports]
        if not carried:
            return []
        known = self.scope.ledger.with_parents(carried)
        return [f"cites {i}, which what it restates does not rest on" for i in evidence if i not in known]

    def _judge(self, said: SaidSentence, evidence: Sequence[str]) -> _Verdict:
        # What it is goes by what it names, not by what it calls itself: each kind has words of its own.
        if said.kind == "action" or said.command.strip():
            return self._action(said, evidence)
        if said.kind == "question" or said.text.rstrip().endswith("?"):
            return self._question(said, evidence)
        if said.kind == "cause" or said.hypothesis:
            return self._cause(said)
        if said.kind == "order" or said.before or said.after:
            return self._order(said)
        if said.finding:
            return self._finding(said)
        return self._row(said, evidence)

    def _action(self, said: SaidSentence, evidence: Sequence[str]) -> _Verdict:
        names = self.scope.names(self.scope.cited(evidence))
        tokens = read(said.text, names)
        if said.text.rstrip().endswith("?"):
            raise Unreadable("is a question, not an action")
        found = list(steps.action_problems(tokens, said.command, lambda word: fold(word) in names))
        return _Verdict("action", [*found, *_references(said, evidence)])

    def _question(self, said: SaidSentence, evidence: Sequence[str]) -> _Verdict:
        tokens = read(said.text, self.scope.names(self.scope.cited(evidence)))
        found = list(steps.question_problems(tokens, said.command))
        if not said.text.rstrip().endswith("?"):
            found.append("is no question: it does not end in a question mark")
        return _Verdict("question", [*found, *_references(said, evidence)])

    def _cause(self, said: SaidSentence) -> _Verdict:
        hypothesis = self.scope.hypothesis.get(said.hypothesis)
        if hypothesis is None:
            return _Verdict("cause", [_unknown("hypothesis", said.hypothesis, "speaks of a cause")])
        if fold(said.service) != fold(hypothesis.service):
            return _Verdict("cause", [_service(said.service, hypothesis.id, hypothesis.service)])
        if hypothesis.only_proposed:
            return _Verdict("cause", [f"restates {hypothesis.id}, which a model proposed and nobody has argued"])
        others = [h for h in self.scope.hypothesis.values() if h.id != hypothesis.id]
        found, effect = causes.problems(said.text, hypothesis, others)
        findings: tuple[str, ...] = ()
        if effect:
            finding = self.scope.finding.get(said.finding)
            if finding is None or finding.id not in hypothesis.findings:
                found.append(f"says what was caused, which no finding of {hypothesis.id} says")
            else:
                findings = (finding.id,)
                found += self._restates(effect, finding)
        elif said.text.rstrip().endswith("?"):
            found.append("is a question, not a sentence on a cause")
        return _Verdict("cause", found, findings, (hypothesis.id,))

    def _order(self, said: SaidSentence) -> _Verdict:
        first, second = self.scope.finding.get(said.before), self.scope.finding.get(said.after)
        if first is None or second is None:
            missing = said.before if first is None else said.after
            return _Verdict("order", [_unknown("finding", missing, "speaks of an order")])
        found = orders.problems(said.text, first, second, self.scope.finding.values())
        return _Verdict("order", found, (first.id, second.id))

    def _finding(self, said: SaidSentence) -> _Verdict:
        finding = self.scope.finding.get(said.finding)
        if finding is None:
            return _Verdict("observation", [_unknown("finding", said.finding, "restates a finding")])
        found: list[str] = []
        if fold(said.service) != fold(finding.service):
            found.append(_service(said.service, finding.id, finding.service))
        if said.direction and said.direction != finding.direction:
            found.append(f"gives the direction {said.direction}, where {finding.id} has {finding.direction}")
        return _Verdict("observation", found or self._restates(said.text, finding), (finding.id,))

    def _restates(self, text: str, finding: Finding) -> list[str]:
        own = {n for n in map(fold, restating.names_of(finding)) if can_name(n) or not say.is_judged(n)}
        others = self.scope.named_services - {fold(finding.service)}
        tokens = read(text, own | others, [finding.sentence])
        return list(restating.problems(tokens, finding, self.scope.named_services))

    def _row(self, said: SaidSentence, evidence: Sequence[str]) -> _Verdict:
        entries = self.scope.cited(evidence)
        tokens = read(said.text, self.scope.names(entries) | self.scope.columns(entries))
        if said.service and fold(said.service) not in {t.text for t in tokens}:
            return _Verdict("observation", [f"is said to be about {said.service}, which it does not name"])
        if any(t.text in say.UP | say.DOWN | say.NEW | say.GONE for t in tokens if t.kind == "word"):
            return _Verdict("observation", ["speaks of a direction without naming the finding it restates"])
        return _Verdict("observation", [*rows.problems(tokens, entries), *_references(said, evidence)])


def _references(said: SaidSentence, evidence: Sequence[str]) -> list[str]:
    held = {*evidence, said.finding, said.hypothesis, said.before, said.after}
    tokens = [t for t in REFERENCE.findall(said.text) if t not in held]
    return [f"mentions {reference} without citing it" for reference in dict.fromkeys(tokens)]


def _unknown(what: str, given: str, does: str) -> str:
    return f"cites {what} {given[:40]}, which does not exist" if given else f"{does} without naming the {what}"


def _service(given: str, held: str, service: str) -> str:
    return f"is said to be about {given[:80] or 'no service'}, where {held} is about {service}"


def _dropped(said: SaidSentence, reasons: Iterable[str]) -> Dropped:
    whole = " · ".join(filter(None, (said.text, said.command)))
    return Dropped(what="sentence", text=kept(whole), reasons=tuple(dict.fromkeys(map(kept, reasons))))
