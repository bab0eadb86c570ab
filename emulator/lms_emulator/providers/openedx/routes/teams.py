"""`/api/team/v0/`: teams of learners, and the sets they are in.

Source: edx-platform `lms/djangoapps/teams/views.py`; `fixtures/recordings/openedx-2`, instr.jsonl 576-694.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, paging, refusals, wire
from lms_emulator.providers.openedx.call import JSON, MERGE_PATCH, Call, caller
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.commerce import Membership, Team
from lms_emulator.providers.openedx.model.courseware import Course, Teamset
from lms_emulator.providers.openedx.routes.permissions import is_authenticated
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import enrollment, keys, people, registration
from lms_emulator.providers.openedx.shapes import teams as shapes

_LENGTHS = {"name": 255, "description": 300}
_EDITABLE = ("name", "description", "topic_id", "country", "language", "organization_protected")


# refusals


def empty(status: int, reason: str) -> refusals.OpenedxRefusal:
    """A refusal with an empty body."""
    return refusals.api_error(status, None, reason=reason, check=reason.replace("_", " "))


def both(status: int, text: str, *, reason: str = "invalid_team") -> refusals.OpenedxRefusal:
    """A refusal with the same message for developers and users."""
    return refusals.api_error(
        status, {"developer_message": text, "user_message": text}, reason=reason, check=reason.replace("_", " ")
    )


def field(name: str, text: str, person: str | None = None) -> refusals.OpenedxRefusal:
    """What is wrong with one field."""
    problem = {"developer_message": text, "user_message": person or text}
    return refusals.api_error(400, {"field_errors": {name: problem}}, reason=f"invalid_{name}", check=name)


# who and what


def _course(call: Call, text: str | None, *, problem: str) -> Course:
    key = keys.course_key(text)
    if key is None:
        raise field("course_id", problem.format(text))
    course = call.store.courses.get(key.text)
    if course is None:
        raise empty(404, "unknown_course")
    if not _may_see(call, caller(call), course.id):
        raise empty(403, "not_in_course")
    return course


def _may_see(call: Call, user: User, course: str) -> bool:
    """Whether a user may see the teams of a course: enrolled, or on its staff."""
    found = enrollment.get(call.store, user, course)
    return (found is not None and found.is_active) or people.is_course_staff(call.store, user, course)


def _privileged(call: Call, course: str) -> bool:
    """Whether the caller may manage teams: staff, and those with a role in discussions."""
    user = caller(call)
    roles = [role for role in call.store.forum_roles.find("course", course) if role.user == user.username]
    return bool(roles) or people.is_course_staff(call.store, user, course)


def _teamset(course: Course, name: object) -> Teamset | None:
    return next((teamset for teamset in course.teamsets if teamset.id == name), None)


def _expand(call: Call) -> set[str]:
    return {part for text in call.query.getlist("expand") for part in text.split(",")}


def _team_shape(call: Call, team: Team) -> dict[str, Any]:
    return shapes.team(call.store, team, call.base_url, call.clock.now(), _expand(call))


def _teams(call: Call, course: str) -> list[Team]:
    return call.store.teams.find("course", course)


# topics


def list_topics(call: Call) -> Response:
    """The teamsets of a course."""
    text = call.query.get("course_id")
    key = keys.course_key(text)
    if text and key is None:
        raise empty(404, "invalid_course_id")
    course = _course(call, text, problem="The supplied course id {} is not valid.")
    order = call.query.get("order_by") or "name"
    if order not in ("name", "team_count"):
        raise both(400, f"unsupported order_by value {order}")
    counts = {row.id: sum(team.topic_id == row.id for team in _teams(call, course.id)) for row in course.teamsets}
    found = sorted(course.teamsets, key=lambda teamset: teamset.name)
    if order == "team_count":
        found.sort(key=lambda teamset: -counts[teamset.id])
    page = paging.numbered(call, [shapes.topic(teamset, counts[teamset.id]) for teamset in found], size=5, most=1000)
    return wire.api_json(page.envelope(page.items) | {"sort_order": order})


def read_topic(call: Call) -> Response:
    """One teamset."""
    key = keys.course_key(call.path_params["course_id"])
    course = call.store.courses.get(key.text) if key else None
    if course is None:
        raise empty(404, "unknown_course")
    if not _may_see(call, caller(call), course.id):
        raise empty(403, "not_in_course")
    found = _teamset(course, call.path_params["topic_id"])
    if found is None:
        raise empty(404, "unknown_topic")
    return wire.api_json(shapes.topic(found, sum(team.topic_id == found.id for team in _teams(call, course.id))))


# teams

_ORDERS: dict[str, Callable[[Team], Any]] = {
    "name": lambda team: team.name.lower(),
    "open_slots": lambda team: len(team.members),
    "last_activity_at": lambda team: -team.last_activity_at.timestamp(),
}


def list_teams(call: Call) -> Response:
    """The teams of a course."""
    query = call.query
    if "course_id" not in query:
        raise both(400, "course_id must be provided")
    course = _course(call, query["course_id"], problem="The supplied course id {} is not valid.")
    found = list(_teams(call, course.id))
    if topic := query.get("topic_id"):
        if _teamset(course, topic) is None:
            raise both(404, f"The supplied topic id {topic} is not valid")
        found = [team for team in found if team.topic_id == topic]
    if username := query.get("username"):
        found = [team for team in found if any(membership.user == username for membership in team.members)]
    if search := query.get("text_search"):
        found = [team for team in found if search.lower() in f"{team.name} {team.description}".lower()]
    order = query.get("order_by") or "name"
    if order not in _ORDERS:
        raise both(400, f"unsupported order_by value {order}")
    found.sort(key=_ORDERS[order])
    page = paging.numbered(call, found, size=10, most=1000)
    return wire.api_json(page.envelope([_team_shape(call, team) for team in page.items]) | {"sort_order": order})


def create_team(call: Call) -> Response:
    """A new team; a learner who makes one is its first member."""
    body, user = wire.read_object(call), caller(call)
    course = _course(call, body.get("course_id"), problem="The supplied course_id {} is not valid.")
    teamset = _teamset(course, body.get("topic_id"))
    if teamset is None:
        raise field("topic_id", f"topic_id {body.get('topic_id')} is not valid.")
    privileged = _privileged(call, course.id)
    if teamset.type != "open" and not privileged:
        raise both(403, "You can't create a team in an instructor managed topic.")
    if not privileged and _in_set(call, course, teamset.id, user) is not None:
        raise both(400, "You are already in a team in this teamset.")
    _check(body, required=("name", "description"))
    digits, now = call.ids.hex(32), call.clock.now()
    slug = re.sub(r"[^a-z0-9]+", "-", str(body["name"]).lower()).strip("-")
    mine = [Membership(user=user.username, date_joined=now, last_activity_at=now)]
    team = Team(
        id=f"{slug}-{digits}",
        discussion_topic_id=digits,
        name=str(body["name"]),
        course=course.id,
        topic_id=teamset.id,
        date_created=now,
        last_activity_at=now,
        description=str(body["description"]),
        country=str(body.get("country") or ""),
        language=str(body.get("language") or ""),
        members=[] if privileged else mine,
    )
    return wire.api_json(_team_shape(call, call.store.teams.put(team)))


def _in_set(call: Call, course: Course, topic: str, user: User) -> Team | None:
    mine = (team for team in _teams(call, course.id) if team.topic_id == topic)
    return next((team for team in mine if any(membership.user == user.username for membership in team.members)), None)


def _check(body: dict[str, Any], *, required: tuple[str, ...] = ()) -> None:
    for name in (*required, "country"):
        value, problem = body.get(name), None
        if name in required and value is None:
            problem = "This field is required."
        elif name in _LENGTHS and value is not None and len(str(value)) > _LENGTHS[name]:
            problem = f"Ensure this field has no more than {_LENGTHS[name]} characters."
        elif name in _LENGTHS and value == "":
            problem = "This field may not be blank."
        elif name == "country" and value and (not registration.country(str(value)) or str(value) in _NO_COUNTRIES):
            problem = f"{value} is not a valid country code"
        if problem:
            text = f"Value '{'' if value is None else value}' is not valid for field '{name}': {[problem]}"
            raise field(name, text, "This value is invalid.")


#: Codes that ISO 3166 leaves to users.
_NO_COUNTRIES = ("XX", "ZZ", "AA")


def _team(call: Call) -> Team:
    team = call.store.teams.get(call.path_params["team_id"])
    if team is None:
        raise refusals.OpenedxRefusal("unknown_team", status=404, message="Not found.", check="team exists")
    if not _may_see(call, caller(call), team.course):
        raise refusals.permission_denied("the caller is not in the course", check="enrolled")
    return team


def read_team(call: Call) -> Response:
    """One team."""
    return wire.api_json(_team_shape(call, _team(call)))


def change_team(call: Call) -> Response:
    """Change a team; unknown fields are ignored."""
    team, body = _managed(call), wire.read_object(call)
    _check(body)
    changes = {name: body[name] for name in _EDITABLE if name in body}
    return wire.api_json(_team_shape(call, call.store.teams.put(replace(team, **changes))))


def delete_team(call: Call) -> Response:
    """Remove a team."""
    call.store.teams.delete(_managed(call).id)
    return wire.no_content()


def _managed(call: Call) -> Team:
    team = _team(call)
    if not _privileged(call, team.course):
        raise refusals.permission_denied("only staff and moderators may change teams", check="staff or moderator")
    return team


def read_assignments(call: Call) -> Response:
    """The team's assignments, which the site has switched off."""
    _team(call)
    raise empty(503, "team_assignments_off")


# memberships


def list_members(call: Call) -> Response:
    """The memberships of a user, a team or a teamset."""
    query, user = call.query, caller(call)
    if not any(query.get(name) for name in ("username", "team_id", "teamset_id")):
        raise both(400, "username or (team_id or teamset_id) must be specified.")
    wanted = query.get("course_id")
    if wanted and keys.course_key(wanted) is None:
        raise empty(404, "invalid_course_id")
    found = list(call.store.teams)
    if "teamset_id" in query:
        found = _teams_of_set(call, user, query["teamset_id"])
    elif name := query.get("team_id"):
        team = call.store.teams.get(name)
        if team is None or not _may_see(call, user, team.course):
            raise empty(404, "unknown_team")
        found = [team]
    rows = [
        (team, membership)
        for team in found
        if (not wanted or team.course == wanted) and _may_see(call, user, team.course)
        for membership in team.members
        if query.get("username") in (None, "", membership.user)
    ]
    page = paging.numbered(call, rows, size=10, most=1000)
    return wire.api_json(page.envelope([_membership(call, team, member) for team, member in page.items]))


def _teams_of_set(call: Call, user: User, name: str) -> list[Team]:
    """The teams of a teamset that a user may see, of one that is private their own."""
    if "team_id" in call.query:
        raise both(400, "teamset_id and team_id are mutually exclusive options.")
    key = keys.course_key(call.query.get("course_id"))
    if key is None:
        raise both(400, "teamset_id requires course_id to also be provided.")
    course = call.store.courses.get(key.text)
    if course is None or not _may_see(call, user, course.id):
        raise empty(404, "unknown_course")
    teamset = _teamset(course, name)
    found = [team for team in _teams(call, course.id) if team.topic_id == name]
    if (
        teamset is not None
        and teamset.type == "private_managed"
        and not people.is_course_staff(call.store, user, course.id)
    ):
        found = [team for team in found if any(member.user == user.username for member in team.members)]
        teamset = teamset if found else None
    if teamset is None:
        raise both(404, "No teamset found in given course with given id", reason="unknown_topic")
    return found


def _membership(call: Call, team: Team, membership: Membership) -> dict[str, Any]:
    return shapes.membership(call.store, team, membership, call.base_url, call.clock.now(), _expand(call))


def join(call: Call) -> Response:
    """Join a team, or add another user."""
    body, viewer = wire.read_object(call), caller(call)
    for name, text in (("username", "Username is required."), ("team_id", "Team id is required.")):
        if not body.get(name):
            raise field(name, text)
    team = call.store.teams.get(str(body["team_id"]))
    if team is None or not _may_see(call, viewer, team.course):
        raise empty(404, "unknown_team")
    user = lookup.user_named(call.store, call.settings, str(body["username"]))
    privileged = _privileged(call, team.course)
    if user is None or (user.username != viewer.username and not privileged):
        raise empty(404, "unknown_user")
    course = call.store.courses.get(team.course)
    teamset = _teamset(course, team.topic_id) if course else None
    most = (teamset.max_team_size if teamset else None) or (course.max_team_size if course else None)
    if any(membership.user == user.username for membership in team.members):
        raise both(400, f"The user {user.username} is already a member of a team in this teamset.")
    if most is not None and len(team.members) >= most:
        raise both(403, "This team is already full.")
    if course is not None and _in_set(call, course, team.topic_id, user) is not None:
        raise both(400, f"The user {user.username} is already a member of a team in this teamset.")
    known = enrollment.get(call.store, user, team.course)
    if known is None or not known.is_active:
        raise both(400, f"The user {user.username} is not enrolled in the course associated with this team.")
    now = call.clock.now()
    made = Membership(user=user.username, date_joined=now, last_activity_at=now)
    team = call.store.teams.put(replace(team, members=[*team.members, made]))
    return wire.api_json(_membership(call, team, made))


def _joined(call: Call) -> tuple[Team, Membership]:
    team = call.store.teams.get(call.path_params["team_id"])
    if team is None or not _may_see(call, caller(call), team.course):
        raise empty(404, "unknown_team")
    membership = next((member for member in team.members if member.user == call.path_params["username"]), None)
    if membership is None:
        raise empty(404, "no_member")
    return team, membership


def read_membership(call: Call) -> Response:
    """One membership."""
    return wire.api_json(_membership(call, *_joined(call)))


def leave(call: Call) -> Response:
    """Leave a team, or remove another user."""
    team, membership = _joined(call)
    if membership.user != caller(call).username and not _privileged(call, team.course):
        raise empty(404, "not_yours")
    kept = [other for other in team.members if other.user != membership.user]
    call.store.teams.put(replace(team, members=kept))
    return wire.no_content()


def download_members(call: Call) -> Response:
    """The members of all teams of a course as a table, for its staff."""
    key = keys.course_key(call.path_params["course_id"])
    course = call.store.courses.get(key.text) if key else None
    if course is None or key is None:
        raise empty(404, "unknown_course")
    if not _privileged(call, course.id):
        raise empty(403, "not_staff")
    sets = [teamset.id for teamset in course.teamsets]
    lines = [",".join(["username", "external_user_id", "mode", *sets])]
    for enrolled in sorted(call.store.enrollments.find("course", course.id), key=lambda record: record.user):
        user = call.store.users.get(enrolled.user)
        if enrolled.is_active and user is not None:
            names = [(team.name if (team := _in_set(call, course, name, user)) else "") for name in sets]
            lines.append(",".join([enrolled.user, "", enrolled.mode, *names]))
    file = f"team-membership_{key.org}_{key.course}_{key.run}.csv"
    headers = {"content-disposition": f'attachment; filename="{file}"', "content-type": "text/csv"}
    return Response("".join(f"{line}\r\n" for line in lines).encode(), 200, headers)


FAMILY = Family("/api/team/v0", tag="team", authenticators=credentials.BEARER_SESSION, permissions=(is_authenticated,))


def _instr(*numbers: int) -> str:
    return recorded("openedx-2/instr", *numbers)


ROUTES = (
    *FAMILY.resource("/topics/", "Teamsets of a course", get=list_topics, source=_instr(579)),
    *FAMILY.resource("/topics/{topic_id},{course_id}", "A teamset", get=read_topic, source=_instr(597)),
    *FAMILY.resource(
        "/teams/", "Teams of a course", get=list_teams, post=create_team, parsers=(JSON,), source=_instr(605, 638)
    ),
    *FAMILY.resource(
        "/teams/{team_id}",
        "A team",
        get=read_team,
        patch=change_team,
        delete=delete_team,
        parsers=(MERGE_PATCH,),
        source=_instr(649, 654, 686),
    ),
    *FAMILY.resource("/teams/{team_id}/assignments", "Assignments of a team", get=read_assignments, source=_instr(685)),
    *FAMILY.resource(
        "/team_membership/",
        "Memberships of teams",
        get=list_members,
        post=join,
        parsers=(JSON,),
        source=_instr(623, 658),
    ),
    *FAMILY.resource(
        "/team_membership/{team_id},{username}",
        "A membership of a team",
        get=read_membership,
        delete=leave,
        source=_instr(667, 671),
    ),
    *FAMILY.resource(
        "/bulk_team_membership/{course_id}",
        "Team memberships as CSV",
        get=download_members,
        authenticators=(credentials.BEARER, credentials.ACTIVE_SESSION),
        allow="GET, POST, HEAD, OPTIONS",
        source=_instr(694),
    ),
)
