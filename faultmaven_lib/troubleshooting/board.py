"""Board: the hypotheses of one incident, as they are argued."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import pandas as pd

from faultmaven_lib.exceptions import UnknownEvidence
from faultmaven_lib.model import Confidence, Hypothesis, Mechanism, Status
from faultmaven_lib.troubleshooting.mechanisms import sentence

_COLUMNS = (
    "id cause service mechanism n_for n_against status confidence onset supports contradicts alternative_to".split()
)


class Board:
    """Holds hypotheses by id; evidence for and against is added, none is ever taken away.

    Examples
    --------
    >>> board = Board()
    >>> board.propose("db", Mechanism.DISK_FULL, ["E2"], by="ana").id
    'H1'
    >>> board.settle("H1", Status.REFUTED, by="ana").cause
    'A full disk in db is not the cause.'
    """

    def __init__(self, hypotheses: Iterable[Hypothesis] = ()) -> None:
        self._held = {h.id: h for h in hypotheses}

    def __iter__(self) -> Iterator[Hypothesis]:
        # What a model proposed stands behind all that was argued, whichever came first.
        return iter(sorted(self._held.values(), key=lambda h: h.only_proposed))

    def __len__(self) -> int:
        return len(self._held)

    def __getitem__(self, hypothesis_id: str) -> Hypothesis:
        try:
            return self._held[hypothesis_id]
        except KeyError:
            known = ", ".join(self._held) or "none yet: analyze() or propose() makes them"
            raise UnknownEvidence(f"there is no hypothesis {hypothesis_id}; held: {known}") from None

    def standing(self) -> list[Hypothesis]:
        """Return those that are neither refuted nor retired."""
        return [h for h in self if h.status not in (Status.REFUTED, Status.RETIRED)]

    def argued(self) -> list[Hypothesis]:
        """Return those standing, without what a model only proposed."""
        return [h for h in self.standing() if not h.only_proposed]

    def adopt(self, proposed: Iterable[Hypothesis]) -> list[Hypothesis]:
        """Take hypotheses over: one that is held already keeps its id, its status and what people added."""
        ids: dict[str, str] = {}
        adopted: list[Hypothesis] = []
        for hypothesis in proposed:
            same = (h for h in self if (h.service, h.mechanism) == (hypothesis.service, hypothesis.mechanism))
            held = next(same, None)
            if held is not None and held.only_proposed and len(held.reasons) == 1 and not hypothesis.proposed_by:
                # Argued now, no longer only proposed: nothing but its id is left of what the model said.
                leader = ids.get(hypothesis.alternative_to or "", hypothesis.alternative_to)
                merged = hypothesis.model_copy(update={"id": held.id, "alternative_to": leader})
            elif held is None:
                number = 1 + max((int(i[1:]) for i in self._held), default=0)
                leader = ids.get(hypothesis.alternative_to or "", hypothesis.alternative_to)
                merged = hypothesis.model_copy(update={"id": f"H{number}", "alternative_to": leader})
            else:
                merged = held.model_copy(
                    update={
                        side: tuple(dict.fromkeys([*getattr(held, side), *getattr(hypothesis, side)]))
                        for side in ("supports", "contradicts", "findings")
                    }
                )
            self._held[merged.id] = merged
            ids[hypothesis.id] = merged.id
            adopted.append(merged)
        return adopted

    def propose(self, service: str, mechanism: Mechanism, supports: Iterable[str], *, by: str) -> Hypothesis:
        """Put up a hypothesis of one's own; it starts as speculative."""
        new = Hypothesis(
            service=service,
            mechanism=mechanism,
            cause=sentence(service, mechanism, Confidence.SPECULATIVE),
            supports=tuple(supports),
            reasons=(f"proposed by {by}",),
        )
        return self.adopt([new])[0]

    def weigh(
        self, hypothesis_id: str, side: Literal["supports", "contradicts"], ids: Iterable[str], *, by: str
    ) -> Hypothesis:
        """Add evidence for or against; what speaks against costs an open hypothesis one step of confidence."""
        held, added = self[hypothesis_id], list(ids)
        word = "for" if side == "supports" else "against"
        update: dict[str, Any] = {
            side: tuple(dict.fromkeys([*getattr(held, side), *added])),
            "reasons": (*held.reasons, f"{by} added {', '.join(added)} {word} it"),
        }
        if side == "contradicts" and held.status is Status.OPEN:
            weaker = {Confidence.STRONG: Confidence.PROBABLE}.get(held.confidence, Confidence.SPECULATIVE)
            update |= {"confidence": weaker, "cause": sentence(held.service, held.mechanism, weaker)}
        return self._replace(held, update)

    def attach(self, hypothesis_id: str, *, runbooks: Iterable[str], similar: Iterable[str]) -> Hypothesis:
        """Note the runbooks that fit a hypothesis and the similar cases that had its mechanism."""
        return self._replace(self[hypothesis_id], {"runbooks": tuple(runbooks), "similar": tuple(similar)})

    def put_first(self, hypothesis_id: str) -> None:
        """Let a hypothesis lead; the others keep their order and become its alternatives."""
        self._order([self[hypothesis_id], *(h for h in self if h.id != hypothesis_id)])

    def put_last(self, hypothesis_id: str) -> None:
        """Put a hypothesis behind all others; it is not refuted by that."""
        self._order([*(h for h in self if h.id != hypothesis_id), self[hypothesis_id]])

    def _order(self, wanted: list[Hypothesis]) -> None:
        apart = (Status.REFUTED, Status.RETIRED)
        leader = next((h.id for h in wanted if h.status not in apart and not h.only_proposed), None)
        self._held = {h.id: h.model_copy(update={"alternative_to": None if h.id == leader else leader}) for h in wanted}

    def settle(self, hypothesis_id: str, status: Status, *, by: str) -> Hypothesis:
        """Give a hypothesis its status; its sentence says so."""
        held = self[hypothesis_id]
        words = sentence(held.service, held.mechanism, held.confidence, status)
        reasons = (*held.reasons, f"{status.value} by {by}")
        return self._replace(held, {"status": status, "cause": words, "reasons": reasons})

    def _replace(self, held: Hypothesis, update: dict[str, Any]) -> Hypothesis:
        self._held[held.id] = held.model_copy(update=update)
        return self._held[held.id]

    def frame(self) -> pd.DataFrame:
        """Return one row a hypothesis: cause, service, mechanism, n_for, n_against, status, confidence, evidence."""
        rows = [
            {
                "id": h.id,
                "cause": h.cause,
                "service": h.service,
                "mechanism": h.mechanism.value,
                "n_for": len(h.supports),
                "n_against": len(h.contradicts),
                "status": h.status.value,
                "confidence": h.confidence.value,
                "onset": h.onset,
                "supports": " ".join(h.supports),
                "contradicts": " ".join(h.contradicts),
                "alternative_to": h.alternative_to or "",
            }
            for h in self
        ]
        return pd.DataFrame(rows, columns=_COLUMNS).set_index("id")
