"""Actions and questions: they say nothing of what happened, so they may only name things, and look."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from faultmaven_lib.troubleshooting.llm import commands
from faultmaven_lib.troubleshooting.llm import vocabulary as say
from faultmaven_lib.troubleshooting.llm.reading import Token

_ACTION = say.DOING | say.THINGS | say.LINKS
_QUESTION = say.ASKING | say.THINGS | say.LINKS | say.DONE
_FIRST = frozenset("please also".split())


def action_problems(tokens: Sequence[Token], command: str, is_name: Callable[[str], bool]) -> Iterator[str]:
    """Yield why a sentence is no action that only looks, or its command not one that only reads."""
    words = [t.text for t in tokens if t.kind == "word"]
    first = next((w for w in words if w not in _FIRST), "")
    if first not in say.DOING or not tokens or tokens[0].kind != "word":
        yield f"asks for {first or 'something'!r}: an action may only ask to look, as in check, compare, read or list"
    yield from _others(tokens, _ACTION | _FIRST)
    if command.strip():
        yield from commands.problems(command.strip(), is_name)


def question_problems(tokens: Sequence[Token], command: str) -> Iterator[str]:
    """Yield why a sentence is no question to be answered by yes or no about things that are named."""
    if not tokens or tokens[0].text not in say.ASKING:
        yield "is no question that takes nothing for granted: begin with is, are, was, were, did, does, do, has or have"
    yield from _others(tokens, _QUESTION)
    if command.strip():
        yield "has a command, though it is a question"


def _others(tokens: Sequence[Token], allowed: frozenset[str]) -> Iterator[str]:
    for token in tokens:
        if token.kind == "word" and token.text not in allowed:
            yield say.why_not(token.text)
        elif token.kind in ("number", "count", "moment"):
            yield f"gives {token.text!r}, which belongs into a sentence on what was recorded"
        elif token.kind in ("quote", "stored"):
            yield "quotes a record: that belongs into a sentence on what was recorded"
