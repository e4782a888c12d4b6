"""Start one service: ``python -m shop checkout --port 8003``."""

from __future__ import annotations

import argparse
import logging
import os
import socket
from importlib import import_module

import uvicorn

from .logs import FORMATTERS, configure


def _listen(port: int) -> socket.socket:
    """Share the port with the instance that this one takes over from, so that a deploy drops no request."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", port))
    return listener


def main() -> None:
    parser = argparse.ArgumentParser(prog="shop")
    parser.add_argument("service", choices=FORMATTERS)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    configure(FORMATTERS[arguments.service]())
    if arguments.service != "catalog":  # the others log what they do, not every request
        logging.getLogger("uvicorn.access").setLevel(logging.WARNING)
    app = import_module(f".{arguments.service}", __package__).app
    config = uvicorn.Config(
        app,
        log_config=None,
        timeout_graceful_shutdown=2,
        ssl_certfile=os.environ.get("TLS_CERTIFICATE"),
        ssl_keyfile=os.environ.get("TLS_KEY"),
    )
    uvicorn.Server(config).run(sockets=[_listen(arguments.port)])


main()
