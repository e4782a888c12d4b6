"""Hypotheses and queries that a model proposes: taken up only where the cited evidence carries them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from faultmaven_lib.claims.facts import Facts, fold
from faultmaven_lib.claims.language import NUMBER
from faultmaven_lib.exceptions import QuerySyntaxError
from faultmaven_lib.model import Confidence, Dropped, Hypothesis, Mechanism, ModelQuery, Source
from faultmaven_lib.sources.querying import parse_query
from faultmaven_lib.troubleshooting.llm import vocabulary as say
from faultmaven_lib.troubleshooting.llm.schema import SaidHypothesis, SaidQuery, kept
from faultmaven_lib.troubleshooting.llm.scope import Scope, can_name, services_of
from faultmaven_lib.troubleshooting.mechanisms import sentence

_LONGEST = 300
_LEVELS = frozenset("trace debug info notice warn warning error critical fatal panic".split())
_PROMQL = frozenset(
    "sum avg min max count stddev topk bottomk quantile rate irate increase delta deriv histogram_quantile by without "
    "avg_over_time max_over_time min_over_time sum_over_time count_over_time quantile_over_time changes absent abs "
    "clamp_max clamp_min round offset and or unless on ignoring group_left group_right bool le job instance service "
    "pod namespace container node app code status method".split()
)
_PIECE = re.compile(
    r"\s+|(?P<text>\"[^\"\\\n]*\"|'[^'\\\n]*')|(?P<span>\d+(?:ms|[smhdw]))|(?P<number>\d+(?:\.\d+)?)|"
    r"(?P<word>[A-Za-z_:][\w:]*)|[(){}\[\],]|=~|!~|!=|==|>=|<=|[=><+*/%-]",
    re.ASCII,
)


def hypotheses(said: Iterable[SaidHypothesis], scope: Scope, model: str) -> tuple[list[Hypothesis], list[Dropped]]:
    """Return the hypotheses that may be put up, speculative, and those that may not with the reasons."""
    taken: list[Hypothesis] = []
    dropped: list[Dropped] = []
    for one in said:
        held = [*scope.hypothesis.values(), *taken]
        evidence = tuple(dict.fromkeys(one.evidence))
        found = list(_not_carried(one, evidence, scope, held))
        if found:
            dropped.append(_dropped("hypothesis", f"{one.mechanism} in {one.service}", found))
            continue
        mechanism = Mechanism(one.mechanism)
        cause = sentence(one.service, mechanism, Confidence.SPECULATIVE)
        taken.append(
            Hypothesis(
                service=one.service,
                mechanism=mechanism,
                cause=f"{cause.removesuffix('.')}, proposed by a language model.",
                supports=evidence,
                reasons=(f"proposed by the language model {model}",),
                proposed_by=model,
            )
        )
    return taken, dropped


def _not_carried(
    one: SaidHypothesis, evidence: tuple[str, ...], scope: Scope, held: Iterable[Hypothesis]
) -> Iterator[str]:
    if one.mechanism not in {m.value for m in Mechanism if m is not Mechanism.UNKNOWN}:
        yield f"names the mechanism {one.mechanism[:60]!r}, which is not on the list"
    yield from (standing := scope.not_standing(evidence))
    if standing:
        return
    for entry in scope.cited(evidence):
        if not can_name(fold(one.service)) or one.service not in services_of(entry):
            yield f"cites {entry.id}, which tells nothing of {one.service[:80] or 'a service without a name'}"
    for hypothesis in held:
        if (hypothesis.service, hypothesis.mechanism.value) == (one.service, one.mechanism):
            yield f"is held already: {hypothesis.id or 'proposed twice'}, {hypothesis.status.value}"


def queries(said: Iterable[SaidQuery], scope: Scope) -> tuple[list[ModelQuery], list[Dropped]]:
    """Return the queries that may be shown, and those that may not with the reasons."""
    shown: list[ModelQuery] = []
    dropped: list[Dropped] = []
    for one in said:
        evidence = tuple(dict.fromkeys(one.evidence))
        found = scope.not_standing(evidence) or list(_not_a_query(one, scope))
        if found:
            dropped.append(_dropped("query", f"{one.source}: {one.query}", found))
        else:
            shown.append(ModelQuery(source=one.source, text=one.query.strip(), evidence=evidence))
    return shown, dropped


def _not_a_query(one: SaidQuery, scope: Scope) -> Iterator[str]:
    source = scope.sources.get(one.source)
    text = one.query.strip()
    if source is None:
        yield f"asks the source {one.source[:60]!r}, which is not connected"
    elif not text or len(text) > _LONGEST or not text.isascii() or not text.isprintable():
        yield "is empty, too long, or holds signs that cannot be judged"
    else:
        facts = scope.facts(scope.cited(one.evidence))
        yield from (_not_promql if _speaks_promql(source) else _not_for_files)(text, source, facts)


def _speaks_promql(source: Source) -> bool:
    return source.url.startswith("prometheus")


def _not_for_files(text: str, source: Source, facts: Facts) -> Iterator[str]:
    if "://" in source.url and not source.url.startswith("file:"):
        yield "is in a language that cannot be judged here"
        return
    try:
        terms = parse_query(text)
    except QuerySyntaxError as error:
        yield f"is not in the language of its source: {str(error).splitlines()[0]}"
        return
    for term in terms:
        yield from _unknown(term.field, facts, {"service", "level", "message"})
        yield from _unknown(term.value, facts, _LEVELS | say.THINGS)


def _not_promql(text: str, source: Source, facts: Facts) -> Iterator[str]:  # noqa: ARG001 (as _not_for_files)
    position, depth = 0, 0
    while position < len(text):
        piece = _PIECE.match(text, position)
        if piece is None:
            yield f"holds {text[position]!r}, which is not in the part of PromQL that is let through"
            return
        position = piece.end()
        depth += {"(": 1, "{": 1, "[": 1}.get(piece.group(), 0) - {")": 1, "}": 1, "]": 1}.get(piece.group(), 0)
        if piece["word"] and piece["word"] not in _PROMQL and not facts.has_word(piece["word"]):
            yield f"names {piece['word'][:60]!r}, which its evidence does not contain"
        if piece["text"]:
            yield from _unknown(piece["text"][1:-1], facts, _LEVELS)
        if depth < 0:
            break
    if depth:
        yield "has brackets that do not match"


def _unknown(text: str, facts: Facts, known: Iterable[str]) -> Iterator[str]:
    """Yield the words and numbers of a search term that the evidence does not contain."""
    for word in re.findall(r"[A-Za-z]{2,}", text):
        if word.lower() not in known and not facts.has_word(word):
            yield f"names {word[:60]!r}, which its evidence does not contain"
    for number in NUMBER.finditer(text):
        if not facts.has_number(number.group("digits")):
            yield f"gives the number {number.group('digits')}, which its evidence does not contain"


def _dropped(what: str, text: str, reasons: Iterable[str]) -> Dropped:
    why = tuple(dict.fromkeys(map(kept, reasons)))
    return Dropped.model_validate({"what": what, "text": kept(" ".join(text.split())), "reasons": why})
