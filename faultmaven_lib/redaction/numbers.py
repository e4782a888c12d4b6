"""Numbers that name a person or an account: cards, bank accounts, telephones; and addresses of machines."""

from __future__ import annotations

import re
from ipaddress import ip_address

# What a card may begin with, by issuer (ISO/IEC 7812), and how its digits are grouped.
_ISSUER = r"(?:4\d{3}|5[0-8]\d{2}|2[2-7]\d{2}|3[0468-9]\d{2}|3[57]\d{2}|6\d{3})"
CARD = re.compile(
    rf"(?<![\w.+/-])(?:{_ISSUER}\d{{9,15}}|{_ISSUER}(?P<g>[ -])(?:\d{{4}}(?P=g)){{2}}\d{{1,7}}|"
    rf"{_ISSUER}(?P<h>[ -])\d{{6}}(?P=h)\d{{4,5}})(?![\w/]|[.-]\d)"
)
CARD_HINT = r"(?:4\d{3}|5[0-8]\d\d|2[2-7]\d\d|3[0-9]\d\d|6\d{3})(?:[ -]?\d){8}"
_CARD_LENGTHS = {"4": (13, 16, 19), "5": range(12, 20), "2": (16,), "3": range(14, 20), "6": range(12, 20)}

# Lengths of the account number by country (ISO 13616, the registry of SWIFT).
_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18,
    "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SD": 18,
    "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22,
    "VG": 24, "XK": 20,
}  # fmt: skip
IBAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[A-Z0-9]{11,28}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)(?![A-Za-z0-9])"
)
IBAN_HINT = r"(?-i:[A-Z]{2}\d{2} ?[A-Z0-9]{4} ?[A-Z0-9]{4} ?[A-Z0-9])"

# A number with its country, a number that its name announces, or one as it is written in North America.
_DIGITS = r"\(?\d(?:[ ().\u00a0/-]{0,2}\d){5,13}"
_NAMES = (
    r"(?:tele)?phone(?:[_ -]?(?:number|no))?|mobile(?:[_ -]?(?:number|no))?|msisdn|tel|cell(?:phone)?|fax|whatsapp|sms"
)
_QUOTE = r"(?:\\*[\"'])?\s{0,3}"
_END = r"(?![\w/]|[.:]\d)"
_AMERICAN = r"\([2-9]\d{2}\) ?[2-9]\d{2}[ .-]\d{4}|[2-9]\d{2}(?P<j>[.-])[2-9]\d{2}(?P=j)\d{4}"
PHONE = re.compile(
    rf"(?<![\w.+/:-])(?P<a>\+[1-9]\d{{0,2}}(?:[ ().\u00a0-]{{0,2}}\d){{6,13}}){_END}|"
    rf"(?<![A-Za-z])(?:{_NAMES}){_QUOTE}(?:[:=]|\bto\b|\bno\.?|\bis\b)?\s{{0,3}}{_QUOTE}(?P<v>\+?{_DIGITS}){_END}|"
    rf"(?<![\w.+/-])(?:1[ .-])?(?P<d>{_AMERICAN})(?!-\d){_END}",
    re.IGNORECASE,
)
PHONE_HINT = (
    rf"\+[1-9][ ().-]{{0,2}}\d|(?:{_NAMES})\W{{0,8}}(?:to|no\.?|is)?\W{{0,8}}\d|"
    r"\([2-9]\d\d\) ?[2-9]\d\d[ .-]\d{4}|\d{3}[.-]\d{3}[.-]\d{4}"
)
_FIELDS = (
    ("card", re.compile(r"(?:^|[^a-z])(?:card[_. -]?(?:number|no|num)|pan|credit[_. -]?card)$", re.IGNORECASE)),
    ("iban", re.compile(r"(?:^|[^a-z])iban$", re.IGNORECASE)),
    ("phone", re.compile(rf"(?:^|[^a-z])(?:{_NAMES})$", re.IGNORECASE)),
)

ADDRESS = re.compile(
    r"(?<![\w.:])(?:(?:\d{1,3}\.){3}\d{1,3}|(?=[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:)[0-9A-Fa-f:]{2,39}(?:\.\d{1,3}){0,3})"
    r"(?![\w.]*\w|:[0-9A-Fa-f]*:)"
)
ADDRESS_HINT = r"\d\.\d{1,3}\.\d{1,3}\.\d|:[0-9a-f]{0,4}:"


def is_card(text: str) -> bool:
    """Whether digits are those of a payment card: of a length its issuer uses, and with the right check digit (Luhn).

    Examples
    --------
    >>> is_card("4111 1111 1111 1111"), is_card("4111 1111 1111 1112"), is_card("4444444444444448")
    (True, False, True)
    """
    digits = [int(c) for c in text if c.isdigit()]
    if len(digits) not in _CARD_LENGTHS.get(text[0], ()) or len(set(digits)) == 1:
        return False
    doubled = [2 * d - 9 * (d > 4) if i % 2 else d for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether a text is an international bank account number: of its country's length, and 1 modulo 97.

    Examples
    --------
    >>> is_iban("DE89 3704 0044 0532 0130 00"), is_iban("DE88370400440532013000")
    (True, False)
    """
    plain = text.replace(" ", "")
    if len(plain) != _IBAN_LENGTHS.get(plain[:2]):
        return False
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def is_phone(text: str) -> bool:
    """Whether digits may be a telephone number: seven to fifteen of them (ITU-T E.164), not all the same.

    Behind a plus there are eight, and ten where nothing parts them: it may be a difference.

    Examples
    --------
    >>> is_phone("+44 20 7946 0958"), is_phone("0000000"), is_phone("+1432576")
    (True, False, False)
    """
    digits = [c for c in text if c.isdigit()]
    least = 7 if text[0] != "+" else 8 if len(digits) + 1 < len(text) else 10
    return least <= len(digits) <= 15 and len(set(digits)) > 1


def is_address(text: str) -> bool:
    """Whether a text is an address of a machine that can be told from others.

    Examples
    --------
    >>> is_address("203.0.113.7"), is_address("127.0.0.1"), is_address("12:30:45")
    (True, False, False)
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)


def personal_field(name: str) -> str | None:
    """Return which kind of number a field of this name holds, or None.

    Examples
    --------
    >>> personal_field("customer.phone"), personal_field("cardNumber"), personal_field("span")
    ('phone', 'card', None)
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return next((kind for kind, pattern in _FIELDS if pattern.search(spaced)), None)


def is_personal(kind: str, text: str) -> bool:
    """Whether a value is a number of that kind."""
    return bool(text) and {"card": is_card, "iban": is_iban, "phone": is_phone}[kind](text)
