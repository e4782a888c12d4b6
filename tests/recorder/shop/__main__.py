"""Start one service: ``python -m shop checkout --port 8003``."""

from __future__ import annotations

import argparse
import logging
from importlib import import_module

import uvicorn

from .logs import FORMATTERS, configure

SERVICES = ("catalog", "cart", "checkout", "payment")


def main() -> None:
    parser = argparse.ArgumentParser(prog="shop")
    parser.add_argument("service", choices=SERVICES)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    configure(FORMATTERS[arguments.service]())
    if arguments.service != "catalog":  # the others log what they do, not every request
        logging.getLogger("uvicorn.access").setLevel(logging.WARNING)
    app = import_module(f".{arguments.service}", __package__).app
    uvicorn.run(app, host="127.0.0.1", port=arguments.port, log_config=None, timeout_graceful_shutdown=1)


main()
