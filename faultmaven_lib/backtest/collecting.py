"""Which incidents a backtest is of: the shipped recordings, a folder of them, or a team's own closed cases."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from faultmaven_lib.backtest.copying import neutral_copy
from faultmaven_lib.backtest.keeping import lay_out, truth_of
from faultmaven_lib.exceptions import FaultMavenError, SourceError
from faultmaven_lib.model import Truth
from faultmaven_lib.storage import Store

Half = Literal["dev", "test", "all"]


@dataclass(frozen=True)
class Known:
    """One incident with a known cause: a way to lay out what may be seen, and another to the truth.

    Parameters
    ----------
    name
        What people call it; the investigation does not get to know.
    lay
        Called with a folder and a number, lays a neutral recording there and returns its folder.
    truth
        Returns what really happened; asked only when the investigation is over.
    """

    name: str
    lay: Callable[[Path, int], Path]
    truth: Callable[[], Truth]


@dataclass(frozen=True)
class Incidents:
    """A set of incidents with known causes, and how it is split.

    Examples
    --------
    >>> [known.name for known in shipped().only("health*")]
    ['healthy']
    """

    title: str
    known: tuple[Known, ...]
    split: Mapping[str, str] = field(default_factory=dict)
    """Kind of fault to ``dev`` or ``test``; empty where the set is not split."""
    notes: tuple[str, ...] = ()
    """What was left out of the set, and why."""

    def __iter__(self) -> Iterator[Known]:
        return iter(self.known)

    def __len__(self) -> int:
        return len(self.known)

    def only(self, pattern: str) -> Incidents:
        """Return those whose name matches a shell pattern, as in ``disk-*``.

        Raises
        ------
        SourceError
            If there is none.
        """
        found = tuple(known for known in self if fnmatchcase(known.name, pattern))
        if not found:
            names = ", ".join(known.name for known in self.known[:20]) or "none"
            raise SourceError(f"no incident of {self.title} is called {pattern!r}; there are: {names}")
        return replace(self, title=f"{self.title}, only {pattern}", known=found)

    def half(self, name: Half) -> Incidents:
        """Return one half of the set, which is split by kind of fault; those without a readable truth stay in.

        Raises
        ------
        SourceError
            If the set is not split, or a kind of fault lies in neither half.
        """
        if name == "all":
            return self
        if not self.split:
            raise SourceError(f"{self.title} are not split: write split.json beside the folder recordings")
        halves = {known.name: self.half_of(known) for known in self}
        astray = [each for each, half in halves.items() if half == ""]
        if astray:
            raise SourceError(f"split.json puts the kind of {', '.join(astray[:5])} in neither half")
        found = tuple(known for known in self if halves[known.name] in (name, None))
        return replace(self, title=f"{self.title}, {name} half", known=found)

    def half_of(self, known: Known) -> str | None:
        """Return the half that an incident lies in: empty where it is in none, None where its truth is unreadable."""
        try:
            return self.split.get(kind_of(known.truth()), "")
        except FaultMavenError:
            return None


def kind_of(truth: Truth) -> str:
    """Return the kind of an incident: as the truth has it, else the mechanism; of a non-fault ``no fault``.

    Examples
    --------
    >>> kind_of(Truth(service="db", mechanism="lock_contention", onset=None))
    'lock_contention'
    """
    return str(getattr(truth, "kind", "") or truth.mechanism or "no fault")


def shipped() -> Incidents:
    """Return the recordings that come with the package.

    Examples
    --------
    >>> "checkout-stall" in [known.name for known in shipped()]
    True
    """
    return replace(recorded(Path(str(files("faultmaven_lib.datasets")))), title="the shipped recordings")


def recorded(folder: Path) -> Incidents:
    """Return the recordings of a folder: ``recordings/<name>/`` with ``truth/<name>.json`` apart from them.

    Every folder in ``recordings`` counts, also one that turns out to be broken. A ``split.json`` in the folder,
    ``{"dev": [kinds], "test": [kinds]}``, splits the set.

    Raises
    ------
    SourceError
        If there is no recording, or ``split.json`` is not of that form.
    """
    home = folder.expanduser().absolute()
    places = home / "recordings" if (home / "recordings").is_dir() else home
    if not places.is_dir():
        raise SourceError(f"there is no folder {folder}")
    found = sorted(path for path in places.iterdir() if path.is_dir() and not path.name.startswith("."))
    if places is home:  # any folder has folders: these have to hold recordings
        found = [path for path in found if (path / "incident.json").is_file()]
    if not found:
        raise SourceError(f"{folder} holds no recordings: they lie in {folder}/recordings/NAME/incident.json")
    truths = places.parent / "truth"
    known = tuple(
        Known(path.name, partial(neutral_copy, path), partial(_truth, truths / f"{path.name}.json")) for path in found
    )
    return Incidents(f"the recordings in {folder}", known, _split(places.parent / "split.json"))


def closed_cases(database_url: str | None = None, *, team: str | None = None) -> Incidents:
    """Return the closed cases of a store whose cause is confirmed.

    Each is run again from the results that were stored with it: the windows, the alert, logs, metrics and changes.
    The confirmed cause, hypotheses, findings and everything that people wrote stay out of sight.

    Raises
    ------
    SourceError
        If there is none.
    """
    store = Store(database_url, team=team)
    listed = store.cases(limit=None).to_dict("records")
    confirmed = [row for row in listed if row["cause_mechanism"]]
    closed = [row for row in confirmed if row["status"] == "closed"]
    unconfirmed = sum(row["status"] == "closed" and not row["cause_mechanism"] for row in listed)
    notes = [(unconfirmed, "closed, but without a confirmed cause"), (len(confirmed) - len(closed), "not closed yet")]
    told = tuple(f"left out: {number} {_cases(number)} {why}" for number, why in notes if number)
    if not closed:
        raise SourceError("; ".join(["there is no closed case with a confirmed cause", *told]))

    def known(case_id: str) -> Known:
        return Known(
            case_id,
            lambda into, number: lay_out(store.load(case_id), into / "recordings" / f"{number:04d}", number),
            lambda: truth_of(store.load(case_id, snapshots=False)),
        )

    return Incidents("closed cases", tuple(known(str(row["id"])) for row in reversed(closed)), notes=told)


def _cases(number: int) -> str:
    return "case" if number == 1 else "cases"


def _truth(path: Path) -> Truth:
    """Read a truth, also of a recording that is itself broken: the fault was there all the same."""
    try:
        return Truth.model_validate_json(path.read_bytes())
    except OSError as error:
        raise SourceError(f"its truth {path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise SourceError(f"{path} is no truth: {where}: {first['msg']}") from None


def _split(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        split = {str(kind): half for half in ("dev", "test") for kind in known[half]}
        twice = set(known["dev"]) & set(known["test"])
    except (OSError, ValueError, KeyError, TypeError):
        raise SourceError(f'{path} does not split anything: write {{"dev": [kinds], "test": [kinds]}}') from None
    if twice:
        raise SourceError(f"{path} puts {', '.join(sorted(twice))} in both halves")
    return split
