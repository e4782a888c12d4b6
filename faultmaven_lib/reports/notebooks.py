"""Run a notebook with parameters; a failed run leaves what was done."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from faultmaven_lib.exceptions import MissingExtra, ReportError


def run_notebook(notebook: Path, output: Path, parameters: Mapping[str, Any], *, progress: bool = True) -> Path:
    """Run a notebook by papermill.

    Parameters
    ----------
    notebook
        The notebook to run; its cell tagged ``parameters`` holds the defaults.
    output
        Where the run notebook goes.
    parameters
        Values to set.
    progress
        Show a bar, one step a cell.

    Raises
    ------
    MissingExtra
        If papermill is not installed.
    ReportError
        If a cell fails; the notebook up to that cell is at ``output``.
    """
    try:
        import nbformat
        import papermill
        from nbformat.sign import NotebookNotary
        from traitlets.config import Config
    except ImportError:
        raise MissingExtra("Running a notebook", "notebook") from None
    # Over a socket file only this user can talk to the kernel; over TCP anyone on the machine could listen.
    private = Config({"KernelManager": {"transport": "ipc"}})
    output.parent.mkdir(parents=True, exist_ok=True)
    try:
        papermill.execute_notebook(
            str(notebook),
            str(output),
            dict(parameters),
            progress_bar=progress,
            log_output=False,
            kernel_name="python3",
            config=private,
        )
    except papermill.PapermillExecutionError as error:
        raise ReportError(
            f"{notebook.name} stopped in cell {error.exec_count} with {error.ename}: {error.evalue}; "
            f"what ran is in {output}"
        ) from None
    # What this user ran here may show its HTML at once; Jupyter trusts signed notebooks only.
    NotebookNotary().sign(nbformat.read(output, as_version=4))
    return output
