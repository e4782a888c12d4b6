"""Commands that only read: the closed list of what a model may propose to type. None of it is ever run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from faultmaven_lib.troubleshooting.llm.statements import is_reading

_LONGEST = 300
_RISKY = re.compile(r"[;&<>`$\\\n\r!*?{}\[\]#~^]|\|\|")
_NUMBER = re.compile(r"\d{1,6}[smhd]?")


@dataclass(frozen=True)
class Program:
    """What may follow the name of a program."""

    verbs: tuple[str, ...] = ()
    """One of these has to come first, if there are any; two words stand for a verb and its object."""
    flags: frozenset[str] = frozenset()
    """Flags without a value, or with one behind ``=``."""
    valued: frozenset[str] = frozenset()
    """Flags that take the next word."""
    words: frozenset[str] = frozenset()
    """Plain arguments that are no names."""
    named: bool = True
    """Whether names out of the evidence may be arguments."""
    sql: frozenset[str] = frozenset()
    """Flags whose value is one SQL statement that only reads."""


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_KINDS = _set(
    "pod pods po deployment deployments deploy service services svc endpoints ep node nodes event events replicaset "
    "replicasets statefulset statefulsets daemonset daemonsets job jobs cronjob cronjobs configmap configmaps ingress "
    "ingresses pvc hpa namespace namespaces"
)
PROGRAMS: dict[str, Program] = {
    "kubectl": Program(
        ("get", "describe", "logs", "top pod", "top pods", "top node", "top nodes", "rollout history", "rollout status",
         "events"),
        _set("-A --all-namespaces --previous -p --since --tail --no-headers --sort-by --timestamps"),
        _set("-n --namespace -l --selector -c --container --since --tail --sort-by"),
        _KINDS | _set("wide name cpu memory"),
    ),
    "psql": Program(flags=_set("-X -A -t -x"), valued=_set("-d"), sql=_set("-c --command")),
    "redis-cli": Program(
        ("info", "dbsize", "ping", "llen", "ttl", "slowlog get", "client list", "memory stats"),
        words=_set("stats memory clients server replication persistence cpu keyspace"),
    ),
    "df": Program(flags=_set("-h -i"), named=False),
    "free": Program(flags=_set("-h -m"), named=False),
    "uptime": Program(named=False),
    "ps": Program(flags=_set("-ef"), words=_set("aux"), named=False),
    "ss": Program(flags=_set("-s -t -i -ti -tn -tln -tlnp"), named=False),
    "iostat": Program(flags=_set("-x"), named=False),
    "vmstat": Program(named=False),
    "journalctl": Program(
        flags=_set("--no-pager -r"), valued=_set("-u -n -p"), words=_set("err warning crit info")
    ),
    "systemctl": Program(("status", "is-active", "list-units"), flags=_set("--no-pager --failed")),
    "dig": Program(flags=_set("+short")),
    "git": Program(("log", "show", "status"), flags=_set("--oneline --stat --name-only"), valued=_set("-n")),
    "docker": Program(
        ("ps", "logs", "stats", "top"), flags=_set("-a --no-stream --tail --since"), valued=_set("--tail --since")
    ),
    "helm": Program(("history", "status", "list"), flags=_set("-A"), valued=_set("-n --namespace")),
}  # fmt: skip
_FILTERS = {
    "head": Program(valued=_set("-n"), named=False),
    "tail": Program(valued=_set("-n"), named=False),
    "sort": Program(flags=_set("-n -r -rn -nr -u"), named=False),
    "uniq": Program(flags=_set("-c"), named=False),
    "wc": Program(flags=_set("-l"), named=False),
    "grep": Program(flags=_set("-i -c -v -E")),
}
"""What a command may be piped into."""


_TYPED = re.compile(
    r"(?i)(?<![\w.-])(?:sudo|rm|kubectl|psql|curl|wget|systemctl|docker|helm|bash|sh|python3?|perl|dd|mkfs\S*|chmod|chown|"
    r"kill|killall|pkill|iptables|ssh|scp|nc|terraform|aws|gcloud|redis-cli|git|shutdown|reboot)\s+[-/\w]|"
    r"\b(?:drop|truncate|alter)\s+(?:table|database|schema|user|role)\b|\bdelete\s+from\b"
)


def in_text(text: str) -> bool:
    """Whether a text holds something that could be typed as a command, be it in a quote.

    Examples
    --------
    >>> in_text("Please run kubectl delete pod shop now."), in_text("The pods of shop are new.")
    (True, False)
    """
    return _TYPED.search(text) is not None


def problems(command: str, is_name: Callable[[str], bool]) -> list[str]:
    """Return why a command is not known to read only; empty if it is on the list.

    Parameters
    ----------
    command
        One line, as it would be typed.
    is_name
        Whether a word is a name that the cited evidence holds.

    Examples
    --------
    >>> problems("kubectl get pods -l app=shop", lambda word: word == "shop")
    []
    >>> problems("kubectl delete pod shop", lambda word: word == "shop")
    ["proposes a command that is not on the list of those that only read: 'kubectl delete'"]
    """
    said = "proposes a command that is not on the list of those that only read: "
    if len(command) > _LONGEST or not command.isascii() or not command.isprintable():
        return ["proposes a command that is too long, or holds signs that cannot be judged"]
    outside = re.sub(r'"[^"`$\\]*"|\'[^\']*\'', "", command)
    if found := _RISKY.search(outside) or re.search(r"[`$\\]", command):
        return [f"{said}it holds {found.group()!r}"]
    try:
        stages = [shlex.split(part) for part in _split(command)]
    except ValueError:
        return ["proposes a command with a quote that is not closed"]
    for place, words in enumerate(stages):
        allowed = PROGRAMS if place == 0 else _FILTERS
        if not words or words[0] not in allowed:
            return [f"{said}{' '.join(words[:2])[:60]!r}"]
        if found_wrong := next(_wrong(words, allowed[words[0]], is_name), None):
            return [f"{said}{found_wrong[:80]!r}"]
    return []


def _split(command: str) -> list[str]:
    """Split at pipes outside of quotes."""
    parts, quote = [""], ""
    for character in command:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == "|":
            parts.append("")
            continue
        parts[-1] += character
    return parts


def _wrong(words: list[str], program: Program, is_name: Callable[[str], bool]) -> Iterator[str]:
    """Yield what is not allowed in a command."""
    rest = words[1:]
    if program.verbs:
        verb = next((v for v in program.verbs if rest[: len(v.split())] == v.split()), None)
        if verb is None:
            yield " ".join(words[:2])
            return
        rest = rest[len(verb.split()) :]
    while rest:
        word = rest.pop(0)
        flag, equals, value = word.partition("=")
        if word in program.sql:
            statement = rest.pop(0) if rest else ""
            if not is_reading(statement, is_name):
                yield statement or word
        elif word in program.valued:
            if not rest or not _is_value(rest.pop(0), program, is_name):
                yield word
        elif word.startswith("-"):
            # A number of lines may be written as -20 or --tail=20.
            plain = flag in program.flags and (not equals or _is_value(value, program, is_name))
            if not plain and not (words[0] in ("head", "tail") and re.fullmatch(r"-\d{1,6}", word)):
                yield word
        elif not _is_value(word, program, is_name) and word not in program.flags:
            yield word


def _is_value(text: str, program: Program, is_name: Callable[[str], bool]) -> bool:
    """Whether an argument is a number, a word of the program, or made of names out of the evidence."""
    if _NUMBER.fullmatch(text) or text in program.words:
        return True
    if not program.named or not re.fullmatch(r"[\w.:@/=-]{1,80}", text):
        return False
    if is_name(text):
        return True
    parts = re.split(r"[/=]", text)
    keys = program.words | {"app", "name", "tier", "component"}
    return len(parts) == 2 and parts[0] in keys and is_name(parts[1])
