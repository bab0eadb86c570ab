"""Get a token for an LMS's own API through LTIAAS: a person signs in at Canvas and agrees."""

import httpx
from browser import sign_in_and_consent


def test_oauth_through_canvas(lms):
    tool, platform = lms.ltiaas, lms.ltiaas.platforms.canvas
    key = {"Authorization": f"Bearer {tool.api_key}"}
    known = httpx.get(f"{tool.url}/api/platforms", headers=key).raise_for_status().text
    assert platform in known

    person = lms.canvas.student
    fields = {"pseudonym_session[unique_id]": person.login, "pseudonym_session[password]": person.password}
    with httpx.Client() as browser:
        begun = browser.get(f"{tool.url}/oauth/start/{platform}")
        back = sign_in_and_consent(begun, browser, fields, tool.oauth_return_url)
    code = back.params["code"]
    answer = httpx.post(f"{tool.url}/api/oauth/access-token/{platform}", headers=key, json={"code": code})
    assert answer.status_code == 200, answer.text
    again = httpx.post(f"{tool.url}/api/oauth/access-token/{platform}", headers=key, json={"code": code})
    assert again.status_code >= 400
