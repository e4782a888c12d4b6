"""What all commands share: exit codes, options, and errors told without a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

import click

from faultmaven_lib.exceptions import FaultMavenError

FOUND, TROUBLE = 1, 2

store_option = click.option(
    "--database-url", help="Store to use instead of FAULTMAVEN_DATABASE_URL or the local default."
)
as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def plain_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    """Show an error that is meant for the user as one message, without a traceback."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except FaultMavenError as error:
            stop(str(error))
        except BrokenPipeError:  # "faultmaven cases | head" is no error
            sys.stderr.close()
            sys.exit(0)

    return run


def stop(message: str) -> NoReturn:
    """Say what is wrong and leave."""
    click.echo(f"faultmaven: {message}", err=True)
    sys.exit(TROUBLE)


def printable(text: str) -> str:
    """Return text without characters that would act on a terminal."""
    return "".join(c if c.isprintable() else "�" for c in text)
