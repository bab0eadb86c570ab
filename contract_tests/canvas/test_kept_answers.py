"""What a world caches between requests (rights, a token's owner, a course) is never stale."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from contract_tests.in_process import InProcess

API = "/api/v1"
COURSE = f"{API}/courses/1"
SEEN = (f"{COURSE}?include[]=permissions", f"{COURSE}/permissions", f"{API}/users/self")
OVERRIDE = {"permissions": {"read_forum": {"enabled": False, "explicit": True}}}
CHANGES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "PUT",
        f"{API}/accounts/1/roles/{{teacher}}",
        {"permissions": {"read_forum": {"enabled": False, "explicit": True}}},
    ),
    ("PUT", f"{API}/accounts/1/features/flags/granular_permissions_manage_courses", {"state": "on"}),
    ("PUT", COURSE, {"course": {"name": "Another", "is_public": True, "sis_course_id": "K-1"}}),
    ("PUT", COURSE, {"course": {"event": "claim"}}),
    ("PUT", COURSE, {"course": {"event": "offer"}}),
    ("PUT", f"{API}/users/self/course_nicknames/1", {"nickname": "Mine"}),
    ("PUT", f"{API}/accounts/1", {"account": {"default_storage_quota_mb": 123}}),
    ("PUT", f"{API}/accounts/1/terms/1", {"enrollment_term": {"end_at": "2026-11-21T12:30:00Z"}}),
    ("POST", f"{API}/accounts/1/admins", {"user_id": 103}),
    ("DELETE", f"{API}/accounts/1/admins/103", {}),
    ("DELETE", f"{COURSE}/enrollments/{{enrollment}}?task=deactivate", {}),
)


def test_cached_answers_equal_those_of_a_fresh_world() -> None:
    """After each change, and as time goes by, a world answers as one does that begins in its state."""
    site = InProcess("canvas")
    tokens = site.lms.canvas.access_tokens
    callers = (tokens.teacher, tokens.student, tokens.admin)
    admin = {"Authorization": f"Bearer {tokens.admin}"}
    site.lms.new_world("fresh")

    def answers(world: str) -> list[tuple[int, Any]]:
        base = f"{site.lms.url}{world}/canvas"
        sent = [(path, {"Authorization": f"Bearer {caller}"}) for caller in callers for path in SEEN]
        found = [site.get(path, url=base, headers=headers) for path, headers in sent]
        return [(response.status_code, response.text.replace(base, "")) for response in found]

    def compare(what: str) -> list[tuple[int, Any]]:
        site.lms.delete_world("fresh")
        site.lms.new_world("fresh", site.lms.dump())
        found = answers("")
        assert found == answers("/w/fresh"), what
        return found

    roles = site.get(f"{API}/accounts/1/roles", headers=admin).json()
    teacher = next(role["id"] for role in roles if role["base_role_type"] == "TeacherEnrollment")
    rows = site.get(f"{COURSE}/enrollments?type[]=StudentEnrollment", headers=admin).json()
    seen = [compare("the beginning")]
    for method, path, body in CHANGES:
        done = site.send(method, path.format(teacher=teacher, enrollment=rows[0]["id"]), json=body, headers=admin)
        assert done.status_code == 200, (path, done.text)
        seen.append(compare(path))
    for _ in range(2):  # to the moment at which the term ends, and past it
        site.lms.clock.advance(timedelta(minutes=30))
        seen.append(compare("time"))
    site.send("DELETE", f"{API}/accounts/1/users/101", headers=admin)
    seen.append(compare("a person deleted"))
    assert len({str(value) for value in seen}) > len(seen) // 2
