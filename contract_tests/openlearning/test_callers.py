"""The journal's exact words about callers without access, and their neighbours who have it."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.openlearning.site import Site

PATH = "/v2.1/users/me/institutions/"
HOPPER, TURING, EASLEY = (f"5e00000000000000000a000{number}" for number in (1, 3, 5))
DEMO_SECRET = "fa4e" * 16
KEY = f"{HOPPER}.{DEMO_SECRET}"
FORM = "application/x-www-form-urlencoded"
USERS = "this world has 6, the first of them " + ", ".join(f"5e00000000000000000a000{number}" for number in range(1, 6))
HOPPERS = f"this is an API key of the user {HOPPER}"
LOOKS = "; OpenLearning looks for it in `X-API-Key: <key>`"
LOOKS += f"; {HOPPERS}: send it as `api_key` in the query or as X-API-Key"
NOT_ITS = "an account with that id exists, and this is not its key"
CONSUMER_KEY = "this is a consumer key of LTI of lakeside: " + (
    "it goes into `oauth_consumer_key` of launches, with its secret to sign them"
)


def refusal_of(site: Site) -> tuple[Any, ...]:
    """Everything the journal has of the latest refusal, but for the message that was on the wire."""
    refusal = site.refusal()
    return refusal.reason, refusal.check, refusal.expected, refusal.got, refusal.diagnosis


NO_KEY = "no credentials were sent; send `X-API-Key: <key>`"


def missing(diagnosis: str | None = None) -> tuple[Any, ...]:
    """The refusal where no key came."""
    wanted = "the query parameter api_key, or the header X-API-Key"
    return "missing_api_key", "an API key came with the request", wanted, None, diagnosis


def unknown(got: str, diagnosis: str | None = None) -> tuple[Any, ...]:
    """The refusal of a key that nobody has."""
    shape = "24 hex digits, a dot, 64 hex digits"
    return "unknown_api_key", "the API key belongs to an account", shape, got, diagnosis


@pytest.mark.parametrize(
    ("query", "headers", "form"),
    [
        ({"api_key": KEY}, {}, "query"),
        ({"api_key": KEY, "profile_name": "x"}, {}, "query"),
        ({"api_key": KEY}, {"X-API-Key": KEY}, "query"),
        ({"api_key": KEY}, {"Authorization": "Bearer nonsense"}, "query"),
        ({}, {"X-API-Key": KEY}, "header"),
        ({"profile_name": "x"}, {"X-API-Key": KEY}, "header"),
        ({"api_key": ""}, {"X-API-Key": KEY}, "header"),
        ({}, {"X-API-Key": KEY, "Authorization": "Bearer nonsense"}, "header"),
        ({}, {"Authorization": f"Bearer {KEY}"}, "bearer(unverified)"),
        ({}, {"Authorization": f"BEARER   {KEY}"}, "bearer(unverified)"),
        ({"profile_name": "x"}, {"X-API-Key": "", "Authorization": f"bearer {KEY}"}, "bearer(unverified)"),
    ],
)
def test_where_the_key_is_taken_from(site: Site, query: Any, headers: Any, form: str) -> None:
    answer = site.http.get(PATH, params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    assert site.lms.requests.last.notes["auth"] == form
    assert set(site.warnings()) <= {"parameter_not_read"}


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({}, missing(NO_KEY)),
        ({"params": {"profile_name": "x"}}, missing(NO_KEY)),
        ({"params": {"api_key": ""}}, missing(NO_KEY)),
        ({"headers": {"Authorization": "Bearer"}}, missing()),
        (
            {"headers": {"Authorization": KEY}},
            missing(f"it was sent in the Authorization header without a scheme{LOOKS}"),
        ),
        ({"headers": {"Authorization": f"Digest {KEY}"}}, missing(f"it was sent as `Digest …`{LOOKS}")),
        (
            {"headers": {"Authorization": "basic abc"}},
            missing("this API takes an API key; HTTP Basic is for the v1 API under /api/"),
        ),
        ({"headers": {"Authorization": f"Bearer {KEY} x"}}, unknown("5e000000…", "that is not the shape of a key")),
        ({"headers": {"Authorization": "Bearer short"}}, unknown("short", "that is not the shape of a key")),
        ({"headers": {"X-API-Key": "short"}}, unknown("short", "that is not the shape of a key")),
        ({"params": {"api_key": "123456789012"}}, unknown("123456789012", "that is not the shape of a key")),
        ({"params": {"api_key": "1234567890123"}}, unknown("12345678…", "that is not the shape of a key")),
        ({"params": {"api_key": " short"}}, unknown(" short", "that is not the shape of a key")),
        ({"params": {"api_key": f" {KEY}"}}, unknown(" 5e00000…", f"{HOPPERS}, but there is white space around it")),
        ({"params": {"api_key": f"{KEY}\n"}}, unknown("5e000000…", f"{HOPPERS}, but there is white space around it")),
        ({"params": {"api_key": KEY.upper()}}, unknown("5E000000…", f"{HOPPERS}, but the case differs")),
        (
            {"params": {"api_key": "lakesideConsumerKey00001"}},
            unknown("lakeside…", CONSUMER_KEY),
        ),
        (
            {"params": {"api_key": f"{HOPPER}.{'0' * 64}"}},
            ("unknown_api_key", "the API key belongs to an account", "the key of an account", "5e000000…", NOT_ITS),
        ),
        ({"params": {"api_key": f"{HOPPER}.{'0' * 63}"}}, unknown("5e000000…", "that is not the shape of a key")),
        ({"params": {"api_key": f"{HOPPER}.{'g' * 64}"}}, unknown("5e000000…", "that is not the shape of a key")),
    ],
)
def test_an_unknown_caller(site: Site, request_: Any, expected: tuple[Any, ...]) -> None:
    assert site.http.get(PATH, **request_).status_code == 401
    if expected[-1] == "that is not the shape of a key":
        expected = (*expected[:-1], "an API key is 24 hex digits, a dot and 64 hex digits")
    assert refusal_of(site) == expected
    assert site.http.get(PATH, params={"api_key": KEY}).status_code == 200


def test_the_consumer_key_above_is_the_one_of_the_demo_world(site: Site) -> None:
    assert (site.info.consumer_key, site.info.api_key) == ("lakesideConsumerKey00001", KEY)


@pytest.mark.parametrize(
    ("kind", "body", "diagnosis"),
    [
        (FORM, f"api_key={KEY}", "the key is in the body; it belongs in the query or in X-API-Key"),
        (f"{FORM}; charset=utf-8", "api_key=", "the key is in the body; it belongs in the query or in X-API-Key"),
        (FORM, "full_name=Ada", NO_KEY),
        ("application/json", f"api_key={KEY}", NO_KEY),
    ],
)
def test_a_key_in_the_body_is_ignored(site: Site, kind: str, body: str, diagnosis: str | None) -> None:
    path = f"/v2.1{site.managed_users()}"
    assert site.http.post(path, content=body, headers={"Content-Type": kind}).status_code == 401
    assert refusal_of(site) == missing(diagnosis)


def test_a_bearer_key_that_the_setting_refuses(site: Site) -> None:
    site.lms.settings["openlearning.bearer_keys"] = "refuse"
    assert site.http.get(PATH, headers={"Authorization": f"Bearer {KEY}"}).status_code == 401
    assert refusal_of(site) == (
        "bearer_not_accepted",
        "the API key was sent in the query or in X-API-Key",
        None,
        "Authorization: Bearer",
        "send the key as api_key in the query or in X-API-Key; the setting bearer_keys refuses Bearer",
    )
    assert site.http.get(PATH, headers={"Authorization": "Bearer"}).status_code == 401
    assert refusal_of(site) == missing()
    assert site.http.get(PATH, headers={"X-API-Key": KEY, "Authorization": f"Bearer {KEY}"}).status_code == 200


def warned(site: Site) -> list[tuple[str, str]]:
    """Codes and words of the latest request's warnings."""
    return [(warning.code, warning.message) for warning in site.lms.requests.last.warnings]


@pytest.mark.parametrize("headers", [{"Origin": "https://app.example"}, {"Sec-Fetch-Mode": "cors"}])
def test_a_key_sent_by_a_browser_is_flagged_by_either_sign_of_one(site: Site, headers: dict[str, str]) -> None:
    assert site.get("/users/me/institutions/", headers=headers).status_code == 200
    assert warned(site) == [("api_key_in_browser", "a browser sent the API key; it must stay on your server")]
    assert site.get("/users/me/institutions/").status_code == 200
    assert warned(site) == []


@pytest.mark.parametrize("in_header", [f"{TURING}.{DEMO_SECRET}", "nonsense", KEY.upper()])
def test_another_key_in_the_header_is_flagged(site: Site, in_header: str) -> None:
    assert site.http.get(PATH, params={"api_key": KEY}, headers={"X-API-Key": in_header}).status_code == 200
    message = "the query and X-API-Key contain different keys; the one in the query was used"
    assert warned(site) == [("two_api_keys", message)]


def test_the_key_in_the_query_decides_whose_account_it_is(site: Site) -> None:
    mine = {"X-API-Key": KEY}
    theirs = site.http.get("/v2.1/users/me/", params={"api_key": f"{EASLEY}.{DEMO_SECRET}"}, headers=mine)
    assert theirs.json()["data"]["id"] == EASLEY
    assert site.http.get("/v2.1/users/me/", headers=mine).json()["data"]["id"] == HOPPER


# how often


def allowed(site: Site, key: str = KEY) -> bool:
    """One call within the limit? If not, how long to wait is in the answer."""
    answer = site.http.get(PATH, headers={"X-API-Key": key})
    assert answer.status_code in (200, 429)
    return answer.status_code == 200


def retry_after(site: Site) -> str:
    """`Retry-After` of one more call, which must be refused."""
    answer = site.http.get(PATH, headers={"X-API-Key": KEY})
    assert answer.status_code == 429
    assert refusal_of(site)[:2] == ("rate_limited", "at most 3 calls a minute with one key")
    return str(answer.headers["retry-after"])


def limited(site: Site) -> None:
    site.lms.clock.freeze()
    site.lms.settings["openlearning.rate_limit_per_minute"] = 3


def test_the_minute_begins_with_its_first_call_and_the_wait_is_its_rest(site: Site) -> None:
    limited(site)
    assert allowed(site)
    site.lms.clock.advance(seconds=20)
    assert allowed(site)
    assert allowed(site)
    assert retry_after(site) == "40"
    site.lms.clock.advance(seconds=0.5)
    assert retry_after(site) == "40"
    site.lms.clock.advance(seconds=0.5)
    assert retry_after(site) == "39"
    site.lms.clock.advance(seconds=38.5)
    assert retry_after(site) == "1"
    site.lms.clock.advance(seconds=0.5)
    assert [allowed(site) for _ in range(4)] == [True, True, True, False]
    assert retry_after(site) == "60"


def test_each_key_has_a_minute_of_its_own(site: Site) -> None:
    limited(site)
    assert [allowed(site) for _ in range(4)] == [True, True, True, False]
    assert [allowed(site, f"{TURING}.{DEMO_SECRET}") for _ in range(4)] == [True, True, True, False]
    assert not allowed(site)


def test_a_minute_that_has_not_begun_yet_is_no_limit(site: Site) -> None:
    limited(site)
    assert [allowed(site) for _ in range(4)] == [True, True, True, False]
    site.lms.clock.advance(seconds=-1)
    assert [allowed(site) for _ in range(4)] == [True, True, True, False]


def test_refused_calls_do_not_extend_the_minute(site: Site) -> None:
    limited(site)
    assert [allowed(site) for _ in range(9)] == [True] * 3 + [False] * 6
    site.lms.clock.advance(seconds=60)
    assert allowed(site)


# rights


LAKESIDE = "5d000000000000000000b001"


@pytest.mark.parametrize(
    ("key", "institution", "expected", "got", "why"),
    [
        (TURING, "lakeside", "administrator of lakeside", "member", "use the key of an institution administrator"),
        (EASLEY, "lakeside", "administrator of lakeside", "not a member", "administers hilltop, not lakeside"),
        (EASLEY, LAKESIDE, "administrator of lakeside", "not a member", "administers hilltop, not lakeside"),
        (HOPPER, "hilltop", "administrator of hilltop", "not a member", "administers lakeside, not hilltop"),
    ],
)
def test_a_caller_without_the_right(site: Site, key: str, institution: str, expected: str, got: str, why: str) -> None:
    assert site.get(site.managed_users(institution), key=f"{key}.{DEMO_SECRET}").status_code == 403
    check = "the key's user has the permission"
    *found, said = refusal_of(site)
    assert tuple(found) == ("not_allowed", check, expected, got)
    assert why in said
    owner = EASLEY if expected.endswith("hilltop") else HOPPER
    assert site.get(site.managed_users(institution), key=f"{owner}.{DEMO_SECRET}").status_code == 200


def test_staff_may_not_do_what_administrators_may(site: Site) -> None:
    world = site.lms.dump()
    staff = site.info.staff_user.id
    world["openlearning"]["api_keys"].append({"key": f"{staff}.{DEMO_SECRET}", "user": staff})
    site.lms.load(world)
    assert site.get(site.managed_users(), key=f"{staff}.{DEMO_SECRET}").status_code == 403
    assert refusal_of(site)[2:4] == ("administrator of lakeside", "staff")


@pytest.mark.parametrize(
    ("reference", "diagnosis"),
    [
        ("nowhere", "there is no institution nowhere; this world has lakeside, hilltop"),
        (HOPPER, "that id is a user, not an institution"),
        ("5f00000000000000000c0001", "that id is a course, not an institution"),
        ("student-1815", "that id is an external institution id, not an institution"),
    ],
)
def test_an_unknown_institution(site: Site, reference: str, diagnosis: str | None) -> None:
    assert site.get(site.managed_users(reference)).status_code == 404
    assert refusal_of(site) == ("unknown_institution", "the institution exists", None, reference, diagnosis)
    assert site.get(f"/institutions/{reference}/courses/").status_code == 404
    assert refusal_of(site)[0] == "unknown_institution"


@pytest.mark.parametrize(
    ("reference", "diagnosis"),
    [
        ("ME", f"there is no user ME; {USERS}"),
        ("5e00000000000000000affff", f"there is no user 5e00000000000000000affff; {USERS}"),
        ("lakeside", "that id is an institution, not a user"),
        ("5d000000000000000000b001", "that id is an institution, not a user"),
        ("5f00000300000000000d0001", "that id is a class, not a user"),
        ("student-1815", "that id is an external institution id, not a user"),
    ],
)
def test_an_unknown_user(site: Site, reference: str, diagnosis: str | None) -> None:
    assert site.get(f"/users/{reference}/").status_code == 404
    assert refusal_of(site) == ("unknown_user", "the user exists", None, reference, diagnosis)
    assert site.get("/users/me/").json()["data"]["id"] == HOPPER
    assert site.get(f"/users/{TURING}/").json()["data"]["id"] == TURING
