"""Log lines whose secrets and personal data are known: made of templates of our own and seeded values.

Half of the templates is for development (``DEVELOPMENT``); what they showed was mended. The other half (``HELD_OUT``)
was only measured.
"""

from __future__ import annotations

import base64
import random
import re
import string
import uuid
from collections.abc import Callable, Iterator
from typing import NamedTuple

from faultmaven_lib.redaction.numbers import is_card, is_iban

_SLOT = re.compile(r"\{(\w+)\}")


class Labelled(NamedTuple):
    """A line, and what of it has to go."""

    text: str
    values: tuple[tuple[str, str], ...]
    """Kind and value of each."""


def _pick(alphabet: str, low: int, high: int = 0) -> Callable[[random.Random], str]:
    return lambda r: "".join(r.choices(alphabet, k=r.randint(low, high or low)))


def _name(r: random.Random) -> str:
    return r.choice("ann bo chidi dora emil farah goran hana ivo jun kemal lena mai noor olu pia".split())


def _card(r: random.Random) -> str:
    prefix, length = r.choice([("4", 16), ("51", 16), ("55", 16), ("2223", 16), ("37", 15), ("6011", 16)])
    digits = prefix + "".join(r.choices(string.digits, k=length - len(prefix) - 1))
    plain = next(digits + c for c in string.digits if is_card(digits + c))
    if length == 15:
        return r.choice([plain, f"{plain[:4]} {plain[4:10]} {plain[10:]}"])
    joint = r.choice(["", "", " ", "-"])
    return joint.join(plain[i : i + 4] for i in range(0, 16, 4))


def _iban(r: random.Random) -> str:
    country, length = r.choice([("DE", 22), ("FR", 27), ("ES", 24), ("NL", 18), ("GB", 22), ("PL", 28), ("SE", 24)])
    letters = "ABNA" if country == "NL" else "NWBK" if country == "GB" else ""
    body = letters + "".join(r.choices(string.digits, k=length - 4 - len(letters)))
    plain = next(f"{country}{n:02d}{body}" for n in range(2, 99) if is_iban(f"{country}{n:02d}{body}"))
    return plain if r.random() < 0.6 else " ".join(plain[i : i + 4] for i in range(0, length, 4))


def _phone(r: random.Random) -> str:
    n = "".join(r.choices("23456789", k=10))
    return r.choice(
        [f"+44 20 {n[:4]} {n[4:8]}", f"+49{n}", f"+1-{n[:3]}-{n[3:6]}-{n[6:]}",
         f"+33 6 {n[:2]} {n[2:4]} {n[4:6]} {n[6:8]}", f"+91 {n[:5]} {n[5:]}", f"+1 ({n[:3]}) {n[3:6]}-{n[6:]}"]
    )  # fmt: skip


def _home_phone(r: random.Random) -> str:
    n = "".join(r.choices("23456789", k=10))
    return r.choice([f"0{n[:3]} {n[3:9]}", f"({n[:3]}) {n[3:6]}-{n[6:]}", n, f"0{n[:2]}/{n[2:9]}"])


def _email(r: random.Random) -> str:
    host = r.choice(["example.com", "mail.example.org", "shop.example.co.uk", "xn--bcher-kva.example"])
    return f"{_name(r)}{r.choice(['', '.', '_', '+'])}{r.randint(1, 99)}@{host}"


def _number_like_a_card(r: random.Random) -> str:
    while is_card(text := r.choice("456") + "".join(r.choices(string.digits, k=15))):
        pass
    return text


_BASE62 = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"
SECRET: dict[str, tuple[str, Callable[[random.Random], str]]] = {
    "card": ("card", _card),
    "iban": ("iban", _iban),
    "phone": ("phone", _phone),
    "home_phone": ("phone", _home_phone),
    "email": ("email", _email),
    "password": ("password", _pick(_BASE62 + "!%#_.", 6, 16)),
    "word": ("password", _pick(string.ascii_lowercase, 7, 10)),
    "basic": ("authorization", lambda r: base64.b64encode(f"{_name(r)}:{r.random()}".encode()).decode()),
    "bearer": ("token", _pick(_BASE62 + "-_", 24, 60)),
    "jwt": ("token", lambda r: "eyJhbGciOiJIUzI1NiJ9." + _pick(_BASE62, 30)(r) + "." + _pick(_BASE62 + "-_", 43)(r)),
    "github": ("token", lambda r: "gh" + r.choice("pous") + "_" + _pick(_BASE62, 36)(r)),
    "aws": ("api_key", lambda r: "AKIA" + _pick(string.ascii_uppercase + string.digits, 16)(r)),
    "aws_secret": ("api_key", _pick(_BASE62 + "/+", 40)),
    "stripe": ("api_key", lambda r: "sk_live_" + _pick(_BASE62, 24)(r)),
    "hex_key": ("api_key", _pick(_HEX, 32)),
    "session": ("token", _pick(_HEX, 32)),
    "cookie": ("cookie", lambda r: f"sid={_pick(_HEX, 24)(r)}; theme=dark"),
}
HARMLESS: dict[str, Callable[[random.Random], str]] = {
    "n": lambda r: str(r.randint(0, 10 ** r.randint(1, 7))),
    "ms": lambda r: f"{r.lognormvariate(3, 1):.{r.randint(0, 3)}f}",
    "uuid": lambda r: str(uuid.UUID(int=r.getrandbits(128), version=4)),
    "sha": _pick(_HEX, 40),
    "hex16": _pick(_HEX, 16),
    "digest": _pick(_HEX, 64),
    "epoch": lambda r: str(1_700_000_000 + r.randint(0, 10**8)),
    "epoch_ms": lambda r: str(1_700_000_000_000 + r.randint(0, 10**11)),
    "epoch_ns": lambda r: str(1_700_000_000_000_000_000 + r.randint(0, 10**17)),
    "id16": _number_like_a_card,
    "ip": lambda r: ".".join(str(r.randint(1, 254)) for _ in range(4)),
    "port": lambda r: str(r.randint(1024, 65535)),
    "version": lambda r: f"{r.randint(0, 9)}.{r.randint(0, 40)}.{r.randint(0, 9)}",
    "time": lambda r: f"2026-03-01T14:{r.randint(0, 59):02d}:{r.randint(0, 59):02d}.{r.randint(0, 999):03d}Z",
    "user": _name,
    "pod": lambda r: f"checkout-{_pick(_HEX, 9)(r)}-{_pick(string.ascii_lowercase + string.digits, 5)(r)}",
    "date": lambda r: f"2026-{r.randint(1, 12):02d}-{r.randint(1, 28):02d}",
}

DEVELOPMENT = """
charge of 42.{n} EUR to {card} was declined by the issuer
{time} INFO payment: pan={card} amount={n}
{{"event": "card_added", "card_number": "{card}", "user": "{user}"}}
refund to IBAN {iban} queued
{time} WARN payout: account {iban} is not reachable, retry in {ms} ms
sent code to {phone}
{time} INFO notify: sms to {home_phone} failed: carrier timed out after {ms} ms
{{"phone": "{phone}", "status": "unverified"}}
contact: tel {home_phone}
customer {email} placed order {n}
login failed for {email} from {ip}:{port}
{{"level": "info", "user": {{"email": "{email}", "id": {n}}}, "ts": {epoch}}}
GET /reset?email={email}&t={epoch} HTTP/1.1
connecting to postgres://shop:{word}@db-{n}:5432/shop
FATAL: could not connect: host=db port=5432 user=shop password={password} dbname=shop
DB_PASSWORD={word} exported
{{"username": "{user}", "password": "{password}"}}
PUT /users/{n} body={{"password":"{word}","name":"{user}"}}
mysql -u root --password={word} -h db
Authorization: Basic {basic}
request headers: {{'Authorization': 'Bearer {bearer}', 'Accept': '*/*'}}
token={session} expires={epoch}
oauth: access_token={bearer} scope=read
verified {jwt} in {ms} ms
git push https://{github}@github.com/example/shop failed
using credentials {aws} in eu-west-1
aws_secret_access_key={aws_secret}
stripe: charge with {stripe} failed
x-api-key: {hex_key}
Cookie: {cookie}
{time} INFO api: request {uuid} took {ms} ms
trace_id={session16} span_id={hex16} status=200
order {id16} paid, next order {id16}
epoch {epoch_ns} offset {n} partition {n}
deployed {sha} to prod, image sha256:{digest}
connect to {ip}:{port} timed out after {ms} ms
tokens used: prompt_tokens={n} completion_tokens={n}
password authentication failed for user {user}
invalid token: expected a comma at line {n}
pod {pod} restarted {n} times
GET /items/{n}?page={n}&sort=key HTTP/1.1 200 {n}
{date} {n} rows in {ms} ms, key (id)=({n}) exists
consumer lag is +{n} messages, delta -{n}
checkpoint complete: wrote {n} buffers ({ms}%); sync={ms} s
user {user} logged out, session lasted {n} s
""".strip().split("\n")

HELD_OUT = """
card {card} expires 09/28: CVV check failed
{time} ERROR gateway: {{"pan":"{card}","code":"51"}}
duplicate authorisation for {card} within {n} s
transfer {n} from {iban} to {iban} rejected: limit
{{"debtor": {{"iban": "{iban}"}}, "amount": "{ms}"}}
voice call to {phone} not answered
mobile={home_phone} opted out of marketing
user {n} changed phone from {phone} to {phone}
msisdn: {phone} has no route
bounce: <{email}> mailbox full (552)
to={email}, relay=mx.example.net[{ip}]:25, delay={ms}, status=sent
audit: {email} granted admin to {email}
invite%20sent&recipient={email}
redis://:{word}@cache-{n}:6379/0 refused
amqp://worker:{word}@rabbit:5672/jobs closed after {n} messages
jdbc:postgresql://db/shop?user=shop&password={word}&ssl=true
smtp login with username=mailer passwd={password} rejected
{time} DEBUG config: {{"db": {{"host": "db", "password": "{word}"}}, "debug": false}}
created user {user} IDENTIFIED BY '{word}'
curl -H 'Authorization: Bearer {bearer}' https://api.example.com/v1/items/{n}
authorization=Basic {basic}, retry={n}
"refresh_token": "{bearer}", "expires_in": {n}
callback /oauth?code=ok&access_token={bearer}&state={n}
JWT {jwt} expired at {epoch}
clone of https://{github}@github.com/example/infra.git done
AccessKeyId={aws}&Version=2011-06-15
secret_key: {aws_secret}
client_secret={hex_key} rotated by {user}
api_key = "{hex_key}" loaded from env
Set-Cookie: {cookie}; HttpOnly
GET /orders/{uuid} 404 in {ms} ms
message {epoch_ms}-{n} consumed at offset {n}
invoice {id16} has no customer
leader elected: term {n}, index {epoch_ns}
container {digest} exited with {n}
peer [2001:db8::{n}]:{port} handshake failed
max_tokens={n} temperature=0.{n}
wrong password for {user}, {n} attempts left
token bucket empty: {n} of {n} used
build {version}+{sha} rolled out to {pod}
GET /static/app.{hex16}.js HTTP/1.1 304 0
{date}T{n}:00 batch {n} done: {n} ok, {n} failed, key=orders.v{n}
disk /dev/nvme{n} at {ms}% (+{n} bytes)
autovacuum of table shop.public.orders: pages {n} removed, {n} remain
worker {n} picked job {uuid} from queue mail.outgoing
""".strip().split("\n")


def lines(templates: list[str], each: int, seed: int = 1) -> Iterator[Labelled]:
    """Yield so many lines of every template."""
    r = random.Random(seed)
    for template in templates:
        for _ in range(each):
            values: list[tuple[str, str]] = []

            def fill(match: re.Match[str], values: list[tuple[str, str]] = values) -> str:
                slot = match[1]
                if slot == "session16":
                    return _pick(_HEX, 32)(r)
                if slot in HARMLESS:
                    return HARMLESS[slot](r)
                kind, make = SECRET[slot]
                value = make(r)
                values.append((kind, value))
                return value

            text = _SLOT.sub(fill, template.replace("{{", "\0").replace("}}", "\1"))
            yield Labelled(text.replace("\0", "{").replace("\1", "}"), tuple(values))
