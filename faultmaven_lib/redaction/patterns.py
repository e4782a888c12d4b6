"""What secrets and personal data look like: patterns, and the names of fields that hold them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from faultmaven_lib.redaction.numbers import (
    ADDRESS,
    ADDRESS_HINT,
    CARD,
    CARD_HINT,
    IBAN,
    IBAN_HINT,
    PHONE,
    PHONE_HINT,
    is_address,
    is_card,
    is_iban,
    is_phone,
)

TOKEN = re.compile(r"(<[a-z_]+:[0-9a-f]{10}>)")
_I = re.IGNORECASE

# Words that name a secret where they end a field's name, in every spelling of the joints.
_STRONG = (
    r"passwords?|passwd|passphrase|passcode|pwd|secrets?|secret[_.-]?(?:access[_.-]?)?key|credentials?|"
    r"api[_.-]?keys?|access[_.-]?key|private[_.-]?key|signing[_.-]?key|encryption[_.-]?key|account[_.-]?key|"
    r"auth[_.-]?key|shared[_.-]?access[_.-]?(?:key|signature)|authorization|x-amz-(?:signature|credential)|"
    r"phpsessid|jsessionid|sessionid|connect\.sid"
)
_WEAK = r"token|jwt|bearer"
_OPEN = r"[\"']?\s{0,3}(?:=>|:=|=(?!>)|:)\s{0,3}"
_ESCAPED_OPEN = r"\\+[\"']\s{0,3}[:=]\s{0,3}"
# Placeholders and words that stand where a secret would: redacting them would only hide the message.
_NOT = (
    r"(?!\$\d+(?![\w$])|\?(?:[\s,;)]|$)|%[sdr](?![\w])|\$\{|\{\{|\*{2,}|\[(?:REDACTED|FILTERED|MASKED)\]|"
    r"(?:null|none|nil|undefined|true|false|redacted)(?![\w]))"
)
# A bare value ends at a blank or a quote; also at , ; & where another field follows.
_BARE = r"(?:[^\s\"',;&\\]|[,;&](?![\s\"']|\s*[\w .-]{1,40}[=:]|$)|\\(?![\"'nrt]))+"


class Pattern(NamedTuple):
    """One look of a secret."""

    kind: str
    needles: tuple[str, ...]
    """At least one of them is in every text, in lower case, that the pattern matches."""
    regex: re.Pattern[str]
    """Group ``v`` is the secret; without it the whole match is."""
    valid: Callable[[str], bool] | None = None
    """Whether what looks like one is one."""


_DIGITS = tuple("0123456789")

PATTERNS: tuple[Pattern, ...] = (
    Pattern(
        "private_key",
        ("private key", "key block"),
        re.compile(
            r"-----BEGIN [A-Z0-9 ]{0,40}(?:PRIVATE KEY|KEY BLOCK)(?: BLOCK)?-----"
            r"(?:(?:(?!-----BEGIN ).){0,20000}?-----END [A-Z0-9 ]{0,40}-----|"
            r"(?:[A-Za-z0-9+/=\s]|\\[nr]|[A-Z][\w-]+: [^\n]*)*)",
            re.DOTALL,
        ),
    ),
    Pattern(
        "password",
        ("://",),
        re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s/:@\"'<>]{0,200}:(?P<v>[^\s/\"'<>]{1,500})@(?=[^\s@])"),
    ),
    Pattern(
        "password",
        ("://",),
        re.compile(
            r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s/:@\"'<>]{0,200}:(?!\d{1,5}(?:[/?#\s]|$))(?P<v>[^\s@\"'<>]{1,200})@(?=[\w\[])"
        ),
    ),
    Pattern(
        "token",
        ("://",),
        re.compile(r"https?://(?P<v>[\w.~%-]{16,200})@(?=[\w\[])", _I),
    ),
    Pattern("password", ("@tcp(", "@unix("), re.compile(r"[\w.-]{1,64}:(?P<v>[^\s:@\"']{1,200})@(?:tcp|unix)\(")),
    Pattern(
        "cookie",
        ("cookie",),
        re.compile(
            r"\b(?:set-)?cookie2?(?:\\*[\"'])?\s{0,3}[:=]\s{0,3}(?:\\*[\"'])?"
            r"(?P<v>(?=[^\s\"'])[^\"'\\\n]{1,8000})",
            _I,
        ),
    ),
    Pattern(
        "authorization",
        ("authorization",),
        re.compile(
            r"authorization(?:\\*[\"'])?\s{0,3}[:=]\s{0,3}(?:\\*[\"'])?(?:(?:bearer|basic|token|digest|negotiate|apikey|aws4-hmac-sha256)\s+)?"
            + _NOT
            + r"(?!(?:bearer|basic|token|digest|negotiate|apikey|aws4-hmac-sha256)\s*(?:$|<))"
            + r"(?P<v>[^\s\"'\\,]{3,}(?:,\s?[\w-]+=[^\s\"'\\,]+)*)",
            _I,
        ),
    ),
    Pattern(
        "token",
        ("bearer",),
        re.compile(r"\bbearer\s+(?P<v>(?=[A-Za-z._~+/=-]*[0-9._~+/=]|[A-Za-z-]{20})[A-Za-z0-9._~+/=-]{8,})", _I),
    ),
    Pattern(
        "authorization",
        ("basic ",),
        re.compile(r"\b[Bb](?:asic|ASIC) (?P<v>(?=[A-Za-z0-9+/]*(?:[0-9=]|[a-z][A-Z]))[A-Za-z0-9+/]{10,}={0,2})"),
    ),
    # Keys and tokens that are known by their looks.
    Pattern(
        "api_key",
        ("akia", "asia", "abia", "acca"),
        re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ),
    Pattern(
        "token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "npm_", "hf_", "dckr_pat_", "dop_v1_",
         "pypi-", "hvs.", "shpat_"),
        re.compile(
            r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{20,}|glpat-[\w-]{16,}|npm_[A-Za-z0-9]{30,}|"
            r"hf_[A-Za-z0-9]{30,}|dckr_pat_[\w-]{20,}|dop_v1_[0-9a-f]{40,}|pypi-[\w-]{40,}|hvs\.[\w-]{20,}|shpat_[0-9a-f]{30,})"
        ),
    ),
    Pattern(
        "token",
        ("xox", "xapp-", "hooks.slack.com"),
        re.compile(
            r"(?<![A-Za-z0-9])(?:xox[a-z]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,})|"
            r"hooks\.slack\.com/services/(?P<v>[\w/]{20,})"
        ),
    ),
    Pattern(
        "api_key",
        ("sk_", "rk_", "pk_", "whsec_", "sk-", "sg.", "aiza", "ya29.", "gocspx-"),
        re.compile(
            r"(?<![A-Za-z0-9_])(?:[srp]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/]{16,}|sk-[A-Za-z0-9]{20,}|"
            r"sk-(?:proj|ant|or|svcacct)-[\w-]{20,}|SG\.[\w-]{16,}\.[\w-]{16,}|AIza[\w-]{35}|ya29\.[\w.-]{20,}|GOCSPX-[\w-]{20,})"
        ),
    ),
    Pattern("token", ("eyj",), re.compile(r"(?<![A-Za-z0-9])eyJ[\w-]{6,}\.[\w-]{4,}(?:\.[\w-]*){0,3}")),
    Pattern("token", (":aa",), re.compile(r"(?<!\d)\d{8,10}:AA[\w-]{32,}")),
    # A name that says what its value is.
    Pattern(
        "",
        ("pass", "pwd", "secret", "credential", "key", "token", "jwt", "bearer", "amz", "sess", "connect.sid",
         "signature"),
        re.compile(
            rf"(?P<name>{_STRONG}|{_WEAK})(?:(?:{_OPEN})(?:\"(?P<d>(?:[^\"\\]|\\.)+)(?:\"|$)|'(?P<s>(?:[^'\\]|\\.)+)(?:'|$)|"
            rf"{_NOT}(?P<b>{_BARE}))|{_ESCAPED_OPEN}(?:\\+[\"'](?P<e>.+?)(?:\\+[\"']|$)|{_NOT}(?P<f>{_BARE})))",
            _I | re.DOTALL,
        ),
    ),
    Pattern(
        "password",
        ("pass",),
        re.compile(
            r"(?<![A-Za-z0-9])pass(?:=|[\"']\s?:\s?)"
            rf"(?:[\"'](?P<v>[^\"']+)|(?!\d{{1,4}}(?![^\s,;]))(?P<b>{_BARE}))",
            _I,
        ),
    ),
    Pattern(
        "secret",
        ("--",),
        re.compile(rf"(?<![\w-])--[\w-]{{0,40}}?(?:{_STRONG}|{_WEAK})\s+[\"']?(?P<v>(?!-)[^\s\"']+)", _I),
    ),
    Pattern(
        "password",
        ("password", "identified"),
        re.compile(r"\b(?:password|identified\s+by)\s+'(?P<v>(?:[^']|'')+)'", _I),
    ),
    Pattern("token", ("sig=", "signature="), re.compile(r"[?&](?:sig|[\w-]*signature)=(?P<v>[\w%+/=.-]{10,})", _I)),
    Pattern(
        "email",
        ("@", "%40"),
        re.compile(
            r"(?<![\w.%+-])(?<!://)(?!git@)[\w.%+'-]{1,128}?(?:@|%40)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}"
            r"(?!(?:service|socket|timer|target|mount|slice|scope|device|path|swap|automount)\b)[A-Za-z]{2,24}(?![A-Za-z0-9])"
        ),
    ),
    Pattern("iban", _DIGITS, IBAN, is_iban),
    Pattern("card", _DIGITS, CARD, is_card),
    Pattern("phone", _DIGITS, PHONE, is_phone),
)  # fmt: skip
ADDRESSES = Pattern("ip", (".", ":"), ADDRESS, is_address)
"""Only where the settings ask for it: to work an incident one mostly has to know them."""
NEEDLES = tuple(sorted({needle for pattern in (*PATTERNS, ADDRESSES) for needle in pattern.needles}))
# In the syntax of RE2, which runs it over a whole column: matches wherever a pattern above may. \W stands for
# blanks and quotes, since RE2's \s knows fewer of them than Python's.
HINT = "|".join(
    [
        rf"(?:{_STRONG}|{_WEAK})\W*[:=]",
        rf"--[\w-]*(?:{_STRONG}|{_WEAK})\W",
        r"pass\W{0,3}[:=]|password\W+'|identified\W+by\W+'|cookie2?\W*[:=]|bearer\W|basic |://\S*@|\S(?:@|%40)[a-z0-9]",
        CARD_HINT,
        IBAN_HINT,
        PHONE_HINT,
        r"@(?:tcp|unix)\(|private key|key block|sig(?:nature)?=",
        *(
            re.escape(needle)
            for pattern in PATTERNS
            for needle in pattern.needles
            if pattern.kind in ("api_key", "token") and needle not in ("://", "bearer", "sig=", "signature=")
        ),
    ]
)
HINT_WITH_ADDRESSES = f"{HINT}|{ADDRESS_HINT}"
_FIELD_NAME = re.compile(rf"(?:^|[^a-z])(?:{_STRONG}|cookie|set-cookie)$|(?:{_STRONG})$", _I)
_WEAK_NAME = re.compile(rf"(?:{_WEAK})$", _I)
_PROSE = re.compile(r"(?=.*[0-9])|(?=.*[a-z][A-Z])|.{20}")
_PROSE_WORDS = frozenset(
    "required missing invalid incorrect expired wrong must is was not for and has does field authentication "
    "mismatch changed reset expires failed ok accepted rejected "
    "bearer basic digest negotiate all any amd64 arm64 armhf i386 native".split()
)
EMPTY = frozenset({"", "-", "null", "none", "nil", "undefined", "true", "false", "redacted", "[redacted]"})


def kind_of_name(name: str) -> str:
    """Return the kind of secret that a telling name announces."""
    lower = name.lower()
    if lower.startswith("pass") or lower == "pwd":
        return "password"
    if "key" in lower:
        return "api_key"
    if lower in ("token", "jwt", "bearer") or "sess" in lower:
        return "token"
    return "secret"


def is_secret(name: str, value: str, between: str) -> bool:
    """Whether what follows a name may be a secret, and not prose, a count, or a folder.

    Parameters
    ----------
    name, value
        The name as found, and what follows it.
    between
        What stands between them: quotes, a colon or an equals sign.
    """
    lower = value.strip().lower()
    if lower in EMPTY or set(lower) <= set("*x•.") or lower.rstrip(".,:;!)") in _PROSE_WORDS:
        return False
    if name.lower() == "pwd" and value.startswith("/"):
        return False
    if not _WEAK_NAME.fullmatch(name):
        return True
    if len(value) < 3 or (value.isdecimal() and len(value) < 8):
        return False
    prose = ":" in between and not between.strip().endswith(("'", '"'))
    return not prose or _PROSE.match(value) is not None


def secret_field(name: str) -> str | None:
    """Return the kind of secret that a field of this name holds, or None.

    Examples
    --------
    >>> secret_field("db.password"), secret_field("accessToken"), secret_field("prompt_tokens")
    ('password', 'token', None)
    """
    if name.lower().endswith("cookie"):
        return "cookie"
    if _FIELD_NAME.search(name):
        last = re.search(rf"(?:{_STRONG})$", name, _I)
        return "authorization" if name.lower().endswith("authorization") else kind_of_name(last[0] if last else name)
    return "token" if _WEAK_NAME.search(name) else None
