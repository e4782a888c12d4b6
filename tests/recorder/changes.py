"""What people changed around the time of a recording: deploys, commits, flags, settings, migrations."""

from __future__ import annotations

import hashlib
import random
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .patches import MADE_BEFORE, VERSIONS, Patch

FLAGS = ("free_shipping_banner", "new_search_ranking")
_SETTINGS_BY = {"nginx": "k.lindqvist", "dns": "k.lindqvist", "redis": "b.achterberg", "postgres": "b.achterberg"}


@dataclass(frozen=True)
class Event:
    """One change, as a deploy log or a version control system tells it."""

    time: float
    kind: str
    service: str
    version: str
    author: str
    message: str
    files: tuple[str, ...]
    diff: str
    guilty: bool = False


class ChangeLog:
    """Everything that was changed, with who did it and the diff."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._events: list[Event] = []
        self._versions = dict(VERSIONS)

    def history(self, code: Path, start: float) -> None:
        """Enter deploys of the hours before a moment: the code runs with all of them."""
        at = start
        made = self._chance.sample(MADE_BEFORE, 4)
        events = []
        for patch in made:
            at -= self._chance.uniform(600, 30_000)
            message = f"{patch.service} {VERSIONS[patch.service]}: {patch.message}"
            diff = patch.diff(code, made=True)
            events.append(self._of_patch(patch, at, "deploy", VERSIONS[patch.service], message, diff))
        self._events += reversed(events)

    def next_version(self, service: str) -> str:
        """Return the version of the next deploy of a service."""
        major, minor, patch = self._versions[service].split(".")
        self._versions[service] = f"{major}.{minor}.{int(patch) + 1}"
        return self._versions[service]

    def deployed(self, patch: Patch, at: float, version: str, diff: str, *, guilty: bool) -> None:
        message = f"{patch.service} {version}: {patch.message}"
        self._events.append(self._of_patch(patch, at, "deploy", version, message, diff, guilty=guilty))

    def merged(self, patch: Patch, at: float, diff: str) -> None:
        """Enter a commit that is not deployed yet."""
        self._events.append(self._of_patch(patch, at, "commit", "", f"{patch.service}: {patch.message}", diff))

    def switched(self, flag: str, at: float) -> None:
        """Enter a feature flag that was switched on."""
        diff = f"-{flag}: false\n+{flag}: true\n"
        self._events.append(Event(at, "flag", "catalog", "", "s.virtanen", f"{flag}: off -> on for everyone", (), diff))

    def configured(self, service: str, at: float, message: str, file: str, diff: str, kind: str = "config") -> None:
        """Enter settings, or a migration, that broke something."""
        author = _SETTINGS_BY.get(service, "m.okafor")
        event = Event(at, kind, service, "", author, f"{service}: {message}", (file,), diff, guilty=True)
        self._events.append(event)

    def events(self) -> list[dict[str, Any]]:
        """Return all of them in the order of time, as the recording has them."""
        return [_told(event) for event in sorted(self._events, key=lambda event: event.time)]

    def messages(self, *, guilty: bool) -> list[str]:
        """Return the messages of the changes that broke something, or of those that did not."""
        return [e.message for e in sorted(self._events, key=lambda e: e.time) if e.guilty is guilty]

    @staticmethod
    def _of_patch(
        patch: Patch, at: float, kind: str, version: str, message: str, diff: str, *, guilty: bool = False
    ) -> Event:
        return Event(at, kind, patch.service, version, patch.author, message, (patch.file,), diff, guilty=guilty)


def _told(event: Event) -> dict[str, Any]:
    known = asdict(event)
    known.pop("guilty")
    known["time"] = datetime.fromtimestamp(event.time, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    known["files"] = list(event.files)
    if event.kind in ("deploy", "commit", "migration"):
        known["commit"] = hashlib.sha1(repr(event).encode(), usedforsecurity=False).hexdigest()
    return {key: value for key, value in known.items() if value or key in ("files", "service")}
