"""Integrators' mistakes at OpenLearning apart from signatures; launches are signed by oauthlib."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, SIGNATURE_PLAINTEXT, SIGNATURE_TYPE_BODY
from oauthlib.oauth1 import Client as OAuthClient

from contract_tests.openlearning.site import Site
from lms_emulator import Emulator

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def message(site: Site, **changes: str | None) -> dict[str, str]:
    """The fields of a launch without OAuth."""
    fields: dict[str, str | None] = {
        "lti_message_type": "basic-lti-launch-request",
        "lti_version": "LTI-1p0",
        "resource_link_id": "link-1",
        "user_id": site.info.managed_user.external_institution_id,
        "context_id": site.info.class_id,
        "roles": "Learner",
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def body(site: Site, secret: str | None = None, *, url: str | None = None, **changes: Any) -> str:
    """A launch's form, signed by oauthlib with the consumer's secret or another."""
    method = changes.pop("method", "HMAC-SHA1")
    options = {"signature_type": SIGNATURE_TYPE_BODY, "signature_method": method}
    client = OAuthClient(site.info.consumer_key, secret or site.info.consumer_secret, **options)
    signed = client.sign(url or site.info.launch_url, "POST", urlencode(message(site, **changes)), FORM)[2]
    return str(signed)


def diagnosed(site: Site) -> str:
    refusal = site.refusal()
    return "" if refusal is None else str(refusal.diagnosis)


def each(site: Site, wrong: dict[str, tuple[Callable[[], httpx.Response], str]]) -> None:
    unnamed = []
    for mistake, (send, words) in wrong.items():
        assert send().status_code >= 400, mistake
        if words not in diagnosed(site):
            unnamed.append((mistake, diagnosed(site)))
    assert unnamed == []


def test_api_keys(site: Site) -> None:
    key, path = site.info.api_key, f"{site.url}/v2.2{site.managed_users()}"

    def get(headers: dict[str, str] | None = None, **query: str) -> Callable[[], httpx.Response]:
        return lambda: site.http.get(path, headers=headers, params=query)

    encoded = base64.b64encode(key.encode()).decode()
    each(
        site,
        {
            "another scheme": (get({"Authorization": f"Token {key}"}), "it was sent as `Token …`"),
            "another header": (get({"Api-Key": key}), "it was sent in the header api-key"),
            "another parameter": (get(apikey=key), "it was sent in the query, as `apikey`"),
            "Bearer within": (get({"X-API-Key": f"Bearer {key}"}), "its scheme was written twice"),
            "base64": (get({"X-API-Key": encoded}), "it was encoded in base64 once more"),
            "a placeholder": (get({"X-API-Key": "<your key>"}), "24 hex digits, a dot and 64 hex digits"),
            "another mark": (get({"X-API-Key": key.replace(".", ":")}), "the character at place 25 of"),
        },
    )
    assert get({"X-API-Key": key})().status_code == 200
    assert diagnosed(site) == ""


def test_provisioning(site: Site) -> None:
    profile = {"full_name": "A B", "external_institution_id": "x-1", "primary_email_address": "x1@example.edu"}
    quiet = {"send_password_email": "false", "send_welcome_email": "false"}

    def post(**fields: str) -> Callable[[], httpx.Response]:
        return lambda: site.post(site.managed_users(), {**profile, **quiet, **fields})

    def renamed(name: str, other: str) -> Callable[[], httpx.Response]:
        left = {key: value for key, value in (profile | quiet).items() if key != name}
        return lambda: site.post(site.managed_users(), {**left, other: profile[name]})

    each(
        site,
        {
            "camel case": (renamed("full_name", "fullName"), "`fullName` was sent; the name is `full_name`"),
            "a shorter name": (renamed("primary_email_address", "email"), "the name is `primary_email_address`"),
            "another word": (
                renamed("external_institution_id", "institution_id"),
                "the name is `external_institution_id`",
            ),
            "another method": (lambda: site.call("PUT", site.managed_users()), "PUT was sent; this path takes POST"),
            "in an object": (
                lambda: site.call("POST", site.managed_users(), json={"user": profile}),
                "the fields stand side by side, not inside `user`",
            ),
        },
    )
    assert site.call("POST", site.managed_users(), json={**profile, **quiet}).status_code == 200
    assert post()().status_code == 200
    assert diagnosed(site) == ""


def test_ids_that_others_have(site: Site) -> None:
    mine = {"full_name": "A B", "external_institution_id": site.info.managed_user.external_institution_id}
    new = {**mine, "primary_email_address": "new@example.edu", "send_welcome_email": "false"}
    enrol, person = "/enrolments/", {"user": site.info.managed_user.id}
    each(
        site,
        {
            "an external id in use": (
                lambda: site.post(site.managed_users(), new),
                f"user {site.info.managed_user.id} has it, under another e-mail address",
            ),
            "a class that is not there": (
                lambda: site.post(enrol, {**person, "class": "0" * 24}),
                f"there is no class {'0' * 24}; this world has",
            ),
            "a class's user": (
                lambda: site.post(enrol, {**person, "class": person["user"]}),
                "that id is a user",
            ),
        },
    )


def test_the_set_up_page_takes_its_own_form(site: Site) -> None:
    url = f"{site.url}/lti/setup/"
    for more, said in (
        ({"json": {"token": "x"}}, "sends a form, application/x-www-form-urlencoded; this says application/json"),
        ({"data": {"class_id": "x"}}, "no `token` was sent: it is a hidden field of the set-up page"),
    ):
        assert httpx.post(url, trust_env=False, **more).status_code == 403
        assert said in diagnosed(site)


def test_a_class_of_another_institution(site: Site) -> None:
    url = f"{site.managed_users()}{site.info.managed_user.id}/sign-on/"
    words = "this class exists, but not in the institution of the path"
    each(site, {"of another": (lambda: site.post(url, {"class_id": site.info.foreign_class_id}), words)})
    assert site.post(url, {"class_id": site.info.class_id}).status_code == 200
    assert diagnosed(site) == ""


def test_launches(site: Site) -> None:
    url, now = site.info.launch_url, site.lms.clock.now
    good = body(site)
    fields = dict(httpx.QueryParams(good).multi_items())

    def post(form: str, **headers: str) -> Callable[[], httpx.Response]:
        return lambda: site.http.post(url, content=form, headers=FORM | headers)

    def with_oauth(**changes: str) -> Callable[[], httpx.Response]:
        return post(urlencode(fields | changes))

    each(
        site,
        {
            "LTI 1.3": (post(body(site, lti_version="1.3.0")), "this is an LTI 1.3 message"),
            "deep linking": (
                post(body(site, lti_message_type="ContentItemSelectionRequest")),
                "is another message of LTI 1.1",
            ),
            "its id_token": (post("id_token=a.b.c&state=x"), "this is an LTI 1.3 message"),
            "LTI-1.0": (post(body(site, lti_version="LTI-1.0")), "did you mean LTI-1p0?"),
            "1.1": (post(body(site, lti_version="1.1")), "`lti_version` was sent as 1.1: it has to be LTI-1p0"),
            "letters": (post(body(site, lti_message_type="Basic-LTI-Launch-Request")), "the case differs"),
            "another method": (post(body(site, method=SIGNATURE_HMAC_SHA256)), "HMAC-SHA256 is another method"),
            "the secret itself": (post(body(site, method=SIGNATURE_PLAINTEXT)), "PLAINTEXT is another method"),
            "a fraction": (with_oauth(oauth_timestamp=f"{now.timestamp():.2f}"), "it has a fraction"),
            "a date": (with_oauth(oauth_timestamp=now.isoformat()), "it is a date, not the seconds since 1970"),
            "in the query": (lambda: site.http.post(url, params=fields), "the fields were sent in the URL's query"),
            "encoded twice": (
                post(urlencode({name: quote(value, safe="") for name, value in fields.items()})),
                "percent-encoded once more",
            ),
        },
    )
    assert post(good)().status_code == 302
    assert diagnosed(site) == ""


def test_secrets(site: Site) -> None:
    """The right one used wrongly, and another's with a second mistake, wherever that one is known."""
    secret, url = site.info.consumer_secret, site.info.launch_url
    lms: Emulator = site.lms
    slashless, key = url.rstrip("/"), lms.ltiaas.api_key
    elsewhere = lms.canvas.client_secret

    def post(*given: str, **changes: Any) -> Callable[[], httpx.Response]:
        return lambda: site.http.post(url, content=body(site, *given, **changes), headers=FORM)

    without = "and the URL was signed without its trailing slash"
    each(
        site,
        {
            "in base64": (post(base64.b64encode(secret.encode()).decode()), "the secret was encoded in base64 first"),
            "with the key's mark": (post(f"{secret}&"), "the '&' of the key was taken for a part of the secret"),
            "an API key's": (post(site.info.api_key), "it was signed with an API key of"),
            "an API key's, and no slash": (post(site.info.api_key, url=slashless), without),
            "Canvas's, and no slash": (post(elsewhere, url=slashless), without),
            "LTIAAS's, and https": (post(key, url=url.replace("http:", "https:")), "and http and https were swapped"),
        },
    )
    post(elsewhere, url=slashless)()
    assert "it was signed with the client secret of developer key" in diagnosed(site)
    assert "at Canvas, not with that of" in diagnosed(site)
    assert post()().status_code == 302
    assert diagnosed(site) == ""
