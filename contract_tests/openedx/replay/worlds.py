"""Write the world files that the recorded runs began from: `python -m contract_tests.openedx.replay.worlds`.

Everything comes from `setup.json`; what that leaves out (when accounts and enrolments were made, the about page of a
course) is read from the recorded answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from .recordings import RECORDINGS, WORLDS, Exchange, load
from .worlds2 import SECOND, second_world

#: The moment that `start-1h` and the like in `setup.json` count from.
START = datetime(2026, 11, 21, 21, 12, 0, tzinfo=UTC)
#: When the accounts were made; each recorded `date_joined` lies within a few seconds of it.
JOINED = datetime(2026, 11, 21, 20, 49, 13, tzinfo=UTC)

#: The number that the LMS gave to the first application added during the runs (recording extra 23).
NEXT_APPLICATION = 39

_PERIODS = {"m": "minutes", "h": "hours", "d": "days"}


def main() -> None:
    """Write the files."""
    setup = json.loads((RECORDINGS / "openedx" / "setup.json").read_text(encoding="utf-8"))
    exchanges = load("main").exchanges
    second = json.loads((RECORDINGS / "openedx-2" / "setup.json").read_text(encoding="utf-8"))
    for name, settings in SECOND.items():
        (WORLDS / f"{name}.toml").write_text(toml(second_world(name, second, settings)), encoding="utf-8")
    for name, tree in (("openedx-recorded", None), ("openedx-recorded-more", setup["block_tree_of_run_more"])):
        WORLDS.mkdir(parents=True, exist_ok=True)
        document = world(name, setup, exchanges, tree)
        (WORLDS / f"{name}.toml").write_text(toml(document), encoding="utf-8")


def world(
    name: str, setup: dict[str, Any], exchanges: Iterable[Exchange], tree: dict[str, Any] | None
) -> dict[str, Any]:
    """The whole world file as plain data."""
    told = list(_told(exchanges))
    settings = setup["settings"]
    jwt = settings["JWT"]
    overview = next(item["overview"] for item in told if "overview" in item)
    return {
        "name": name,
        "description": "What the recorded Open edX LMS held when its runs began.",
        "settings": {
            "openedx": {
                "case_insensitive_matching": True,
                "enrollment_rate": "40/minute",
                "enrollment_staff_rate": "120/minute",
                "course_list_rate": "20/minute",
                "course_list_staff_rate": "40/minute",
            }
        },
        "openedx": {
            "platform_name": setup["platform_name"],
            "edx_api_key": settings["EDX_API_KEY"],
            "session_cookie_domain": settings["session_cookie_domain"],
            "cors_origin_whitelist": settings["cors_origin_whitelist"],
            "login_service_client_id": setup["service_user"]["application_client_id"],
            "jwt": {
                "issuer": jwt["issuer"],
                "audience": jwt["audience"],
                "secret": jwt["hs256_secret"],
                "kid": jwt["private_signing_jwk"]["kid"],
                "private_signing_jwk": jwt["private_signing_jwk"],
            },
            "users": _users(setup, told),
            "applications": _applications(setup),
            "access_tokens": [_access_token(one, setup) for one in setup["access_tokens"]],
            "refresh_tokens": [_refresh_token(one, setup) for one in setup["access_tokens"] if "refresh_token" in one],
            "grants": [_grant(one, setup) for one in setup["grants"]],
            "courses": [_course(one, overview, tree) for one in setup["courses"]],
            "enrollments": [_enrollment(one, told) for one in setup["enrollments"]],
            "course_roles": setup["course_access_roles"],
        },
    }


def _told(exchanges: Iterable[Exchange]) -> Iterator[dict[str, Any]]:
    """Every JSON object in the recorded answers, however deep."""
    for exchange in exchanges:
        if exchange.body and exchange.body[:1] in "{[":
            yield from _objects(json.loads(exchange.body))


def _objects(document: Any) -> Iterator[dict[str, Any]]:
    if isinstance(document, dict):
        yield document
        document = list(document.values())
    if isinstance(document, list):
        for item in document:
            yield from _objects(item)


def _users(setup: dict[str, Any], told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    service = setup["service_user"]
    joined = {item["username"]: item["date_joined"] for item in told if "date_joined" in item}
    users = [{"id": service["id"], "username": service["username"], "email": f"{service['username']}@fake.email"}]
    for number, one in enumerate(setup["users"]):
        user = dict(one)
        if not user.pop("password_usable", True):
            del user["password"]
        made = joined.get(user["username"]) or (JOINED + timedelta(seconds=number // 2)).isoformat()
        users.append(user | {"date_joined": _moment(made)})
    return users


def _applications(setup: dict[str, Any]) -> list[dict[str, Any]]:
    service = setup["service_user"]
    login = {
        "name": "Login Service for JWT Cookies",
        "client_id": service["application_client_id"],
        "client_type": "public",
        "authorization_grant_type": "password",
        "user": service["username"],
    }
    first = NEXT_APPLICATION - len(setup["applications"])
    numbered = [one | {"id": first + number} for number, one in enumerate(setup["applications"])]
    return [{"id": 1, **login}, *numbered]


def _client_id(name: str | None, setup: dict[str, Any]) -> str | None:
    return next((one["client_id"] for one in setup["applications"] if one["name"] == name), None)


def _access_token(one: dict[str, Any], setup: dict[str, Any]) -> dict[str, Any]:
    return {
        "token": one["token"],
        "user": one["user"],
        "application": _client_id(one["application"], setup),
        "expires": _moment(one["expires"]),
        "scope": one["scope"],
    }


def _refresh_token(one: dict[str, Any], setup: dict[str, Any]) -> dict[str, Any]:
    return {
        "token": one["refresh_token"],
        "user": one["user"],
        "application": _client_id(one["application"], setup),
        "access_token": one["token"],
        "revoked": _moment(one.get("refresh_revoked")),
        "created": _moment(one.get("refresh_created", "start-1h")),
    }


def _grant(one: dict[str, Any], setup: dict[str, Any]) -> dict[str, Any]:
    return one | {"application": _client_id(one["application"], setup), "expires": _moment(one["expires"])}


def _course(one: dict[str, Any], overview: str, tree: dict[str, Any] | None) -> dict[str, Any]:
    course = {key: value for key, value in one.items() if key != "modes"}
    for name in ("start", "end", "enrollment_start", "enrollment_end"):
        course[name] = _moment(one[name])
    course["overview"] = overview
    course["certificates_display_behavior"] = "early_no_info"  # as the recorded course page tells
    course["modes"] = [_mode(mode) for mode in one["modes"]]
    if tree is not None and tree["course"] == one["id"]:
        course["content"] = tree["blocks"]
    return course


def _mode(one: dict[str, Any]) -> dict[str, Any]:
    names = {"mode_slug": "slug", "mode_display_name": "name"}
    mode = {names.get(key, key): value for key, value in one.items()}
    if "expiration_datetime" in mode:
        mode["expiration_datetime"] = _moment(mode["expiration_datetime"])
    return mode


def _enrollment(one: dict[str, Any], told: list[dict[str, Any]]) -> dict[str, Any]:
    for item in told:
        course = item.get("course_id") or item.get("course_details", {}).get("course_id")
        if item.get("user") == one["user"] and course == one["course"] and "created" in item:
            return one | {"created": _moment(item["created"])}
    raise LookupError(f"no recorded answer tells when {one['user']} enrolled in {one['course']}")


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    found = re.fullmatch(r"start-(\d+)([mhd])", text)
    if found is not None:
        return START - timedelta(**{_PERIODS[found.group(2)]: int(found.group(1))})
    return datetime.fromisoformat(text).astimezone(UTC)


def toml(document: dict[str, Any]) -> str:
    """A document as TOML: plain values first, then tables and arrays of tables; null values are left out."""
    return "\n".join(_table(document, "")).strip() + "\n"


def _table(table: dict[str, Any], path: str) -> Iterator[str]:
    later: list[tuple[str, Any]] = []
    for key, value in table.items():
        if value is None:
            continue
        if (isinstance(value, dict) and path.count(".") < 1) or _is_array_of_tables(value):
            later.append((key, value))
        else:
            yield f"{key} = {_value(value)}"
    for key, value in later:
        name = f"{path}.{key}".lstrip(".")
        for item in value if isinstance(value, list) else [value]:
            yield ""
            yield f"[[{name}]]" if isinstance(value, list) else f"[{name}]"
            yield from _table(item, name)


def _is_array_of_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _value(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    main()
