"""An answer for a terminal: plain text, no control characters."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sized
from datetime import tzinfo

from faultmaven_lib.model import Answer, Check, Evidence, Hypothesis, Recommendation
from faultmaven_lib.render.arguments import Argument, arguments
from faultmaven_lib.render.checks import check_answer, check_expected
from faultmaven_lib.render.escape import clip, one_line
from faultmaven_lib.render.formats import count, onset_text, window_text
from faultmaven_lib.render.narration import TITLE
from faultmaven_lib.render.narration import lines as narrated

_FINDINGS = 8
_MARK = 12


def answer_text(answer: Answer, width: int = 100, *, zone: str | tzinfo | None = None) -> str:
    """Return an answer as text of at most ``width`` columns, the sentence first.

    Parameters
    ----------
    answer
        What ``ask`` returned.
    width
        Columns; at least 40 are used.
    zone
        The reader's zone; default: the machine's.

    Examples
    --------
    >>> print(answer_text(Answer(headline="Nothing stands out.", missing=("There are no metrics.",))))
    Nothing stands out.
    <BLANKLINE>
    What is not known
      - There are no metrics.
    """
    lines = _Lines(max(40, width))
    lines.add(answer.headline)
    if answer.window is not None:
        lines.add(f"Looked at {window_text(answer.window, zone)}", "  ")
        if answer.baseline is not None:
            lines.add(f"compared with {window_text(answer.baseline, zone)}", "  ")
    if answer.progress:
        lines.add(answer.progress, "  ")
    lines.gap(if_any=answer.claims)
    for claim in answer.claims:
        lines.item(f"{claim.text}{_cites(claim.evidence)}")
    lines.heading("Likely causes", if_any=answer.hypotheses)
    for place, hypothesis in enumerate(answer.hypotheses, 1):
        _cause(lines, place, hypothesis, answer, zone)
    lines.heading("What differs", if_any=answer.findings)
    for finding in answer.findings[:_FINDINGS]:
        lines.item(f"{finding.sentence}{_cites(finding.evidence)}")
    if len(answer.findings) > _FINDINGS:
        lines.item(f"and {count(len(answer.findings) - _FINDINGS, 'more finding')}")
    lines.heading("What tells them apart", if_any=answer.checks)
    for check in answer.checks:
        _check(lines, check)
    lines.heading("Next steps", if_any=answer.recommendations)
    for place, step in enumerate(answer.recommendations, 1):
        _step(lines, place, step)
    similar = [f"{s.case_id} {s.title}{f': {s.cause}' if s.cause else ''} ({s.why})" for s in answer.similar]
    for title, texts in (
        ("Runbooks", answer.runbooks),
        ("Seen before", similar),
        ("What is not known", answer.missing),
        ("To ask next", answer.follow_ups),
    ):
        lines.heading(title, if_any=texts)
        for text in texts:
            lines.item(text)
    _narration(lines, answer)
    lines.heading("Evidence", if_any=answer.evidence)
    for entry in answer.evidence:
        _entry(lines, entry, zone)
    return str(lines)


class _Lines:
    def __init__(self, width: int) -> None:
        self._width = width
        self._lines: list[str] = []

    def add(self, text: str, first: str = "", rest: str | None = None) -> None:
        wrapped = textwrap.wrap(
            clip(one_line(text), 2000),
            self._width,
            initial_indent=first,
            subsequent_indent=first if rest is None else rest,
            break_on_hyphens=False,
        )
        self._lines += wrapped or [first.rstrip()]

    def item(self, text: str, mark: str = "-", indent: str = "  ") -> None:
        plain = one_line(mark)[:_MARK]
        self.add(text, f"{indent}{plain} ", indent + " " * (len(plain) + 1))

    def gap(self, *, if_any: Sized) -> None:
        if self._lines and len(if_any):
            self._lines.append("")

    def heading(self, text: str, *, if_any: Sized) -> None:
        self.gap(if_any=if_any)
        self._lines += [text] if len(if_any) else []

    def __str__(self) -> str:
        return "\n".join(self._lines)


def _cites(ids: tuple[str, ...]) -> str:
    return f" [{', '.join(ids)}]" if ids else ""


def _cause(lines: _Lines, place: int, hypothesis: Hypothesis, answer: Answer, zone: str | tzinfo | None) -> None:
    lines.item(hypothesis.cause, f"{place}.")
    standing = [hypothesis.id, hypothesis.confidence.value, hypothesis.status.value]
    standing.append(f"{hypothesis.mechanism.phrase} in {hypothesis.service or 'an unknown service'}")
    if hypothesis.onset is not None:
        standing.append(f"from {onset_text(hypothesis.onset, zone)}")
    if hypothesis.alternative_to:
        standing.append(f"the alternative to {hypothesis.alternative_to}")
    lines.add(" · ".join(part for part in standing if part), "     ")
    sides = arguments(hypothesis, answer.evidence, answer.findings)
    for mark, items, more in (
        ("+", sides.supporting, sides.more_supporting),
        ("−", sides.opposing, sides.more_opposing),
    ):
        for argument in _told(items, more):
            lines.item(argument, mark, "     ")


def _told(items: tuple[Argument, ...], more: int) -> Iterator[str]:
    for item in items:
        yield f"{item.sentence}{_cites(item.evidence)}"
    if more:
        yield f"and {more} more"


def _check(lines: _Lines, check: Check) -> None:
    lines.item(check.question, check.id or "-")
    indent = " " * (3 + min(len(one_line(check.id or "-")), _MARK))
    lines.add(check_expected(check), indent)
    if check.outcome == "open":
        asked = f"{check.source}: {check.query}" if check.source else check.command
        lines.add(f"$ {asked}", indent, f"{indent}  ")
    else:
        lines.add(f"{check_answer(check)}{_cites(check.evidence)}", indent)


def _step(lines: _Lines, place: int, step: Recommendation) -> None:
    lines.item(f"{step.action}{_cites(step.evidence)}", f"{step.id or place}.")
    if step.rationale:
        lines.add(step.rationale, "     ")
    for command in step.command.splitlines():
        lines.add(f"$ {command}", "     ", "       ")
    for name, text in (("Risk", step.risk), ("It helped if", step.verify), ("Way back", step.rollback)):
        if text:
            lines.add(f"{name}: {text}", "     ", "       ")


def _narration(lines: _Lines, answer: Answer) -> None:
    if answer.narration is None:
        return
    lines.heading(TITLE, if_any=TITLE)
    for mark, text in narrated(answer.narration):
        lines.item(text, mark) if mark else lines.add(text, "  ")


def _entry(lines: _Lines, entry: Evidence, zone: str | tzinfo | None) -> None:
    facts = [count(entry.rows, "row")]
    if entry.partial:
        facts.append("only the first rows are stored")
    if not entry.rerunnable:
        facts.append("cannot be run again")
    lines.item(f"{entry.label} ({', '.join(facts)})", entry.id)
    indent = " " * (3 + min(len(one_line(entry.id)), _MARK))
    if entry.window is not None:
        lines.add(window_text(entry.window, zone), indent)
    for note in entry.notes:
        lines.add(note, indent)
