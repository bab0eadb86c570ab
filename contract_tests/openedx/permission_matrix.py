"""Who may do what: one row for each operation, one column for each kind of caller, one status in each cell.

`python -m contract_tests.openedx.permission_matrix` writes the table into the documentation. The statuses come from
`permission_matrix.txt`; the tests ask the emulator for every one of them.
"""

from __future__ import annotations

import json
import pathlib
from typing import Any, NamedTuple

from contract_tests.openedx.conftest import ADMIN, COURSE, COURSE_STAFF, LEARNER, OTHER_LEARNER, STAFF
from contract_tests.replay.exchanges import ROOT
from contract_tests.replay.targets import Answer, Target, control

DATA = pathlib.Path(__file__).with_suffix(".txt")
PAGE = ROOT / "docs" / "providers" / "openedx-permissions.md"
HOST = ("Host", "openedx.localhost")
LESSON = f"block-v1:{COURSE.removeprefix('course-v1:')}+type@sequential+block@lesson1"

#: The columns, in order, with what each caller is; everything is asked about the learner `ada`.
CALLERS = {
    "anonymous": "no credentials",
    "self": "the learner whose data it is, by bearer token",
    "other": "another learner, by bearer token",
    "course staff": "staff of this course, not of the site, by bearer token",
    "global staff": "staff of the site, by bearer token",
    "staff JWT": "a superuser, by JWT",
    "API key": "a server with X-Edx-Api-Key and nobody signed in",
    "restricted JWT": "a JWT of a restricted application with the scope grades:read and a filter for the organisation",
}
_TOKENS = {"self": LEARNER, "other": OTHER_LEARNER, "course staff": COURSE_STAFF, "global staff": STAFF}
_CLIENTS = {"staff JWT": "client-credentials", "restricted JWT": "restricted"}

MERGE = "application/merge-patch+json"
MODE = {"course_id": COURSE, "mode_slug": "new", "mode_display_name": "New", "currency": "usd"}
LEAVE = {"email": "newcomer@example.edu", "course_id": COURSE}
BULK = {"identifiers": "charles", "courses": COURSE, "action": "enroll", "auto_enroll": True}


class Operation(NamedTuple):
    """A row: an API call as sent. `{course}` in the path is replaced by the course's key."""

    family: str
    method: str
    path: str
    body: Any = None
    kind: str = "application/json"

    @property
    def label(self) -> str:
        """Method and path, and what distinguishes the body."""
        note = ""
        if isinstance(self.body, dict) and "course_details" in self.body:
            note = f" `{json.dumps({k: v for k, v in self.body.items() if k != 'course_details'})}`"
        return f"{self.method} `{self.path}`{note}"


def _enrollment(**fields: Any) -> dict[str, Any]:
    return {"course_details": {"course_id": COURSE}, "user": "ada", **fields}


_MODES, _ENROLL, _GRADES = "/api/course_modes/v1/courses/{course}/", "/api/enrollment/v1", "/api/grades/v1"
_USER, _COHORTS, _COURSES = "/api/user/v1", "/api/cohorts/v1", "/api/courses/v1"

OPERATIONS = (
    Operation("user", "GET", f"{_USER}/me"),
    Operation("user", "GET", f"{_USER}/accounts/ada"),
    Operation("user", "GET", f"{_USER}/accounts?username=ada"),
    Operation("user", "GET", f"{_USER}/accounts?email=ada.lovelace@example.edu"),
    Operation("user", "PATCH", f"{_USER}/accounts/ada", {"bio": "x"}, MERGE),
    Operation("user", "POST", f"{_USER}/accounts/search_emails", {"emails": ["ada.lovelace@example.edu"]}),
    Operation("user", "GET", f"{_USER}/preferences/ada"),
    Operation("user", "PATCH", f"{_USER}/preferences/ada", {"time_zone": "UTC"}, MERGE),
    Operation("user", "GET", f"{_USER}/users/"),
    Operation("user", "GET", "/api/mobile/v0.5/my_user_info"),
    Operation("course modes", "GET", _MODES),
    Operation("course modes", "GET", f"{_MODES}?username=ada"),
    Operation("course modes", "POST", _MODES, MODE),
    Operation("course modes", "GET", f"{_MODES}audit"),
    Operation("course modes", "PATCH", f"{_MODES}audit", {"min_price": 1}, MERGE),
    Operation("course modes", "DELETE", f"{_MODES}audit"),
    Operation("enrollment", "GET", f"{_ENROLL}/enrollment/ada,{{course}}"),
    Operation("enrollment", "GET", f"{_ENROLL}/enrollment/{{course}}"),
    Operation("enrollment", "GET", f"{_ENROLL}/enrollment"),
    Operation("enrollment", "GET", f"{_ENROLL}/enrollment?user=ada"),
    Operation("enrollment", "POST", f"{_ENROLL}/enrollment", _enrollment()),
    Operation("enrollment", "POST", f"{_ENROLL}/enrollment", _enrollment(mode="verified")),
    Operation("enrollment", "POST", f"{_ENROLL}/enrollment", _enrollment(is_active=False)),
    Operation("enrollment", "GET", f"{_ENROLL}/enrollments"),
    Operation("enrollment", "GET", f"{_ENROLL}/course/{{course}}"),
    Operation("enrollment", "GET", f"{_ENROLL}/roles/"),
    Operation("enrollment", "POST", f"{_ENROLL}/unenroll/", {"username": "ada"}),
    Operation("enrollment", "GET", f"{_ENROLL}/enrollment_allowed/?email=newcomer@example.edu"),
    Operation("enrollment", "POST", f"{_ENROLL}/enrollment_allowed/", {**LEAVE, "email": "other@example.edu"}),
    Operation("enrollment", "DELETE", f"{_ENROLL}/enrollment_allowed/", LEAVE),
    Operation("courses", "GET", f"{_COURSES}/courses/"),
    Operation("courses", "GET", f"{_COURSES}/courses/?username=ada"),
    Operation("courses", "GET", f"{_COURSES}/courses/{{course}}"),
    Operation("courses", "GET", f"{_COURSES}/courses/{{course}}?username=ada"),
    Operation("courses", "GET", f"{_COURSES}/course_ids/?role=staff&username=ada"),
    Operation("courses", "GET", "/api/course_home/course_metadata/{course}"),
    Operation("blocks", "GET", f"{_COURSES}/blocks/?course_id={{quoted}}&username=ada"),
    Operation("blocks", "GET", f"{_COURSES}/blocks/?course_id={{quoted}}&all_blocks=true"),
    Operation("grades", "GET", f"{_GRADES}/courses/{{course}}/?username=ada"),
    Operation("grades", "GET", f"{_GRADES}/courses/{{course}}/"),
    Operation("grades", "GET", f"{_GRADES}/policy/courses/{{course}}/"),
    Operation("grades", "GET", f"{_GRADES}/gradebook/{{course}}/"),
    Operation("grades", "GET", f"{_GRADES}/subsection/{{lesson}}/?user_id=12"),
    Operation("grades", "GET", f"{_GRADES}/section_grades_breakdown/?course_id={{quoted}}&username=ada"),
    Operation("grades", "GET", f"{_GRADES}/submission_history/{{course}}/?username=ada"),
    Operation("certificates", "GET", "/api/certificates/v0/certificates/ada/courses/{course}/"),
    Operation("certificates", "GET", "/api/certificates/v0/certificates/ada/"),
    Operation("bulk enroll", "POST", "/api/bulk_enroll/v1/bulk_enroll", BULK),
    Operation("cohorts", "GET", f"{_COHORTS}/settings/{{course}}"),
    Operation("cohorts", "PUT", f"{_COHORTS}/settings/{{course}}", {"is_cohorted": True}),
    Operation("cohorts", "GET", f"{_COHORTS}/courses/{{course}}/cohorts/"),
    Operation("cohorts", "POST", f"{_COHORTS}/courses/{{course}}/cohorts/", {"name": "N", "assignment_type": "manual"}),
    Operation("cohorts", "PATCH", f"{_COHORTS}/courses/{{course}}/cohorts/1", {"name": "N"}),
    Operation("cohorts", "GET", f"{_COHORTS}/courses/{{course}}/cohorts/1/users/"),
    Operation("cohorts", "POST", f"{_COHORTS}/courses/{{course}}/cohorts/1/users/", {"users": ["charles"]}),
    Operation("cohorts", "DELETE", f"{_COHORTS}/courses/{{course}}/cohorts/1/users/ada"),
)


def ask(target: Target, caller: str, operation: Operation) -> Answer:
    """Make the call from a fresh demo world."""
    control(target, "POST", "/reset")
    places = {"course": COURSE, "quoted": COURSE.replace("+", "%2B"), "lesson": LESSON}
    headers = [HOST, *_credentials(target, caller)]
    raw = None
    if operation.body is not None:
        headers.append(("Content-Type", operation.kind))
        raw = json.dumps(operation.body).encode()
    return target.send(operation.method, operation.path.format(**places), headers, raw)


def _credentials(target: Target, caller: str) -> list[tuple[str, str]]:
    if caller in _TOKENS:
        return [("Authorization", f"Bearer {_TOKENS[caller]}")]
    if caller == "API key":
        return [("X-Edx-Api-Key", "demo-edx-api-key")]
    if caller in _CLIENTS:
        name = _CLIENTS[caller]
        form = f"grant_type=client_credentials&client_id=demo-{name}-id&client_secret=demo-{name}-secret"
        scope = "&scope=grades:read" if caller == "restricted JWT" else ""
        headers = [HOST, ("Content-Type", "application/x-www-form-urlencoded")]
        answer = target.send("POST", "/oauth2/access_token", headers, f"{form}{scope}&token_type=jwt".encode())
        return [("Authorization", f"JWT {json.loads(answer.body)['access_token']}")]
    return []


def expected() -> dict[str, dict[str, int]]:
    """The statuses: operation label to caller to status."""
    table = {}
    for line in DATA.read_text(encoding="utf-8").splitlines():
        statuses, _, label = line.partition("  ")
        table[label] = dict(zip(CALLERS, map(int, statuses.split()), strict=True))
    return table


def page() -> str:
    """The documentation page."""
    lines = [_INTRODUCTION, *(f"- **{name}**: {what}" for name, what in CALLERS.items()), ""]
    table = expected()
    family = ""
    for operation in OPERATIONS:
        if operation.family != family:
            family = operation.family
            lines += ["", f"## {family.capitalize()}", ""]
            lines += ["| operation | " + " | ".join(CALLERS) + " |", "|---|" + "---|" * len(CALLERS)]
        cells = " | ".join(str(table[operation.label][caller]) for caller in CALLERS)
        lines.append(f"| {operation.label} | {cells} |")
    return "\n".join(lines) + "\n"


_INTRODUCTION = f"""\
# Open edX: who may do what

Generated by `python -m contract_tests.openedx.permission_matrix`; do not edit by hand. Every cell is tested.

The status of each operation on the demo world, by who asks. Where it names a user that is the learner `ada`, the course
is `{COURSE}`. A 404 without a body is how the enrollment API hides what others may not see; a 200 on a list
may be an empty list.
"""

assert ADMIN  # the superuser's own token; the column `staff JWT` is the same person by JWT

if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
