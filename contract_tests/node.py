"""Node and the npm packages that tests use, for those tests to be skipped where they are missing.

Packages lie in the virtual environment (`npm install --prefix .venv ims-lti@3.0.2`), or in another node_modules folder,
which `NODE_MODULES` names.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

NODE = shutil.which("node")
MODULES = Path(os.environ.get("NODE_MODULES") or Path(sys.prefix) / "node_modules").resolve()
ENVIRONMENT = {**os.environ, "NODE_PATH": str(MODULES)}


def needs(package: str) -> pytest.MarkDecorator:
    """Skip where node or the package is missing. `package`: as npm installs it, with its version."""
    name = package[: package.rindex("@")]
    return pytest.mark.skipif(
        NODE is None or not (MODULES / name).is_dir(),
        reason=f"node or its package {name} is missing (Debian: nodejs, npm; npm install --prefix .venv {package})",
    )
