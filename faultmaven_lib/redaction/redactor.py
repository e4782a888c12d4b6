"""The redactor: values out, tokens in."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from faultmaven_lib.redaction.numbers import is_personal, personal_field
from faultmaven_lib.redaction.patterns import (
    ADDRESSES,
    EMPTY,
    HINT,
    HINT_WITH_ADDRESSES,
    NEEDLES,
    PATTERNS,
    TOKEN,
    Pattern,
    is_secret,
    kind_of_name,
    secret_field,
)

if TYPE_CHECKING:
    import pandas as pd


class Redactor:
    """Replaces secrets and personal data by tokens.

    Parameters
    ----------
    key
        Key of the tokens; without one a random key is used, and tokens of two runs cannot be compared.
    addresses
        Whether IP addresses are replaced, too.

    Examples
    --------
    >>> r = Redactor(b"a key of the installation")
    >>> r.redact("login of ann@example.com failed, password=hunter2")
    'login of <email:90e8662476> failed, password=<password:484a88dfb9>'
    >>> r.redact(r.redact("token=abc")) == r.redact("token=abc")
    True
    >>> dict(r.counts)
    {'password': 1, 'email': 1, 'token': 2}
    """

    def __init__(self, key: bytes | None = None, *, addresses: bool = False) -> None:
        self._key = secrets.token_bytes(32) if key is None else key
        self._patterns = (*PATTERNS, ADDRESSES) if addresses else PATTERNS
        self._hint = HINT_WITH_ADDRESSES if addresses else HINT
        self._on = True
        self.key_id = hmac.new(self._key, b"faultmaven key id", hashlib.sha256).hexdigest()[:8]
        """Names the key without telling it; empty if redaction is off."""
        self.counts: Counter[str] = Counter()
        """Replaced values by kind."""
        self.note = ""
        """What a reader should know about the key, if anything."""

    @classmethod
    def off(cls) -> Redactor:
        """Return one that changes nothing."""
        made = cls(b"")
        made._on, made.key_id = False, ""
        return made

    def token(self, kind: str, value: str) -> str:
        """Return the token of a value; of a number it does not matter how its digits are grouped."""
        if kind in ("card", "iban", "phone"):
            value = "".join(c for c in value if c.isalnum())
        digest = hmac.new(self._key, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        return f"<{kind}:{digest[:10]}>"

    def redact(self, text: str) -> str:
        """Return a text with its secrets replaced; redacting it again changes nothing."""
        if not self._on:
            return text
        lower = text.lower()
        present = {needle for needle in NEEDLES if needle in lower}
        if not present:
            return text
        patterns = [p for p in self._patterns if not present.isdisjoint(p.needles)]
        before = None
        while before != text:  # what is left beside a token may be a secret too
            before, text = text, self._once(text, patterns)
        return text

    def _once(self, text: str, patterns: Iterable[Pattern]) -> str:
        for pattern in patterns:
            # Tokens are never looked into: a text is redacted between them.
            parts = TOKEN.split(text) if "<" in text else [text]
            for position in range(0, len(parts), 2):
                if parts[position]:
                    parts[position] = pattern.regex.sub(self._replacement(pattern), parts[position])
            text = "".join(parts)
        return text

    def _replacement(self, pattern: Pattern) -> Callable[[re.Match[str]], str]:
        def replace(match: re.Match[str]) -> str:
            groups = match.groupdict()
            name = next((g for g in ("v", "d", "s", "e", "b", "f", "a") if groups.get(g) is not None), None)
            value = match[name] if name else match[0]
            kind = pattern.kind or kind_of_name(groups["name"])
            if not pattern.kind:
                between = match.string[match.end("name") : match.start(name or 0)]
                if not is_secret(groups["name"], value, between):
                    return match[0]
            if pattern.valid is not None and not pattern.valid(value):
                return match[0]
            tail = ""
            if name in ("b", "f"):  # a bare value at the end of a sentence or in brackets
                stripped = value.rstrip(".,;:)]}>") or value
                value, tail = stripped, value[len(stripped) :]
            self.counts[kind] += 1
            start = match.start(name) - match.start() if name else 0
            end = match.end(name) - match.start() if name else len(match[0])
            return match[0][:start] + self.token(kind, value) + tail + match[0][end:]

        return replace

    def redact_field(self, name: str, value: str) -> str:
        """Redact the value of a named field: wholly, if the name says that it is a secret."""
        kind = _kind_of_field(name, value) if self._on else None
        if kind is None:
            return self.redact(value)
        if TOKEN.fullmatch(value):
            return value
        self.counts[kind] += 1
        return self.token(kind, value)

    def redact_series(self, series: pd.Series[Any], name: str | None = None) -> pd.Series[Any]:
        """Redact a column, each distinct value once; its name, or ``name``, may say that all of it is secret."""
        import pandas as pd

        field = str(series.name if name is None else name)
        named = secret_field(field) or personal_field(field)
        if not self._on or (pd.api.types.is_numeric_dtype(series.dtype) and named is None):
            return series
        if pd.api.types.is_datetime64_any_dtype(series.dtype):
            return series
        return self._columns(series, field)

    def _columns(self, series: pd.Series[Any], field: str) -> pd.Series[Any]:
        import pandas as pd
        import pyarrow as pa
        import pyarrow.compute as pc

        values = series.tolist()
        texts = [_text(v) for v in values]
        if secret_field(field) is None and personal_field(field) is None:
            array = pa.array(texts, pa.large_string())
            maybe = pc.match_substring_regex(array, self._hint, ignore_case=True)
            positions = pc.indices_nonzero(pc.fill_null(maybe, False)).to_pylist()
        else:
            positions = [p for p, text in enumerate(texts) if text is not None]
        if not positions:
            return series
        places: dict[str, list[int]] = {}
        for position in positions:
            places.setdefault(texts[position] or "", []).append(position)
        changed = False
        counts = self.counts
        for text, where in places.items():
            self.counts = Counter()
            redacted = self.redact_field(field, text)
            for kind, number in self.counts.items():
                counts[kind] += number * len(where)
            if redacted != text:
                changed = True
                for position in where:
                    values[position] = redacted
        self.counts = counts
        if not changed:
            return series
        dtype = "object" if any(not isinstance(v, str) and v is not None and v == v for v in values) else "str"
        return pd.Series(values, index=series.index, name=series.name, dtype=dtype)

    def redact_frame(self, frame: pd.DataFrame, keep: Iterable[str] = ()) -> pd.DataFrame:
        """Redact all text columns but those in ``keep``."""
        kept = set(keep)
        for position, name in enumerate(frame.columns):
            if name in kept:
                continue
            column = frame.iloc[:, position]
            redacted = self.redact_series(column, str(name))
            if redacted is not column:
                frame = frame.assign(**{str(name): redacted})
        return frame


def _text(value: Any) -> str | None:
    if isinstance(value, float):  # a whole number beside missing ones
        return None if value != value else f"{value:.0f}" if value.is_integer() else str(value)
    return value if isinstance(value, str) else None if value is None or value != value else str(value)


def _kind_of_field(name: str, value: str) -> str | None:
    """Return the kind of secret that all of a field's value is, or None."""
    kind = secret_field(name)
    if kind is None:
        kind = personal_field(name)
        return kind if kind is not None and is_personal(kind, value) else None
    count_of_tokens = kind == "token" and value.isdecimal() and len(value) < 8
    working_directory = name.lower().endswith("pwd") and value.startswith("/")
    return None if value.strip().lower() in EMPTY or count_of_tokens or working_directory else kind
