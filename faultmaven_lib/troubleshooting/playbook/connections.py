"""What lies between services: dependencies, names, networks, certificates, clocks."""

from __future__ import annotations

from faultmaven_lib.model import Mechanism
from faultmaven_lib.troubleshooting.playbook.step import Step, change, check

M = Mechanism
CONNECTIONS: dict[Mechanism, tuple[Step, ...]] = {
    M.DEPENDENCY_TIMEOUT: (
        check(
            "Measure {service} from the side of its caller.",
            "A dependency that is slow for all callers is itself the trouble; slow for one, the path is.",
            "curl -s -o /dev/null -w '%{time_connect} %{time_starttransfer}\\n' http://{service}/",
            "It connects at once and answers late, or does not connect.",
        ),
        change(
            "Let callers of {service} wait less and go without it where they can (time limit, breaker, cached answer).",
            "Callers that wait fill up themselves, and theirs after them.",
            "",
            risk="part of the function is missing meanwhile; a limit below its normal time cuts good answers",
            verify="Callers answer within their own limit; their requests in flight fall.",
            rollback="restore the former limits",
        ),
        change(
            "Tell the owner of {service}, with the latency and its onset.",
            "Only its owner can mend it.",
            "",
            risk="none",
            verify="Its latency returns to the baseline.",
            rollback="nothing to undo",
        ),
    ),
    M.DEPENDENCY_UNREACHABLE: (
        check(
            "See whether {service} runs and listens.",
            "A refused connection means that nothing listens there.",
            "kubectl get endpoints {service}",
            "It has no ready endpoint.",
        ),
        change(
            "Start {service} again, or point its callers at an instance that answers.",
            "They go on as soon as something listens.",
            "kubectl rollout restart deployment/{service}",
            risk="a process that ended for a reason ends again: read its last lines first",
            verify="Connections succeed, and no refusal is logged.",
            rollback="point the callers back",
        ),
    ),
    M.DNS_FAILURE: (
        check(
            "Resolve the names that callers cannot resolve, against {service} and against another server.",
            "Resolution fails before any connection; which server fails says whose fault it is.",
            "dig +short NAME @{service}; dig +short NAME",
            "No answer, or an address at which nothing is.",
        ),
        change(
            "Take back the last change of zone or resolver, or point resolvers at a server that answers.",
            "Names come back as soon as one server knows them.",
            "",
            risk="answers stay cached for their time to live, the wrong ones too",
            verify="The name resolves to the right address on every caller.",
            rollback="the zone file of before is kept",
        ),
    ),
    M.NETWORK_LOSS: (
        check(
            "Look for resets and drops on the way to {service}.",
            "Loss shows on both ends.",
            "ss -ti; ip -s link",
            "Retransmits or drops grow.",
        ),
        change(
            "Move traffic of {service} off the path that loses (zone, node, load balancer).",
            "Users are served while the path is mended.",
            "",
            risk="the other path has to bear all of it",
            verify="Retransmits fall, and resets are no longer logged.",
            rollback="move traffic back step by step",
        ),
    ),
    M.CERTIFICATE_EXPIRED: (
        check(
            "Read the dates of the certificate that {service} presents.",
            "Clients refuse it from the second it ends.",
            "openssl s_client -connect {service}:443 </dev/null | openssl x509 -noout -dates",
            "notAfter lies in the past.",
        ),
        change(
            "Renew the certificate of {service}, and let every process that holds it read it again.",
            "A process keeps the certificate that it read at its start.",
            "kubectl get certificate -A",
            risk="a wrong chain is refused just the same: try it with openssl verify first",
            verify="Handshakes succeed, and notAfter lies in the future.",
            rollback="the former certificate is kept, though it has ended",
        ),
        change(
            "Alert on the days that certificates have left, and find why this one was not renewed.",
            "The renewal that failed fails again in some months.",
            "",
            risk="none",
            verify="The alert fires on a test certificate.",
            rollback="remove the alert",
        ),
    ),
    M.AUTHENTICATION_FAILURE: (
        check(
            "Find which account {service} uses and when its secret changed.",
            "A rotated secret fails for who has not read it yet.",
            "kubectl describe secret -l app={service}",
            "The secret is younger than the process, or the account is locked.",
        ),
        change(
            "Restart those that use the old secret, or bring the old one back until they have read the new one.",
            "A process keeps the secret that it read at its start.",
            "kubectl rollout restart deployment/{service}",
            risk="a secret that was changed because it leaked must not come back",
            verify="Log-ins succeed, and no refusal is logged.",
            rollback="rotate again",
        ),
    ),
    M.CLOCK_SKEW: (
        check(
            "Compare the clock of {service} with the others.",
            "Tokens, leases and signatures depend on it.",
            "timedatectl; chronyc tracking",
            "It is off by more than what is tolerated, or is not synchronised.",
        ),
        change(
            "Synchronise the clock of {service}, slewing rather than stepping, and restart its time service.",
            "What it signs is accepted again as soon as its time is right.",
            "chronyc sources",
            risk="a clock that jumps back repeats times: jobs run twice, leases end early",
            verify="The offset is near zero, and refusals because of time stop.",
            rollback="none is needed",
        ),
    ),
    M.RATE_LIMITED: (
        check(
            "Find whose limit {service} meets.",
            "The refusal names it.",
            "kubectl logs -l app={service}",
            "429 is logged, with the name of the limit or of who refuses.",
        ),
        change(
            "Send less to it (spread calls, cache answers, wait longer between attempts), or ask for a higher limit.",
            "Attempts that follow each other closely keep the limit reached.",
            "",
            risk="part of the work is late",
            verify="No refusal is logged at the normal rate of calls.",
            rollback="restore the former rate",
        ),
    ),
}
