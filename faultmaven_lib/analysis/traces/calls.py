"""Calls out of spans: who calls whom, how long the caller waits, where that time passes, whether it fails."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from faultmaven_lib.analysis.traces.peers import addresses_of, peers_of
from faultmaven_lib.analysis.traces.spans import Array, Spans, read_spans

_OUTWARD = ("client", "producer")
_SECOND = 1_000_000_000


def read_calls(frame: pd.DataFrame, services: Collection[str] = ()) -> pd.DataFrame:
    """Find the calls in a frame of spans.

    A span whose parent is in another service was called by that one. A client or producer span without such a child
    calls what its attributes name: the address where another call found a service, ``peer.service``,
    ``server.address``, ``db.system``, ``messaging.system``. A consumer belongs to the producer that it links to.

    Parameters
    ----------
    frame
        Spans; ``trace, span, parent, service`` have to be there.
    services
        Names under which services are known elsewhere: ``postgresql`` is then the ``postgres`` of the logs.

    Returns
    -------
    DataFrame
        One row a call, by its start (UTC); ``caller`` is empty where a request comes from outside. Columns:
        ``caller, callee, operation, wait`` (seconds that the caller waits), ``own`` (seconds that pass in the callee
        itself), ``inner`` (seconds for which the callee waits for others), ``gap`` (seconds between the two sides:
        the network, a queue before the callee), ``alone`` (``own`` and ``gap``), ``error, own_error`` (the callee
        fails though nothing that it calls does), ``queued`` (the caller does not wait), ``offset`` (how much later
        the callee's clock shows the call, in seconds), ``message`` (of the failure), ``visit`` and ``from_visit``
        (numbers of the work that the call starts and of the work that makes it), ``row`` (of the span that dates
        the call, in order of time).
    """
    spans = read_spans(frame)
    entered, entry = spans.entries()
    rows = np.arange(len(spans))
    outward = np.isin(spans.kind, _OUTWARD)
    remote = entered & (spans.parent >= 0)
    callee_rows = rows[remote]
    caller_rows = spans.parent[callee_rows]
    by_client = outward[caller_rows]
    learned = addresses_of(spans, caller_rows[by_client], callee_rows[by_client])
    known = {*services, *spans.service.tolist()} - {""}
    answered = np.zeros(len(spans), dtype=bool)
    answered[caller_rows] = True
    nested = rows[outward & (spans.parent >= 0) & ~entered]
    answered[spans.parent[nested]] |= True  # a client span around another one is the same call
    lonely = rows[outward & ~answered]
    peers = peers_of(spans, lonely, known, learned)
    lonely, peers = lonely[peers != ""], peers[peers != ""]
    doors = rows[entered & (spans.parent < 0) & ~outward]
    from_link = spans.linked[doors]
    away = (from_link >= 0) & (spans.service[from_link] != spans.service[doors])

    # Without a span of the client, the caller waits for as long as the callee works.
    direct = ~by_client & (spans.kind[callee_rows] != "consumer")
    made = np.r_[caller_rows[by_client], lonely, callee_rows[direct]]
    made_for = entry[np.r_[caller_rows[by_client], lonely, caller_rows[direct]]]
    own, covered_error = _own_times(spans, made, made_for)
    # One row a call: answered ones, lonely ones, and what comes in from outside or by a message.
    caller_side = np.r_[caller_rows, lonely, np.where(away, from_link, -1)]
    callee_side = np.r_[callee_rows, np.full(len(lonely), -1), doors]
    has_callee, has_caller = callee_side >= 0, caller_side >= 0
    waits = has_caller & outward[caller_side] & ~np.r_[np.zeros(len(callee_rows) + len(lonely), dtype=bool), away]
    queued = has_caller & (
        (spans.kind[caller_side] == "producer") | (has_callee & (spans.kind[callee_side] == "consumer"))
    )
    waits &= ~(queued & has_callee)
    told = np.where(waits, caller_side, callee_side)
    wait = spans.duration[told]
    work = np.where(has_callee, spans.duration[callee_side], wait)
    own_time = np.where(has_callee, np.minimum(own[callee_side], work), wait)
    failed_there = has_callee & spans.error[callee_side]
    error = failed_there | (waits & spans.error[caller_side])
    messages = _messages(spans)
    gap = np.where(waits & has_callee, np.maximum(wait - work, 0.0), 0.0)
    calls = pd.DataFrame(
        {
            "caller": np.where(has_caller, spans.service[caller_side], ""),
            "callee": np.where(has_callee, spans.service[callee_side], np.r_[spans.service[callee_rows], peers,
                                                                             spans.service[doors]]),
            "operation": np.where(has_callee, spans.name[callee_side], spans.name[caller_side]),
            "wait": wait,
            "own": own_time,
            "inner": work - own_time,
            "gap": gap,
            "alone": own_time + gap,
            "error": error,
            "own_error": error & ~(has_callee & covered_error[callee_side]),
            "queued": queued,
            "offset": np.where(
                waits & has_callee, (spans.start[callee_side] - spans.start[caller_side]) / _SECOND, np.nan
            ),
            "message": np.where(
                error, np.where(failed_there & (messages[callee_side] != ""), messages[callee_side],
                                messages[caller_side]), ""
            ),
            "visit": callee_side,
            "from_visit": np.where(has_caller, entry[caller_side], -1),
            "row": told,
        }
    )  # fmt: skip
    start = np.where(waits, spans.start[caller_side], spans.start[callee_side])
    order = np.argsort(start, kind="stable")
    index = pd.DatetimeIndex(start[order].view("datetime64[ns]"), name="time").tz_localize("UTC")
    return calls.iloc[order].set_axis(index)


def _messages(spans: Spans) -> Array:
    message, kind = spans.text("status_message"), spans.text("error.type")
    return np.where(message == "", kind, message)


def _own_times(spans: Spans, calls: Array, made_for: Array) -> tuple[Array, Array]:
    """Return for every span how long it takes without the calls that are made for it, and whether any of them fails.

    Calls that overlap are counted once, and only by the clock of the service that makes them.
    """
    own = spans.duration.copy()
    failed = np.zeros(len(spans), dtype=bool)
    made_for, calls = made_for[made_for != calls], calls[made_for != calls]
    failed[made_for[spans.error[calls]]] = True
    known = np.isfinite(spans.duration[calls]) & np.isfinite(spans.duration[made_for])
    made_for, calls = made_for[known], calls[known]
    if not len(calls):
        return own, failed
    whole = np.round(spans.duration[made_for] * _SECOND).astype("int64")
    begin = np.clip(spans.start[calls] - spans.start[made_for], 0, whole)
    end = np.clip(begin + np.round(spans.duration[calls] * _SECOND).astype("int64"), 0, whole)
    order = np.lexsort((begin, made_for))
    made_for, begin, end = made_for[order], begin[order], end[order]
    group = np.cumsum(np.r_[0, np.diff(made_for) != 0])
    room = int(whole.max()) + 1
    # The furthest end so far within each group, by one running maximum over all of them.
    furthest = np.maximum.accumulate(end + group * room) - group * room
    before = np.r_[0, furthest[:-1]]
    before[np.r_[True, np.diff(made_for) != 0]] = 0
    covered = np.maximum(end - np.maximum(begin, before), 0) / _SECOND
    np.subtract.at(own, made_for, covered)
    return np.maximum(own, 0.0), failed
