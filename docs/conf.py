"""Sphinx: what is needed to build the documentation without the network."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import faultmaven_lib

project = "FaultMaven"
author = "FaultMaven contributors"
copyright = author
version = release = faultmaven_lib.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc", "from_code"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "FaultMaven"
html_show_sourcelink = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# Links to other projects would need their inventories from the network: only links to our own names are checked.
nitpick_ignore_regex = [
    (r"py:.*", r"(?!faultmaven_lib\.).*"),
    (r"py:.*", r"faultmaven_lib\.(?!model|exceptions|datasets)[a-z_]+\..*"),  # inner rooms have no page of their own
    (r"py:class", r"faultmaven_lib\.model\.noun\.[a-z]+"),  # functions inside annotations, taken for classes
]
