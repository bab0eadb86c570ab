"""ims-lti for Node, which many tools verify launches of LTI 1.1 with."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from contract_tests import node

needed = node.needs("ims-lti@3.0.2")
Verify = Callable[[str, Mapping[str, str]], str]
"""Of the URL and the fields of a launch: `valid`, or `invalid` and why."""


@contextmanager
def verifier(key: str, secret: str) -> Iterator[Verify]:
    """One process, so that it remembers nonces."""
    process = subprocess.Popen(
        [node.NODE or "node", str(Path(__file__).with_name("ims_lti_verify.js"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=node.ENVIRONMENT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    questions, answers = process.stdin, process.stdout

    def ask(url: str, fields: Mapping[str, str]) -> str:
        questions.write(json.dumps({"key": key, "secret": secret, "url": url, "params": fields}) + "\n")
        questions.flush()
        return answers.readline().strip()

    try:
        yield ask
    finally:
        questions.close()
        process.wait(10)
        answers.close()
