"""Worlds that no Canvas would have: the loader refuses them, or no request breaks on them."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from contract_tests.canvas.grading import emptied, grade, scores, work
from contract_tests.canvas.support import Site
from contract_tests.canvas.test_sis_imports import IMPORTS, USERS, send

PROVIDERS = "/api/v1/accounts/1/authentication_providers"
AT = "2026-01-01T00:00:00Z"


def dumped(canvas: Site) -> dict[str, Any]:
    return dict(json.loads(json.dumps(canvas.lms.dump(), default=str)))


def put(canvas: Site, world: dict[str, Any]) -> httpx.Response:
    return httpx.put(f"{canvas.lms.url}/_emulator/world", json=world, trust_env=False)


def test_a_way_to_sign_in_of_an_unknown_kind_is_shown_without_what_it_would_have(canvas: Site) -> None:
    world = dumped(canvas)
    row = {"id": 77, "account_id": 1, "fields": {"login_attribute": "sub"}}
    world["canvas"]["authentication_providers"] += [
        row | {"auth_type": "carrier_pigeon"},
        row | {"id": 78, "auth_type": "openid_connect"},
    ]
    assert put(canvas, world).status_code == 204
    odd, known = (canvas.admin.get(f"{PROVIDERS}/{number}") for number in (77, 78))
    assert (odd.status_code, odd.json()["auth_type"]) == (200, "carrier_pigeon")
    assert "login_attribute" not in odd.json()
    assert known.json()["login_attribute"] == "sub"
    assert canvas.admin.get(PROVIDERS).status_code == 200
    assert canvas.admin.put(f"{PROVIDERS}/77", data={"mfa_required": "1"}).status_code == 200


def test_an_import_without_its_file_is_refused(canvas: Site) -> None:
    """The next import of its series is compared with that file."""
    chain = {"diffing_data_set_identifier": "people"}
    send(canvas.admin, f"{USERS}D1,d1,One,,active\n", **chain)
    world = dumped(canvas)
    (batch,) = world["canvas"]["sis_batches"]
    file, batch["attachment_id"] = batch["attachment_id"], 999_999
    refused = put(canvas, world)
    assert refused.status_code == 400
    assert "canvas.sis_batches[0].attachment_id" in refused.text
    batch["attachment_id"] = file
    assert put(canvas, world).status_code == 204
    done = send(canvas.admin, f"{USERS}D1,d1,Uno,,active\n", **chain)
    assert done["diffed_csv_attachments"]
    assert canvas.admin.get(IMPORTS).status_code == 200


@pytest.mark.parametrize(
    ("points", "possible", "score"), [(1e308, 10, 0.0), (1e308, 1e308, 100.0), (1e300, 1, 1e302), (8, 10, 80.0)]
)
def test_grades_with_enormous_points(canvas: Site, points: float, possible: float, score: float) -> None:
    """A percentage outside the range of numbers counts as missing."""
    emptied(canvas.teacher)
    task = grade(canvas.teacher, work(canvas.teacher), 8)
    world = dumped(canvas)
    for row in world["canvas"]["assignments"]:
        if row["id"] == task["assignment_id"]:
            row["points_possible"] = possible
    for row in world["canvas"]["submissions"]:
        if row["assignment_id"] == task["assignment_id"]:
            row["entered_score"] = points
    answer = put(canvas, world)
    assert answer.status_code == 204, answer.text
    assert scores(canvas.teacher)["current_score"] == score
    assert not canvas.lms.requests.find(outcome="crash")


def test_a_school_has_every_built_in_role(canvas: Site) -> None:
    """A world that leaves some out still has them, as a world that leaves all out."""
    world = dumped(canvas)
    roles = world["canvas"]["roles"]
    world["canvas"]["roles"] = [item for item in roles if item["name"] != "AccountAdmin"]
    numbers = {item["id"] for item in roles if item["name"] == "AccountAdmin"}
    admins = world["canvas"]["account_users"]
    world["canvas"]["account_users"] = [admin for admin in admins if admin["role_id"] not in numbers]
    world["canvas"]["users"].append({"id": 77, "name": "Ruth", "login": "ruth", "admin": True, "created_at": AT})
    assert put(canvas, world).status_code == 204
    made = canvas.lms.dump()["canvas"]
    (role,) = [item for item in made["roles"] if item["name"] == "AccountAdmin" and item["root_account_id"] == 1]
    assert (77, role["id"]) in {(user["user_id"], user["role_id"]) for user in made["account_users"]}
    whole = canvas.lms.dump()
    canvas.lms.load(whole)
    assert canvas.lms.dump() == whole


def test_a_built_in_role_has_its_name_for_a_type(canvas: Site) -> None:
    world = dumped(canvas)
    place, role = next(
        (place, role) for place, role in enumerate(world["canvas"]["roles"]) if role["name"] == "StudentEnrollment"
    )
    role["base_role_type"] = "AccountMembership"
    refused = put(canvas, world)
    assert (refused.status_code, f"canvas.roles[{place}].base_role_type: " in refused.text) == (400, True)
    role["base_role_type"] = "StudentEnrollment"
    assert put(canvas, world).status_code == 204
