"""Processor, memory, disks and machines."""

from __future__ import annotations

from faultmaven_lib.model import Mechanism
from faultmaven_lib.troubleshooting.playbook.step import Step, change, check

M = Mechanism
RESOURCES: dict[Mechanism, tuple[Step, ...]] = {
    M.MEMORY_LEAK: (
        check(
            "See whether the memory of {service} grows with time or with load.",
            "A leak grows though the load does not, and falls only at a restart.",
            "kubectl top pod -l app={service}",
            "Memory rises in a straight line between restarts.",
        ),
        change(
            "Restart {service}, one instance at a time.",
            "It frees what is held and buys as long as the memory took to fill.",
            "kubectl rollout restart deployment/{service}",
            risk="requests in flight are cut; what would explain the leak is lost: take a heap dump first",
            verify="Memory falls to its level after a start, and errors stop.",
            rollback="none is needed",
        ),
        change(
            "Take {service} back to the version before the growth began.",
            "A leak that began with a deploy is in its code.",
            "kubectl rollout undo deployment/{service}",
            risk="a migration in the same deploy may not go back",
            verify="Memory stays level under the same load.",
            rollback="deploy the newer version again",
        ),
    ),
    M.OUT_OF_MEMORY: (
        check(
            "Look for kills of {service} by the kernel.",
            "A killed process leaves its reason with the kernel or the kubelet, not in its own log.",
            "kubectl describe pod -l app={service}",
            "The last state is OOMKilled, or the kernel's log names the process.",
        ),
        change(
            "Raise the memory limit of {service}, or lower what it holds at once (workers, batch size, cache).",
            "It goes on working while it is found out why it needs more.",
            "kubectl set resources deployment/{service} --limits=memory=N",
            risk="the machine may run short; a leak only dies later",
            verify="It is not killed any more, and memory stays below the limit.",
            rollback="set the former limit again",
        ),
    ),
    M.CPU_SATURATION: (
        check(
            "See who uses the processor beside {service}.",
            "Contention shows as run queue and throttling, whoever causes it.",
            "kubectl top pod --sort-by=cpu -A",
            "One process uses what the others miss.",
        ),
        change(
            "Stop or move what uses the processor, or give {service} more of it.",
            "What waits for the processor goes on at once.",
            "kubectl set resources deployment/{service} --limits=cpu=N",
            risk="what is stopped was started by somebody for a reason",
            verify="Time spent waiting for the processor falls to the baseline, and latency with it.",
            rollback="start it again, or set the former limit",
        ),
    ),
    M.DISK_FULL: (
        check(
            "Find what filled the file system of {service}.",
            "Logs, temporary files and a stuck replication slot are the usual three.",
            "df -h; df -i; du -xh --max-depth=2 / | sort -h | tail -20",
            "One mount stands at 100 %, and one folder grows.",
        ),
        change(
            "Move or delete what may go, oldest first, and stop what writes it.",
            "A few percent of free space are enough for {service} to write again.",
            "",
            risk="deleted files do not come back; a file that is still open frees nothing until its process ends",
            verify="Free space stays level for some minutes, and writes succeed.",
            rollback="copy back what was moved",
        ),
        change(
            "Enlarge the volume of {service}, and alert on free space ahead of time.",
            "Where the growth is wanted, the place is too small.",
            "kubectl get pvc",
            risk="most volumes cannot be made smaller again",
            verify="The mount shows the new size.",
            rollback="none: plan the size",
        ),
    ),
    M.DISK_SLOW: (
        check(
            "Read the disk latency of {service}.",
            "Slow writes stall every commit.",
            "iostat -x 5 3",
            "await is high; with %util near 100 the disk is at its limit, without it the storage behind is slow.",
        ),
        change(
            "Stop what reads or writes beside {service} (backup, compaction, batch), or move it to another time.",
            "A disk serves all of them in turn.",
            "iotop -o -b -n 3",
            risk="the backup or batch is late",
            verify="await returns to the baseline, and commits are fast again.",
            rollback="start it again, at a lower priority",
        ),
    ),
    M.FILE_DESCRIPTORS_EXHAUSTED: (
        check(
            "Count the open files of {service}.",
            "Sockets that are never closed look like this.",
            "ls /proc/$(pgrep -o -f {service})/fd | wc -l",
            "The count stands at the limit.",
        ),
        change(
            "Restart {service}, one instance at a time, and raise its limit of open files.",
            "It frees all of them; the limit buys time until the leak is found.",
            "prlimit --pid $(pgrep -o -f {service}) --nofile",
            risk="requests in flight are cut; a leak fills any limit",
            verify="The number of open files stays level, and connections are accepted.",
            rollback="set the former limit again",
        ),
    ),
    M.LOAD_SURGE: (
        check(
            "Compare the request rate of {service} with the baseline, by client.",
            "More work than ever explains slowness without any fault.",
            "kubectl top pod -A",
            "The rate rose before the latency did.",
        ),
        change(
            "Add instances of {service}, or hold back the clients that send most.",
            "Either there is more to do the work with, or less work.",
            "kubectl scale deployment/{service} --replicas=N",
            risk="more instances load what lies behind them; a client that is held back gets errors",
            verify="Latency returns to the baseline at the same rate of requests.",
            rollback="scale back, or lift the limit",
        ),
    ),
    M.PROCESS_CRASH: (
        check(
            "Read the last lines before each exit of {service}.",
            "The reason stands just before the restart.",
            "kubectl logs -l app={service} --previous",
            "Every restart has the same last lines, or the same exit code.",
        ),
        change(
            "Take {service} back to the version before, if the exits began with a deploy.",
            "It is the quickest way to a process that stays up.",
            "kubectl rollout undo deployment/{service}",
            risk="a migration in the same deploy may not go back",
            verify="The number of restarts stands still.",
            rollback="deploy the newer version again",
        ),
    ),
    M.NODE_FAILURE: (
        check(
            "See which node {service} ran on.",
            "All on one node fail together.",
            "kubectl get nodes",
            "It is NotReady, and whatever stopped ran on it.",
        ),
        change(
            "Cordon the node, and let what ran on it start elsewhere.",
            "New work is kept off a machine that cannot do it.",
            "kubectl cordon NODE; kubectl drain NODE --ignore-daemonsets",
            risk="the other nodes have to bear the load; local data is not moved",
            verify="All instances of {service} are ready on other nodes.",
            rollback="kubectl uncordon NODE",
        ),
    ),
}
