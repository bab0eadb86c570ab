"""A person signs in, agrees, and the application reads their courses."""

import httpx
from browser import sign_in_and_consent


def test_authorization_code(lms):
    canvas = lms.canvas
    person = canvas.student
    fields = {"pseudonym_session[unique_id]": person.login, "pseudonym_session[password]": person.password}
    client = {"client_id": canvas.client_id, "redirect_uri": canvas.redirect_uri}
    with httpx.Client() as browser:
        asked = browser.get(f"{canvas.url}/login/oauth2/auth", params=client | {"response_type": "code", "state": "s"})
        back = sign_in_and_consent(asked, browser, fields, canvas.redirect_uri)
    assert back.params["state"] == "s"
    form = client | {"client_secret": canvas.client_secret, "grant_type": "authorization_code"}
    form["code"] = back.params["code"]
    token = httpx.post(f"{canvas.url}/login/oauth2/token", data=form).raise_for_status().json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    courses = httpx.get(f"{canvas.url}/api/v1/courses", headers=headers).raise_for_status().json()
    assert canvas.course_id in [course["id"] for course in courses]

    assert httpx.post(f"{canvas.url}/login/oauth2/token", data=form).status_code == 400
