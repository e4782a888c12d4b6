"""A sentence that restates one finding: the same service, the same thing, the same way, its numbers in their places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from faultmaven_lib.claims.facts import fold
from faultmaven_lib.model import Finding, FindingKind
from faultmaven_lib.troubleshooting.llm import vocabulary as say
from faultmaven_lib.troubleshooting.llm.figures import is_moment, is_value
from faultmaven_lib.troubleshooting.llm.reading import Token

_UNITS = frozenset("seconds second milliseconds ms us bytes total percent".split())
"""Parts of a metric's name that tell its unit: a sentence may leave them out."""
_COMES = frozenset({FindingKind.NEW_TEMPLATE, FindingKind.ERROR_TEMPLATE})
_GOES = frozenset({FindingKind.GONE_TEMPLATE, FindingKind.MISSING})
_LEAST_CUT = 40


def parts(subject: str) -> frozenset[str]:
    """Return the words of a metric's name that say what it measures; none if one of them would be read otherwise.

    Examples
    --------
    >>> sorted(parts("latency_p99_seconds")), sorted(parts("requests_not_served"))
    (['latency', 'p99'], [])
    """
    if not re.fullmatch(r"[A-Za-z][\w.:]*", subject):
        return frozenset()
    words = frozenset(w for w in re.split(r"[_.:]+", subject.lower()) if w) - _UNITS
    plain = all(re.fullmatch(r"[a-z]+\d*", w) and not say.is_judged(w) for w in words)
    return words if plain else frozenset()


def names_of(finding: Finding) -> set[str]:
    """Return what may stand in a sentence on a finding as a name."""
    subject = {finding.subject} if re.fullmatch(r"\S{1,120}", finding.subject) or "→" in finding.subject else set()
    return {finding.service} | subject | set(parts(finding.subject))


def is_quote(text: str, *whole: str) -> bool:
    """Whether a quote is one of some texts, or their beginning with a sign that it is cut."""
    wanted = fold(text)
    for candidate in filter(None, map(fold, whole)):
        if wanted == candidate:
            return True
        if wanted.endswith("…") and len(wanted) > _LEAST_CUT and candidate.startswith(wanted[:-1]):
            return True
    return False


def problems(tokens: Sequence[Token], finding: Finding, services: frozenset[str]) -> Iterator[str]:
    """Yield why a sentence does not restate a finding.

    Parameters
    ----------
    tokens
        Of the sentence, read with the names of the finding and of all services.
    finding
        The one that it cites.
    services
        All that are known, folded.
    """
    if _scattered(tokens, finding):
        yield f"takes the name {finding.subject[:80]} apart"
    if not _names_it(tokens, finding):
        yield f"does not say what {finding.id} is about: name its service and what moved"
    role = ""
    for place, token in enumerate(tokens):
        if token.kind == "word":
            yield from _word(tokens, place, finding)
            role = token.text if token.text in say.ROLES else role if token.text in say.ABOUT else ""
        elif token.kind == "number":
            yield from _number(token, role, finding)
        elif token.kind == "moment":
            yield from _moment(token, role, finding)
        elif token.kind == "count" and not _is_count(token.text, finding):
            yield f"says {token.text!r}, which {finding.id} does not"
        elif token.kind == "quote":
            yield from _quote(token, tokens[place - 1] if place else None, finding)
        elif token.kind == "name" and token.text in services and token.text != fold(finding.service):
            yield f"names {token.text}, where {finding.id} is about {finding.service}"
        if token.kind not in ("word", "mark"):
            role = ""


def _moment(token: Token, role: str, finding: Finding) -> Iterator[str]:
    if not is_moment(token.text, finding.onset):
        yield f"gives the time {token.text}, which is not the onset of {finding.id}"
    elif role not in ("", "at", "from"):
        yield f"puts the onset of {finding.id} behind {role!r}"


def _quote(token: Token, before: Token | None, finding: Finding) -> Iterator[str]:
    if not is_quote(token.text, finding.subject, finding.example):
        yield f"quotes {token.text[:80]!r}, which is not what {finding.id} is about"
    elif before is None or before.text not in say.SAYING | say.LINE | {":"}:
        yield "quotes a text without saying that it was logged"


def _names_it(tokens: Sequence[Token], finding: Finding) -> bool:
    if any(t.kind == "stored" for t in tokens):
        return True
    named = {t.text for t in tokens if t.kind == "name"}
    service = not finding.service or fold(finding.service) in named
    words = parts(finding.subject)
    told = fold(finding.subject) in named or (bool(words) and words <= named)
    quoted = any(t.kind == "quote" for t in tokens)
    new = finding.kind in _COMES and any(t.text == "new" for t in tokens)
    return service and (told or quoted or new)


def _scattered(tokens: Sequence[Token], finding: Finding) -> bool:
    """Whether parts of a metric's name stand anywhere but all together, once: "is dead" may come of dead_letters."""
    words = parts(finding.subject)
    at = [i for i, t in enumerate(tokens) if t.kind == "name" and t.text in words and t.text != fold(finding.service)]
    if not at or fold(finding.subject) in words:
        return False
    whole = any(t.kind == "name" and t.text == fold(finding.subject) for t in tokens)
    together = at[-1] - at[0] == len(at) - 1 and sorted(tokens[i].text for i in at) == sorted(words)
    return whole or not together


def _word(tokens: Sequence[Token], place: int, finding: Finding) -> Iterator[str]:
    word = tokens[place].text
    after = tokens[place + 1] if place + 1 < len(tokens) else None
    earlier = tokens[:place]
    if word in say.UP or word in say.DOWN:
        way = "up" if word in say.UP else "down"
        if finding.direction != way:
            went = f"went {finding.direction}" if finding.direction != "none" else "has no direction"
            yield f"says {word!r}, where {finding.id} {went}"
    elif word in say.NEW:
        behind = word == "new" and after is not None and after.text in say.LINE
        thing = any(t.kind == "quote" or t.text in say.LINE for t in earlier)
        if finding.kind not in _COMES or not (behind or (word != "new" and thing)):
            yield f"says {word!r}, which {finding.id} does not"
    elif word in say.GONE:
        before = earlier[-1] if earlier else None
        near = before is not None and (before.kind == "quote" or before.text in say.LINE | {"is", "was", "are", "has"})
        if finding.kind not in _GOES or not near:
            yield f"says {word!r}, which {finding.id} does not"
    elif word not in say.PLAIN | say.MOVING | say.LINE | say.SAYING | say.ABOUT and word not in say.ROLES:
        yield say.why_not(word)


def _number(token: Token, role: str, finding: Finding) -> Iterator[str]:
    said = f"{token.text} {token.unit}".strip()
    if role not in say.ROLES:
        yield f"gives the number {said} without saying what it is of {finding.id}: from, to, at or by"
        return
    field = say.ROLES[role]
    value: float | None = getattr(finding, field)
    if field == "size" and value is not None:
        value = abs(value)
    elif value is not None and value < 0:
        yield f"gives the number {said} without its sign"
    if not is_value(token.text, token.unit, value, finding.unit):
        yield (
            f"says {role} {said}, where {finding.id} has {field} {value:.6g} {finding.unit}".rstrip()
            if (value is not None)
            else f"says {role} {said}, which {finding.id} does not hold"
        )


def _is_count(text: str, finding: Finding) -> bool:
    """Whether a count stands in the stored sentence, with nothing behind it that would change what it counts."""
    return re.search(rf"(?<![\w,.]){re.escape(text)}(?=[,;.]|$)", finding.sentence) is not None
