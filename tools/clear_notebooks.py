"""Empties the outputs of the notebooks that are named, and says which had any (exit code 1, for pre-commit)."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def cleared(notebook: dict) -> dict:
    """Return the notebook as it is committed: no outputs, no counts, no marks of a run."""
    cells = []
    for cell in notebook["cells"]:
        kept = {k: v for k, v in cell["metadata"].items() if k not in ("execution", "papermill", "collapsed")}
        run = {"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {}
        cells.append({**cell, **run, "metadata": kept})
    kept = {k: v for k, v in notebook["metadata"].items() if k not in ("papermill", "widgets")}
    return {**notebook, "cells": cells, "metadata": kept}


def main(paths: list[str]) -> int:
    """Rewrite the notebooks that need it."""
    changed = 0
    for path in map(Path, paths):
        before = json.loads(path.read_text(encoding="utf-8"))
        after = cleared(before)
        if after != before:
            path.write_text(json.dumps(after, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            print(f"{path}: outputs removed")
            changed = 1
    return changed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
