"""Mechanism: the closed list of ways in which things break."""

from __future__ import annotations

from enum import StrEnum


class Mechanism(StrEnum):
    """How a cause works. One closed, public list: a hypothesis that fits none of it is ``unknown``.

    Examples
    --------
    >>> Mechanism("lock_contention").phrase
    'lock contention'
    """

    LOCK_CONTENTION = "lock_contention"
    CONNECTION_POOL_EXHAUSTED = "connection_pool_exhausted"
    SLOW_QUERY = "slow_query"
    CODE_ERROR = "code_error"
    CONFIGURATION_ERROR = "configuration_error"
    LIMIT_TOO_LOW = "limit_too_low"
    MEMORY_LEAK = "memory_leak"
    OUT_OF_MEMORY = "out_of_memory"
    CPU_SATURATION = "cpu_saturation"
    DISK_FULL = "disk_full"
    DISK_SLOW = "disk_slow"
    FILE_DESCRIPTORS_EXHAUSTED = "file_descriptors_exhausted"
    DEPENDENCY_TIMEOUT = "dependency_timeout"
    DEPENDENCY_UNREACHABLE = "dependency_unreachable"
    DNS_FAILURE = "dns_failure"
    NETWORK_LOSS = "network_loss"
    CERTIFICATE_EXPIRED = "certificate_expired"
    AUTHENTICATION_FAILURE = "authentication_failure"
    CACHE_EVICTION = "cache_eviction"
    QUEUE_BACKLOG = "queue_backlog"
    POISON_MESSAGE = "poison_message"
    CLOCK_SKEW = "clock_skew"
    LOAD_SURGE = "load_surge"
    RATE_LIMITED = "rate_limited"
    PROCESS_CRASH = "process_crash"
    NODE_FAILURE = "node_failure"
    DATA_CORRUPTION = "data_corruption"
    SCHEMA_MISMATCH = "schema_mismatch"
    UNKNOWN = "unknown"

    @property
    def phrase(self) -> str:
        """The mechanism as it is written in a sentence."""
        return _PHRASES.get(self.value, self.value.replace("_", " "))


_PHRASES = {
    "connection_pool_exhausted": "an exhausted connection pool",
    "slow_query": "a slow query",
    "code_error": "a code error",
    "configuration_error": "a configuration error",
    "limit_too_low": "a limit that is too low",
    "memory_leak": "a memory leak",
    "out_of_memory": "exhausted memory",
    "cpu_saturation": "CPU saturation",
    "disk_full": "a full disk",
    "disk_slow": "a slow disk",
    "file_descriptors_exhausted": "exhausted file descriptors",
    "dependency_timeout": "a dependency that times out",
    "dependency_unreachable": "an unreachable dependency",
    "dns_failure": "DNS failure",
    "certificate_expired": "an expired certificate",
    "authentication_failure": "failing authentication",
    "queue_backlog": "a queue backlog",
    "poison_message": "a poison message",
    "load_surge": "a load surge",
    "rate_limited": "rate limiting",
    "process_crash": "a process crash",
    "node_failure": "a node failure",
    "schema_mismatch": "a schema mismatch",
    "unknown": "an unknown mechanism",
}
