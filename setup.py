"""What pyproject.toml cannot say: the wheel carries the notebooks and dashboards that lie beside the package."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

CARRIED = ("notebooks", "dashboards")


class BuildWithNotebooks(build_py):
    """Copies the carried folders to ``faultmaven_lib/_carried``; an editable install reads them where they are."""

    def run(self) -> None:
        """Build the package, then lay the folders beside its modules."""
        super().run()
        if self.editable_mode:
            return
        carried = Path(self.build_lib) / "faultmaven_lib" / "_carried"
        shutil.rmtree(carried, ignore_errors=True)  # a file that was removed must not come back from an old build
        for name in CARRIED:
            if Path(name).is_dir():
                hidden = shutil.ignore_patterns(".*", "__pycache__")
                shutil.copytree(name, carried / name, ignore=hidden)


setup(cmdclass={"build_py": BuildWithNotebooks})
