"""Changes to the shop's code and settings, as its developers make them: real edits, whose diffs are made from the code.

Some were made before a recording began, some are made while it runs. Most are innocent; what the guilty ones do wrong
is what code reviews miss.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from .programs import RecorderError

VERSIONS = {
    "catalog": "5.12.0",
    "cart": "3.4.2",
    "checkout": "4.8.1",
    "payment": "2.7.1",
    "shipping": "1.9.0",
    "invoices": "2.2.0",
    "mailer": "1.3.4",
    "provider": "",
}
"""What runs when a recording begins."""


@dataclass(frozen=True)
class Patch:
    """One change to one file of a service.

    Parameters
    ----------
    service
        Whose code it is; the file is ``shop/<service>.py``.
    message, author
        As in the commit.
    edits
        Pairs of text before and after; each text before stands in the file exactly once.
    """

    service: str
    author: str
    message: str
    edits: tuple[tuple[str, str], ...]

    @property
    def file(self) -> str:
        return f"shop/{self.service}.py"

    def diff(self, code: Path, *, made: bool = False) -> str:
        """Return the unified diff against the code as it is, or, of a change made before, that led to it."""
        now = (code / self.file).read_text("utf-8")
        other = self._edited(now, back=made)
        return unified(self.file, *((other, now) if made else (now, other)))

    def apply(self, code: Path) -> None:
        """Make the change in a folder that holds the package ``shop``."""
        path = code / self.file
        path.write_text(self._edited(path.read_text("utf-8"), back=False), "utf-8")

    def _edited(self, text: str, *, back: bool) -> str:
        for pair in self.edits:
            old, new = reversed(pair) if back else pair
            if text.count(old) != 1:
                raise RecorderError(f"{self.message!r} does not fit {self.file}: {old[:60]!r} is not there once")
            text = text.replace(old, new)
        return text


def unified(file: str, before: str, after: str) -> str:
    """Return a unified diff with three lines of context, as version control shows it."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{file}", f"b/{file}", n=3
    )
    return "".join(lines)


MADE_BEFORE = (
    Patch(
        "payment",
        "r.dasgupta",
        "log the provider's latency",
        (('known |= {"card": charge["card"]}', 'known |= {"card": charge["card"], "provider_ms": took}'),),
    ),
    Patch(
        "catalog",
        "t.moreau",
        "search in reviews",
        (
            ("def search(q: str) -> dict[str, Any]:", "def search(q: str, reviews: bool = False) -> dict[str, Any]:"),
            (
                'ORDER BY name LIMIT 24"\n    with database',
                'ORDER BY name LIMIT 24"\n'
                "    if reviews:\n"
                "        statement = (\n"
                '            "SELECT p.id, p.name, p.price FROM products p WHERE p.id IN "\n'
                '            "(SELECT product_id FROM reviews WHERE body ILIKE :pattern) ORDER BY p.name LIMIT 24"\n'
                "        )\n"
                "    with database",
            ),
        ),
    ),
    Patch(
        "cart",
        "a.novak",
        "count carts every 30 s instead of every 60 s",
        (("jobs={count: 60.0}", "jobs={count: 30.0}"),),
    ),
    Patch(
        "invoices",
        "m.okafor",
        "look for archived invoices every 20 s",
        (("jobs={archive: 60.0}", "jobs={archive: 20.0}"),),
    ),
    Patch(
        "checkout",
        "j.abara",
        "wait for shipping half as long",
        (('"shipping", timeout=3.0)', '"shipping", timeout=1.5)'),),
    ),
    Patch("mailer", "h.sato", "ten mails a second", (("per_second=4.0)", "per_second=10.0)"),)),
)
"""The system runs with all of them."""

INNOCENT = (
    Patch(
        "catalog",
        "t.moreau",
        "log what is searched for",
        (
            (
                '    return {"products": found}',
                '    log.info("search for %s found %d products", q, len(found))\n    return {"products": found}',
            ),
        ),
    ),
    Patch(
        "cart",
        "a.novak",
        "log the number of pieces in a cart",
        (
            (
                'extra={"user": user_id, "items": len(items), "duration_ms"',
                'extra={"user": user_id, "items": len(items), "pieces": sum(items.values()), "duration_ms"',
            ),
        ),
    ),
    Patch(
        "checkout",
        "j.abara",
        "shorter log line for placed orders",
        (
            (
                '"order %d placed: %d items, total %s, confirmation to %s, %.0f ms",',
                '"placed order %d with %d items for %s, mail to %s, took %.0f ms",',
            ),
        ),
    ),
    Patch(
        "payment",
        "r.dasgupta",
        "warn of a slow provider from 800 ms on",
        (("if took > 600:", "if took > 800:"),),
    ),
    Patch(
        "shipping",
        "c.ferreira",
        "of two carriers with one fee take the first by name",
        (("ORDER BY fee LIMIT 1", "ORDER BY fee, carrier LIMIT 1"),),
    ),
    Patch(
        "invoices",
        "m.okafor",
        "currency on the invoice",
        (('total {total}\\n"', 'total {total} EUR\\n"'),),
    ),
    Patch(
        "mailer",
        "h.sato",
        "say invoice instead of order",
        (('"mail sent to %s for order %s"', '"mail sent to %s with invoice %s"'),),
    ),
)
"""Changes that break nothing."""

RAISES_IN_SEARCH = Patch(
    "catalog",
    "t.moreau",
    "search: best sellers first",
    (
        (
            "    found = [dict(row._mapping) for row in rows]\n    return",
            "    found = [dict(row._mapping) for row in rows]\n"
            '    found.sort(key=lambda product: product["sold"], reverse=True)\n'
            "    return",
        ),
    ),
)
RAISES_IN_CART = Patch(
    "cart",
    "a.novak",
    "prices with two decimals",
    (('"price": str(prices[product])}', '"price": str(prices[product].quantize("0.01"))}'),),
)
LEAKS_IN_CATALOG = Patch(
    "catalog",
    "e.lindholm",
    "keep what was shown for the recommendations",
    (
        ("_PAGE_SECONDS = 45\n", "_PAGE_SECONDS = 45\n_shown: list[str] = []\n"),
        ("    return dict(page)\n", "    _shown.append(json.dumps(page) * 260)\n    return dict(page)\n"),
    ),
)
LEAKS_IN_PAYMENT = Patch(
    "payment",
    "r.dasgupta",
    "keep charges for the dispute report",
    (
        ("class Payment(BaseModel):", "_charges: list[str] = []\n\n\nclass Payment(BaseModel):"),
        (
            "    took = round(",
            '    _charges.append(f"{payment.order_id}:{charge}".ljust(1_500_000))\n    took = round(',
        ),
    ),
)
HOLDS_CONNECTIONS_IN_CHECKOUT = Patch(
    "checkout",
    "j.abara",
    "keep the cursor of the order history for the next page",
    (
        ('log = logging.getLogger("shop.checkout")\n', 'log = logging.getLogger("shop.checkout")\n_cursors = {}\n'),
        (
            '            rows = connection.execute(statement, {"user": user_id}).all()',
            '            rows = connection.execute(statement, {"user": user_id}).all()\n'
            "        _cursors[user_id] = database.engine.connect()\n"
            '        _cursors[user_id].execute(statement, {"user": user_id})',
        ),
    ),
)
HOLDS_CONNECTIONS_IN_CATALOG = Patch(
    "catalog",
    "e.lindholm",
    "search: keep the cursor for the next page",
    (
        ("_PAGE_SECONDS = 45\n", "_PAGE_SECONDS = 45\n_cursors = []\n"),
        (
            "    found = [dict(row._mapping) for row in rows]\n",
            "    found = [dict(row._mapping) for row in rows]\n"
            "    _cursors.append(database.engine.connect())\n"
            '    _cursors[-1].execute(text(statement), {"pattern": f"%{q}%"})\n',
        ),
    ),
)
FILLS_THE_DISK = Patch(
    "invoices",
    "m.okafor",
    "pictures of the products on the invoice, kept for a month",
    (("_KEEP_SECONDS = 40", "_KEEP_SECONDS = 30 * 86_400"), ("* 200", "* 1_000")),
)
GUILTY = (
    RAISES_IN_SEARCH,
    RAISES_IN_CART,
    LEAKS_IN_CATALOG,
    LEAKS_IN_PAYMENT,
    HOLDS_CONNECTIONS_IN_CHECKOUT,
    HOLDS_CONNECTIONS_IN_CATALOG,
    FILLS_THE_DISK,
)
