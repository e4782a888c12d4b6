"""Requests between services carry the time and a signature, so that a recorded one cannot be sent again later."""

from __future__ import annotations

import hmac
import logging
import os
import time
from collections.abc import Mapping

log = logging.getLogger("shop.signing")
TOLERANCE_SECONDS = 30
_KEY = os.environ.get("SIGNING_KEY", "").encode()


def sign(caller: str) -> dict[str, str]:
    """Return the headers that say who calls, and when."""
    at = f"{time.time():.0f}"
    return {"x-caller": caller, "x-signed-at": at, "x-signature": _signature(caller, at)}


def check(headers: Mapping[str, str]) -> str:
    """Return why a request is refused; empty if it is not."""
    caller, at = headers.get("x-caller", ""), headers.get("x-signed-at", "")
    if not hmac.compare_digest(_signature(caller, at), headers.get("x-signature", "")):
        log.warning("request refused: its signature is wrong")
        return "wrong signature"
    age = time.time() - float(at)
    if abs(age) > TOLERANCE_SECONDS:
        past = "old" if age > 0 else "in the future"
        log.warning("request of %s refused: its timestamp is %.0f s %s", caller, abs(age), past)
        return f"timestamp {abs(age):.0f} s {past}"
    return ""


def _signature(caller: str, at: str) -> str:
    return hmac.new(_KEY, f"{caller} {at}".encode(), "sha256").hexdigest()
