"""`@edx/frontend-platform`'s authentication, unmodified: cookies, CSRF tokens, the renewal of JWT cookies, sign-out."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest

from contract_tests import node
from contract_tests.openedx.conftest import INVITE
from lms_emulator.client.emulator import Emulator

pytestmark = pytest.mark.slow
SCRIPT = Path(__file__).with_name("frontend_platform.mjs")


@node.needs("@edx/frontend-platform@8.7.1")
def test_a_front_end_signs_in_works_and_signs_out(lms: Emulator) -> None:
    ada, url = lms.openedx.learner, lms.openedx.url.rstrip("/")
    command = [node.NODE or "node", str(SCRIPT), url, ada.username, ada.password, INVITE]
    done = subprocess.run(command, capture_output=True, text=True, env=node.ENVIRONMENT, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "before": None,
        "user": ada.username,
        "name": "Ada Lovelace",
        "enrolled": True,
        "again": ada.username,
        "refreshed": ["POST /login_refresh 200", "GET /api/user/v1/me 200"],
        "logout": f"{url}/logout?redirect_url={quote(url + '/', safe='')}",
        "after": None,
    }
