"""The same alert in other words: synonyms, left-out words and another order, by a seed."""

from __future__ import annotations

import random
import re

_SYNONYMS = {
    "alert": "warning",
    "available": "reachable",
    "cluster": "group",
    "configuration": "config",
    "container": "process",
    "crashlooping": "restarting again and again",
    "critical": "severe",
    "detected": "seen",
    "disk": "volume",
    "down": "not running",
    "error": "failure",
    "errors": "failures",
    "exceeded": "passed",
    "expire": "run out",
    "expires": "runs out",
    "failed": "did not manage",
    "failing": "not working",
    "firing": "active",
    "full": "without space",
    "high": "large",
    "instance": "replica",
    "instances": "replicas",
    "last": "past",
    "latency": "response time",
    "less": "fewer",
    "longer": "more",
    "low": "small",
    "memory": "RAM",
    "minutes": "min",
    "missing": "absent",
    "more": "over",
    "network": "net",
    "node": "machine",
    "nodes": "machines",
    "not": "no longer",
    "pod": "workload",
    "pods": "workloads",
    "ready": "up",
    "requests": "calls",
    "restarted": "started again",
    "running": "active",
    "server": "host",
    "slow": "sluggish",
    "space": "room",
    "target": "endpoint",
    "targets": "endpoints",
    "unreachable": "out of reach",
    "usage": "use",
    "used": "taken",
    "waiting": "pending",
}
_DROPPED = 0.2
_SWAPPED = 0.6


def reworded(text: str, seed: int) -> str:
    """Return a text in other words: of the words that have a synonym most are replaced, a fifth of all is left out.

    Parts of sentences change their places; within a part the order stays.
    """
    rng = random.Random(f"{seed} {text}")
    parts = [part for part in re.split(r"(?<=[.,;:])\s+", text.strip()) if part]
    rng.shuffle(parts)
    return " ".join(filter(None, (_part(part, rng) for part in parts)))


def _part(part: str, rng: random.Random) -> str:
    said = []
    for word in part.split():
        bare = re.sub(r"\W", "", word).lower()
        if rng.random() < _DROPPED:
            continue
        said.append(_SYNONYMS[bare] if bare in _SYNONYMS and rng.random() < _SWAPPED else word)
    return " ".join(said)
