"""What of a hit is shown: a few lines where it matched, and the words that did."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from faultmaven_lib.knowledge.words import spelt, terms

_LENGTH = 240
_WORDS = 6


def excerpt(text: str, matched: Collection[str]) -> str:
    r"""Return some 240 characters of a text from the line where most of the terms are.

    Examples
    --------
    >>> excerpt("First of all\nstay calm.\n\nThen look for locks\nin the database.", ["lock", "databas"])
    '… Then look for locks in the database.'
    """
    lines = [" ".join(line.split()) for line in text.split("\n") if not line.startswith(("```", "~~~"))]
    lines = [line for line in lines if line]
    if not lines:
        return ""
    wanted = set(matched)
    start = max(range(len(lines)), key=lambda i: (len(wanted.intersection(terms(lines[i][:2_000]))), -i))
    shown = " ".join(lines[start:])
    cut = shown[:_LENGTH]
    if len(shown) > _LENGTH:
        cut = f"{cut.rsplit(' ', 1)[0]} …"
    return f"… {cut}" if start else cut


def matched_words(matched: Sequence[str], question: str) -> list[str]:
    """Return services and mechanisms that matched and the weightiest terms, as the question spells them.

    Examples
    --------
    >>> matched_words(["queri", "query", "service=api"], "Slow queries")
    ['service api', 'queries']
    """
    words = dict[str, str]()
    for term, word in spelt(question):
        words.setdefault(term, word)
    marks = {term: term.replace("=", " ").replace("_", " ") for term in matched if "=" in term}
    told = [*marks.values(), *(words[term] for term in matched if term in words)]
    return list(dict.fromkeys(told))[:_WORDS]
