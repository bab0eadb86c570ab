"""The documentation site: `python -m sphinx -W -n -b html docs site`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from lms_emulator import __version__

project = "lms-emulator"
author = "The lms-emulator developers"
copyright = "the lms-emulator developers, Apache License 2.0"
release = version = __version__

extensions = ["myst_parser", "declarations"]
exclude_patterns = ["_ext", "_static"]
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["tables.css"]
html_title = f"lms-emulator {__version__}"
html_show_sphinx = False
html_copy_source = False
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
nitpicky = True
