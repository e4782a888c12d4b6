"""The notebook face: charts, the guided triage, the dashboard for managers.

``%load_ext faultmaven_lib.notebook`` gives a notebook FaultMaven's look and the magic ``%fm``, which asks the
investigation that the notebook calls ``inv``: ``%fm why is checkout failing?``
"""

from __future__ import annotations

from typing import Any


def load_ipython_extension(shell: Any) -> None:
    """Set a notebook up: the style sheet, charts without a request to any other host, the magic ``%fm``."""
    import plotly.io as pio
    from IPython.display import HTML, display

    from faultmaven_lib.notebook.style import style_html

    # The notebook renderers of plotly would put 5 MB of script into every notebook, which then asks a CDN for MathJax.
    pio.renderers.default = "plotly_mimetype"

    def fm(line: str) -> Any:
        """Ask the investigation ``inv``; without a question, for the whole picture."""
        inv = shell.user_ns.get("inv")
        if inv is None:
            raise NameError("%fm asks the investigation inv, which this notebook does not have yet")
        return inv.ask(line.strip())

    shell.register_magic_function(fm, magic_kind="line", magic_name="fm")
    display(HTML(style_html()))  # type: ignore[no-untyped-call]
