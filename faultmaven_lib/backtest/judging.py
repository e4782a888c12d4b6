"""Hold what was said against the truth: the only place that sees both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from faultmaven_lib.analysis.wording import clean
from faultmaven_lib.backtest.collecting import kind_of
from faultmaven_lib.backtest.investigating import Said
from faultmaven_lib.backtest.measures import Row
from faultmaven_lib.model import Hypothesis, Truth
from faultmaven_lib.redaction import redactor

_ENOUGH = 200
"""Characters of a message that tell a change from others: a description is cut at 300."""


def judge(name: str, said: Said, truth: Truth, split: Mapping[str, str] | None = None) -> Row:
    """Return the row of one incident.

    The services of the hypotheses come first, in their order, then the others of the ranking behind them. Where no
    hypothesis was put forward nothing was named, whatever the ranking holds.
    """
    first = said.hypotheses[0] if said.hypotheses else None
    named = [h.service for h in said.hypotheses]
    kind = kind_of(truth)
    return Row(
        name=name,
        kind=kind,
        half=(split or {}).get(kind, ""),
        service=truth.service,
        mechanism=truth.mechanism,
        ranking=tuple(dict.fromkeys([*named, *said.ranked])) if first else (),
        said=first.cause if first else "",
        said_mechanism=first.mechanism if first else None,
        onset_error=_off(first, truth),
        innocent=len(truth.innocent_changes),
        blamed=_blamed(said.changes, truth.innocent_changes) if first else "",
        seconds=said.seconds,
        error=said.error,
        services=said.services,
        z_ranking=said.z_ranking,
    )


def _off(first: Hypothesis | None, truth: Truth) -> float | None:
    if first is None or truth.onset is None or not isinstance(first.onset, datetime):
        return None
    return (first.onset - truth.onset).total_seconds()


def _blamed(changes: Iterable[str], innocent: Iterable[str]) -> str:
    """Return the innocent change that one of the named changes is, by its message as the analysis describes it."""
    named = list(changes)
    for message in innocent:
        shown = clean(redactor().redact(message), _ENOUGH).removesuffix("…")
        if shown and any(shown in change for change in named):
            return message
    return ""
