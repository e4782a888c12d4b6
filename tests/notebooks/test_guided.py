"""The shipped notebooks: clean in the tree, and run from end to end as papermill and nbval run them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import nbformat
import pytest

from faultmaven_lib.resources import dashboards, notebooks

SHIPPED = [*sorted(notebooks().glob("*.ipynb")), *sorted(dashboards().glob("*.ipynb"))]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_a_shipped_notebook_is_clean(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.title
    for cell in notebook.cells:
        assert re.fullmatch(r"[a-z0-9-]+", cell.id)
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
    assert set(notebook.metadata) <= {"kernelspec", "language_info", "title"}


def test_the_triage_has_one_cell_of_parameters_and_its_sections_in_order():
    notebook = nbformat.read(notebooks() / "01_triage.ipynb", as_version=4)
    tagged = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    names = {"incident", "alert", "logs", "metrics", "changes", "window", "baseline", "output_dir", "save"}
    assert set(re.findall(r"^(\w+) =", tagged[0].source, re.MULTILINE)) == names
    sections = [int(n) for cell in notebook.cells for n in re.findall(r"^## (\d+)\.", cell.source, re.MULTILINE)]
    assert sections == list(range(1, 11))


def environment(folder):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FAULTMAVEN_")}
    own = {"FAULTMAVEN_HOME": str(folder / "home"), "IPYTHONDIR": str(folder / "ipython")}
    return kept | own


def papermill(folder, **parameters):
    done = folder / "done.ipynb"
    given = [part for name, value in parameters.items() for part in ("-p", name, str(value))]
    command = [sys.executable, "-m", "papermill", str(notebooks() / "01_triage.ipynb"), str(done), *given]
    run = subprocess.run(
        [*command, "--cwd", str(folder), "--no-progress-bar"],
        env=environment(folder), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    return nbformat.read(done, as_version=4)


def outputs(notebook, cell_id):
    cell = next(cell for cell in notebook.cells if cell.id == cell_id)
    return "".join(
        output.get("text", "") or "".join(map(str, output.get("data", {}).values())) for output in cell.outputs
    )


@pytest.mark.slow
def test_the_recorded_incident_is_triaged_by_papermill(tmp_path):
    notebook = papermill(tmp_path, incident="checkout-stall", output_dir=tmp_path / "out", save=True)
    answer = outputs(notebook, "answer")
    assert "lock contention in postgres" in answer.lower()
    assert "E1" in answer
    assert "postgres" in outputs(notebook, "causes").split("H2")[0]
    assert "fm-outcome-changed" not in outputs(notebook, "verify")
    assert "fm-outcome-same" in outputs(notebook, "verify")
    assert "Saved as INC-1." in outputs(notebook, "report")
    assert (tmp_path / "out" / "INC-1-postmortem.html").read_text(encoding="utf-8").count("<script") == 0
    charts = [
        o for c in notebook.cells for o in c.get("outputs", []) if "application/vnd.plotly.v1+json" in o.get("data", {})
    ]
    assert len(charts) == 3
    assert not [o for c in notebook.cells for o in c.get("outputs", []) if o.get("name") == "stderr"]
    assert len(json.dumps(notebook)) < 2_000_000


@pytest.mark.slow
def test_on_the_healthy_recording_nothing_stands_out(tmp_path):
    notebook = papermill(tmp_path, incident="healthy", output_dir=tmp_path / "out")
    assert "Nothing stands out" in outputs(notebook, "answer")
    assert "no cause to test" in outputs(notebook, "challenge")
    assert len(list((tmp_path / "out").glob("*-postmortem.html"))) == 1


@pytest.mark.slow
def test_it_works_on_ones_own_files(tmp_path):
    lines = []
    for second in range(1200):
        stamp = f"2026-03-01T14:{second // 60:02d}:{second % 60:02d}Z"
        lines.append(
            f"{stamp} {'ERROR disk full: no space left on device' if second > 700 else f'INFO request {second} served'}"
        )
    (tmp_path / "api.log").write_text("\n".join(lines) + "\n")
    notebook = papermill(tmp_path, logs="api.log", window="2026-03-01T14:10Z/10m", output_dir=tmp_path)
    assert "no space left on device" in outputs(notebook, "answer")
    assert "There is no metric value" in outputs(notebook, "metrics-chart")
    assert list(tmp_path.glob("*-postmortem.html"))


@pytest.mark.slow
def test_nbval_passes(tmp_path):
    shutil.copy(notebooks() / "01_triage.ipynb", tmp_path)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval-lax", "-q", "-p", "no:cacheprovider", "01_triage.ipynb"],
        cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-3000:]
