"""Properties of launches, for arbitrary profiles and arbitrary changes."""

from __future__ import annotations

from html import escape
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from contract_tests.openlearning.site import Site
from contract_tests.openlearning.test_independent import Validator, accepted_by_lti, accepted_by_oauthlib

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=24)
filled = words.filter(lambda text: bool(text.strip()))
without_at = filled.filter(lambda text: "@" not in text)
emails = st.tuples(without_at, without_at).map(lambda parts: f"{parts[0].strip()}@{parts[1].strip()}")
profiles = st.fixed_dictionaries(
    {"full_name": filled, "external_institution_id": filled, "primary_email_address": emails},
    optional={"profile_image": words},
)
extras = st.fixed_dictionaries(
    {},
    optional={
        "custom_a": words,
        "custom_b&=+%~é": words,
        "return_url": words,
        "resource_link_id": words,
        "roles": st.sampled_from(["", "Learner", "Instructor,Learner", "urn:lti:role:ims/lis/Mentor"]),
    },
)
several = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def issued(site: Site, profile: dict[str, str], extra: dict[str, str]) -> dict[str, Any]:
    """A launch for a new account with this profile, in a pristine world."""
    site.lms.reset()
    created = site.provision(**profile)
    assert created.status_code == 200, created.text
    user = created.json()["data"]
    assert user["full_name"] == profile["full_name"]
    assert user["external_institution_id"] == profile["external_institution_id"]
    return site.launch_data(user["id"], class_id=site.info.class_id, **extra)


@several
@given(profile=profiles, extra=extras)
def test_launches_of_any_profile_verify_independently_and_sign_in(
    site: Site, profile: dict[str, str], extra: dict[str, str]
) -> None:
    data = issued(site, profile, extra)
    params = data["params"]
    assert params["lis_person_name_full"] == profile["full_name"]
    assert params["user_id"] == profile["external_institution_id"]
    assert params["lis_person_contact_email_primary"] == profile["primary_email_address"]
    assert params.get("user_image", "") == profile.get("profile_image", "")
    validator = Validator(site.info.consumer_key, site.info.consumer_secret)
    assert accepted_by_oauthlib(data, validator)
    validator.seen.clear()
    assert accepted_by_lti(data, validator)
    with site.browser() as browser:
        page = browser.post(data["url"], data=params, follow_redirects=True)
        assert page.status_code == 200
        shown = escape(profile["full_name"]).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")
        assert f'Signed in as <strong id="signed-in-as">{shown}</strong>' in page.content.decode("utf-8")


@several
@given(profile=profiles, extra=extras, draw=st.data())
def test_changing_any_one_thing_is_refused(
    site: Site, profile: dict[str, str], extra: dict[str, str], draw: st.DataObject
) -> None:
    data = issued(site, profile, extra)
    params = dict(data["params"])
    url = data["url"]
    kind = draw.draw(st.sampled_from(["value", "name", "drop", "add", "query", "signature bit"]))
    name = draw.draw(st.sampled_from(sorted(params)))
    if kind == "value":
        value = draw.draw(words)
        assume(value != params[name])
        params[name] = value
    elif kind == "name":
        new = draw.draw(filled)
        assume(new not in params)
        params[new] = params.pop(name)
    elif kind == "drop":
        del params[name]
    elif kind == "add":
        new = draw.draw(words)
        assume(new not in params)
        params[new] = draw.draw(words)
    elif kind == "query":
        url += f"?{draw.draw(st.sampled_from(['a=b', 'a', 'user_id=x']))}"
    else:
        position = draw.draw(st.integers(0, 26))
        letter = draw.draw(st.sampled_from("ABCDwxyz0189+/"))
        signature = params["oauth_signature"]
        # the last letter before the padding carries two unused bits, but the text is compared, not the bytes
        assume(signature[position] != letter)
        params["oauth_signature"] = signature[:position] + letter + signature[position + 1 :]
    response = site.post_launch({"url": url, "params": params})
    assert response.status_code in (400, 403, 422), response.status_code
    assert "set-cookie" not in response.headers
    assert response.headers["x-emulator-launch-error"].startswith("launch_")
    assert site.post_launch(data).status_code == 302  # unchanged it still works: nothing was used up


@several
@given(secret=words, field=st.fixed_dictionaries({}, optional={"custom_x": words, "lis_person_name_full": words}))
def test_any_other_secret_is_refused(site: Site, secret: str, field: dict[str, str]) -> None:
    site.lms.reset()
    assume(secret and secret != site.info.consumer_secret)
    refused = site.post_launch(site.signed(secret=secret, **field))
    assert (refused.status_code, refused.headers["x-emulator-launch-error"]) == (403, "launch_signature")
    assert site.post_launch(site.signed(**field)).status_code == 302


@several
@given(
    secret=filled,
    fields=st.dictionaries(filled.filter(lambda name: not name.startswith("oauth_")), words, max_size=4),
)
def test_any_secret_of_a_world_works(site: Site, secret: str, fields: dict[str, str]) -> None:
    """Secrets with reserved characters and in any script: percent-encoded in the key, as the RFC requires."""
    world = site.lms.dump()
    world["openlearning"]["registrations"][0]["secret"] = secret
    world["openlearning"]["nonces"] = []
    site.lms.load(world)
    reserved = {
        "secret",
        "url",
        "lti_message_type",
        "lti_version",
        "resource_link_id",
        "user_id",
        "context_id",
        "roles",
    }
    free = {name: value for name, value in fields.items() if name not in reserved}
    assert site.post_launch(site.signed(secret=secret, **free)).status_code == 302
    validator = Validator(site.info.consumer_key, secret)
    assert accepted_by_oauthlib(site.launch_data(), validator)
