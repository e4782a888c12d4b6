"""What to do about each mechanism: a check, a change, its risk, how to see that it helped, the way back.

Commands are suggestions to a person; nothing here is ever run. Those in ``command`` only read.
"""

from __future__ import annotations

from faultmaven_lib.model import Mechanism

Step = dict[str, str]


def _step(action: str, rationale: str, command: str, risk: str, verify: str, rollback: str) -> Step:
    return {
        "action": action,
        "rationale": rationale,
        "command": command,
        "risk": risk,
        "verify": verify,
        "rollback": rollback,
    }


_READ = "none: it only reads"
_NOTHING = "nothing to undo"


def _check(action: str, rationale: str, command: str, verify: str) -> Step:
    return _step(action, rationale, command, _READ, verify, _NOTHING)


M = Mechanism
PLAYBOOK: dict[Mechanism, tuple[Step, ...]] = {
    M.LOCK_CONTENTION: (
        _check(
            "Find the session that holds the lock in {service}.",
            "Waiters pile up behind one holder; who it is decides what may be done.",
            'psql -c "select pid, pg_blocking_pids(pid) as blocked_by, state, now() - xact_start as age, '
            "left(query, 80) from pg_stat_activity where state <> 'idle' order by xact_start\"",
            "One session blocks the others and is itself blocked by none.",
        ),
        _step(
            "End the transaction that holds the lock, at its client if it can be reached.",
            "The waiters go on as soon as the lock is released.",
            "",
            "its uncommitted work is lost; ask its owner first",
            "Waiting sessions fall to zero and the latency of callers returns to the baseline.",
            "the owner repeats the transaction",
        ),
        _step(
            "Set idle_in_transaction_session_timeout and lock_timeout for interactive and batch accounts.",
            "A forgotten transaction then ends by itself.",
            "psql -c 'show idle_in_transaction_session_timeout' -c 'show lock_timeout'",
            "long maintenance work under these accounts needs its own setting",
            "A test session that stays idle in a transaction is ended.",
            "reset the two settings",
        ),
    ),
    M.CONNECTION_POOL_EXHAUSTED: (
        _check(
            "See what the connections of {service} are doing.",
            "A pool runs dry because work is slow or because connections leak; the states tell which.",
            'psql -c "select application_name, state, count(*), max(now() - state_change) from pg_stat_activity '
            'group by 1, 2 order by 3 desc"',
            "Most are active (slow work) or idle in transaction (leak).",
        ),
        _step(
            "Raise the pool of {service} within what the database allows, or shed load.",
            "It buys time; it does not mend slow work behind it.",
            "",
            "more connections can overload the database",
            "Waits for a connection vanish and errors stop.",
            "restore the former pool size",
        ),
    ),
    M.SLOW_QUERY: (
        _check(
            "Look at the plan of the slowest statement of {service}.",
            "A missing index or stale statistics show as a sequential scan.",
            'psql -c "select calls, mean_exec_time, left(query, 80) from pg_stat_statements '
            'order by total_exec_time desc limit 10"',
            "One statement takes most of the time.",
        ),
    ),
    M.CODE_ERROR: (
        _check(
            "Read the first new traceback of {service} and the change it points to.",
            "A new exception right after a deploy names its file and line.",
            "kubectl rollout history deployment/{service}",
            "The file in the traceback is among the files of the last change.",
        ),
        _step(
            "Roll {service} back to the version before.",
            "It is the quickest way to a known state.",
            "",
            "a migration in the same deploy may not go back",
            "The new exception is no longer logged.",
            "deploy the newer version again",
        ),
    ),
    M.CONFIGURATION_ERROR: (
        _check(
            "Compare the running configuration of {service} with the one before.",
            "The refused setting is named in the log.",
            "kubectl rollout history deployment/{service}",
            "The setting in the message differs between the two.",
        ),
    ),
    M.LIMIT_TOO_LOW: (
        _check(
            "Compare the limit in force in {service} with its use.",
            "A limit below normal use refuses normal work.",
            "kubectl describe deployment/{service}",
            "Use stands at the limit, flat.",
        ),
    ),
    M.MEMORY_LEAK: (
        _check(
            "See whether the memory of {service} grows with time or with load.",
            "A leak grows though the load does not, and falls only at a restart.",
            "kubectl top pod -l app={service}",
            "Memory rises in a straight line between restarts.",
        ),
    ),
    M.OUT_OF_MEMORY: (
        _check(
            "Look for kills of {service} by the kernel.",
            "A killed process leaves its reason with the kernel or the kubelet, not in its own log.",
            "kubectl describe pod -l app={service}",
            "The last state is OOMKilled.",
        ),
    ),
    M.CPU_SATURATION: (
        _check(
            "See who uses the processor beside {service}.",
            "Contention shows as run queue and throttling, whoever causes it.",
            "kubectl top pod --sort-by=cpu -A",
            "One process uses what the others miss.",
        ),
    ),
    M.DISK_FULL: (
        _check(
            "Find what filled the file system of {service}.",
            "Logs, temporary files and a stuck replication slot are the usual three.",
            "df -h; df -i",
            "One mount stands at 100 %.",
        ),
    ),
    M.DISK_SLOW: (
        _check(
            "Read the disk latency of {service}.", "Slow writes stall every commit.", "iostat -x 5 3", "await is high."
        ),
    ),
    M.FILE_DESCRIPTORS_EXHAUSTED: (
        _check(
            "Count the open files of {service}.",
            "Sockets that are never closed look like this.",
            "ls /proc/$(pgrep -o -f {service})/fd | wc -l",
            "The count stands at the limit.",
        ),
    ),
    M.DEPENDENCY_TIMEOUT: (
        _check(
            "Measure {service} from the side of its caller.",
            "A dependency that is slow for all callers is itself the trouble; slow for one, the path is.",
            "curl -s -o /dev/null -w '%{time_connect} %{time_starttransfer}\\n' http://{service}/",
            "It connects at once and answers late, or does not connect.",
        ),
    ),
    M.DEPENDENCY_UNREACHABLE: (
        _check(
            "See whether {service} runs and listens.",
            "A refused connection means that nothing listens there.",
            "kubectl get endpoints {service}",
            "It has no ready endpoint.",
        ),
    ),
    M.DNS_FAILURE: (
        _check(
            "Resolve the name of {service}.",
            "Resolution fails before any connection.",
            "dig +short {service}",
            "No answer.",
        ),
    ),
    M.NETWORK_LOSS: (
        _check(
            "Look for resets and drops on the way to {service}.",
            "Loss shows on both ends.",
            "ss -ti",
            "Retransmits grow.",
        ),
    ),
    M.CERTIFICATE_EXPIRED: (
        _check(
            "Read the dates of the certificate that {service} presents.",
            "Clients refuse it from the second it ends.",
            "openssl s_client -connect {service}:443 </dev/null | openssl x509 -noout -dates",
            "notAfter lies in the past.",
        ),
    ),
    M.AUTHENTICATION_FAILURE: (
        _check(
            "Find which account {service} uses and when its secret changed.",
            "A rotated secret fails for who has not read it yet.",
            "kubectl describe secret -l app={service}",
            "The secret is younger than the process.",
        ),
    ),
    M.CACHE_EVICTION: (
        _check(
            "Compare the memory limit of {service} with its use.",
            "Evictions begin at the limit, and every miss goes to the database.",
            "redis-cli info stats",
            "evicted_keys grows and hits fall.",
        ),
    ),
    M.QUEUE_BACKLOG: (
        _check(
            "Compare what goes into the queue of {service} with what comes out.",
            "A backlog is too much work or too slow a worker.",
            "redis-cli llen queue",
            "The length grows.",
        ),
    ),
    M.POISON_MESSAGE: (
        _check(
            "Read the message that {service} tries again and again.",
            "One message that always fails blocks those behind it.",
            "redis-cli lrange queue 0 0",
            "The same message id recurs in the log.",
        ),
    ),
    M.CLOCK_SKEW: (
        _check(
            "Compare the clock of {service} with the others.",
            "Tokens and leases depend on it.",
            "timedatectl",
            "It is off.",
        ),
    ),
    M.LOAD_SURGE: (
        _check(
            "Compare the request rate with the baseline, by client.",
            "More work than ever explains slowness without any fault.",
            "kubectl top pod -A",
            "The rate rose before the latency did.",
        ),
    ),
    M.RATE_LIMITED: (
        _check(
            "Find whose limit {service} meets.",
            "The refusal names it.",
            "kubectl logs -l app={service}",
            "429 is logged.",
        ),
    ),
    M.PROCESS_CRASH: (
        _check(
            "Read the last lines before each exit of {service}.",
            "The reason stands just before the restart.",
            "kubectl logs -l app={service} --previous",
            "Every restart has the same last lines.",
        ),
    ),
    M.NODE_FAILURE: (
        _check(
            "See which node {service} ran on.", "All on one node fail together.", "kubectl get nodes", "It is NotReady."
        ),
    ),
    M.DATA_CORRUPTION: (
        _check(
            "Stop writes to {service} and find the first bad record.",
            "Each write may spread it.",
            "",
            "One table is named.",
        ),
    ),
    M.SCHEMA_MISMATCH: (
        _check(
            "Compare the schema that {service} expects with the one in place.",
            "A deploy ran ahead of its migration, or behind it.",
            "psql -c '\\d'",
            "The column in the message is missing.",
        ),
    ),
    M.UNKNOWN: (
        _check(
            "Read what {service} logged in the minute of the onset.",
            "No known sign fits; the lines around the onset are the next best witness.",
            "kubectl logs -l app={service} --since=15m",
            "A message stands there that the baseline does not have.",
        ),
    ),
}
