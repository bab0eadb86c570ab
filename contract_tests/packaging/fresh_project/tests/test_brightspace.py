"""A person signs in, agrees, and the application learns who they are."""

import httpx
from browser import sign_in_and_consent


def test_authorization_code(lms):
    site = lms.brightspace
    person = site.student
    fields = {"userName": person.username, "password": person.password}
    asked = {"client_id": site.client_id, "redirect_uri": site.redirect_uri, "response_type": "code"}
    with httpx.Client() as browser:
        begun = browser.get(f"{site.url}/oauth2/auth", params=asked | {"scope": site.scope, "state": "s"})
        back = sign_in_and_consent(begun, browser, fields, site.redirect_uri)
    form = {"grant_type": "authorization_code", "code": back.params["code"], "redirect_uri": site.redirect_uri}
    client = httpx.BasicAuth(site.client_id, site.client_secret)
    token = httpx.post(f"{site.url}/core/connect/token", data=form, auth=client).raise_for_status().json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    me = httpx.get(f"{site.url}/d2l/api/lp/1.50/users/whoami", headers=headers).raise_for_status().json()
    assert me["Identifier"] == str(person.id)

    assert httpx.post(f"{site.url}/core/connect/token", data=form, auth=client).status_code == 400
    assert lms.requests.last.refusal is not None
