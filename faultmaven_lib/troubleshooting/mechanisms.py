"""What mechanisms have to do with each other and with changes, and how a hypothesis is put into words."""

from __future__ import annotations

from faultmaven_lib.model import Confidence, Mechanism, Status

BY_CHANGE = frozenset(
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

EXPLAINS: dict[Mechanism, frozenset[Mechanism]] = {
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

_STANDING = {
    Confidence.STRONG: "the most likely cause, on strong evidence",
    Confidence.PROBABLE: "the probable cause",
    Confidence.SPECULATIVE: "a possible cause",
}


def sentence(service: str, mechanism: Mechanism, confidence: Confidence, status: Status = Status.OPEN) -> str:
    """Return the one sentence of a hypothesis, as its status and confidence stand."""
    what = f"{mechanism.phrase[0].upper()}{mechanism.phrase[1:]} in {service}"
    if status is Status.REFUTED:
        return f"{what} is not the cause."
    if status is Status.CONFIRMED:
        return f"{what} is the confirmed cause."
    return f"{what} is {_STANDING[confidence]}."
