"""Hostile text made harmless: for HTML, for Markdown and for a terminal.

HTML itself is escaped by Jinja2; what is done here comes before that, since a NUL, an ANSI escape or a
right-to-left override does harm without any angle bracket.
"""

from __future__ import annotations

import re

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
_NAMES = {0x00: "NUL", 0x07: "BEL", 0x08: "BS", 0x0D: "CR", 0x1B: "ESC", 0x7F: "DEL"}
# An underscore inside a word, as in the name of a metric, is not mark-up.
_MARKDOWN = re.compile(r"([\\`*\[\]<>|~&$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
_MARKDOWN_START = re.compile(r"^(\s*)([-+#=:]|\d+(?=[.)](?:\s|$)))")
_SCHEME = re.compile(r"(?<=[a-zA-Z])://")
_WWW = re.compile(r"\bwww\.", re.IGNORECASE)


def visible(text: object) -> str:
    r"""Return text in which every character that hides, reorders or controls is shown by a sign for it.

    Line breaks and tabs stay. The result is valid UTF-8 whatever the input.

    Examples
    --------
    >>> visible("\x1b[31mred\x00"), visible("abc\u202edef")
    ('⟨ESC⟩[31mred⟨NUL⟩', 'abc⟨U+202E⟩def')
    """
    return _UNSEEN.sub(_sign, str(text))


def _sign(match: re.Match[str]) -> str:
    code = ord(match[0])
    # Unicode has pictures of these, which few fonts have; their names can be read everywhere.
    return f"⟨{_NAMES.get(code, f'U+{code:04X}')}⟩"


def one_line(text: object) -> str:
    r"""Return visible text on one line: what a terminal or a list item can take.

    Examples
    --------
    >>> one_line("Traceback\n  File")
    'Traceback↵  File'
    """
    return visible(text).replace("\n", "↵").replace("\t", " ")


def clip(text: object, limit: int) -> str:
    """Return at most ``limit`` characters of a text, and how many were left out.

    Examples
    --------
    >>> clip("abcdef", 4), clip("abcd", 4)
    ('abcd… (2 more characters)', 'abcd')
    """
    whole = str(text)
    if len(whole) <= limit:
        return whole
    return f"{whole[:limit]}… ({len(whole) - limit:,} more characters)"


def markdown(text: object) -> str:
    r"""Return text for Markdown prose: no mark-up, no HTML, no table cell, no automatic link comes out of it.

    Examples
    --------
    >>> print(markdown("<b>|*http://example.org*"))
    \<b\>\|\*http\://example.org\*
    """
    line = _MARKDOWN.sub(r"\\\1", " ".join(visible(text).split()))
    line = _WWW.sub(lambda m: m[0][:-1] + "\\.", _SCHEME.sub(r"\\://", line))
    return _MARKDOWN_START.sub(_escaped_start, line)


def _escaped_start(match: re.Match[str]) -> str:
    # "1" before a dot cannot be escaped itself: the dot is, by what follows.
    return f"{match[1]}{match[2]}\\" if match[2].isdigit() else f"{match[1]}\\{match[2]}"


def code(text: object, *, in_table: bool = False) -> str:
    """Return text as a Markdown code span, whatever backticks it contains.

    Examples
    --------
    >>> print(code("a `b` c"))
    `` a `b` c ``
    """
    line = one_line(text).strip(" ") or " "
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if line.startswith("`") or line.endswith("`") or longest else ""
    span = f"{fence}{pad}{line}{pad}{fence}"
    # A table takes a cell apart at every pipe, in code spans too, unless it is escaped.
    return span.replace("|", "\\|") if in_table else span
