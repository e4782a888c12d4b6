"""Pins what .venv holds: prints constraints for everything the extras and groups of pyproject.toml bring in."""

from __future__ import annotations

import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
HEADER = """\
# The versions that the tests run with. Made by `make lock`; do not edit by hand.
# Use: pip install -c constraints.txt ...
"""
OLDEST_PYTHON = "3.11.0"
"""Some packages drop single patch releases; Debian's Python is one of the oldest of its series."""
BUILD_TOOLS = ("pip", "setuptools", "wheel")
OF_THE_MACHINE = ("cuda-", "nvidia-", "triton")
"""Beginnings of the names of what torch brings with it on machines with a GPU: each of its builds pins its own."""
MANY_BUILDS = ("torch",)
"""Its CPU build and the others differ in the local part of the version, which `==` without one leaves open."""


def wanted(pyproject: dict) -> list[str]:
    """Every requirement of the core, of all extras and of all dependency groups."""
    lists = [pyproject["project"]["dependencies"]]
    lists += pyproject["project"]["optional-dependencies"].values()
    lists += pyproject["dependency-groups"].values()
    own = pyproject["project"]["name"]
    flat = (entry for entries in lists for entry in entries if isinstance(entry, str))
    return [entry for entry in flat if Requirement(entry).name != own]


def closure(requirements: list[str]) -> tuple[dict[str, str], set[str]]:
    """Return name to version of all that the requirements need, and the names that are not installed."""
    pinned: dict[str, str] = {}
    missing: set[str] = set()
    seen: set[tuple[str, str]] = set()
    queue = [Requirement(text) for text in requirements]
    while queue:
        requirement = queue.pop()
        name = canonicalize_name(requirement.name)
        fresh = [e for e in ("", *requirement.extras) if (name, e) not in seen]
        seen.update((name, e) for e in fresh)
        if not fresh or name in BUILD_TOOLS or name.startswith(OF_THE_MACHINE):
            continue
        try:
            found = distribution(name)
        except PackageNotFoundError:
            missing.add(name)
            continue
        python = found.metadata["Requires-Python"]
        if python and not SpecifierSet(python).contains(OLDEST_PYTHON):
            raise SystemExit(f"{name} {found.version} does not run on Python {OLDEST_PYTHON}: install an older one")
        pinned[name] = found.version.partition("+")[0] if name in MANY_BUILDS else found.version
        for text in found.requires or ():
            needed = Requirement(text)
            if any(needed.marker is None or needed.marker.evaluate({"extra": e}) for e in fresh):
                queue.append(needed)
    return pinned, missing


def main() -> None:
    """Print the constraints file."""
    pinned, missing = closure(wanted(tomllib.loads(PYPROJECT.read_text())))
    if missing:
        raise SystemExit(f"not installed in this environment: {', '.join(sorted(missing))}; run `make install` first")
    local = sorted(f"{name}=={version}" for name, version in pinned.items() if "+" in version)
    if local:
        raise SystemExit(f"local builds cannot be pinned for others: {', '.join(local)}")
    print(HEADER + "\n".join(f"{name}=={pinned[name]}" for name in sorted(pinned)))


if __name__ == "__main__":
    main()
