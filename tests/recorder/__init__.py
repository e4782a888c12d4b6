"""The recorder: runs a small shop for real, breaks it on purpose, and keeps what could be seen.

``python -m tests.recorder record --out DIR`` writes ``DIR/recordings/<name>/`` and, apart from it,
``DIR/truth/<name>.json``.
"""
