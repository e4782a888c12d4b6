"""Small disks of fixed size, as a container's volumes are: a tmpfs each, where this user may mount one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from .programs import RecorderError


class Volume:
    """A folder of its own size.

    Without root it is an ordinary folder: everything can be recorded on it but a full disk.
    """

    def __init__(self, path: Path, megabytes: int) -> None:
        self.path, self.megabytes = path, megabytes
        self._mounted = False

    def start(self) -> None:
        self.path.mkdir(parents=True)
        if os.geteuid() != 0:
            return
        options = f"size={self.megabytes}m,mode=755"
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "shop", str(self.path)], capture_output=True, text=True, check=False
        )
        self._mounted = made.returncode == 0

    def check(self) -> None:
        """A disk does not end by itself."""

    def stop(self) -> None:
        if self._mounted:
            subprocess.run(["umount", "--lazy", str(self.path)], check=False, capture_output=True)
            self._mounted = False

    @property
    def free(self) -> int:
        """Bytes that still fit.

        Raises
        ------
        RecorderError
            If it is not a disk of its own.
        """
        if not self._mounted:
            raise RecorderError("a full disk can only be recorded as root, which may mount a disk of fixed size")
        return shutil.disk_usage(self.path).free
