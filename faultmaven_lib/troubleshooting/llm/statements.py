"""SQL that only reads, and only how a PostgreSQL server is doing: a closed list of words, tables and functions."""

from __future__ import annotations

import re
from collections.abc import Callable

_KEYWORDS = frozenset(
    "select show from where and or not is null as order group by limit desc asc distinct between like in interval left "
    "join on case when then else end having filter".split()
)
_FUNCTIONS = frozenset(
    "count max min sum avg now left age coalesce pg_blocking_pids pg_database_size pg_total_relation_size "
    "pg_size_pretty date_trunc round greatest least length in and or filter".split()
)
_TABLES = re.compile(
    r"pg_stat_(?:activity|statements|database|user_tables|user_indexes|bgwriter|replication|all_tables)|pg_locks|"
    r"pg_settings|pg_database"
)
_COLUMNS = frozenset(
    "pid state query wait_event wait_event_type usename application_name datname client_addr xact_start query_start "
    "state_change backend_start backend_type calls mean_exec_time total_exec_time max_exec_time rows relname "
    "n_dead_tup n_live_tup seq_scan idx_scan last_autovacuum last_autoanalyze blks_hit blks_read numbackends deadlocks "
    "temp_bytes temp_files granted mode locktype relation name setting unit age blocked_by waiting sessions "
    "max_connections statement_timeout lock_timeout idle_in_transaction_session_timeout shared_buffers work_mem "
    "all".split()
)
_LITERAL = re.compile(r"'(?:idle in transaction|[a-z_]{0,30}|\d{1,4} (?:seconds?|minutes?|hours?))'")


def is_reading(statement: str, is_name: Callable[[str], bool] = lambda _: False) -> bool:
    """Whether an SQL statement only reads, and says nothing beside that.

    Parameters
    ----------
    statement
        One statement of PostgreSQL, without a semicolon.
    is_name
        Whether a word is a name that the cited evidence holds.

    Examples
    --------
    >>> is_reading("select count(*) from pg_stat_activity"), is_reading("select pg_terminate_backend(7)")
    (True, False)
    """
    bare = _LITERAL.sub(" ", statement)
    if not re.match(r"\s*(?:select|show)\b", bare) or not re.fullmatch(r"[\w\s.,()*=<>+%-]*", bare) or "--" in bare:
        return False
    for word in re.finditer(r"[^\W\d]\w*(?:\.\w+)?", bare):
        name, called = word.group(), re.match(r"\s*\(", bare[word.end() :]) is not None
        known = name in _FUNCTIONS if called else name in _KEYWORDS | _COLUMNS or _is_table(name) or is_name(name)
        if not known:
            return False
    # After "from" stands one of the tables, alone.
    return all(_is_table(t) and tail != "," for t, tail in re.findall(r"\b(?:from|join)\s+([\w.]+)\s*(,?)", bare))


def _is_table(name: str) -> bool:
    return _TABLES.fullmatch(name) is not None
