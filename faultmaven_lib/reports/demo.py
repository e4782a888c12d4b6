"""The demo: a recorded incident, worked from the alert to the postmortem."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from faultmaven_lib.datasets import load_incident
from faultmaven_lib.investigation import Investigation
from faultmaven_lib.render import answer_text
from faultmaven_lib.reports.notebooks import run_notebook
from faultmaven_lib.resources import dashboards, notebooks


def run(output: Path, incident: str, *, database_url: str | None = None, say: Callable[[str], object] = print) -> None:
    """Work a recorded incident and tell the reader how to go on.

    Parameters
    ----------
    output
        Folder for the run notebook and the postmortem.
    incident
        Name of a recorded incident.
    database_url
        The store in which the case is kept.
    say
        Where the lines go.
    """
    output.mkdir(parents=True, exist_ok=True)
    inv = Investigation.from_incident(load_incident(incident), database_url=database_url)
    inv.knowledge.add_starter()
    answer = inv.analyze()
    case_id = inv.save()
    postmortem = inv.report(output / "postmortem.html")
    say(answer_text(answer))
    say("")
    say(f"The case      {case_id}, in the store: {_tool('faultmaven')} verify {case_id}")
    say(f"Postmortem    {postmortem}")
    if find_spec("papermill") is None:
        say('The notebook  was not run: pip install "faultmaven[notebook]"')
        return
    say("The notebook  is being run by papermill …")
    ran = run_notebook(
        notebooks() / "01_triage.ipynb", output / "01_triage.ipynb", {"incident": incident, "output_dir": str(output)}
    )
    say(f"The notebook  {ran}")
    say("")
    if Path("Makefile").is_file() and Path("notebooks").is_dir():  # in a clone
        say("Open it       make lab")
        say("Dashboards    make dashboards")
    else:
        folder = dashboards()
        say(f"Open it       {_tool('jupyter')} lab {ran}")
        say(f"Dashboards    cd {folder} && JUPYTER_PATH={folder}/jupyter {_tool('voila')} incidents.ipynb")


def _tool(name: str) -> str:
    """Return how to call a program of this environment from here."""
    here = Path(sys.executable).parent / name
    if shutil.which(name) == str(here):
        return name
    return os.path.relpath(here) if here.is_relative_to(Path.cwd()) else str(here)
