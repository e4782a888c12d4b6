"""A sentence about a cause: one of a few shapes, filled with the service and mechanism of one stored hypothesis."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from faultmaven_lib.claims.facts import fold
from faultmaven_lib.model import Confidence, Hypothesis, Mechanism, Status

_ADJECTIVES = {
    Confidence.SPECULATIVE: ("possible", "speculative"),
    Confidence.PROBABLE: ("possible", "probable", "likely"),
    Confidence.STRONG: ("possible", "probable", "likely", "most likely"),
}
"""How sure a sentence may be at each confidence: as sure as the hypothesis, or less."""
_ADVERBS = {
    Confidence.SPECULATIVE: ("possibly",),
    Confidence.PROBABLE: ("possibly", "probably", "likely"),
    Confidence.STRONG: ("possibly", "probably", "likely", "most likely"),
}
_BE = r"(?:is|was)"
_REFERENCES = r"(?: \((?:[EHF][1-9]\d*(?:, )?)+\))?"


def shape(hypothesis: Hypothesis, others: Iterable[Hypothesis] = ()) -> re.Pattern[str]:
    """Return what a whole sentence that restates a hypothesis looks like, folded and without its full stop.

    The group ``effect`` is what it is said to have caused, to be held against a finding of the hypothesis.

    Examples
    --------
    >>> h = Hypothesis(id="H1", service="db", mechanism="lock_contention", cause="…", confidence="probable")
    >>> bool(shape(h).fullmatch("the probable cause is lock contention in db"))
    True
    >>> bool(shape(h).fullmatch("lock contention in db is the cause"))
    False
    """
    service = re.escape(fold(hypothesis.service))
    what = rf"{_mechanism(hypothesis.mechanism)} (?:in|of|at) (?:the service )?{service}"
    if hypothesis.status is Status.REFUTED:
        # Another mechanism of the same service may still stand.
        alone = not any(h.service == hypothesis.service and h.status is not Status.REFUTED for h in others)
        subject = rf"(?:{what}|{service})" if alone else what
        forms = [rf"{subject} {_BE} not (?:the|a) cause"]
    elif hypothesis.status is Status.CONFIRMED:
        forms = [
            rf"(?:{what}|{service}) {_BE} the (?:confirmed |root )?cause",
            rf"the (?:confirmed |root )?cause {_BE} {what}",
            rf"(?P<effect>.+?),? (?:because of|due to|caused by) {what}",
        ]
    elif hypothesis.status is Status.OPEN:
        sure = "|".join(_ADJECTIVES[hypothesis.confidence])
        adverb = "|".join(_ADVERBS[hypothesis.confidence])
        article = r"a" if hypothesis.confidence is Confidence.SPECULATIVE else r"(?:a|the)"
        forms = [
            rf"(?:{what}|{service}) {_BE} {article} (?:{sure}) cause",
            rf"{article} (?:{sure}) cause {_BE} {what}",
            rf"(?P<effect>.+?),? (?:{adverb}) (?:because of|due to|caused by) {what}",
        ]
    else:  # given up or left open: nothing can be said of it as a cause
        return re.compile(r"(?!)")
    stored = re.escape(fold(hypothesis.cause).removesuffix("."))
    return re.compile(rf"(?:{'|'.join([*forms, stored])}){_REFERENCES}", re.IGNORECASE | re.ASCII)


def _mechanism(mechanism: Mechanism) -> str:
    phrase = fold(mechanism.phrase)
    bare = re.sub(r"^an? ", "", phrase)
    article = "an? |the " if bare != phrase else "the "
    return rf"(?:{article})?{re.escape(bare)}"


def problems(text: str, hypothesis: Hypothesis, others: Iterable[Hypothesis]) -> tuple[list[str], str]:
    """Return why a sentence does not restate a hypothesis, and what it says was caused by it, if anything."""
    match = shape(hypothesis, others).fullmatch(" ".join(text.split()).removesuffix("."))
    if match is not None:
        return [], match.groupdict().get("effect") or ""
    return list(_why(fold(text), hypothesis)), ""


def _why(text: str, hypothesis: Hypothesis) -> Iterator[str]:
    held = f"{hypothesis.id} ({hypothesis.status.value}, {hypothesis.confidence.value}): {hypothesis.cause}"
    others = [m.phrase for m in Mechanism if m is not hypothesis.mechanism and _bare(m) in text]
    if _bare(hypothesis.mechanism) not in text and others:
        yield f"names {others[0]} where {hypothesis.id} says {hypothesis.mechanism.phrase}"
    elif fold(hypothesis.service) not in text:
        yield f"does not name {hypothesis.service}, which {hypothesis.id} is about"
    else:
        yield f"does not say of the cause what the hypothesis says, or says it more surely: {held}"


def _bare(mechanism: Mechanism) -> str:
    return re.sub(r"^an? ", "", fold(mechanism.phrase))
