"""Where the notebooks and dashboards lie: inside an installed package, or beside it in a clone."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from faultmaven_lib.exceptions import FaultMavenError


def _folder(name: str) -> Path:
    package = Path(str(files("faultmaven_lib")))
    places = (package / "_carried" / name, package.parent / name)
    for place in places:
        if place.is_dir():
            return place
    raise FaultMavenError(
        f"the folder {name} is missing: neither {places[0]} nor {places[1]} exists; install the package again"
    )


def notebooks() -> Path:
    """Folder of the guided notebooks.

    Raises
    ------
    FaultMavenError
        The installation is incomplete.

    Examples
    --------
    >>> sorted(path.name for path in notebooks().glob("01_*.ipynb"))
    ['01_triage.ipynb']
    """
    return _folder("notebooks")


def dashboards() -> Path:
    """Folder of the Voila dashboards and their template.

    Raises
    ------
    FaultMavenError
        The installation is incomplete.

    Examples
    --------
    >>> (dashboards() / "incidents.ipynb").is_file()
    True
    """
    return _folder("dashboards")
