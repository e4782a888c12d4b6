"""Code, configuration, limits; and what fits nothing."""

from __future__ import annotations

from faultmaven_lib.model import Mechanism
from faultmaven_lib.troubleshooting.playbook.step import Step, change, check

M = Mechanism
RELEASES: dict[Mechanism, tuple[Step, ...]] = {
    M.CODE_ERROR: (
        check(
            "Read the first new traceback of {service} and the change it points to.",
            "A new exception right after a deploy names its file and line.",
            "kubectl rollout history deployment/{service}",
            "The file in the traceback is among the files of the last change.",
        ),
        change(
            "Take {service} back to the version before.",
            "It is the quickest way to a known state.",
            "kubectl rollout undo deployment/{service}",
            risk="a migration in the same deploy may not go back",
            verify="The new exception is no longer logged.",
            rollback="deploy the newer version again",
        ),
    ),
    M.CONFIGURATION_ERROR: (
        check(
            "Compare the running configuration of {service} with the one before.",
            "The refused setting is named in the log.",
            "kubectl rollout history deployment/{service}",
            "The setting in the message differs between the two.",
        ),
        change(
            "Bring back the configuration of {service} as it was.",
            "It is known to work.",
            "kubectl rollout undo deployment/{service}",
            risk="what the change was made for is undone as well",
            verify="{service} starts, and the message is no longer logged.",
            rollback="apply the newer configuration again",
        ),
    ),
    M.LIMIT_TOO_LOW: (
        check(
            "Compare the limit in force in {service} with its use.",
            "A limit below normal use refuses normal work.",
            "kubectl describe deployment/{service}",
            "Use stands at the limit, flat.",
        ),
        change(
            "Set the limit of {service} to what it was before, or above the highest normal use.",
            "What is refused now is normal work.",
            "",
            risk="the limit was set to protect something: see that what lies behind bears it",
            verify="Nothing is refused at the normal rate of requests.",
            rollback="set the lower limit again",
        ),
    ),
    M.UNKNOWN: (
        check(
            "Read what {service} logged in the minute of the onset.",
            "No known sign fits; the lines around the onset are the next best witness.",
            "kubectl logs -l app={service} --since=15m",
            "A message stands there that the baseline does not have.",
        ),
        change(
            "If customers suffer, take back the latest change near {service} without waiting for the cause.",
            "Most incidents begin with a change, and most changes can be taken back.",
            "kubectl rollout history deployment/{service}",
            risk="it may be the wrong change: take back one at a time, and look after each",
            verify="What alerted returns to the baseline.",
            rollback="apply the change again",
        ),
    ),
}
