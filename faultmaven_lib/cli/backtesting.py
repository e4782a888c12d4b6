"""``faultmaven backtest``: how often the first cause is right, on incidents whose cause is known."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from faultmaven_lib.cli.shared import FOUND, TROUBLE, as_json_option, plain_errors, stop, store_option

if TYPE_CHECKING:
    from faultmaven_lib.backtest import Backtest, Incidents

_STOPPED = 130
"""What shells say of a command that was interrupted from the keyboard."""


@click.command()
@click.option(
    "--recordings",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder with recordings/NAME/ and truth/NAME.json; default: the shipped recordings.",
)
@click.option("--cases", is_flag=True, help="The closed cases of the store whose cause is confirmed.")
@click.option("--team", help="With --cases: only those of a team.")
@click.option("--only", metavar="PATTERN", help="Only incidents whose name matches, as in 'disk-*'.")
@click.option(
    "--half",
    type=click.Choice(["dev", "test", "all"]),
    default="all",
    show_default=True,
    help="One half of a set that split.json splits by kind of fault.",
)
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page as one file.")
@click.option(
    "--fail-under", type=click.FloatRange(0, 1), help="Exit with code 1 if AC@1 is below this, as in 0.9: for CI."
)
@click.option("--keep", metavar="CASE", help="Write a closed case (an id, or a .fmz file) as a recording, and stop.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="With --keep: the folder of recordings to write it into.",
)
@as_json_option
@store_option
@plain_errors
def backtest(
    recordings: Path | None,
    cases: bool,
    team: str | None,
    only: str | None,
    half: Literal["dev", "test", "all"],
    html: Path | None,
    fail_under: float | None,
    keep: str | None,
    out: Path | None,
    as_json: bool,
    database_url: str | None,
) -> None:
    """Run the whole investigation on incidents with known causes, and say how often it is right.

    It works on neutrally named copies without the truth: the shipped recordings, a folder of your own, or the closed
    cases of the store. Exit code 0: done; 1: AC@1 is below --fail-under; 2: trouble, or an incident that could not be
    scored; 130: interrupted, after the table of what was done.
    """
    if (keep is None) != (out is None):
        raise click.UsageError("--keep CASE and --out DIR go together")
    if keep is not None and out is not None:
        _keep(keep, out, database_url)
        return
    if html is not None and not html.absolute().parent.is_dir():
        raise click.UsageError(f"there is no folder {html.absolute().parent} to write {html.name} into")
    if cases and recordings is not None:
        raise click.UsageError("--cases and --recordings are two sets: run it on one after the other")
    from faultmaven_lib.backtest import backtest as run

    incidents = _set(recordings, cases=cases, team=team, database_url=database_url)
    incidents = (incidents if only is None else incidents.only(only)).half(half)
    result = run(incidents, progress=True)
    if html is not None:
        html.write_text(result.html(), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=2))
    else:
        click.echo(str(result))
        if html is not None:
            click.echo(f"\nWritten: {html}")
    sys.exit(_code(result, fail_under))


def _set(recordings: Path | None, *, cases: bool, team: str | None, database_url: str | None) -> Incidents:
    from faultmaven_lib.backtest import closed_cases, recorded, shipped

    if cases:
        return closed_cases(database_url, team=team)
    return shipped() if recordings is None else recorded(recordings)


def _code(result: Backtest, fail_under: float | None) -> int:
    if result.stopped:
        return _STOPPED
    if result.unscored:
        return TROUBLE
    if fail_under is None:
        return 0
    reached = result.score["AC@1"].value
    if reached is None:
        stop("--fail-under asks for AC@1, and no incident of the set has a fault to find")
    return 0 if reached >= fail_under else FOUND


def _keep(case: str, out: Path, database_url: str | None) -> None:
    from faultmaven_lib.backtest import keep
    from faultmaven_lib.storage import Store
    from faultmaven_lib.storage.archive import read_archive

    found = read_archive(case) if case.endswith(".fmz") else Store(database_url).load(case)
    click.echo(f"Written: {keep(found, out)}\nRun it: faultmaven backtest --recordings {out}")
