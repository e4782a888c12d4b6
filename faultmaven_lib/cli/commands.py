"""The commands that work a case, look after the store, and show the demo."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from faultmaven_lib import __version__
from faultmaven_lib.cli.shared import FOUND, as_json_option, plain_errors, printable, store_option
from faultmaven_lib.model import SourceKind, Window, duration, utc


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="faultmaven")
def main() -> None:
    """Work an incident: every claim stands on evidence that anyone can run again."""


@main.command()
@click.argument("logs", nargs=-1, required=False)
@click.option("--metrics", multiple=True, help="CSV or Parquet files, a glob, or prometheus+http://host:port.")
@click.option("--traces", multiple=True, help="Spans: OTLP JSON as the collector writes it, Jaeger or Zipkin JSON.")
@click.option("--changes", multiple=True, help="Deploys, commits, flags, configuration: CSV or JSON.")
@click.option("--alert", type=click.Path(exists=True, dir_okay=False), help="What Alertmanager posts, as a JSON file.")
@click.option("--at", "at", help="When it began, or START/END of the incident; default: looked for in the data.")
@click.option("--baseline", help="START/END to compare with; default: the equal span before.")
@click.option("--question", "-q", default="", help="A question to answer instead of the whole picture.")
@click.option("--narrate", is_flag=True, help="Let the language model that is set add to the answer.")
@click.option("--title", help="Title of the case.")
@click.option("--save", is_flag=True, help="Keep the case in the store.")
@click.option("--export", "export", type=click.Path(dir_okay=False), help="Write the case as one .fmz file.")
@click.option("--report", "report", type=click.Path(dir_okay=False), help="Write the postmortem: .html or .md.")
@as_json_option
@store_option
@plain_errors
def investigate(
    logs: Sequence[str],
    metrics: Sequence[str],
    traces: Sequence[str],
    changes: Sequence[str],
    alert: str | None,
    at: str | None,
    baseline: str | None,
    question: str,
    narrate: bool,
    title: str | None,
    save: bool,
    export: str | None,
    report: str | None,
    as_json: bool,
    database_url: str | None,
) -> None:
    """Say what changed in LOGS and what most likely caused it.

    LOGS are files or globs, plain or compressed. Exit code 0: nothing stands out; 1: a cause stands out; 2: trouble.
    """
    inv = _opened(logs, metrics, traces, changes, alert, at, baseline, title, database_url)
    answer = inv.ask(question, narrate=narrate)
    if save:
        inv.save()
    for path, write in ((export, inv.export), (report, inv.report)):
        if path is not None:
            write(path)
    if as_json:
        click.echo(json.dumps({"case": inv.id or None, **answer.model_dump(mode="json")}, indent=2))
    else:
        click.echo(str(answer))
        _say_kept(inv.id if save else "", export, report)
    sys.exit(FOUND if answer.hypotheses else 0)


def _opened(
    logs: Sequence[str],
    metrics: Sequence[str],
    traces: Sequence[str],
    changes: Sequence[str],
    alert: str | None,
    at: str | None,
    baseline: str | None,
    title: str | None,
    database_url: str | None,
) -> Any:
    from faultmaven_lib.investigation import Investigation
    from faultmaven_lib.query import QueryHandler
    from faultmaven_lib.sources import connect

    sources: dict[str, Any] = {}
    if logs:
        sources["logs"] = connect(list(logs) if len(logs) > 1 else logs[0], kind="logs")
    given: dict[SourceKind, Sequence[str]] = {"metrics": metrics, "traces": traces, "changes": changes}
    for kind, targets in given.items():
        for number, target in enumerate(targets, 1):
            sources[kind if len(targets) == 1 else f"{kind}{number}"] = connect(target, kind=kind)
    if not sources and alert is None:
        raise click.UsageError("nothing to look at: name log files, --metrics, --traces or --changes")
    before = Window.parse(baseline) if baseline else None
    span = _span(at, sources)
    if alert is not None:
        inv = Investigation.from_alert(alert, sources, window=span, baseline=before, database_url=database_url)
    else:
        desk = QueryHandler().open(sources, span, before)
        name = title or f"{', '.join(logs or metrics or traces)}"[:120]
        inv = Investigation(name, desk.window, desk.baseline, sources, database_url=database_url)
    if title:
        inv.update(title=title)
    return inv


def _span(at: str | None, sources: dict[str, Any]) -> Window | None:
    if at is None:
        return None
    if "/" in at:
        return Window.parse(at)
    start: datetime = utc(at)
    ends = [span.end for s in sources.values() if s.kind != "changes" and (span := s.span()) and span.end > start]
    return Window(start=start, end=max(ends) if ends else start + duration("15m"))


def _say_kept(case_id: str, export: str | None, report: str | None) -> None:
    if case_id:
        click.echo(f"\nSaved as {case_id}: faultmaven verify {case_id}, faultmaven report {case_id}")
    for path in filter(None, (export, report)):
        click.echo(f"Written: {path}")


@main.command()
@click.argument("case")
@as_json_option
@store_option
@plain_errors
def verify(case: str, as_json: bool, database_url: str | None) -> None:
    """Run all evidence of CASE again (an id, or a .fmz file) and show what differs.

    Exit code 0: all is as recorded; 1: something has changed or cannot be run again; 2: trouble.
    """
    from faultmaven_lib.investigation import Investigation

    result = Investigation.load(case, database_url=database_url).verify()
    if as_json:
        click.echo(json.dumps(result.reset_index().to_dict("records"), indent=2, default=list))
    else:
        for evidence_id, row in result.iterrows():
            click.echo(f"{evidence_id:<5} {row['outcome']:<20} {row['difference']}".rstrip())
            for example in row["examples"]:
                click.echo(f"      {printable(example)}")
    sys.exit(0 if (result["outcome"] == "same").all() else FOUND)


@main.command()
@click.argument("case")
@click.option("--output", "-o", type=click.Path(dir_okay=False), help="File to write; default: CASE-postmortem.html.")
@click.option("--no-verify", is_flag=True, help="Do not run the evidence again first.")
@store_option
@plain_errors
def report(case: str, output: str | None, no_verify: bool, database_url: str | None) -> None:
    """Write the postmortem of CASE (an id, or a .fmz file) as one file: .html or .md.

    A claim that its evidence does not carry stops it: exit code 2, and no file is written.
    """
    from faultmaven_lib.investigation import Investigation

    inv = Investigation.load(case, database_url=database_url)
    path = inv.report(output or f"{Path(case).stem}-postmortem.html", verify=not no_verify)
    click.echo(f"Written: {path}")


@main.command()
@click.option("--team", help="Only those of a team.")
@click.option(
    "--status", type=click.Choice(["open", "mitigated", "resolved", "closed"]), help="Only those that stand so."
)
@click.option("--service", help="Only those that touch a service.")
@click.option("--since", help="Only those of the last span, such as 7d, or since a time.")
@click.option("--limit", default=50, show_default=True, help="At most so many.")
@as_json_option
@store_option
@plain_errors
def cases(
    team: str | None,
    status: str | None,
    service: str | None,
    since: str | None,
    limit: int,
    as_json: bool,
    database_url: str | None,
) -> None:
    """List the stored cases, the newest first."""
    from faultmaven_lib.storage import Store

    start = None if since is None else _since(since)
    found = Store(database_url).cases(team=team, status=status, service=service, since=start, limit=limit)
    if as_json:
        click.echo(found.reset_index(drop=True).to_json(orient="records", date_format="iso", indent=2))
        return
    if found.empty:
        click.echo("No cases yet: faultmaven investigate LOGS --save makes one, faultmaven demo shows one.")
    for row in found.to_dict("records"):
        click.echo(f"{row['id']:<10} {row['severity']:<5} {row['status']:<10} {printable(str(row['title']))}")


def _since(text: str) -> datetime:
    from datetime import UTC

    return utc(text) if text[:4].isdigit() and "-" in text else datetime.now(UTC) - duration(text)


@main.command()
@click.argument("case_id")
@click.option("--reason", required=True, help="Why; it stays in the audit log.")
@click.confirmation_option(prompt="Erase the case, its evidence and its index entries for good?")
@store_option
@plain_errors
def erase(case_id: str, reason: str, database_url: str | None) -> None:
    """Erase a case with its evidence; one audit line stays."""
    from faultmaven_lib.storage import Store

    Store(database_url).erase(case_id, reason=reason)
    click.echo(f"{case_id} is erased.")


@main.group()
def db() -> None:
    """Look after the store."""


@db.command()
@click.option("--revision", default="head", show_default=True, help="Where to.")
@store_option
@plain_errors
def upgrade(revision: str, database_url: str | None) -> None:
    """Bring the schema of the store up to this version of the package."""
    from faultmaven_lib.settings import settings
    from faultmaven_lib.storage import migrate

    url = database_url or settings().store_url()
    migrate.upgrade(url, revision)
    click.echo(f"The store is at revision {migrate.current(url)}.")


@main.command()
@click.option(
    "--output",
    "-o",
    type=click.Path(file_okay=False),
    default="faultmaven-demo",
    show_default=True,
    help="Folder for what the demo writes.",
)
@click.option("--incident", default="checkout-stall", show_default=True, help="Which recorded incident.")
@store_option
@plain_errors
def demo(output: str, incident: str, database_url: str | None) -> None:
    """Work a recorded incident from alert to postmortem, and say how to go on."""
    from faultmaven_lib.reports.demo import run

    run(Path(output), incident, database_url=database_url, say=click.echo)
