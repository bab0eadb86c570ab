"""The nine steps of Pearson's guide "Getting a token by the assertion grant", over plain HTTP."""

from __future__ import annotations

from contract_tests.learningstudio.client import Client
from contract_tests.learningstudio.support import refused
from lms_emulator.client.emulator import Emulator
from lms_emulator.providers.learningstudio.info import Info


def test_the_nine_steps(lms: Emulator, client: Client, info: Info) -> None:
    lms.clock.freeze()
    # 1. The application knows the user's number and looks the username up, by both documented ways.
    (user,) = client.signed("GET", f"/users/{info.student.id}").json()["users"]
    member = client.signed("GET", f"/courses/{info.course_id}/roster/{info.student.id}").json()["rosterMember"]
    assert user["userName"] == member["userName"] == info.student.username

    token = ""
    for _ in range(3):  # 9. as often as necessary
        # 2. to 4. Build the assertion, sign it, append the signature.
        signed = client.assertion(user["userName"])
        assert signed.count("|") == 6
        # 5. Ask for the token.
        answer = client.ask_by_assertion(signed)
        assert answer.status_code == 200
        # 6. Save it, and how long it lives.
        previous, token, seconds = token, answer.json()["access_token"], answer.json()["expires_in"]
        # 7. Add it to every request, as a header or as a cookie.
        assert client.as_user(token, "GET", "/me").json()["me"]["userName"] == user["userName"]
        cookie = {"Cookie": f"access_token={token}"}
        assert client.http.get(f"{client.url}/me/courses", headers=cookie).status_code == 200
        if previous:
            refused(lms, client.as_user(previous, "GET", "/me"), "access_token_expired", 401)
        # 8. It expires.
        lms.clock.advance(seconds=seconds - 1)
        assert client.as_user(token, "GET", "/me").status_code == 200
        lms.clock.advance(seconds=1)
        refused(lms, client.as_user(token, "GET", "/me"), "access_token_expired", 401)
