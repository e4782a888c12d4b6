"""Words: how text becomes terms, the same way for a document and for a question."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from functools import lru_cache

_RUN = re.compile(r"[^\W_]+")
_SEAM = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[0-9])(?=[A-Z][a-z])")
_LONGEST = 40
"""A longer run of letters and digits is a digest or an encoded blob: nobody asks for it."""

_STOP = frozenset(
    """a am an and are as at be been being but by can could did do does doing for from had has have having he her him
    his how i if in into is it its itself just me my of on or our she should so such than that the their them
    then there these they this those through to us very was we were what when where which while who whom whose
    why will with would you your""".split()
)
"""Words that only hold a sentence together. "down", "not", "any", "out" and "up" say what an alert is about."""
_ROOT = re.compile(r"(.{4,})(?:ion|ment|ur)|(.{5,})(?:er|or)")  # "-ure" has lost its e


def terms(text: str) -> list[str]:
    """Return the terms of a text, in order, with repetitions.

    Names in camelCase and snake_case come apart, letters become small, common words go, and endings are
    cut so that *retries* meets *retrying*. Digits stay with their letters: ``p99``, ``5xx``, ``40P01``.

    Examples
    --------
    >>> terms("KubePodCrashLooping: the pod's container_restarts > 5")
    ['kube', 'pod', 'crash', 'loop', 'pod', 'contain', 'restart', '5']
    >>> terms("HTTPServer deadlock detected, error 40P01")
    ['http', 'server', 'deadlock', 'detect', 'error', '40p01']
    """
    return [term for term, _ in spelt(text)]


def spelt(text: str) -> Iterator[tuple[str, str]]:
    """Yield each term of a text with the word that it came from, for saying what matched.

    Examples
    --------
    >>> list(spelt("Retrying queries"))
    [('retry', 'Retrying'), ('query', 'queries')]
    """
    for run in _RUN.findall(text):
        for part in _SEAM.split(run):
            word = part.lower()
            if len(word) <= _LONGEST and word not in _STOP and (len(word) > 1 or word.isdigit()):
                yield stem(word), part


def parted(text: str) -> str:
    """Return a text with its names in camelCase and snake_case taken apart.

    Examples
    --------
    >>> parted("KubePodCrashLooping on kube_pod_status")
    'Kube Pod Crash Looping on kube pod status'
    """
    return _SEAM.sub(" ", text.replace("_", " "))


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Cut the commonest English endings off a word in small letters.

    A light stemmer: plurals as Harman's S stemmer has them (*How effective is suffixing?*, 1991), then -ing and
    -ed, then the nouns made of verbs. It leaves alone what has digits in it and what is short.

    Examples
    --------
    >>> [stem(w) for w in ("queries", "retries", "locked", "blocking", "running", "status", "p99", "dns")]
    ['query', 'retry', 'lock', 'block', 'run', 'status', 'p99', 'dns']
    >>> [stem(w) for w in ("failure", "failing", "expired", "expiration", "scheduler", "deployment", "server")]
    ['fail', 'fail', 'expir', 'expir', 'schedul', 'deploy', 'server']
    """
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return word
    return _verb(_inflected(_singular(word)))


def _verb(word: str) -> str:
    """Cut the ending that makes a noun of a verb."""
    if match := _ROOT.fullmatch(word):
        word = match[1] or match[2]
    # so that "saturated" and "saturation" are one term
    return word[:-2] if word.endswith("at") and len(word) > 6 else word


def _inflected(word: str) -> str:
    for ending in ("ing", "ed"):
        root = word.removesuffix(ending)
        if root != word and len(root) >= 3 and re.search("[aeiouy]", root):
            if root[-1] == root[-2] and root[-1] not in "lsz":
                root = root[:-1]
            return root.removesuffix("e")
    # so that "cache", "caches", "cached" and "caching" are one term
    return word.removesuffix("e") if len(word) > 4 else word


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4 and word[-4] not in "ae":
        return word[:-3] + "y"
    if word.endswith("es") and word[-3] not in "aeo":
        return word[:-1]
    if word.endswith("s") and word[-2] not in "us" and not word.endswith("is"):
        return word[:-1]
    return word


def term_id(term: str) -> int:
    """Return the place of a term in a sparse vector: 32 bits, the same in every process.

    Examples
    --------
    >>> term_id("deadlock") == term_id("deadlock") != term_id("lock")
    True
    """
    return zlib.crc32(term.encode())
