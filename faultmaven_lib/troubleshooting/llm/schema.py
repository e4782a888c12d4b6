"""What a model is asked to answer with. It is asked, not trusted: the gate judges every field."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from faultmaven_lib.model import Dropped

MOST_SENTENCES, MOST_HYPOTHESES, MOST_QUERIES = 12, 3, 3
"""More than this is dropped unread."""
_LONGEST_KEPT = 600


def _text(value: Any) -> Any:
    return "" if value is None else value


def _ids(value: Any) -> Any:
    return [] if value is None else [value] if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_text), Field(max_length=4_000)]
Ids = Annotated[list[str], BeforeValidator(_ids), Field(max_length=50)]


def kept(text: str) -> str:
    """Return as much of a model's text as is kept of what was dropped: its beginning, as text that can be stored."""
    return text[:_LONGEST_KEPT].encode("utf-8", "replace").decode()


class _Said(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class SaidSentence(_Said):
    """A sentence, and what it claims to restate."""

    text: Text
    kind: Literal["observation", "cause", "order", "action", "question"] = "observation"
    evidence: Ids = Field(default_factory=list)
    """Ids of evidence, such as E3."""
    finding: Text = ""
    """Of an observation: the finding it restates, such as F2."""
    hypothesis: Text = ""
    """Of a cause: the hypothesis it restates, such as H1."""
    service: Text = ""
    direction: Literal["up", "down", "none", ""] = ""
    before: Text = ""
    """Of an order: the finding that came first."""
    after: Text = ""
    """Of an order: the finding that came later."""
    command: Text = ""
    """Of an action: a command that only reads."""


class SaidHypothesis(_Said):
    """A cause that is not among the hypotheses yet."""

    service: Text
    mechanism: Text
    evidence: Ids = Field(default_factory=list)


class SaidQuery(_Said):
    """A query that would tell more, in the language of its source."""

    source: Text
    query: Text
    evidence: Ids = Field(default_factory=list)


class Reply(_Said):
    """All that a model answers."""

    sentences: list[SaidSentence] = Field(default_factory=list)
    hypotheses: list[SaidHypothesis] = Field(default_factory=list)
    queries: list[SaidQuery] = Field(default_factory=list)


class NotInSchema(Exception):
    """A reply that is no JSON object of the schema; the message says what is wrong."""


def parse(text: str) -> tuple[Reply, list[Dropped]]:
    """Read a reply; an entry that does not fit is dropped, the others are kept.

    Raises
    ------
    NotInSchema
        If the reply as a whole is not what was asked for.

    Examples
    --------
    >>> reply, dropped = parse('{"sentences": [{"text": "See E1.", "evidence": "E1"}, {"evidence": 7}]}')
    >>> reply.sentences[0].evidence, dropped[0].reasons
    (['E1'], ('is not in the schema: text',))
    """
    fenced = re.fullmatch(r"\s*```(?:json)?\s*(.*?)\s*```\s*", text, re.DOTALL)
    try:
        found = json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError):
        raise NotInSchema("the reply is no JSON") from None
    if not isinstance(found, dict) or not any(name in found for name in Reply.model_fields):
        raise NotInSchema("the reply has none of sentences, hypotheses, queries")
    dropped: list[Dropped] = []
    kinds: tuple[tuple[str, type[_Said], int, Any], ...] = (
        ("sentences", SaidSentence, MOST_SENTENCES, "sentence"),
        ("hypotheses", SaidHypothesis, MOST_HYPOTHESES, "hypothesis"),
        ("queries", SaidQuery, MOST_QUERIES, "query"),
    )
    read: dict[str, list[Any]] = {}
    for name, kind, most, what in kinds:
        entries = found.get(name) or []
        if not isinstance(entries, list):
            raise NotInSchema(f"{name} is no list")
        read[name] = []
        for entry in entries[:most]:
            try:
                read[name].append(kind.model_validate(entry))
            except (ValidationError, RecursionError) as error:
                first = error.errors()[0]["loc"] if isinstance(error, ValidationError) else ("depth",)
                reason = f"is not in the schema: {'.'.join(map(str, first)) or 'an object is wanted'}"
                dropped.append(Dropped(what=what, text=_shown(entry), reasons=(reason,)))
        if len(entries) > most:
            reason = f"only the first {most} are read"
            dropped.append(Dropped(what=what, text=f"{len(entries) - most} more", reasons=(reason,)))
    return Reply(**read), dropped


def _shown(entry: Any) -> str:
    said = entry.get("text", entry) if isinstance(entry, dict) else entry
    return kept(said if isinstance(said, str) else str(said)[:_LONGEST_KEPT])


def json_schema() -> dict[str, Any]:
    """Return the schema as servers want it for structured output: all fields required, nothing beside them.

    Examples
    --------
    >>> sorted(json_schema()["required"])
    ['hypotheses', 'queries', 'sentences']
    """
    text = {"type": "string"}
    ids = {"type": "array", "items": text}
    sentence = {
        "text": text,
        "kind": {"type": "string", "enum": ["observation", "cause", "order", "action", "question"]},
        "evidence": ids,
        "finding": text,
        "hypothesis": text,
        "service": text,
        "direction": {"type": "string", "enum": ["up", "down", "none", ""]},
        "before": text,
        "after": text,
        "command": text,
    }
    return _object(
        sentences={"type": "array", "items": _object(**sentence)},
        hypotheses={"type": "array", "items": _object(service=text, mechanism=text, evidence=ids)},
        queries={"type": "array", "items": _object(source=text, query=text, evidence=ids)},
    )


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
