"""Probes: for each mechanism a question to the data whose answer it foretells, and others do not.

A probe says what is looked at, and how likely a yes is where its mechanism is at work in that service, where another
one is, and otherwise. The numbers are rules of thumb, not measurements: they order questions by how far they tell two
hypotheses apart, as the likelihood ratio of a diagnostic test does. Of what goes with nearly every trouble (a busy
processor, slow answers) a yes is foretold by many mechanisms, so that it tells little.

Patterns match what software calls things, never the name of a service; they are in RE2, which all sources understand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from faultmaven_lib.model import Mechanism

How = Literal["rises", "falls", "grows", "moves", "appears", "found"]


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to answer a probe."""

    kind: Literal["metrics", "logs", "traces"]
    pattern: str
    """Of the names of metrics, of the text of messages, of the subjects of findings from traces."""
    how: How
    whose: Literal["own", "anyone"] = "own"
    """Whether the service itself shows it, or whoever has to do with it."""
    instead: bool = False
    """Used only where no reading before it can be had."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A question, how it can be answered, and how likely a yes is under which mechanism."""

    question: str
    readings: tuple[Reading, ...]
    likely: float = 0.9
    other: float = 0.1
    also: Mapping[Mechanism, float] = field(default_factory=dict)
    """Other mechanisms in the same service under which a yes is more likely than otherwise."""

    @property
    def of_anyone(self) -> bool:
        """Whether the answer does not depend on the service."""
        return all(reading.whose == "anyone" for reading in self.readings)


def _metric(pattern: str, how: How = "rises", *, instead: bool = False) -> Reading:
    return Reading("metrics", pattern, how, instead=instead)


def _log(pattern: str, whose: Literal["own", "anyone"] = "own") -> Reading:
    return Reading("logs", pattern, "appears", whose)


def _trace(pattern: str) -> Reading:
    return Reading("traces", pattern, "found")


M = Mechanism
PROBES: dict[Mechanism, Probe] = {
    M.LOCK_CONTENTION: Probe(
        "Do sessions of {service} wait for locks?",
        (
            _metric(r"blocked|ungranted|lock.*wait|wait.*lock"),
            _log(r"still waiting for \S+lock|lock wait timeout|could not obtain lock|deadlock detected|is locked"),
        ),
        0.95,
        0.05,
        {M.SLOW_QUERY: 0.25, M.LOAD_SURGE: 0.2},
    ),
    M.CONNECTION_POOL_EXHAUSTED: Probe(
        "Does work in {service} wait for a connection out of the pool?",
        (
            _log(
                r"pool (is )?(exhausted|timeout|timed out)|queuepool limit|too many (clients|connections)|"
                r"remaining connection slots|(get a|no (free |database |available )*)connection\b|connection pool"
            ),
            _metric(r"pool.*(waiting|pending|timeout)|(connections?|pool).*in_?use"),
        ),
        0.9,
        0.1,
        {M.LOCK_CONTENTION: 0.6, M.SLOW_QUERY: 0.6, M.DEPENDENCY_TIMEOUT: 0.4, M.LOAD_SURGE: 0.5},
    ),
    M.SLOW_QUERY: Probe(
        "Does {service} read far more rows or blocks than before?",
        (
            _metric(r"seq.*(scan|tup)|rows_(returned|fetched|read)|tup_(returned|fetched)|blocks_(hit|read)"),
            _log(r"slow query|duration: \d+|sequential scan"),
        ),
        0.85,
        0.1,
        {M.LOAD_SURGE: 0.7, M.CODE_ERROR: 0.3, M.LOCK_CONTENTION: 0.2, M.CACHE_EVICTION: 0.4},
    ),
    M.CODE_ERROR: Probe(
        "Does {service} log exceptions that the baseline does not have?",
        (
            _log(
                r"traceback \(most recent|unhandled exception|nullpointer|panic:|segfault|"
                r"\b(key|type|attribute|value|index|name|assertion|zerodivision)error"
            ),
        ),
        0.9,
        0.1,
        {M.SCHEMA_MISMATCH: 0.7, M.POISON_MESSAGE: 0.7, M.DISK_FULL: 0.5, M.CONFIGURATION_ERROR: 0.5,
         M.OUT_OF_MEMORY: 0.4, M.CONNECTION_POOL_EXHAUSTED: 0.4, M.CERTIFICATE_EXPIRED: 0.4},
    ),
    M.CONFIGURATION_ERROR: Probe(
        "Does {service} refuse a setting?",
        (
            _log(
                r"invalid (config|setting|option|value for)|unknown (directive|option|setting)|"
                r"missing (required )?(env|config|setting)|configuration (error|file)"
            ),
        ),
        0.85,
        0.05,
    ),
    M.LIMIT_TOO_LOW: Probe(
        "Does {service} turn work away because a limit is reached?",
        (
            _log(
                r"(limit|quota|maximum)\b.{0,40}(exceeded|reached)|limiting (requests|connections)|"
                r"exceeds the (limit|maximum)|too many (requests|open)|connections are not enough"
            ),
        ),
        0.9,
        0.05,
        {M.RATE_LIMITED: 0.7, M.LOAD_SURGE: 0.6, M.FILE_DESCRIPTORS_EXHAUSTED: 0.4, M.CONNECTION_POOL_EXHAUSTED: 0.4},
    ),
    M.MEMORY_LEAK: Probe(
        "Does the memory of {service} grow and grow?",
        (_metric(r"resident_memory|(^|_)rss(_|$)|heap|memory_(used|usage|working)|memory_bytes", "grows"),),
        0.9,
        0.1,
        {M.OUT_OF_MEMORY: 0.6, M.LOAD_SURGE: 0.2, M.CACHE_EVICTION: 0.3},
    ),
    M.OUT_OF_MEMORY: Probe(
        "Did {service} run out of memory?",
        (_log(r"out of memory|oom[- _]?kill|outofmemoryerror|\bmemoryerror|cannot allocate memory"),),
        0.85,
        0.05,
        {M.MEMORY_LEAK: 0.5, M.CACHE_EVICTION: 0.3},
    ),
    M.CPU_SATURATION: Probe(
        "Does work in {service} wait for the processor?",
        (_metric(r"cpu.*(wait|throttl|pressure|steal)|load1"), _metric(r"(^|_)cpu(_|$)", instead=True)),
        0.9,
        0.25,
        {M.LOAD_SURGE: 0.6, M.MEMORY_LEAK: 0.4, M.SLOW_QUERY: 0.4, M.CODE_ERROR: 0.3},
    ),
    M.DISK_FULL: Probe(
        "Did {service} run out of disk space?",
        (
            _metric(r"(filesystem|disk|volume).*(avail|free)", "falls"),
            _log(r"no space left|disk (is )?full|disk quota|enospc"),
        ),
        0.95,
        0.05,
    ),
    M.DISK_SLOW: Probe(
        "Does {service} wait longer for its disk?",
        (_metric(r"(disk|io|fsync|wal)_?.*(latency|await|wait|time|duration)"),),
        0.85,
        0.1,
        {M.SLOW_QUERY: 0.4, M.DISK_FULL: 0.2},
    ),
    M.FILE_DESCRIPTORS_EXHAUSTED: Probe(
        "Has {service} no file descriptor left?",
        (_log(r"too many open files|emfile"), _metric(r"open_fds|open_files|file_descriptors", "grows")),
        0.95,
        0.05,
        {M.CONNECTION_POOL_EXHAUSTED: 0.3, M.LOAD_SURGE: 0.3},
    ),
    M.DEPENDENCY_TIMEOUT: Probe(
        "Do calls to {service} take longer, seen from its callers?",
        (_trace(r"latency|own time|delay"), Reading("logs", r"timed? ?out|deadline exceeded", "appears", "anyone")),
        0.9,
        0.35,
        {M.LOCK_CONTENTION: 0.8, M.SLOW_QUERY: 0.8, M.CPU_SATURATION: 0.8, M.CONNECTION_POOL_EXHAUSTED: 0.7,
         M.LOAD_SURGE: 0.7, M.DISK_SLOW: 0.7},
    ),
    M.DEPENDENCY_UNREACHABLE: Probe(
        "Do callers fail to connect?",
        (
            _log(
                r"connection refused|econnrefused|no route to host|host unreachable|upstream.*prematurely closed",
                "anyone",
            ),
        ),
        0.9,
        0.15,
        {M.PROCESS_CRASH: 0.9, M.OUT_OF_MEMORY: 0.8, M.MEMORY_LEAK: 0.7, M.NODE_FAILURE: 0.9},
    ),
    M.DNS_FAILURE: Probe(
        "Do names no longer resolve?",
        (
            _log(
                r"name or service not known|temporary failure in name resolution|nxdomain|getaddrinfo|no such host|"
                r"could not be resolved",
                "anyone",
            ),
            Reading("metrics", r"(dns|lookup|resolv).*(error|fail)", "rises", "anyone"),
        ),
        0.95,
        0.05,
        {M.NETWORK_LOSS: 0.2, M.NODE_FAILURE: 0.2},
    ),
    M.NETWORK_LOSS: Probe(
        "Are connections reset or packets lost?",
        (
            _log(r"connection reset by peer|broken pipe|packet loss|network is unreachable", "anyone"),
            Reading("metrics", r"retrans|packet.*(drop|loss)|drop.*packet", "rises", "anyone"),
        ),
        0.85,
        0.15,
        {M.PROCESS_CRASH: 0.6, M.OUT_OF_MEMORY: 0.6, M.LIMIT_TOO_LOW: 0.3},
    ),
    M.CERTIFICATE_EXPIRED: Probe(
        "Are certificates refused?",
        (
            _log(
                r"certificate (has )?expired|certificate verify failed|certificate_verify_failed|x509|not yet valid|"
                r"alert certificate",
                "anyone",
            ),
        ),
        0.95,
        0.05,
        {M.CLOCK_SKEW: 0.3},
    ),
    M.AUTHENTICATION_FAILURE: Probe(
        "Are log-ins or tokens refused?",
        (
            _log(
                r"password authentication failed|permission denied|unauthori[sz]ed|invalid (credentials|token)|"
                r"access denied|authentication failed",
                "anyone",
            ),
        ),
        0.9,
        0.1,
        {M.CLOCK_SKEW: 0.5, M.CERTIFICATE_EXPIRED: 0.2},
    ),
    M.CACHE_EVICTION: Probe(
        "Does {service} push keys out before their time?",
        (_metric(r"evict"), _log(r"evict|maxmemory|command not allowed when used memory")),
        0.95,
        0.05,
        {M.LOAD_SURGE: 0.2},
    ),
    M.QUEUE_BACKLOG: Probe(
        "Does the queue of {service} get longer?",
        (_metric(r"queue.*(length|depth|size|backlog|waiting|pending)|(^|_)lag(_|$)|backlog"),),
        0.95,
        0.1,
        {M.POISON_MESSAGE: 0.85, M.DISK_FULL: 0.7, M.PROCESS_CRASH: 0.6, M.LOAD_SURGE: 0.6, M.CODE_ERROR: 0.6,
         M.DEPENDENCY_TIMEOUT: 0.5, M.CPU_SATURATION: 0.5},
    ),
    M.POISON_MESSAGE: Probe(
        "Does {service} try the same work again and again?",
        (
            _log(
                r"(goes|put|sent) back to the queue|re-?(deliver|queue)|retr(y|ying) (message|job)|dead[- ]letter|"
                r"message .{0,60}failed|(delivery|trying|try) (attempt|message|job)"
            ),
        ),
        0.9,
        0.1,
        {M.DISK_FULL: 0.6, M.CODE_ERROR: 0.4, M.DEPENDENCY_TIMEOUT: 0.3, M.DEPENDENCY_UNREACHABLE: 0.4},
    ),
    M.CLOCK_SKEW: Probe(
        "Is the clock of {service} off?",
        (_trace(r"clock"), _metric(r"clock_(offset|skew|drift)|time_offset", "moves")),
        0.95,
        0.05,
    ),
    M.LOAD_SURGE: Probe(
        "Does {service} get more requests than before?",
        (_metric(r"requests?(_processed)?_(per_second|rate|total)|(^|_)(qps|rps)(_|$)|commands_processed"),),
        0.95,
        0.15,
        {M.CACHE_EVICTION: 0.4},
    ),
    M.RATE_LIMITED: Probe(
        "Is {service} told to send less?",
        (_log(r"rate limit|too many requests|throttl(ed|ing)|\b429\b"),),
        0.9,
        0.05,
        {M.LIMIT_TOO_LOW: 0.7, M.LOAD_SURGE: 0.4},
    ),
    M.PROCESS_CRASH: Probe(
        "Did processes of {service} end and start again?",
        (
            _metric(r"restarts?(_|$)"),
            _metric(r"(^|_)up$", "falls"),
            _log(r"(worker|process|child|container)\b.{0,40}(exited|died|killed|crash|terminated|respawn)|core dumped"),
        ),
        0.9,
        0.1,
        {M.OUT_OF_MEMORY: 0.9, M.MEMORY_LEAK: 0.7, M.NODE_FAILURE: 0.9, M.DEPENDENCY_UNREACHABLE: 0.6},
    ),
    M.NODE_FAILURE: Probe(
        "Is a node down?",
        (_log(r"node .{0,30}(not ?ready|lost|down|unreachable)", "anyone"),),
        0.9,
        0.05,
    ),
    M.DATA_CORRUPTION: Probe(
        "Does {service} find damaged data?",
        (_log(r"corrupt|checksum (mismatch|failed)|invalid page"), _metric(r"checksum.*fail|corrupt")),
        0.95,
        0.02,
    ),
    M.SCHEMA_MISMATCH: Probe(
        "Does {service} ask for columns or tables that are not there?",
        (
            _log(
                r"(column|relation|table|field)\b.{0,60}(does not exist|not found|unknown)|unknown column|"
                r"no such (table|column)|undefinedcolumn|undefinedtable"
            ),
        ),
        0.95,
        0.05,
    ),
}  # fmt: skip
"""Of every mechanism but the unknown one."""
