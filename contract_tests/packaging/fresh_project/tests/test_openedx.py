"""Get a token, use it, and find that it ends."""

import httpx


def test_client_credentials(lms):
    edx = lms.openedx
    client = edx.clients.client_credentials
    form = {"grant_type": "client_credentials", "client_id": client.client_id, "client_secret": client.client_secret}
    token = httpx.post(f"{edx.url}/oauth2/access_token", data=form | {"token_type": "jwt"}).raise_for_status().json()
    headers = {"Authorization": f"JWT {token['access_token']}"}
    me = httpx.get(f"{edx.url}/api/user/v1/me", headers=headers).raise_for_status().json()
    assert me["username"] == client.user

    lms.clock.advance(seconds=token["expires_in"] + 10)
    assert httpx.get(f"{edx.url}/api/user/v1/me", headers=headers).status_code == 401
