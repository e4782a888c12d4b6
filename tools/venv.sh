#!/usr/bin/env bash
# Make the virtual environment: venv.sh PYTHON FOLDER. Says what to install when it cannot.
set -euo pipefail
python=$1 folder=$2

if ! command -v "$python" >/dev/null; then
    echo "No $python on the PATH. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3 ..." >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "$python is $("$python" --version 2>&1), and FaultMaven needs Python 3.11 or newer." >&2
    echo "If a newer one is installed, name it: make PYTHON=python3.12 ..." >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "$python cannot make virtual environments: its venv module is missing." >&2
    echo "On Debian and Ubuntu: apt-get install python3-venv" >&2
    exit 1
fi

echo "Making $folder with $("$python" --version)"
"$python" -m venv "$folder"
# Dependency groups need pip 25.1; the one that comes with Python may be older.
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
