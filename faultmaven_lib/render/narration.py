"""What a language model added, marked as its own words, with what was dropped of it and what it cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from faultmaven_lib.model import Evidence, ModelCall, Narration
from faultmaven_lib.render.escape import clip, code
from faultmaven_lib.render.escape import markdown as md
from faultmaven_lib.render.formats import count
from faultmaven_lib.render.templating import PREFIX, render

TITLE = "In the words of a language model"
STANDING = (
    "Each sentence is held against its evidence by code; what it chose to say is its own. The answer stands without it."
)
_MOST = 600


def narration_html(narration: Narration | None, evidence: Iterable[Evidence] = (), *, prefix: str = PREFIX) -> str:
    """Return a narration as a section of its own; empty if there is none.

    Examples
    --------
    >>> "switched off" in narration_html(Narration(note="It is switched off."))
    True
    """
    if narration is None:
        return ""
    return render(
        "narration.html",
        n=narration,
        title=TITLE,
        standing=STANDING,
        told=told(narration),
        entries={e.id: e for e in evidence},
        prefix=prefix,
    )


def told(narration: Narration) -> str:
    """Return which model was asked, how long it took, and what it cost, in one line; empty if none was asked.

    Examples
    --------
    >>> told(Narration())
    ''
    """
    return "; ".join([narration.model, *map(_call, narration.calls)]) if narration.calls else ""


def _call(call: ModelCall) -> str:
    counts = ((call.tokens_in, "token in", "tokens in"), (call.tokens_out, "token out", "tokens out"))
    tokens = [f"{n:,} {one if n == 1 else many}" for n, one, many in counts if n is not None]
    cost = [f"cost {call.cost:.4g}"] if call.cost is not None else []
    parts = [call.host, call.outcome, f"{call.seconds:.1f} s", *(tokens or ["tokens not told"]), *cost]
    return ", ".join(parts)


def lines(narration: Narration) -> Iterator[tuple[str, str]]:
    """Yield a narration line by line for a terminal, each with its mark: a sentence, a command, a proposal, a drop."""
    if narration.note:
        yield "", narration.note
    for sentence in narration.sentences:
        yield "-", f"{sentence.text} [{', '.join(sentence.evidence)}]"
        if sentence.command:
            yield "$", sentence.command
    for hypothesis in narration.hypotheses:
        yield "?", f"{hypothesis.id}: {hypothesis.cause} [{', '.join(hypothesis.supports)}]"
    for query in narration.queries:
        yield "?", f"to ask {query.source}: {query.text} [{', '.join(query.evidence)}]"
    for dropped in narration.dropped:
        yield "x", f"dropped {dropped.what}, since it {dropped.reasons[0]}: {clip(dropped.text, _MOST)}"
    if line := told(narration):
        yield "", line


def narration_markdown(narration: Narration) -> Iterator[str]:
    """Yield the blocks of a narration as Markdown."""
    yield f"### {TITLE}"
    yield md(narration.note) if narration.note else md(STANDING)
    items = []
    for sentence in narration.sentences:
        items.append(f"- {md(sentence.text)} \\[{md(', '.join(sentence.evidence))}\\]")
        items += [f"  - {code(sentence.command)}"] if sentence.command else []
    items += [f"- {md(h.id)}: {md(h.cause)} \\[{md(', '.join(h.supports))}\\]" for h in narration.hypotheses]
    items += [f"- To ask {md(q.source)}: {code(q.text)}" for q in narration.queries]
    if items:
        yield "\n".join(items)
    if narration.dropped:
        yield f"Dropped, not held by evidence: {count(len(narration.dropped), 'entry', 'entries')}"
        yield "\n".join(
            f"- {md(d.what)} ~~{md(clip(d.text, _MOST))}~~: {md('; '.join(d.reasons))}" for d in narration.dropped
        )
    if line := told(narration):
        yield md(line)
