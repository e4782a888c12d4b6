"""What the miner keeps its word on where lines have no end: order and parts, and memory. Lines are made from a seed."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import psutil

from faultmaven_lib.analysis import TemplateMiner

_LETTERS = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz", np.uint8)
_GAPS = (" ", " ", " ", " ", ", ", ": ", " = ", " (", ") ")
_PARTS = 7


def order(distinct: int = 1_000_000) -> None:
    """Print whether another order, and parts that are merged, give what all lines at once do."""
    lines = distinct_lines(distinct)
    print(f"== order: {len(lines):,} lines, {distinct:,} of them distinct when masked")
    TemplateMiner().fit_transform(["compiled 1"])
    rng = np.random.default_rng(2)
    whole = _told("all at once", lambda: TemplateMiner().fit(lines))
    shuffled = [lines[i] for i in rng.permutation(len(lines)).tolist()]
    turned = _told("in another order", lambda: TemplateMiner().fit(shuffled))

    def merged() -> TemplateMiner:
        cuts = np.sort(rng.integers(0, len(lines), _PARTS - 1)).tolist()
        parts = [TemplateMiner().fit(shuffled[a:b]) for a, b in zip([0, *cuts], [*cuts, len(lines)], strict=True)]
        found = TemplateMiner().fit([])
        for i in rng.permutation(_PARTS).tolist():
            found.merge(parts[i])
        return found

    parts = _told(f"{_PARTS} parts, merged", merged)
    few = [lines[i] for i in rng.integers(0, len(lines), 50_000).tolist()]
    for name, other in (("in another order", turned), ("merged", parts)):
        same = (
            whole.templates_.equals(other.templates_)
            and whole.other_ == other.other_
            and bool((whole.transform(few) == other.transform(few)).all())
        )
        print(f"{name:24s}  templates, ids, counts, examples: {'identical' if same else 'DIFFERENT'}")


def endless(lines: int = 10_000_000, batch: int = 100_000) -> None:
    """Print how much memory a stream of random lines takes, all of them different."""
    print(f"== endless: {lines:,} random lines, all different, in batches of {batch:,}")
    TemplateMiner().fit_transform(["compiled 1"])
    rng = np.random.default_rng(1)
    process = psutil.Process()
    before = most = process.memory_info().rss
    miner = TemplateMiner()
    spent = 0.0
    for start in range(0, lines, batch):
        some = words(rng, batch, 5)
        began = time.process_time()
        miner.partial_fit(some)
        spent += time.process_time() - began
        done, most = start + batch, max(most, process.memory_info().rss)
        if done % 2_000_000 == 0 or done >= lines:
            more = (most - before) / 1e6
            print(f"{done:12,} lines  {spent:6.1f} CPU s  at most {more:4.0f} MB more than at first", flush=True)
            most = 0
    found = miner.templates_
    print(f"{len(found):,} templates of {found['count'].sum():,} lines; other: {miner.other_:,} lines")


def distinct_lines(distinct: int, seed: int = 3) -> list[str]:
    """Return lines of 300 messages with a word or two that vary; one in 50 is like no other.

    As many as asked for are distinct when they are masked; one in ten of them comes again with another number.
    """
    rng = np.random.default_rng(seed)
    frames = []
    for text in words(rng, 300, 8):
        size = int(rng.integers(3, 9))
        said = text.split()[:size]
        for place in rng.choice(size, int(rng.integers(1, 3)), replace=False).tolist():
            said[place] = "{}"
        gaps = [_GAPS[i] for i in rng.integers(0, len(_GAPS), size).tolist()]
        frames.append("".join(word + gap for word, gap in zip(said, gaps, strict=True)) + "in {} ms")
    weights = 1 / np.arange(10, 10 + len(frames))
    chosen = rng.choice(len(frames), distinct, p=weights / weights.sum()).tolist()
    # Five letters that no other line has make every line another one.
    own = ["".join(chr(97 + int(c, 26)) for c in np.base_repr(i, 26).zfill(5)) for i in range(distinct)]
    tails, odd = words(rng, distinct, 1), words(rng, distinct, 4)
    alone = (rng.random(distinct) < 0.02).tolist()

    def line(i: int) -> str:
        if alone[i]:
            return f"{odd[i]} {own[i]}"
        frame = frames[chosen[i]]
        values = [own[i] + tails[i], tails[i - 1]][: frame.count("{}") - 1]
        return frame.format(*values, rng.integers(10**6))

    return [line(i) for i in range(distinct)] + [line(i) for i in range(0, distinct, 10)]


def _told(label: str, learn: Callable[[], TemplateMiner]) -> TemplateMiner:
    """Learn, print how long it took and what was found, and return it."""
    process = psutil.Process()
    before, began = process.memory_info().rss, time.process_time()
    miner = learn()
    count = len(miner.templates_)
    spent, more = time.process_time() - began, (process.memory_info().rss - before) / 1e6
    print(
        f"{label:24s}  {spent:6.1f} CPU s  {more:6.0f} MB more  {count:,} templates, other: {miner.other_:,} lines",
        flush=True,
    )
    return miner


def words(rng: np.random.Generator, lines: int, each: int) -> list[str]:
    """Return lines of so many words, each of three to nine random letters."""
    sizes = rng.integers(3, 10, (lines, each))
    ends = np.cumsum(sizes + 1, axis=1)
    letters = _LETTERS[rng.integers(0, 26, (lines, 10 * each))]
    letters[np.arange(lines)[:, None], ends - 1] = ord(" ")
    data = letters.tobytes().decode()
    width = 10 * each
    return [data[i * width : i * width + end - 1] for i, end in enumerate(ends[:, -1].tolist())]
