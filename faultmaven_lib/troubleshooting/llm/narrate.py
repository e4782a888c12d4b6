"""Let a model add to an answer: it is asked, what it says goes through the gate, and the answer stands without it."""

from __future__ import annotations

from collections.abc import Callable

from faultmaven_lib.exceptions import FaultMavenError
from faultmaven_lib.model import Answer, Dropped, Hypothesis, ModelCall, Narration
from faultmaven_lib.redaction import redactor
from faultmaven_lib.settings import settings
from faultmaven_lib.troubleshooting.board import Board
from faultmaven_lib.troubleshooting.llm import client, prompt, proposals
from faultmaven_lib.troubleshooting.llm.gate import Gate
from faultmaven_lib.troubleshooting.llm.schema import NotInSchema, json_schema, kept, parse
from faultmaven_lib.troubleshooting.llm.scope import Scope

Record = Callable[[str, str], None]
"""Enters an action and its detail into the audit log; raises ``FaultMavenError`` if it cannot."""


def narrate(answer: Answer, scope: Scope, board: Board, record: Record) -> Narration:
    """Ask the model that is set to add to an answer.

    Parameters
    ----------
    answer
        The deterministic answer, complete in itself.
    scope
        What is known of the incident: what the model is told of, and what the gate judges by.
    board
        Takes the hypotheses that it proposes.
    record
        The audit log. A request that cannot be recorded is not made.

    Returns
    -------
    Narration
        What passed the gate, what was dropped, and what the calls cost; only a note where no model is set or none
        answered.

    Raises
    ------
    MissingExtra
        If a model is set and its client is not installed.
    FaultMavenError
        If what is set cannot be used.
    """
    where = client.endpoint(settings())
    if isinstance(where, str):
        return Narration(note=f"The model was not asked: {where}.")
    calls: list[ModelCall] = []

    def done(call: ModelCall) -> None:
        calls.append(call)
        record("model answered" if call.outcome == "answered" else "model failed", _detail(call))

    try:
        user = prompt.data(answer, scope, redactor(always=True))
        reply = client.ask(
            where, prompt.SYSTEM, user, json_schema(), before=lambda line: record("model asked", line), after=done
        )
    except client.NoReply as error:
        return Narration(model=where.model, calls=tuple(calls), note=f"The model did not answer: {error}.")
    except FaultMavenError as error:  # of the audit log, or of the key for redaction
        note = f"The model's part is left out: {error}"
        return Narration(model=where.model, calls=tuple(calls), note=note)
    try:
        return _judged(reply, scope, board, where.model, calls)
    except Exception as error:  # noqa: BLE001 (whatever a model wrote, it must not cost the answer)
        note = f"What the model answered is left out: to judge it failed ({type(error).__name__})."
        return Narration(model=where.model, calls=tuple(calls), note=note)


def _judged(reply: str, scope: Scope, board: Board, model: str, calls: list[ModelCall]) -> Narration:
    try:
        said, unread = parse(reply)
    except NotInSchema as error:
        dropped = Dropped(what="reply", text=kept(reply), reasons=(str(error),))
        note = "What the model answered cannot be read."
        return Narration(model=model, dropped=(dropped,), calls=tuple(calls), note=note)
    passed, lost = Gate(scope).sentences(said.sentences)
    proposed, refused = proposals.hypotheses(said.hypotheses, scope, model)
    queries, unfit = proposals.queries(said.queries, scope)
    adopted: list[Hypothesis] = board.adopt(proposed)
    return Narration(
        model=model,
        sentences=tuple(passed),
        hypotheses=tuple(adopted),
        queries=tuple(queries),
        dropped=(*unread, *lost, *refused, *unfit),
        calls=tuple(calls),
        note="" if passed or adopted or queries else "Nothing that the model said could be held against the evidence.",
    )


def _detail(call: ModelCall) -> str:
    tokens = [f"{n} tokens {way}" for n, way in ((call.tokens_in, "in"), (call.tokens_out, "out")) if n is not None]
    cost = [f"cost {call.cost:.6g}"] if call.cost is not None else []
    told = ", ".join([call.outcome, f"{call.seconds:.3g} s", *(tokens or ["tokens not told"]), *cost])
    return f"{call.host}, model {call.model}, SHA-256 {call.sent_sha256[:16]}: {told}"
