"""``faultmaven knowledge``: look after the runbooks that answers name, and search them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import click

from faultmaven_lib.cli.shared import FOUND, as_json_option, plain_errors, printable, store_option


@click.group()
def knowledge() -> None:
    """Look after the runbooks that answers name."""


@knowledge.command()
@click.argument("folders", nargs=-1, type=click.Path(exists=True, file_okay=False))
@click.option("--pattern", help="Which files, as in '**/*.md'; default: all of a known kind.")
@click.option("--starter", is_flag=True, help="Add the runbooks that come with the package.")
@click.option("--cases", is_flag=True, help="Add the resolved and closed cases of the store.")
@store_option
@plain_errors
def add(folders: Sequence[str], pattern: str | None, starter: bool, cases: bool, database_url: str | None) -> None:
    """Take in FOLDERS of runbooks, alert rules and notebooks; a second time, only what has changed."""
    from faultmaven_lib.knowledge import KnowledgeBase

    if not folders and not starter and not cases:
        raise click.UsageError("nothing to add: name folders, --starter or --cases")
    with KnowledgeBase(database_url) as base:
        taken = [base.add_starter()] if starter else []
        taken += [base.add_folder(folder, pattern) for folder in folders]
        taken += [base.add_cases()] if cases else []
    for summary in taken:
        counts = summary.attrs["counts"]
        click.echo(", ".join(f"{count} {change}" for change, count in counts.items()))
        for row in summary[summary["change"] == "skipped"].to_dict("records"):
            click.echo(f"  skipped {printable(str(row['path']))}: {printable(str(row['note']))}")
    for note in dict.fromkeys(str(summary.attrs.get("note") or "") for summary in taken):
        if note:
            click.echo(f"Found by words alone: {printable(note)}")


@knowledge.command()
@store_option
@plain_errors
def rebuild(database_url: str | None) -> None:
    """Make the index anew from the database, with the embedding model of the settings.

    Needed after another model was set, and where documents were added without one. The search goes on meanwhile.
    """
    from faultmaven_lib.knowledge import KnowledgeBase

    with KnowledgeBase(database_url) as base:
        (done,) = base.rebuild().to_dict("records")
    click.echo(f"{done['documents']:,} documents, {done['embedded']:,} embedded now; searched by {done['mode']}.")
    if done["note"]:
        click.echo(printable(str(done["note"])))


@knowledge.command()
@click.argument("question")
@click.option("-k", "k", type=click.IntRange(1, 100), default=5, show_default=True, help="At most so many.")
@click.option("--all", "everything", is_flag=True, help="Show the nearest, however badly they fit.")
@as_json_option
@store_option
@plain_errors
def search(question: str, k: int, everything: bool, as_json: bool, database_url: str | None) -> None:
    """Find the documents that fit QUESTION: an alert, an error message, plain words.

    Exit code 0: nothing fits; 1: something does; 2: trouble.
    """
    from faultmaven_lib.knowledge import KnowledgeBase

    with KnowledgeBase(database_url) as base:
        found = base.search(question, k=k, abstain=not everything)
    if as_json:
        told = {name: found.attrs.get(name, "") for name in ("mode", "note", "reason")}
        click.echo(json.dumps({**told, "found": found.to_dict("records")}, indent=2))
    else:
        for row in found.to_dict("records"):
            click.echo(f"{row['score']:.2f}  {printable(str(row['title']))}  ({printable(str(row['path']))})")
            click.echo(f"      {printable(str(row['excerpt']))}")
            click.echo(f"      {printable(str(row['why']))}")
        for note in (found.attrs.get("reason"), found.attrs.get("note")):
            if note:
                click.echo(printable(str(note)), err=True)
    sys.exit(FOUND if len(found) else 0)
