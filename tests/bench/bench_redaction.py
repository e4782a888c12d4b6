"""Redaction: what of the secrets in labelled lines goes, what else goes, and how fast, beside other detectors.

Run it as ``python tests/bench/bench_redaction.py``. The lines are of our own (``labelled_lines.py``); the other
detectors are Presidio's recognisers for cards, IBANs, telephones and mail addresses, and detect-secrets for keys,
tokens and passwords, both as they come.
"""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faultmaven_lib.redaction import Redactor
from faultmaven_lib.redaction.patterns import TOKEN
from tests.bench.labelled_lines import DEVELOPMENT, HELD_OUT, Labelled, lines

_PERSONAL = {"card", "iban", "phone", "email"}
Detector = Callable[[str], Iterable[str]]


def ours() -> Detector:
    """Return what our redaction takes out of a line."""
    redact = Redactor(b"bench").redact

    def detect(text: str) -> list[str]:
        kept = TOKEN.split(redact(text))[::2]
        at, found = 0, []
        for piece in kept:  # what stands between the pieces that were kept is what went
            start = text.index(piece, at) if piece else at
            found.append(text[at:start])
            at = start + len(piece)
        return [value for value in [*found, text[at:]] if value]

    return detect


def others() -> Detector | None:
    """Return what Presidio and detect-secrets find; None if they are not installed."""
    try:
        from detect_secrets.core.scan import scan_line
        from detect_secrets.settings import default_settings
        from presidio_analyzer import predefined_recognizers as known
    except ImportError as error:
        print(f"{error.name} is not installed: make bench installs it")
        return None
    logging.getLogger("tldextract").setLevel(logging.CRITICAL)  # it would like to fetch a newer list of domains
    recognisers = [
        known.CreditCardRecognizer(),
        known.IbanRecognizer(),
        known.PhoneRecognizer(),
        known.EmailRecognizer(),
    ]

    def detect(text: str) -> list[str]:
        found = [
            text[hit.start : hit.end]
            for one in recognisers
            for hit in one.analyze(text, one.supported_entities, None) or ()
            if hit.score >= 0.4
        ]
        with default_settings():
            return sorted({*found, *(hit.secret_value for hit in scan_line(text) if hit.secret_value)})

    return detect


def row(name: str, chosen: list[Labelled], detect: Detector) -> None:
    """Print recall and precision of a detector, for personal data and for secrets."""
    hits: Counter[bool] = Counter()
    there: Counter[bool] = Counter()
    extra = 0
    begun = time.process_time()
    found = [list(detect(line.text)) for line in chosen]
    spent = time.process_time() - begun
    for line, values in zip(chosen, found, strict=True):
        for kind, secret in line.values:
            there[kind in _PERSONAL] += 1
            hits[kind in _PERSONAL] += any(
                secret in v or (v in secret and 5 * len(v) >= 4 * len(secret)) for v in values
            )
        extra += sum(not any(v in s or s in v for _, s in line.values) for v in values)
    right = sum(hits.values())
    recall = [hits[kind] / there[kind] for kind in (True, False)]
    print(
        f"{name:26}{recall[0]:10.3f}{recall[1]:10.3f}{right / max(right + extra, 1):11.3f}{extra:8}"
        f"{len(chosen) / spent:14,.0f}"
    )


def main() -> None:
    """Print the tables."""
    head = f"{'':26}{'personal':>10}{'secrets':>10}{'precision':>11}{'extra':>8}{'lines a CPU s':>14}"
    peer = others()
    for title, templates in (("development", DEVELOPMENT), ("held out", HELD_OUT)):
        chosen = list(lines(templates, 20))
        print(
            f"\n{title}: {len(chosen):,} lines, {sum(len(x.values) for x in chosen):,} secrets; recall by sort\n{head}"
        )
        row("FaultMaven", chosen, ours())
        if peer is not None:
            row("Presidio, detect-secrets", chosen, peer)
    every = [x.text for x in lines([*DEVELOPMENT, *HELD_OUT], 400)]
    calm = pd.Series(
        [x.text for x in lines([t for t in DEVELOPMENT if "{ms}" in t and "{n}" in t], 4000) if not x.values]
    )
    print()
    for title, column in (("of which most hold a secret", pd.Series(every)), ("without secrets", calm)):
        begun = time.process_time()
        Redactor(b"bench").redact_series(column, name="message")
        speed = len(column) / (time.process_time() - begun)
        print(f"a column of {len(column):,} lines {title}: {speed:,.0f} lines a CPU s")


if __name__ == "__main__":
    main()
