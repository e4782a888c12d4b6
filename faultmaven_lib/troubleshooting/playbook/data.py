"""Databases, caches and queues."""

from __future__ import annotations

from faultmaven_lib.model import Mechanism
from faultmaven_lib.troubleshooting.playbook.step import Step, change, check

M = Mechanism
DATA: dict[Mechanism, tuple[Step, ...]] = {
    M.LOCK_CONTENTION: (
        check(
            "Find the session that holds the lock in {service}.",
            "Waiters pile up behind one holder; who it is decides what may be done.",
            'psql -c "select pid, pg_blocking_pids(pid) as blocked_by, state, now() - xact_start as age, '
            "left(query, 80) from pg_stat_activity where state <> 'idle' order by xact_start\"",
            "One session blocks the others and is itself blocked by none.",
        ),
        change(
            "End the transaction that holds the lock, at its client if it can be reached.",
            "The waiters go on as soon as the lock is released.",
            "psql -c 'select pg_terminate_backend(PID)'",
            risk="its uncommitted work is lost; ask its owner first",
            verify="Waiting sessions fall to zero and the latency of callers returns to the baseline.",
            rollback="the owner repeats the transaction",
        ),
        change(
            "Set idle_in_transaction_session_timeout and lock_timeout for interactive and batch accounts.",
            "A forgotten transaction then ends by itself.",
            "psql -c 'show idle_in_transaction_session_timeout' -c 'show lock_timeout'",
            risk="long maintenance work under these accounts needs its own setting",
            verify="A test session that stays idle in a transaction is ended.",
            rollback="reset the two settings",
        ),
    ),
    M.CONNECTION_POOL_EXHAUSTED: (
        check(
            "See what the connections of {service} are doing.",
            "A pool runs dry because work is slow or because connections leak; the states tell which.",
            'psql -c "select application_name, state, count(*), max(now() - state_change) from pg_stat_activity '
            'group by 1, 2 order by 3 desc"',
            "Most are active (slow work), idle in transaction or idle though the pool says in use (leak).",
        ),
        change(
            "Restart {service}, one instance at a time, if connections leak.",
            "A leak fills every pool again, but the restart frees what is held now.",
            "kubectl rollout restart deployment/{service}",
            risk="requests in flight are cut; the leak goes on until its change is taken back",
            verify="Connections in use fall and callers get one at once.",
            rollback="none is needed",
        ),
        change(
            "Take back the last change of {service} that touches how connections are taken and given back.",
            "A pool that ran dry soon after a deploy is most often a connection that is no longer given back.",
            "kubectl rollout undo deployment/{service}",
            risk="a migration in the same deploy may not go back",
            verify="Connections in use stay level under the same load.",
            rollback="deploy the newer version again",
        ),
        change(
            "Raise the pool of {service} within what the database allows, or shed load.",
            "It buys time; it does not mend slow work behind it.",
            "psql -c 'show max_connections'",
            risk="more connections can overload the database",
            verify="Waits for a connection vanish and errors stop.",
            rollback="restore the former pool size",
        ),
    ),
    M.SLOW_QUERY: (
        check(
            "Look at the plan of the slowest statement of {service}.",
            "A missing index or stale statistics show as a sequential scan.",
            'psql -c "select calls, mean_exec_time, left(query, 80) from pg_stat_statements '
            'order by total_exec_time desc limit 10"',
            "One statement takes most of the time.",
        ),
        change(
            "Create the index that the plan lacks, or bring back the one that was dropped.",
            "A scan of the whole table becomes a look-up.",
            'psql -c "create index concurrently NAME on TABLE (COLUMN)"',
            risk="building it reads the whole table; without concurrently it blocks writes",
            verify="The plan shows an index scan and the latency returns to the baseline.",
            rollback="drop the index",
        ),
        change(
            "Bring the statistics up to date.",
            "Plans are chosen from statistics; after a bulk load they are of another table.",
            'psql -c "analyze TABLE"',
            risk="some reading; plans of other statements may change as well",
            verify="The plan of the statement changes and it is fast again.",
            rollback="none is needed",
        ),
    ),
    M.SCHEMA_MISMATCH: (
        check(
            "Compare the schema that {service} expects with the one in place.",
            "A deploy ran ahead of its migration, or behind it.",
            "psql -c '\\d'",
            "The column or table in the message is missing.",
        ),
        change(
            "Run the migration that is missing, or take the version of {service} back that needs it.",
            "Code and schema have to be of one release.",
            "kubectl rollout undo deployment/{service}",
            risk="a migration can lock a large table; taking code back fails where data of the new shape was written",
            verify="The message about the column or table is no longer logged.",
            rollback="the downward migration, or the newer version again",
        ),
    ),
    M.DATA_CORRUPTION: (
        check(
            "Find the first bad record in {service}, and since when.",
            "Each write may spread it; the time of the first says which backup is good.",
            'psql -c "select datname, checksum_failures, checksum_last_failure from pg_stat_database"',
            "One table or file is named again and again.",
        ),
        change(
            "Stop writes to {service}, and restore the damaged part from a backup into another place.",
            "What is damaged must not be read by replicas and backups as if it were good.",
            "",
            risk="no orders are taken meanwhile; what was written since the backup has to be brought in by hand",
            verify="A check of all pages finds nothing, and counts agree with the source of truth.",
            rollback="the damaged files are kept until then",
        ),
    ),
    M.CACHE_EVICTION: (
        check(
            "Compare the memory limit of {service} with its use.",
            "Evictions begin at the limit, and every miss goes to what lies behind the cache.",
            "redis-cli info memory stats",
            "used_memory stands at maxmemory, evicted_keys grows and keyspace_hits fall.",
        ),
        change(
            "Find who fills {service}, and stop it or give it a store of its own.",
            "One writer of large or endless keys pushes everybody else's out.",
            "redis-cli --bigkeys",
            risk="what that writer does stands still",
            verify="evicted_keys stands still and the share of hits returns to the baseline.",
            rollback="let it write again",
        ),
        change(
            "Raise maxmemory of {service} within what its machine has.",
            "It buys time while the writer is found.",
            "redis-cli config get maxmemory",
            risk="above the memory of the machine the kernel ends the process",
            verify="No key is evicted any more.",
            rollback="set the former maxmemory again",
        ),
    ),
    M.QUEUE_BACKLOG: (
        check(
            "Compare what goes into the queue of {service} with what comes out.",
            "A backlog is too much work, too slow a worker, or none.",
            "redis-cli llen QUEUE",
            "The length grows; the rate of done jobs says whether the workers are slow or stand still.",
        ),
        change(
            "Add workers to {service}, if what they wait for can bear it.",
            "Work that is only too much is done in parallel.",
            "kubectl scale deployment/{service} --replicas=N",
            risk="more load on the database and on what the workers call",
            verify="The length of the queue falls.",
            rollback="scale back to the former number",
        ),
    ),
    M.POISON_MESSAGE: (
        check(
            "Read the message that {service} tries again and again.",
            "One message that always fails blocks those behind it.",
            "redis-cli lrange QUEUE 0 0",
            "The same message id recurs in the log, with the same error.",
        ),
        change(
            "Move that message aside, to a dead-letter queue or a file, and keep it.",
            "Those behind it are worked on at once; what is wrong with it can be looked at later.",
            "",
            risk="its work is not done until somebody does it by hand",
            verify="The queue gets shorter and the error is no longer logged.",
            rollback="put the message back at the end of the queue",
        ),
        change(
            "Give {service} a largest number of attempts, after which a message is set aside.",
            "The next message of this kind then stops nobody.",
            "",
            risk="a message that would have succeeded later is set aside",
            verify="A test message that fails is set aside after so many attempts.",
            rollback="remove the setting",
        ),
    ),
}
