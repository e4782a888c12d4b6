"""What each mechanism looks like in logs, metrics and changes: the signs that hypotheses are argued from.

A sign is deliberately loose about names: patterns match what software writes about a failure, never the name of
a service. Its weight says how much it tells: 1.0 names the mechanism in so many words, 0.3 merely fits it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from faultmaven_lib.model import Direction, Finding, FindingKind, Mechanism

Where = Literal["log", "metric", "trace", "change"]


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign of a mechanism."""

    mechanism: Mechanism
    where: Where
    pattern: re.Pattern[str]
    weight: float
    direction: Literal["up", "down", "any"] = "up"
    at: Literal["here", "callee"] = "here"
    """Whether the trouble is with the service that shows the sign, or with one that it calls."""


def _log(mechanism: Mechanism, weight: float, pattern: str, at: Literal["here", "callee"] = "here") -> Sign:
    return Sign(mechanism, "log", re.compile(pattern, re.IGNORECASE), weight, "any", at)


def _metric(mechanism: Mechanism, weight: float, pattern: str, direction: Literal["up", "down", "any"] = "up") -> Sign:
    return Sign(mechanism, "metric", re.compile(pattern, re.IGNORECASE), weight, direction)


def _change(mechanism: Mechanism, weight: float, pattern: str) -> Sign:
    return Sign(mechanism, "change", re.compile(pattern, re.IGNORECASE), weight, "any")


def _trace(mechanism: Mechanism, weight: float, pattern: str) -> Sign:
    return Sign(mechanism, "trace", re.compile(pattern, re.IGNORECASE), weight, "up")


M = Mechanism
SIGNS: tuple[Sign, ...] = (
    # Locks: databases say who waits; the pile-up behind them shows in the pool of whoever asks.
    _log(
        M.LOCK_CONTENTION, 1.0, r"still waiting for \S+lock|lock wait timeout|could not obtain lock|deadlock detected"
    ),
    _log(M.LOCK_CONTENTION, 0.9, r"acquired \S+lock on|lock[_ ]timeout|database is locked|process holding the lock"),
    _metric(M.LOCK_CONTENTION, 0.8, r"(?:^|_)(?:blocked|ungranted)(?:_|$)|wait.*lock|lock.*wait"),
    _metric(M.LOCK_CONTENTION, 0.4, r"(?:^|_)locks?(?:_|$)|idle_in_transaction"),
    _log(
        M.CONNECTION_POOL_EXHAUSTED,
        1.0,
        r"pool (?:is )?(?:exhausted|timeout|timed out)|queuepool limit|(?:couldn't get a|no (?:free |database |available )*)connection\b",
    ),
    _log(
        M.CONNECTION_POOL_EXHAUSTED, 0.9, r"too many (?:clients|connections)|remaining connection slots|connection pool"
    ),
    _metric(
        M.CONNECTION_POOL_EXHAUSTED, 0.5, r"pool.*(?:in_?use|active|checked_?out|waiting|pending|requests_waiting)"
    ),
    _metric(M.CONNECTION_POOL_EXHAUSTED, 0.3, r"connections?(?:_|$)"),
    _log(M.SLOW_QUERY, 0.6, r"slow query|duration: \d+\.?\d* ms\s+(?:statement|execute)|seq(?:uential)? scan"),
    _metric(M.SLOW_QUERY, 0.5, r"(?:seq|sequential)_?(?:scan|tup)|rows_fetched|tup_returned|query.*(?:duration|time)"),
    _log(M.CODE_ERROR, 0.3, r"traceback|exception"),
    _log(
        M.CODE_ERROR,
        0.8,
        r"unhandled exception|nullpointer|\b(?:key|type|attribute|value|index|name|assertion|zerodivision)error|panic:|segfault",
    ),
    _metric(M.CODE_ERROR, 0.2, r"(?:errors?|exceptions?|5xx|failures?)(?:_|$)"),
    _log(
        M.CONFIGURATION_ERROR,
        0.8,
        r"invalid (?:config|setting|option|value for)|unknown (?:directive|option|setting)|missing (?:required )?(?:env|config|setting)",
    ),
    _log(
        M.LIMIT_TOO_LOW,
        0.8,
        r"(?:limit|quota|maximum)\b.{0,40}(?:exceeded|reached)|too many (?:requests in flight|open)|exceeds the (?:limit|maximum)|limiting (?:requests|connections)|connections are not enough",
    ),
    # As a change that is named as the cause is described.
    _change(
        M.LIMIT_TOO_LOW,
        0.8,
        r"^config.*; lowers |; lowers .*(?:limit|max|rate|per_second|burst|quota|size|capacity|concurren|workers|threads|pool)",
    ),
    _log(M.MEMORY_LEAK, 0.5, r"memory (?:usage|pressure)|gc overhead|heap (?:usage|almost full)"),
    _metric(M.MEMORY_LEAK, 0.6, r"resident_memory|(?:^|_)rss(?:_|$)|heap|memory"),
    _log(
        M.OUT_OF_MEMORY,
        1.0,
        r"out of memory|oom[- _]?kill|java\.lang\.outofmemoryerror|\bmemoryerror|cannot allocate memory",
    ),
    # A cache that refuses to take more calls its error the same.
    _log(M.OUT_OF_MEMORY, 0.7, r"(?<!redis\.exceptions\.)(?<!java\.lang\.)outofmemoryerror"),
    _log(M.CPU_SATURATION, 0.7, r"cpu (?:throttl|starv|soft lockup)|event loop blocked|load average"),
    _metric(M.CPU_SATURATION, 0.7, r"(?:^|_)cpu(?:_|$)|load1|throttled"),
    _log(M.DISK_FULL, 1.0, r"no space left on device|disk (?:is )?full|disk quota exceeded|enospc"),
    _metric(M.DISK_FULL, 0.6, r"(?:filesystem|disk).*(?:avail|free)", "down"),
    _metric(M.DISK_SLOW, 0.6, r"(?:^|_)(?:disk|io|fsync)(?:_|$).*(?:latency|await|wait|time|duration)"),
    _log(M.FILE_DESCRIPTORS_EXHAUSTED, 1.0, r"too many open files|emfile"),
    _log(
        M.DEPENDENCY_TIMEOUT,
        0.7,
        r"(?:upstream|gateway|read|request|dependency|call|connect(?:ion)?)\b.{0,40}time(?:d)?[ -]?out|readtimeout|deadline exceeded",
        "callee",
    ),
    _log(
        M.DEPENDENCY_UNREACHABLE,
        0.9,
        r"connection refused|econnrefused|no route to host|host unreachable|upstream.*(?:unavailable|prematurely closed)",
        "callee",
    ),
    _log(
        M.DNS_FAILURE,
        1.0,
        r"name or service not known|temporary failure in name resolution|nxdomain|getaddrinfo|no such host|could not be resolved",
        "callee",
    ),
    _log(M.NETWORK_LOSS, 0.7, r"connection reset by peer|broken pipe|packet loss|network is unreachable", "callee"),
    _log(
        M.CERTIFICATE_EXPIRED,
        1.0,
        r"certificate (?:has )?expired|certificate verify failed|x509|not yet valid|sslv3 alert certificate",
        "callee",
    ),
    _log(
        M.AUTHENTICATION_FAILURE,
        0.9,
        r"password authentication failed|permission denied|unauthori[sz]ed|invalid (?:credentials|token)|access denied",
    ),
    _log(M.CACHE_EVICTION, 1.0, r"command not allowed when used memory"),
    _log(M.CACHE_EVICTION, 0.9, r"evict(?:ed|ing|ion)|maxmemory"),
    _metric(M.CACHE_EVICTION, 0.9, r"evict"),
    _metric(M.CACHE_EVICTION, 0.5, r"(?:cache|keyspace).*hit", "down"),
    _log(M.QUEUE_BACKLOG, 0.7, r"(?:queue|backlog|consumer lag)\b.{0,30}(?:full|grow|behind|lag|length)"),
    _metric(M.QUEUE_BACKLOG, 0.5, r"queue.*(?:length|depth|size|backlog|waiting|pending)|consumer_?lag|backlog"),
    _log(
        M.POISON_MESSAGE,
        0.9,
        r"(?:re)?(?:delivery|queued|trying|try) (?:attempt|message|job)|message .{0,40}failed.{0,40}retr|dead[- ]letter",
    ),
    _log(
        M.CLOCK_SKEW,
        1.0,
        r"clock (?:skew|drift)|token (?:is )?(?:not yet valid|used before issued|from the future)|timestamp .{0,30}in the future",
    ),
    _metric(M.CLOCK_SKEW, 1.0, r"clock_(?:offset|skew|drift)", "any"),
    _trace(M.DEPENDENCY_TIMEOUT, 0.6, r" delay before it is taken up$"),
    _log(M.RATE_LIMITED, 0.9, r"rate limit|too many requests|throttl(?:ed|ing)|\b429\b", "callee"),
    _log(
        M.PROCESS_CRASH,
        0.9,
        r"(?:worker|process|child|container)\b.{0,40}(?:exited|died|killed|crash|terminated|respawn)|sig(?:kill|segv|abrt)|core dumped",
    ),
    _metric(M.PROCESS_CRASH, 0.6, r"restarts?(?:_|$)|(?:^|_)up$", "any"),
    _log(M.NODE_FAILURE, 0.9, r"node .{0,30}(?:not ?ready|lost|down|unreachable)"),
    _log(M.DATA_CORRUPTION, 1.0, r"corrupt|checksum (?:mismatch|failed)|invalid page"),
    _log(
        M.SCHEMA_MISMATCH,
        1.0,
        r"(?:column|relation|table|field)\b.{0,60}(?:does not exist|not found|unknown)|unknown column|no such (?:table|column)|undefinedcolumn|undefinedtable",
    ),
)

_NEARLY = 0.15
_PASSED = 0.5
_TOLD = 0.9
"""What a span tells of a failure is mostly what the log says as well: it does not count as fully independent."""
_LOG_KINDS = {
    FindingKind.ERROR_TEMPLATE,
    FindingKind.NEW_TEMPLATE,
    FindingKind.GONE_TEMPLATE,
    FindingKind.REWORDED_TEMPLATE,
    FindingKind.SURGE,
    FindingKind.DIP,
}


def side(finding: Finding) -> Where:
    """Return where a finding comes from.

    A value that moved inside log lines (a latency field) reads like a metric.
    """
    if finding.kind is FindingKind.CHANGE_EVENT:
        return "change"
    if finding.kind in (FindingKind.EDGE_LATENCY, FindingKind.EDGE_ERRORS):
        return "trace"
    return "log" if finding.kind in _LOG_KINDS else "metric"


def signs_of(finding: Finding) -> list[Sign]:
    """Return the signs that a finding shows, the strongest of each mechanism only.

    Of a log message only those count that are about as strong as the strongest: a pool that "timed out" when its
    limit was reached says pool, not dependency or limit.
    """
    where = side(finding)
    if finding.kind is FindingKind.EDGE_ERRORS:
        return _of_failures(finding)
    if finding.kind in (FindingKind.GONE_TEMPLATE, FindingKind.DIP, FindingKind.REWORDED_TEMPLATE):
        return []  # an error message that went away, or has another text now, is no sign of the error
    text = f"{finding.subject}\n{finding.example}" if where == "log" else finding.subject
    signs = _strongest(SIGNS, where, text, finding.direction)
    if finding.kind is FindingKind.SPIKE:  # what passed is hardly what goes on: a process that starts is busy, too
        return [replace(sign, weight=round(sign.weight * _PASSED, 3)) for sign in signs]
    return signs


def signs_of_change(change: str) -> list[Sign]:
    """Return the signs in the description of a change that explains its service."""
    return _strongest(SIGNS, "change", change, "none")


def _of_failures(finding: Finding) -> list[Sign]:
    """Return the signs in what failing calls say: a log message of the caller, about the one that it calls."""
    logs = _strongest(SIGNS, "log", finding.example, finding.direction)
    return [replace(sign, where="trace", at="here", weight=round(sign.weight * _TOLD, 3)) for sign in logs]


def _strongest(signs: tuple[Sign, ...], where: Where, text: str, direction: Direction) -> list[Sign]:
    best: dict[Mechanism, Sign] = {}
    for sign in signs:
        if sign.where != where or (sign.direction not in ("any", direction)):
            continue
        if sign.pattern.search(text) and sign.weight > (best[sign.mechanism].weight if sign.mechanism in best else 0):
            best[sign.mechanism] = sign
    bar = max((sign.weight for sign in best.values()), default=0.0) - (_NEARLY if where == "log" else 1.0)
    return [sign for sign in best.values() if sign.weight >= bar]
