"""Mailer: sends the invoices to the customers."""

from __future__ import annotations

import logging
import time
from email.headerregistry import Address
from typing import Any

from . import store
from .queueing import Worker
from .web import application

log = logging.getLogger("shop.mailer")


def send(message: dict[str, Any]) -> None:
    """Send one mail: the relay takes some 30 ms."""
    recipient = Address(addr_spec=message["to"])
    time.sleep(0.02 + (hash(recipient.username) % 20) / 1000)
    log.info("mail sent to %s for order %s", recipient, message["order"])


worker = Worker(store.MAILS, send, per_second=10.0)
app = application("mailer", opens=worker.start)
