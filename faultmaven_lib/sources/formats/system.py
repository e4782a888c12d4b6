"""What operating systems write: syslog in its three dresses, dpkg, apt, klog."""

from __future__ import annotations

import re

from faultmaven_lib.sources.formats.shape import Format, Record
from faultmaven_lib.sources.levels import WORDS, level_of

_TAIL = r"(?P<host>[\w.:-]+) (?P<service>[\w./@()+-]{1,64}?)(?:\[(?P<pid>\d+)\])?: ?(?P<message>.*)$"
_RFC3164 = re.compile(r"^(?:<(?P<priority>\d{1,3})>)?(?P<time>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?) " + _TAIL)
# A file that a daemon writes itself has no host in it.
_NO_HOST = re.compile(
    r"^(?P<time>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?) "
    r"(?P<service>[\w./@+-]{1,64})\[(?P<pid>\d+)\]: (?P<message>.*)$"
)
_DNS_QUERY = re.compile(r"query\[(?P<query_type>\w{1,12})\] (?P<domain>\S{1,255}) from (?P<client>\S{1,64})")
_DNS_ANSWER = re.compile(
    r"(?:reply|cached|forwarded|config|/etc/hosts) (?P<domain>\S{1,255}) (?:is|to) (?P<answer>\S{1,255})"
)
_ISO_SYSLOG = re.compile(
    r"^(?:<(?P<priority>\d{1,3})>)?(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)) "  # noqa: ISC003 (one of them is an f-string)
    # A level in the place of host or program: not syslog, but a program's own format.
    + rf"(?!(?:\S+ )?[\[(]?(?:{WORDS})\b)"
    + _TAIL,
    re.IGNORECASE,
)
_RFC5424 = re.compile(
    r"^<(?P<priority>\d{1,3})>\d{1,2} (?P<time>\S+) (?P<host>\S+) (?P<service>\S+) (?P<pid>\S+) (?P<msgid>\S+) "
    r"(?:-|(?P<data>(?:\[(?:[^\]\\\"]|\\.|\"(?:[^\"\\]|\\.)*\")*\])+)) ?(?P<message>.*)$"
)
_DATUM = re.compile(r'([\w.@-]{1,32})="((?:[^"\\]|\\.)*)"')
_WORD = re.compile(
    r"^\W{0,3}(trace|debug|info|notice|warn|warning|error|err|crit|critical|fatal|alert|emerg|panic)\b\W", re.IGNORECASE
)
_DPKG = re.compile(
    r"^(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?P<message>(?P<action>startup|status|install|upgrade|configure|"
    r"trigproc|triggers-\w+|remove|purge|disappear|conffile) (?P<rest>.*))$"
)
_APT = re.compile(r"^(?P<head>Start-Date|Log started): (?P<time>\d{4}-\d\d-\d\d\s+\d\d:\d\d:\d\d)$")
_KLOG = re.compile(
    r"^(?P<level>[IWEF])(?P<time>\d{4} \d\d:\d\d:\d\d\.\d+)\s+(?P<pid>\d+) (?P<where>\S+:\d+)\] (?P<message>.*)$"
)
_LEVELS = {"I": "info", "W": "warning", "E": "error", "F": "fatal"}


def _syslog(match: re.Match[str]) -> Record:
    record: Record = {k: v for k, v in match.groupdict().items() if v is not None and v != "-"}
    record.setdefault("message", "")
    priority = record.pop("priority", None)
    if priority is not None:
        record["level"] = level_of(int(priority) % 8)
    elif word := _WORD.match(record["message"]):
        record["level"] = word[1]
    if record["service"].startswith("dnsmasq") and (
        dns := _DNS_QUERY.match(record["message"]) or _DNS_ANSWER.match(record["message"])
    ):
        record.update(dns.groupdict())
    return record


def parse_rfc3164(line: str) -> Record | None:
    """Read ``Nov 22 10:00:00 host program[pid]: message``, also with an ISO time as newer daemons write it."""
    match = _RFC3164.match(line) or _ISO_SYSLOG.match(line)
    if match is not None:
        return _syslog(match)
    match = _NO_HOST.match(line)
    if match is None:
        return None
    record = _syslog(match)
    record["program"] = record.pop("service")  # a file that a daemon writes itself is named for its service
    return record


def parse_rfc5424(line: str) -> Record | None:
    """Read ``<34>1 2026-11-22T10:00:00Z host program pid msgid [data] message``."""
    match = _RFC5424.match(line) if line.startswith("<") else None
    if match is None:
        return None
    record = _syslog(match)
    for name, value in _DATUM.findall(record.pop("data", "")):
        record.setdefault(name if name not in ("time", "level", "source", "line") else name + "_", value)
    record["message"] = record["message"].removeprefix("\ufeff")
    return record


def parse_dpkg(line: str) -> Record | None:
    """Read dpkg.log: action, state and package are fields."""
    match = _DPKG.match(line)
    if match is None:
        return None
    record: Record = {
        "time": match["time"],
        "message": match["message"],
        "action": match["action"],
        "service": "dpkg",
    }
    words = match["rest"].split()
    if match["action"] == "status" and len(words) > 1:
        record["state"], record["package"] = words[0], words[1]
    elif words and match["action"] not in ("startup", "conffile"):
        record["package"] = words[0]
    return record


def parse_apt(line: str) -> Record | None:
    """Read the first line of a transaction in apt's history.log or term.log; the others continue it."""
    match = _APT.match(line)
    return None if match is None else {"time": match["time"], "message": match["head"], "service": "apt"}


def parse_klog(line: str) -> Record | None:
    """Read what Kubernetes' own components write."""
    match = _KLOG.match(line)
    if match is None:
        return None
    record: Record = match.groupdict()
    record["level"] = _LEVELS[record["level"]]
    return record


SYSLOG = Format("syslog", parse_rfc3164)
SYSLOG_5424 = Format("syslog 5424", parse_rfc5424)
DPKG = Format("dpkg", parse_dpkg)
APT = Format("apt", parse_apt, multiline=True)
KLOG = Format("klog", parse_klog, multiline=True)
