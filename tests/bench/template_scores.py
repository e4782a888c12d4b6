"""How well templates are found: group and template accuracy, and the corrections that are made before comparing.

GA (Zhu et al., "Tools and benchmarks for automated log parsing", ICSE-SEIP 2019) and PA (Dai et al., "Logram", IEEE TSE
2020) count lines; FGA and FTA (Jiang et al., "A large-scale evaluation for log parsing techniques", ISSTA 2024) count
groups and templates. Corrections: Khan et al., "Guidelines for assessing the accuracy of log message template
identification techniques", ICSE 2022; they also made the labels, so every parser that is compared gets them, and so do
the labels.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence

Scores = dict[str, float]

_ABSOLUTE_PATH = re.compile(r"(?:/[^/]+)+")
_ATTACHED = re.compile(r"[^\s/]*<\*>[^\s/]*")
_ALWAYS_VALUES = frozenset(("true", "false", "null", "root", "admin"))
_AROUND_PATHS = re.compile(r"([\s,!;:=|\"'\[\](){}])")
_AROUND_WORDS = re.compile(r"([\s,!;:=|\"'\[\](){}.\-+@#$%&])")


def corrected(template: str) -> str:
    """Return a template after the corrections.

    Examples
    --------
    >>> corrected("user  root read /etc/passwd in 12 ms from blk_<*>.<*>")
    'user <*> read <*> in <*> ms from <*>'
    """
    single = " ".join(template.split())
    paths = [_PLACE if _ABSOLUTE_PATH.fullmatch(part) else part for part in _AROUND_PATHS.split(single)]
    words = []
    for word in _AROUND_WORDS.split("".join(paths)):
        attached = _ATTACHED.fullmatch(word) is not None and word != "<*>/<*>"
        value = word.lower() in _ALWAYS_VALUES or word.isdecimal() or attached
        words.append(_PLACE if value else word)
    out = "".join(words)
    for several in (f"{_PLACE}.{_PLACE}", f"{_PLACE}{_PLACE}"):
        while several in out:
            out = out.replace(several, _PLACE)
    return out


_PLACE = "<*>"


def scores(predicted: Sequence[str], truth: Sequence[str], groups: Sequence[Hashable]) -> Scores:
    """Return GA, FGA, PA and FTA.

    Parameters
    ----------
    predicted, truth
        Template of every line.
    groups
        Group of every line, as the parser that predicted tells them apart.
    """
    true_size, size = Counter(truth), Counter(groups)
    pairs = Counter(zip(groups, truth, strict=True))
    right_groups = [g for (g, t), n in pairs.items() if n == size[g] == true_size[t]]
    truths_of = defaultdict(set)
    for text, true in zip(predicted, truth, strict=True):
        truths_of[text].add(true)
    right_templates = sum(truths == {text} for text, truths in truths_of.items())
    return {
        "GA": sum(size[g] for g in right_groups) / len(truth),
        "FGA": _f1(len(right_groups), len(size), len(true_size)),
        "PA": sum(a == b for a, b in zip(predicted, truth, strict=True)) / len(truth),
        "FTA": _f1(right_templates, len(truths_of), len(true_size)),
    }


def _f1(hits: int, predicted: int, true: int) -> float:
    return 2 * hits / (predicted + true) if hits else 0.0


def corrected_scores(predicted: Sequence[str], truth: Sequence[str], groups: Sequence[Hashable]) -> Scores:
    """Return the scores after the corrections, of labels and predictions alike."""
    known = {text: corrected(text) for text in {*predicted, *truth}}
    return scores([known[p] for p in predicted], [known[t] for t in truth], groups)


def mean(every: Iterable[Scores]) -> Scores:
    """Return the mean of each score."""
    every = list(every)
    return {name: sum(s[name] for s in every) / len(every) for name in every[0]}


def redrawn(labelled: Sequence[tuple[str, str]], n: int, *, words: bool, seed: int = 0) -> tuple[list[str], list[str]]:
    """Return n lines made of labelled ones, with other digits in their values; with ``words`` half of the letters, too.

    Examples
    --------
    >>> redrawn([("took 12 ms", "took <*> ms")], 2, words=False)
    (['took 66 ms', 'took 04 ms'], ['took <*> ms', 'took <*> ms'])
    """
    rng = random.Random(seed)
    cut = [_cut(line, template) for line, template in labelled]
    lines: list[str] = []
    for i in range(n):
        pieces = cut[i % len(cut)]
        lines.append("".join(_other(piece, rng, words) if odd % 2 else piece for odd, piece in enumerate(pieces)))
    return lines, [labelled[i % len(labelled)][1] for i in range(n)]


def _cut(line: str, template: str) -> list[str]:
    """Return what is fixed in a line and what is a value, in turns."""
    fixed = [re.sub(r"(?:\\ )+", r"\\s+", re.escape(piece)) for piece in template.split(_PLACE)]
    found = re.fullmatch("(.*?)".join(f"({piece})" for piece in fixed), line, re.DOTALL)
    return list(found.groups()) if found else [line]


def _other(value: str, rng: random.Random, words: bool) -> str:
    out = []
    for character in value:
        if character.isdigit():
            out.append(rng.choice("0123456789"))
        elif words and character.isalpha() and rng.random() < 0.5:
            out.append(rng.choice("abcdefghijklmnopqrstuvwxyz"))
        else:
            out.append(character)
    return "".join(out)
