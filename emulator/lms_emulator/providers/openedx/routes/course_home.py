"""`/api/course_home/`: what the learning front end asks about a course: its top, outline, navigation, dates, progress.

Source: edx-platform `lms/djangoapps/course_home_api/`; `fixtures/recordings/openedx-2`, learn.jsonl 205-357. The
platform declares this API unstable.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.numbers import parse_integer
from lms_emulator.providers.openedx import credentials, refusals, wire
from lms_emulator.providers.openedx.call import Call, caller, calling_user, course_of
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Course, CourseGoal
from lms_emulator.providers.openedx.routes.permissions import anyone
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import blocks, cohorts, enrollment, grades, keys, learning, people
from lms_emulator.providers.openedx.shapes import enrollment as enrollment_shapes
from lms_emulator.providers.openedx.shapes import learning as shapes
from lms_emulator.providers.openedx.shapes import moment, outline
from lms_emulator.providers.openedx.web import csrf, deployment

_ANONYMOUS = (
    "authentication_required",
    "User must be authenticated to view the course",
    "You must be logged in to see this course",
)
_NOT_ENROLLED = (
    "enrollment_required",
    "User must be enrolled in the course to view it",
    "You must be enrolled to see this course",
)
_NOT_ENROLLED_JULY = (
    "enrollment_required",
    "User must be enrolled in the course",
    "You must be enrolled in the course",
)


def refused(call: Call, user: User | None, course: Course) -> tuple[str, str, str] | None:
    """Why a user may not enter a course; None if they may."""
    if learning.may_enter(call.store, user, course):
        return None
    if user is None:
        return _ANONYMOUS
    return _NOT_ENROLLED_JULY if call.settings.release == "2025-07" else _NOT_ENROLLED


def zone(user: User | None) -> str | None:
    """The time zone that a user chose."""
    return user.preferences.get("time_zone") if user else None


def _enrolled(call: Call, user: User | None, course: Course) -> Any:
    return enrollment.get(call.store, user, course.id) if user else None


def read_metadata(call: Call) -> Response:
    """A course as its home page needs it."""
    course, user = course_of(call), calling_user(call)
    key = keys.course_key(course.id)
    assert key is not None  # a course in the store has a readable key
    enrolled, now = _enrolled(call, user, course), call.clock.now()
    active = enrolled is not None and enrolled.is_active
    staff = people.is_course_staff(call.store, user, course.id)
    why = refused(call, user, course)
    return wire.api_json(
        {
            "verified_mode": shapes.upgrade(course, enrolled, now),
            "celebrations": shapes.CELEBRATIONS,
            "course_access": shapes.access(why),
            "studio_access": staff,
            "course_id": course.id,
            "is_enrolled": active,
            "is_self_paced": course.self_paced,
            "is_staff": staff,
            "number": key.course,
            "org": key.org,
            "original_user_is_staff": staff,
            "start": moment(course.start),
            "tabs": _tabs(call, course, inside=why is None, staff=staff),
            "title": course.display_name,
            "username": user.username if user else None,
            "user_timezone": zone(user),
            "can_view_certificate": learning.shows_certificates(course, now),
            "course_modes": [
                {"slug": mode["slug"], "name": mode["name"]} for mode in enrollment_shapes.modes(course, now)
            ],
            "is_new_discussion_sidebar_view_enabled": False,
            "has_course_author_access": staff,
        }
    )


def _tabs(call: Call, course: Course, *, inside: bool, staff: bool) -> list[dict[str, str]]:
    """The tabs of the course; without the learning front end, their URLs are the LMS's own."""
    fronts, page = deployment.fronts(call), call.url(f"/courses/{course.id}")
    without = call.url(f"/api/course_home/course_metadata/None/course/{course.id}")
    home = f"{fronts['learning']}/course/{course.id}" if "learning" in fronts else without
    progress = f"{home}/progress" if "learning" in fronts else f"{page}/progress"
    tabs = [("courseware", "Course", f"{home}/home")]
    if inside:
        tabs += [("progress", "Progress", progress), ("dates", "Dates", f"{home}/dates")]
        if "discussions" in fronts:
            tabs.append(("discussion", "Discussion", f"{fronts['discussions']}/{course.id}/"))
    if staff:
        tabs.append(("instructor", "Instructor", f"{page}/instructor"))
    return [{"tab_id": name, "title": title, "url": url} for name, title, url in tabs]


# outline and navigation


def read_outline(call: Call) -> Response:
    """The outline of a course, with what surrounds it."""
    course, user, now = course_of(call), calling_user(call), call.clock.now()
    enrolled, inside = _enrolled(call, user, course), learning.may_enter(call.store, user, course)
    active = enrolled is not None and enrolled.is_active
    progress = learning.Progress(call.store, user, learning.content(call.store, user, course))
    days = [day for day in shapes.dates(course, enrolled, now) if _shown_ahead(course, day, moment(now) or "")]
    news = next((update.content for update in course.updates if update.status == "visible"), None)
    learner = active and not people.is_course_staff(call.store, user, course.id)
    if inside and not active and course.updates:
        csrf.ensure(call)
    can_enroll = user is None or not enrollment.is_closed(call.store, user, course, now)
    return wire.api_json(
        {
            "dates_banner_info": shapes.banner(course, now),
            "verified_mode": shapes.upgrade(course, enrolled, now),
            "access_expiration": None,
            "cert_data": shapes.certificate(enrolled),
            "course_blocks": {"blocks": outline.outline(course, progress, call.base_url, learner=learner)}
            if inside
            else None,
            "course_goals": _goals(call, user, course),
            "course_tools": _tools(call, course, learner=active) if inside else [],
            "dates_widget": {
                "course_date_blocks": days if inside else [],
                "dates_tab_link": front(call, course, "dates"),
                "user_timezone": zone(user),
            },
            "enroll_alert": {"can_enroll": can_enroll, "extra_text": None},
            "enrollment_mode": enrolled.mode if enrolled else None,
            "enable_proctored_exams": False,
            "handouts_html": (course.handouts or "") if inside else None,
            "has_ended": course.end is not None and course.end < now,
            "offer": None,
            "resume_course": resume(call, course, progress) if inside else {"has_visited_course": False, "url": None},
            "welcome_message_html": None if _dismissed(call, user, course) or not inside else news,
            "user_has_passing_grade": _passes(call, user, course),
        }
    )


def _shown_ahead(course: Course, day: dict[str, Any], now: str) -> bool:
    return bool(day["date_type"] == "course-end-date" or day["date"] >= now)


def front(call: Call, course: Course, page: str) -> str:
    """The address of a course's page in the learning front end."""
    learning_front = deployment.front(call, "learning", call.base_url)
    return f"{learning_front}/course/{course.id}/{page}"


def _tools(call: Call, course: Course, *, learner: bool) -> list[dict[str, str]]:
    page = call.url(f"/courses/{course.id}")
    tools = [{"analytics_id": "edx.bookmarks", "title": "Bookmarks", "url": f"{page}/bookmarks/"}]
    if learner and course.updates:
        tools.append({"analytics_id": "edx.updates", "title": "Updates", "url": f"{page}/course/updates"})
    return tools


def resume(call: Call, course: Course, progress: learning.Progress) -> dict[str, Any]:
    """Where a learner continues: at the block worked on last, or at the beginning."""
    last = progress.last()
    first = next(iter(blocks.leaves(progress.root)), progress.root)
    url = call.url(f"/courses/{course.id}/jump_to/{last or first.key}")
    return {"has_visited_course": last is not None, "url": url}


def _goal(call: Call, user: User | None, course: Course) -> CourseGoal | None:
    return call.store.course_goals.get((user.username, course.id)) if user else None


def _goals(call: Call, user: User | None, course: Course) -> dict[str, Any]:
    """The goal of a learner; the site has weekly goals switched off, so that it is not shown."""
    return {"selected_goal": None, "weekly_learning_goal_enabled": False}


def _dismissed(call: Call, user: User | None, course: Course) -> bool:
    found = _goal(call, user, course)
    return found is not None and found.dismissed_welcome


def _passes(call: Call, user: User | None, course: Course) -> bool:
    grade = grades.graded(call.store, course, user) if user else None
    return grade is not None and grades.letter(course, grade.percent) is not None


def read_navigation(call: Call) -> Response:
    """The blocks of a course down to the units; nothing for those who may not enter."""
    course, user = course_of(call), calling_user(call)
    if not learning.may_enter(call.store, user, course):
        return wire.api_json({})
    progress = learning.Progress(call.store, user, learning.content(call.store, user, course))
    enrolled = _enrolled(call, user, course)
    staff = people.is_course_staff(call.store, user, course.id)
    learner = enrolled is not None and enrolled.is_active and not staff
    return wire.api_json({"blocks": outline.navigation(course, progress, learner=learner)})


# dates and progress


def _inside(call: Call, course: Course, user: User) -> None:
    if not learning.may_enter(call.store, user, course):
        raise refusals.api_error(401, "User not enrolled.", reason="not_enrolled", check="enrolled", got=user.username)


def read_dates(call: Call) -> Response:
    """The calendar of a course."""
    course, user, now = course_of(call), caller(call), call.clock.now()
    _inside(call, course, user)
    return wire.api_json(
        {
            "dates_banner_info": shapes.banner(course, now),
            "course_date_blocks": shapes.dates(course, _enrolled(call, user, course), now),
            "has_ended": course.end is not None and course.end < now,
            "learner_is_full_access": True,
            "user_timezone": zone(user),
        }
    )


def read_progress(call: Call) -> Response:
    """The scores and the completion of a learner; those of others for the staff of the course."""
    course, viewer, now = course_of(call), caller(call), call.clock.now()
    _inside(call, course, viewer)
    user = viewer
    if "id" in call.path_params:
        found = call.store.users.first("id", parse_integer(call.path_params["id"]))
        staff = people.is_course_staff(call.store, viewer, course.id)
        if found is None or (found.id != viewer.id and not staff):
            asked = call.path_params["id"]
            raise refusals.OpenedxRefusal(
                "not_yours",
                status=404,
                message="Not found.",
                check="own progress or staff",
                got=asked,
                diagnosis=f"there is no user {asked}"
                if found is None
                else f"{viewer.username} is user {viewer.id}, and not on the staff of {course.id}",
            )
        user = found
    enrolled = _enrolled(call, user, course)
    if enrolled is not None and enrolled.is_active:
        cohorts.assign(call.store, course.id, user.username)
    root = learning.content(call.store, user, course)
    progress = learning.Progress(call.store, user, root)
    grade = grades.graded(call.store, course, user)
    percent = grade.percent if grade else 0.0
    letter = grades.letter(course, percent) if grade else None
    units = blocks.of_type(root, "vertical")
    done = sum(progress.is_marked(unit) for unit in units)
    host = next(iter(deployment.redirect_hosts(call)), call.authority)
    active = enrolled is not None and enrolled.is_active
    return wire.api_json(
        {
            "verified_mode": shapes.upgrade(course, enrolled, now),
            "access_expiration": None,
            "certificate_data": shapes.certificate(enrolled),
            "completion_summary": {
                "complete_count": done,
                "incomplete_count": len(units) - done,
                "locked_count": 0,
            },
            "course_grade": {"letter_grade": letter, "percent": percent, "is_passing": letter is not None},
            "credit_course_requirements": None,
            "end": moment(course.end),
            "enrollment_mode": enrolled.mode if enrolled else None,
            "grading_policy": _policy(course),
            "has_scheduled_content": False
            if active and not people.is_course_staff(call.store, user, course.id)
            else None,
            "section_scores": outline.sections(call.store, course, user, root, call.base_url),
            "studio_url": f"//{host}/settings/grading/{course.id}",
            "username": user.username,
            "user_has_passing_grade": letter is not None,
            "verification_data": {"link": None, "status": "none", "status_date": None},
            "disable_progress_graph": False,
        }
    )


def _policy(course: Course) -> dict[str, Any]:
    lines = [
        {
            "num_droppable": line.dropped,
            "num_total": float(line.count),
            "short_label": line.short_label,
            "type": line.type,
            "weight": line.weight,
        }
        for line in course.grading_policy
    ]
    return {"assignment_policies": lines, "grade_range": course.grade_cutoffs}


# goals and messages


def _needed(call: Call, *names: str) -> dict[str, Any]:
    body = wire.read_object(call)
    for name in names:
        if body.get(name) is None:
            raise invalid(f"'{name}' is required.")
    return body


def invalid(text: str) -> refusals.OpenedxRefusal:
    """A body that is not taken."""
    return refusals.OpenedxRefusal("invalid_goal", status=400, message=text, check="course goal")


def save_goal(call: Call) -> Response:
    """Store on how many days a week a learner intends to learn. The course is not checked."""
    body, user = _needed(call, "course_id", "subscribed_to_reminders"), caller(call)
    key, days = keys.course_key(str(body["course_id"])), body.get("days_per_week")
    if key is None or not (days is None or isinstance(days, int)):
        raise invalid("Unable to save course goal")
    known = call.store.course_goals.get((user.username, key.text)) or CourseGoal(user=user.username, course=key.text)
    changed = replace(known, days_per_week=days or 0, subscribed_to_reminders=bool(body["subscribed_to_reminders"]))
    call.store.course_goals.put(changed)
    header = "Your course goal has been successfully set."
    return wire.api_json({"header": header, "message": "Course goal updated successfully."})


def dismiss_welcome(call: Call) -> Response:
    """Hide the welcome message from now on."""
    body, user = _needed(call, "course_id"), caller(call)
    key = keys.course_key(str(body["course_id"]))
    if key is None:
        raise invalid("Unable to dismiss welcome message.")
    known = call.store.course_goals.get((user.username, key.text)) or CourseGoal(user=user.username, course=key.text)
    call.store.course_goals.put(replace(known, dismissed_welcome=True))
    return wire.api_json({"message": "Welcome message successfully dismissed."})


def unsubscribe(call: Call) -> Response:
    """The link of a reminder; the site sends none. The real server fails (500) on text that is not a UUID."""
    if len(call.path_params["token"].replace("-", "")) != 32:
        raise refusals.Unhandled("the token is not a UUID")
    raise refusals.OpenedxRefusal("unknown_reminder", status=404, message="Not found.", check="reminder")


FAMILY = Family("/api/course_home", tag="course_home", permissions=(anyone,), notes_course=False)
_OWN: dict[str, Any] = {"permissions": (caller,)}
_POST: dict[str, Any] = {"authenticators": credentials.JWT_SESSION, "allow": "OPTIONS, POST", **_OWN}


def _learn(*numbers: int) -> str:
    return recorded("openedx-2/learn", *numbers)


def _versions(path: str, summary: str, source: str, **more: Any) -> tuple[Any, ...]:
    """A resource at its two addresses."""
    return (
        *FAMILY.resource(f"/{path}", summary, source=source, **more),
        *FAMILY.resource(
            f"/v1/{path}",
            summary,
            evidence="documented",
            source="edx-platform lms/djangoapps/course_home_api/urls.py, urlpatterns",
            **more,
        ),
    )


ROUTES = (
    *_versions(
        "course_metadata/{course_id}", "Course metadata for the course home", recorded("more", 238), get=read_metadata
    ),
    *_versions("outline/{course_id}", "The outline of a course", _learn(233), get=read_outline),
    *_versions("navigation/{course_id}", "The blocks of a course", _learn(308), get=read_navigation),
    *_versions("dates/{course_id}", "The calendar of a course", _learn(261), get=read_dates, **_OWN),
    *_versions("progress/{course_id}/{id}", "The progress of a learner", _learn(332), get=read_progress, **_OWN),
    *_versions("progress/{course_id}", "The caller's progress", _learn(283), get=read_progress, **_OWN),
    *FAMILY.resource(
        "/save_course_goal",
        "Save a goal",
        post=save_goal,
        source=_learn(337),
        **(_POST | {"authenticators": credentials.JWT_ANY_SESSION}),
    ),
    *FAMILY.resource(
        "/dismiss_welcome_message", "Dismiss the welcome message", post=dismiss_welcome, source=_learn(351), **_POST
    ),
    *FAMILY.resource(
        "/unsubscribe_from_course_goal/{token}",
        "Link in a reminder",
        post=unsubscribe,
        authenticators=credentials.NONE,
        allow="OPTIONS, POST",
        defect=True,
        source=_learn(355, 356),
    ),
)
