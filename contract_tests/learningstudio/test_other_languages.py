"""Signers in Java, Ruby and PHP that follow Pearson's libraries; their signatures are accepted, as are Python's."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from contract_tests.learningstudio.client import Client, Keys
from contract_tests.learningstudio.support import refused
from lms_emulator.client.emulator import Emulator
from lms_emulator.providers.learningstudio.info import Info

CLIENTS = Path(__file__).parent / "clients"
LANGUAGES = [
    ("java", ["java", str(CLIENTS / "Sign.java")], "default-jdk-headless"),
    ("ruby", ["ruby", str(CLIENTS / "sign.rb")], "ruby"),
    ("php", ["php", str(CLIENTS / "sign.php")], "php-cli"),
]


@pytest.mark.parametrize(
    ("language", "command", "package"),
    # Java compiles its program each time.
    [pytest.param(*row, id=row[0], marks=[pytest.mark.slow] if row[0] == "java" else []) for row in LANGUAGES],
)
def test_a_signer(lms: Emulator, client: Client, info: Info, language: str, command: list[str], package: str) -> None:
    if shutil.which(language) is None:
        pytest.skip(f"no {language} here (Debian: {package})")

    def sign(method: str, path: str, body: str = "", keys: Keys = client.keys) -> str:
        moment, nonce = str(int(lms.clock.now.timestamp())), secrets.token_hex(16)
        mine = (keys.consumer_key, keys.application_id, keys.shared_secret, moment, nonce)
        done = subprocess.run([*command, method, path, body, *mine], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def send(method: str, path: str, body: str = "", header: str | None = None) -> httpx.Response:
        headers = {"X-Authorization": header or sign(method, path, body)}
        return client.http.request(method, info.url + path, headers=headers, content=body.encode() or None)

    own = f"/users/{info.other_student.id}/courses/{info.course_id}"
    grade = f"{own}/gradebookItems/{info.gradebook_item_id}/grade"
    dates = "startDatesBetween=01/01/2014,06/30/2030"
    assert send("GET", f"/users/{info.other_student.id}/courses?{dates}&expand=course").status_code == 200
    assert send("POST", grade, json.dumps({"grade": {"points": 8, "comments": "Grüße >>>???"}})).status_code == 201
    assert send("PUT", grade, json.dumps({"grade": {"points": 9}})).status_code == 204
    assert send("DELETE", grade).status_code == 204
    assert send("GET", f"{own}/itemHierarchy?expand=item,item.access").status_code == 200
    wrong = sign("GET", own, keys=client.of(shared_secret="x" * 32).keys)
    refused(lms, send("GET", f"{own}/items", header=wrong), "invalid_signature", 401)
