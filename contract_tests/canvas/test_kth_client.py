"""Canvas through @kth/canvas-api, a published client for Node, unmodified."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from contract_tests import node
from contract_tests.canvas.support import Site

SCRIPT = Path(__file__).with_name("kth_client.js")


@node.needs("@kth/canvas-api@5.1.1")
def test_a_term_at_a_school(canvas: Site) -> None:
    tokens, student = canvas.info.access_tokens, canvas.info.student.id
    command = [node.NODE or "node", str(SCRIPT), canvas.url, tokens.admin, tokens.student, str(student)]
    done = subprocess.run(command, capture_output=True, text=True, env=node.ENVIRONMENT, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "me": canvas.info.admin.id,
        "imported": ["imported", 25],
        "pages": [10, 10, 6],
        "users": 26,
        "graded": ["graded", 15],
        "grade": 75,
        "refused": [403, 404, 401, 403],
    }
