"""Which change could explain what a service shows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pandas as pd

from faultmaven_lib.analysis.correlate import describe, events
from faultmaven_lib.analysis.suspects import Suspect, number_of

_WORD = re.compile(r"[A-Za-z][A-Za-z]{3,}")
_BORING = frozenset(
    "from with this that into have been were will when then than after before line lines file files test tests "
    "version update updated change changed changes bump release deploy deployment service services value values "
    "http https info error warn warning time times first never true false none null main index".split()
)


def plausible_change(
    suspect: Suspect, changes: pd.DataFrame | None, length: float, services: Iterable[str] = ()
) -> tuple[str, float, dict[str, Any]] | None:
    """Return the change that best explains a suspect: its description, how plausible it is (0 to 1), the event.

    A change has to touch the service and to precede the first symptom. What makes it plausible is that its
    message, files or diff speak of what the symptoms speak of. That it is close in time adds nothing: between
    a change and its effect there can be hours, and an innocent deploy is often closer.

    Parameters
    ----------
    suspect
        The service, with its findings.
    changes
        Change events, see ``timeline``.
    length
        Length of the incident, in seconds.
    services
        All services: their names explain nothing.
    """
    if changes is None or not len(changes):
        return None
    onset = suspect.onset
    symptoms = _words(" ".join(f"{f.subject} {f.example}" for f in suspect.findings if f.direction == "up"))
    names = _words(" ".join([suspect.service, *services]))
    best: tuple[str, float, dict[str, Any]] | None = None
    for event in events(changes):
        if event["service"] and event["service"] != suspect.service:
            continue
        at = event["time"].timestamp() if isinstance(event["time"], pd.Timestamp) else float(event["time"])
        if onset is not None and at > number_of(onset) + max(1.0, 0.02 * length):
            continue
        told = _words(" ".join(event[k] for k in ("message", "files", "diff"))) - names
        shared = len(told & (symptoms - names))
        if not event["service"] and not shared:
            continue
        plausibility = (0.25 if event["service"] else 0.0) + 0.25 * min(shared, 3)
        if best is None or plausibility > best[1]:
            best = (describe(event), plausibility, event)
    return best


def _words(text: str) -> frozenset[str]:
    return frozenset(w.lower() for w in _WORD.findall(text[:20_000])) - _BORING
