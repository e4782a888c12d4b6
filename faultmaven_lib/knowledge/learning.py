"""Learning: feedback on what was found is kept, shown, and taken back; it re-ranks later searches."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from faultmaven_lib.knowledge.lessons import Lesson, Ranked, lessons, reranked
from faultmaven_lib.knowledge.words import terms
from faultmaven_lib.model import Feedback, ItemKind, SimilarCase, Verdict
from faultmaven_lib.redaction import redactor
from faultmaven_lib.settings import settings

if TYPE_CHECKING:
    from faultmaven_lib.storage import Store

POOL = 30
"""Results that are looked at, at least: what was accepted in similar incidents may have been found far down."""
_LENGTH = 20_000


def situation(text: str, marks: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the terms by which a situation is remembered: those of a redacted text, and marks such as ``service=api``.

    Examples
    --------
    >>> situation("Pods wait for locks", ["service=db"])
    ('pod', 'wait', 'lock', 'service=db')
    """
    return tuple(dict.fromkeys([*terms(redactor().redact(text[:_LENGTH])), *("_".join(m.split()) for m in marks)]))


class Learner:
    """Keeps feedback and applies it; ``KnowledgeBase`` is one."""

    _feedback: tuple[int, list[Feedback]] | None = None

    @property
    def store(self) -> Store:
        """The database that the feedback is in."""
        raise NotImplementedError

    def accept(self, item: str, text: str) -> None:
        """Say that a document was what a question asked for; it then ranks higher for questions like it.

        Parameters
        ----------
        item
            Its path, as ``search`` returns it.
        text
            The question, or the alert.
        """
        self.remember("document", item, "accepted", situation(text))

    def reject(self, item: str, text: str) -> None:
        """Say that a document does not belong to a question; it then ranks lower for questions like it.

        One person's rejections put it at most last among the first five that were found.
        """
        self.remember("document", item, "rejected", situation(text))

    def remember(
        self, kind: ItemKind, item: str, verdict: Verdict, words: Iterable[str], *, case_id: str = ""
    ) -> Feedback:
        """Keep one piece of feedback in the database, with a line in the audit log."""
        given = Feedback(
            at=datetime.now(UTC),
            user=settings().user,
            kind=kind,
            item=item,
            verdict=verdict,
            words=tuple(words),
            case_id=case_id,
        )
        return self.store.keep_feedback([given])[0]

    def lessons(self, kind: ItemKind, words: Iterable[str]) -> dict[str, Lesson]:
        """Return what was learned of the items of a kind, for a situation; nothing if learning is off."""
        if not settings().learn:
            return {}
        return lessons(
            self._remembered(), kind, words, now=datetime.now(UTC), half_life=settings().learning_half_life_days
        )

    def learned(self) -> pd.DataFrame:
        """List what was learned.

        Returns
        -------
        DataFrame
            A row an item, the latest first: ``kind, item, accepted, rejected, confirmed`` (how often), ``users``
            (how many), ``last`` (UTC), ``counts`` (how much of it is left, after its age; 1 is one fresh voice).
        """
        rows: dict[tuple[str, str], list[Feedback]] = {}
        for one in self._remembered():
            rows.setdefault((one.kind, one.item), []).append(one)
        now, half_life = datetime.now(UTC), settings().learning_half_life_days
        table = [
            {
                "kind": kind,
                "item": item,
                **{verdict: sum(f.verdict == verdict for f in given) for verdict in _VERDICTS},
                "users": len({f.user for f in given}),
                "last": max(f.at for f in given),
                "counts": round(sum(0.5 ** ((now - f.at).total_seconds() / 86_400 / half_life) for f in given), 2),
            }
            for (kind, item), given in rows.items()
        ]
        columns = ["kind", "item", *_VERDICTS, "users", "last", "counts"]
        frame = pd.DataFrame(table, columns=columns).astype({"kind": "str", "item": "str"})
        frame["last"] = pd.to_datetime(frame["last"], utc=True)
        return frame.sort_values(["last", "item"], ascending=[False, True], ignore_index=True)

    def reset_learned(self, item: str | None = None) -> int:
        """Forget what was learned, all of it or of one item: every list is then as if it had never been.

        Returns
        -------
        int
            How many pieces of feedback were deleted. The audit log has a line about it.
        """
        return self.store.reset_feedback(item=item)

    def _remembered(self) -> list[Feedback]:
        version = self.store.feedback_version()
        held = self._feedback
        if held is None or held[0] != version:
            held = self._feedback = (version, self.store.feedback())
        return held[1]

    def _with_lessons(self, found: pd.DataFrame, text: str) -> pd.DataFrame:
        """Re-rank documents that were found by what was learned of them; ``why`` says it."""
        learned = self.lessons("document", situation(text)) if len(found) else {}
        if not learned.keys() & set(found["path"]):
            return found
        rows: dict[str, Any] = {str(row["path"]): row for row in found.to_dict("records")}
        order = reranked([Ranked(path, float(row["score"])) for path, row in rows.items()], learned)
        told = [
            rows[path] | {"score": round(score, 4), "why": _told(rows[path]["why"], learned.get(path))}
            for path, score in order
        ]
        frame = pd.DataFrame(told, columns=found.columns).astype(found.dtypes.to_dict())
        frame.attrs = dict(found.attrs)
        return frame

    def _cases_with_lessons(self, found: list[SimilarCase], words: Iterable[str]) -> list[SimilarCase]:
        learned = self.lessons("case", words) if found else {}
        if not learned:
            return found
        cases = {case.case_id: case for case in found}
        order = reranked([Ranked(case.case_id, case.score) for case in found], learned)
        return [
            cases[key].model_copy(update={"score": round(score, 4), "why": _told(cases[key].why, learned.get(key))})
            for key, score in order
        ]


_VERDICTS = ("accepted", "rejected", "confirmed")


def _told(why: str, lesson: Lesson | None) -> str:
    return why if lesson is None else f"{why}; {lesson}"
