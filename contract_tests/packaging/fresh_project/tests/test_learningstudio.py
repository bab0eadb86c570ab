"""Sign an assertion, get a token, use it."""

import httpx
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC


def assertion(info, user, at):
    parts = (info.application_name, info.consumer_key, info.application_id, info.client_string, user, at)
    text = "|".join(parts)
    mac = CMAC(AES(info.shared_secret.encode()))
    mac.update(text.encode())
    return f"{text}|{mac.finalize().hex()}"


def test_assertion(lms):
    ls = lms.learningstudio
    form = {"grant_type": "assertion", "assertion_type": "urn:ecollege:names:moauth:1.0:assertion"}
    now = lms.clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    signed = assertion(ls, ls.student.username, now)
    token = httpx.post(f"{ls.url}/token", data=form | {"assertion": signed}).raise_for_status().json()
    headers = {"X-Authorization": f"Access_Token access_token={token['access_token']}"}
    me = httpx.get(f"{ls.url}/me", headers=headers).raise_for_status().json()["me"]
    assert me["userName"] == ls.student.username

    wrong = signed[:-1] + ("0" if signed[-1] != "0" else "1")
    assert httpx.post(f"{ls.url}/token", data=form | {"assertion": wrong}).status_code == 400
    assert lms.requests.last.refusal is not None
