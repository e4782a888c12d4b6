"""The one Jinja2 environment: everything that is not mark-up of ours is made visible, then escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, tzinfo
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup

from faultmaven_lib.model import Evidence, Window
from faultmaven_lib.render import formats
from faultmaven_lib.render.escape import clip, visible

PREFIX = "fm-"
"""What the ids of a page start with."""


def anchor(evidence_id: str, prefix: str = PREFIX) -> str:
    """Return the id under which an entry of the appendix is found: letters, digits, ``-`` and ``_`` only."""
    return prefix + re.sub(r"[^A-Za-z0-9_-]", lambda m: f"_{ord(m[0]):x}", evidence_id)


def chip(evidence_id: str, prefix: str = PREFIX, entry: Evidence | None = None) -> str:
    """Return the link that stands for an evidence and leads to its entry in the appendix.

    Parameters
    ----------
    evidence_id
        As in ``E3``.
    prefix
        That of the appendix: see ``evidence_html``.
    entry
        The evidence itself, for what pointer and screen reader say.

    Examples
    --------
    >>> print(chip("E3"))
    <a class="fm-chip" href="#fm-E3" aria-label="evidence E3">E3</a>
    """
    said = f"{clip(entry.label, 160)} ({formats.count(entry.rows, 'row')})" if entry else ""
    template = Markup('<a class="fm-chip{}" href="#{}"{} aria-label="evidence {}{}">{}</a>')
    weak = " fm-chip-weak" if entry is not None and not entry.rerunnable else ""
    shown, title = visible(evidence_id), visible(said)
    hint = Markup(' title="{}"').format(title) if title else ""
    rest = f": {title}" if title else ""
    return template.format(weak, anchor(evidence_id, prefix), hint, shown, rest, shown)


def chips(ids: Iterable[str], prefix: str, entries: dict[str, Evidence]) -> Markup:
    """Return the chips of several evidence ids."""
    return Markup(" ").join(Markup(chip(i, prefix, entries.get(i))) for i in ids)  # noqa: S704 (chip escapes)


def time_html(at: datetime, zone: str | tzinfo | None = None) -> Markup:
    """Return a moment as ``<time>`` with the reader's zone beside it."""
    local = formats.local_text(at, zone)
    stamp = Markup('<time datetime="{}">{}</time>').format(at.strftime("%Y-%m-%dT%H:%M:%SZ"), formats.utc_text(at))
    return stamp + Markup(' <span class="fm-local">({})</span>').format(local) if local else stamp


def onset_html(onset: datetime | float | None, zone: str | tzinfo | None = None) -> Markup:
    """Return an onset, a moment or a number; empty if not known."""
    if isinstance(onset, datetime):
        return time_html(onset, zone)
    return Markup.escape(formats.onset_text(onset))


def is_link(text: str) -> bool:
    """Whether a text is an http or https address and nothing else."""
    return re.fullmatch(r"https?://[^\s<>\"'`\\]+", text, re.IGNORECASE) is not None


def link_html(text: str) -> Markup:
    """Return an http or https address as a link that tells nobody where it was; any other text as text."""
    if not is_link(text):
        return Markup.escape(visible(text))
    return Markup('<a href="{}" rel="noopener noreferrer nofollow">{}</a>').format(visible(text), visible(text))


def _window(window: Window, zone: str | tzinfo | None = None) -> str:
    return formats.window_text(window, zone)


def _shown(value: Any) -> Any:
    return value if hasattr(value, "__html__") else visible("" if value is None else value)


@cache
def environment(package: str = "faultmaven_lib.render") -> jinja2.Environment:
    """Return the environment for the templates of a package; those of ``render`` are found beside them."""
    packages = dict.fromkeys((package, "faultmaven_lib.render"))
    env = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(name) for name in packages]),
        autoescape=True,
        finalize=_shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "at": time_html,
        "onset": onset_html,
        "window": _window,
        "number": formats.number,
        "words": formats.in_words,
        "clip": clip,
        "link": link_html,
    }
    env.globals |= {"count": formats.count, "chips": chips, "anchor": anchor}
    return env


def render(template: str, package: str = "faultmaven_lib.render", **context: Any) -> Markup:
    """Return a filled template as mark-up."""
    return Markup(environment(package).get_template(template).render(**context))  # noqa: S704 (autoescaped)
