"""`/api/mobile/`: the API of the mobile apps, versions v0.5 to v4.

Source: edx-platform `lms/djangoapps/mobile_api/`; `fixtures/recordings/openedx-2`, learn.jsonl 10-161.
"""

from __future__ import annotations

import base64
import itertools
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.providers.openedx import paging, refusals, wire
from lms_emulator.providers.openedx.call import Call, caller
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Course, Enrollment
from lms_emulator.providers.openedx.routes.permissions import is_authenticated, is_self
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import blocks, enrollment, fields, keys, learning, people, problems
from lms_emulator.providers.openedx.shapes import learning as shapes
from lms_emulator.providers.openedx.shapes import moment, outline

_STATUSES = ("in_progress", "completed", "expired")


def require_self(call: Call) -> None:
    """Permission: the user in the URL and nobody else, not even staff."""
    if not is_self(call):
        raise refusals.permission_denied("the app's user sees only their own", check="own account")


def own_in_july(call: Call) -> None:
    """Permission: in July 2025 another user's info was forbidden; later it is not found."""
    if call.settings.release == "2025-07":
        require_self(call)


def my_user_info(call: Call) -> Response:
    """Send the caller to their own user info."""
    return wire.redirect(f"{call.prefix}/api/mobile/{call.path_params['version']}/users/{caller(call).username}")


def user_info(call: Call) -> Response:
    """The caller's id, names and address."""
    user = caller(call)
    if call.settings.release != "2025-07":
        named = lookup.user_named(call.store, call.settings, call.path_params["username"])
        if named != user:
            raise refusals.api_error(404, None, reason="not_your_account", check="own account")
    link = call.url(f"/api/mobile/{call.path_params['version']}/users/{user.username}/course_enrollments/")
    return wire.api_json(
        {"id": user.id, "username": user.username, "email": user.email, "name": user.name, "course_enrollments": link}
    )


# enrolments


def list_enrollments(call: Call) -> Response:
    """The caller's courses: a list until v1, an object from v2, pages from v3, with the latest apart in v4."""
    user, version = caller(call), call.path_params["version"]
    found = sorted(enrollment.of_user(call.store, user), key=lambda record: (record.created, record.id), reverse=True)
    if org := call.query.get("org"):
        found = [
            record for record in found if (key := keys.course_key(record.course)) and key.org.lower() == org.lower()
        ]
    if version in ("v0.5", "v1"):
        return wire.api_json([_enrollment(call, record) for record in found])
    configs: dict[str, Any] = {
        "configs": {"iap_configs": {}},
        "user_timezone": user.preferences.get("time_zone") or "UTC",
    }
    if version == "v2":
        return wire.api_json({**configs, "enrollments": [_enrollment(call, record) for record in found]})
    status = call.query.get("status", "")
    call.reads.words(("status",), [status], (*_STATUSES, "all"))
    primary = None
    if version == "v4" and status in _STATUSES:
        found = [record for record in found if _status(call, user, record) == status]
    elif version == "v4" and found:
        primary, found = found[0], found[1:]
    page = paging.numbered(call, found, size=10)
    document = {**configs, "enrollments": page.envelope([_enrollment(call, item) for item in page.items])}
    if primary is not None:
        document["primary"] = _primary(call, user, primary)
    elif version == "v4" and status not in _STATUSES:
        document["primary"] = None
    return wire.api_json(document)


def _status(call: Call, user: User, record: Enrollment) -> str:
    if (user.username, record.course) in call.store.certificates:
        return "completed"
    course = call.store.courses.get(record.course)
    ended = course is not None and course.end is not None and course.end < call.clock.now()
    return "completed" if ended else "in_progress"


def _course(call: Call, record: Enrollment) -> Course:
    course = call.store.courses.get(record.course)
    assert course is not None  # `of_user` gives enrolments in courses that exist
    return course


def _enrollment(call: Call, record: Enrollment) -> dict[str, Any]:
    course, version, now = _course(call, record), call.path_params["version"], call.clock.now()
    key = keys.course_key(course.id)
    assert key is not None  # a course in the store has a readable key
    info = call.url(f"/api/mobile/{version}/course_info/{course.id}")
    picture = shapes.image(course)
    code = base64.b32encode(course.id.encode()).decode().replace("=", "_")
    shape: dict[str, Any] = {} if version == "v0.5" else {"audit_access_expires": None}
    shape |= {
        "created": moment(record.created),
        "mode": record.mode,
        "is_active": record.is_active,
        "course": {
            "id": course.id,
            "name": course.display_name,
            "number": key.course,
            "org": key.org,
            "org_logo": "",
            **shapes.start(course),
            "end": moment(course.end),
            "dynamic_upgrade_deadline": moment(shapes.upgrade_deadline(course, record, now)),
            "subscription_id": f"course_{code}",
            "courseware_access": shapes.access(),
            "media": {"course_image": {"uri": picture, "name": "Course Image"}},
            "course_image": picture,
            "course_about": call.url(f"/courses/{course.id}/about"),
            "course_sharing_utm_parameters": shapes.sharing(),
            "course_updates": f"{info}/updates",
            "course_handouts": f"{info}/handouts",
            "discussion_url": call.url(f"/api/discussion/v1/courses/{course.id}"),
            "video_outline": None,
            "is_self_paced": course.self_paced,
        },
        "certificate": {},
    }
    if version != "v0.5":
        shape["course_modes"] = shapes.mobile_modes(course, now)
    return shape


def _progress(call: Call, user: User, course: Course) -> tuple[int, int]:
    progress = learning.Progress(call.store, user, learning.content(call.store, user, course))
    return outline.assignments(call.store, course, user, progress)


def _primary(call: Call, user: User, record: Enrollment) -> dict[str, Any]:
    course = _course(call, record)
    done, total = _progress(call, user, course)
    progress = learning.Progress(call.store, user, learning.content(call.store, user, course))
    path = blocks.path_to(progress.root, progress.last() or "")
    status = None
    if len(path) > 3:
        status = {
            "last_visited_module_id": path[2].key,
            "last_visited_module_path": [node.key for node in reversed(path[:3])],
            "last_visited_block_id": path[-1].key,
            "last_visited_unit_display_name": path[3].block.display_name,
        }
    return _enrollment(call, record) | {
        "course_status": status,
        "course_progress": {"total_assignments_count": total, "assignments_completed": done},
        "course_assignments": {"future_assignments": [], "past_assignments": []},
    }


def enrollments_status(call: Call) -> Response:
    """A user's courses, and whether there was recent activity in them."""
    user = caller(call)
    rows = []
    for record in sorted(call.store.enrollments.find("user", user.username), key=lambda record: record.id):
        course = call.store.courses.get(record.course)
        if course is not None:
            rows.append({"course_id": course.id, "course_name": course.display_name, "recently_active": True})
    return wire.api_json(rows)


# the place in a course


def _entered(call: Call) -> tuple[Course, blocks.Node]:
    """The course in the URL and its content, for those who may enter. Raises the refusal."""
    user, key = caller(call), keys.course_key(call.path_params["course_id"])
    course = call.store.courses.get(key.text) if key else None
    if course is None or not learning.may_enter(call.store, user, course):
        raise refusals.OpenedxRefusal("unknown_course", status=404, message="Not found.", check="course to enter")
    return course, learning.content(call.store, user, course)


def _visited(call: Call, root: blocks.Node) -> list[str]:
    """The path up from the sequence that was open last, or from the first one."""
    user = caller(call)
    node, path = root, [root.key]
    while node.children and node.block.type != "sequential":
        state = call.store.block_states.get((user.username, node.key))
        place = (state.position if state is not None and state.position else 1) - 1
        node = node.children[min(place, len(node.children) - 1)]
        path.insert(0, node.key)
    return path


def read_status(call: Call) -> Response:
    """The caller's position in a course."""
    _, root = _entered(call)
    path = _visited(call, root)
    last = learning.Progress(call.store, caller(call), root).last()
    return wire.api_json(
        {"last_visited_module_id": path[0], "last_visited_module_path": path, "last_visited_block_id": last or ""}
    )


def write_status(call: Call) -> Response:
    """Store the caller's position; unknown blocks and outdated modification times are ignored."""
    _, root = _entered(call)
    body = wire.read_object(call)
    if text := body.get("modification_date"):
        try:
            fields.date_time(text)
        except fields.FieldError:
            error = {"code": "invalid-modification-date", "message": "Could not parse modification_date"}
            raise refusals.api_error(
                400, {"errors": [error]}, reason="invalid_modification_date", check="modification_date", got=text
            ) from None
    wanted = str(body.get("last_visited_module_id") or body.get("last_visited_block_id") or "")
    path = blocks.path_to(root, wanted)
    for above, node in itertools.pairwise(path):
        place = above.children.index(node) + 1
        state = problems.state(call.store, caller(call).username, above.key)
        call.store.block_states.put(replace(state, position=place))
    found = _visited(call, root)
    return wire.api_json({"last_visited_module_id": found[0], "last_visited_module_path": found})


def record_activity(call: Call) -> Response:
    """Record that a user was active in some course."""
    body = wire.read_object(call)
    if not body.get("user_id") or not body.get("course_key"):
        text = "User id and course key are required"
        raise refusals.api_error(400, text, reason="activity_incomplete", check="user_id and course_key")
    if keys.course_key(str(body["course_key"])) is None:
        text = "Provided course key is not valid"
        raise refusals.api_error(400, text, reason="invalid_course_key", check="course_key", got=body["course_key"])
    return Response(b"", 200)


def push_token(call: Call) -> Response:
    """Register a device for notifications, which the site cannot send."""
    text = "Push notifications are not configured."
    raise refusals.api_error(501, text, reason="push_off", check="push notifications are configured")


# course info


def read_updates(call: Call) -> Response:
    """The news of a course."""
    course, _ = _entered(call)
    shown = [update for update in course.updates if update.status == "visible"]
    return wire.api_json(
        [{"id": update.id, "date": update.date, "content": update.content, "status": update.status} for update in shown]
    )


def read_handouts(call: Call) -> Response:
    """The handouts of a course."""
    return wire.api_json({"handouts_html": _entered(call)[0].handouts})


def read_details(call: Call) -> Response:
    """A course, for any caller. An unknown one is not handled by the real server (500)."""
    key, user = keys.course_key(call.path_params["course_id"]), caller(call)
    course = call.store.courses.get(key.text) if key else None
    if course is None:
        raise refusals.Unhandled(f"there is no course `{call.path_params['course_id']}`")
    done, total = _progress(call, user, course)
    return wire.api_json(
        {
            "id": course.id,
            **_access_and_enrollment(call, user, course),
            **_links(call, course),
            "discussion_url": _discussion(call, user, course),
            "course_info_overview": shapes.overview(course, call.base_url, call.clock.now(), done, total),
        }
    )


def _discussion(call: Call, user: User, course: Course) -> str | None:
    if not learning.may_enter(call.store, user, course):
        return None
    return call.url(f"/api/discussion/v1/courses/{course.id}")


def _links(call: Call, course: Course) -> dict[str, str]:
    info = call.url(f"/api/mobile/{call.path_params['version']}/course_info/{course.id}")
    return {"course_handouts": f"{info}/handouts", "course_updates": f"{info}/updates"}


def _access_and_enrollment(call: Call, user: User, course: Course) -> dict[str, Any]:
    known, now = enrollment.get(call.store, user, course.id), call.clock.now()
    details: dict[str, Any] = {"mode": "", "is_active": False}
    if known is not None:
        deadline = moment(shapes.upgrade_deadline(course, known, now))
        details = {
            "created": moment(known.created),
            "mode": known.mode,
            "is_active": known.is_active,
            "upgrade_deadline": deadline,
        }
    return {
        "course_access_details": {
            "has_unmet_prerequisites": False,
            "is_too_early": course.start is not None and course.start > now,
            "is_staff": people.is_course_staff(call.store, user, course.id),
            "audit_access_expires": None,
            "courseware_access": shapes.access(),
        },
        "certificate": {},
        "enrollment_details": details,
    }


def blocks_info(call: Call, course: Course, user: User) -> dict[str, Any]:
    """What the app's blocks carry beside the blocks."""
    done, total = _progress(call, user, course)
    links = _links(call, course)
    return {
        "id": course.id,
        "course_updates": links["course_updates"],
        "course_handouts": links["course_handouts"],
        "deprecate_youtube": False,
        "discussion_url": _discussion(call, user, course),
        **_access_and_enrollment(call, user, course),
        **shapes.overview(course, call.base_url, call.clock.now(), done, total),
    }


FAMILY = Family("/api/mobile/{version}", tag="mobile", permissions=(is_authenticated,))
_OWN: dict[str, Any] = {"permissions": (is_authenticated, require_self)}


def _learn(*numbers: int) -> str:
    return recorded("openedx-2/learn", *numbers)


ROUTES = (
    *FAMILY.resource(
        "/my_user_info",
        "Redirect to the caller's info",
        get=my_user_info,
        allow="OPTIONS, GET",
        source=recorded("more", 243),
    ),
    *FAMILY.resource(
        "/users/{username}",
        "The caller's info",
        get=user_info,
        source=_learn(12),
        permissions=(is_authenticated, own_in_july),
    ),
    *FAMILY.resource(
        "/users/{username}/course_enrollments/", "The caller's courses", get=list_enrollments, source=_learn(10), **_OWN
    ),
    *FAMILY.resource(
        "/users/{username}/enrollments_status/",
        "Enrolment status by course",
        get=enrollments_status,
        source=_learn(94),
        **_OWN,
    ),
    *FAMILY.resource(
        "/users/{username}/course_status_info/{course_id}",
        "The caller's position in a course",
        get=read_status,
        patch=write_status,
        allow="GET, PATCH",
        source=_learn(78, 82),
        **_OWN,
    ),
    *FAMILY.resource("/course_info/{course_id}/updates", "News of a course", get=read_updates, source=_learn(99)),
    *FAMILY.resource(
        "/course_info/{course_id}/handouts", "Handouts of a course", get=read_handouts, source=_learn(110)
    ),
    *FAMILY.resource(
        "/course_info/{course_id}/enrollment_details",
        "Enrolment details of a course, for the apps",
        get=read_details,
        defect=True,
        source=_learn(129),
    ),
    *FAMILY.resource(
        "/course_info/record_user_activity", "Record user activity", post=record_activity, source=_learn(154)
    ),
    *FAMILY.resource("/notifications/create-token/", "Register a device", post=push_token, source=_learn(161)),
)
