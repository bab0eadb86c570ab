"""Pages of a course that lead on: to the learning front end, to a block, to the sign-in page.

Source: edx-platform `lms/djangoapps/courseware/views/views.py` (jump_to, progress, course_about);
`fixtures/recordings/openedx-2`, learn.jsonl 454-478.
"""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.core.http.urls import add_query
from lms_emulator.core.numbers import parse_integer
from lms_emulator.providers.openedx import pages, refusals, wire
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.model.courseware import Course
from lms_emulator.providers.openedx.routes.authorize import to_login
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import blocks, grades, keys, people
from lms_emulator.providers.openedx.web import csrf, deployment, session


def _course(call: Call) -> Course:
    course = call.store.courses.get(call.path_params["course_id"])
    if course is None:
        raise refusals.page_not_found(call.path)
    return course


def _front(call: Call, *path: str, left_out: str = "", below: str = "course") -> Response:
    """On to the learning front end. The query goes along, without the parameter that is left out."""
    pairs = [(name, value) for name, value in call.query.multi_items() if name != left_out]
    front = deployment.front(call, "learning", call.base_url)
    return wire.redirect(add_query("/".join((front, below, _course(call).id, *path)), pairs))


def home(call: Call) -> Response:
    """The home of a course."""
    return _front(call, "home")


def dates(call: Call) -> Response:
    """The dates of a course."""
    return _front(call, "dates")


def progress(call: Call) -> Response:
    """The progress in a course: in the learning front end, but to the site's staff on a page, whose look is ours."""
    viewer, student = session.current(call).user, call.path_params.get("student_id")
    if viewer is None:
        return to_login(call)
    if not viewer.is_staff:
        return _front(call, "progress", *([student] if student else []))
    course = _course(call)
    shown = viewer if student is None else call.store.users.first("id", parse_integer(student))
    if shown is None:
        raise refusals.page_not_found(call.path)
    grade = grades.graded(call.store, course, shown)
    heading = f"Course Progress for Student '{shown.username}' ({shown.email})"
    return pages.message(
        call, 200, f"{course.display_name} Progress", heading, f"{(grade.percent if grade else 0):.0%}"
    )


def courseware(call: Call) -> Response:
    """The content of a course, for the signed-in."""
    csrf.ensure(call, set_by_view=True)
    response = _front(call, "home") if session.current(call).user is not None else to_login(call)
    response.headers.update({"vary": "Cookie", "cache-control": "no-cache, no-store, must-revalidate"})
    return response


def instructor(call: Call) -> Response:
    """The instructor dashboard, for the staff of the course; its look is ours."""
    if not people.is_course_staff(call.store, session.current(call).user, _course(call).id):
        refusal = refusals.page_not_found(call.path)
        refusal.diagnosis = "the instructor dashboard is there for the staff of the course, signed in by a browser"
        raise refusal
    return pages.message(call, 200, "Instructor Dashboard", "Instructor Dashboard", "")


def about(call: Call) -> Response:
    """What a course is about."""
    course = _course(call)
    key = keys.course_key(course.id)
    csrf.ensure(call, set_by_view=True)
    number = f"{key.org}: {key.course}" if key else ""
    page = pages.page(call, "about.html", title=course.display_name, number=number, name=course.display_name)
    page.headers["vary"] = "Cookie"
    return page


def jump(call: Call) -> Response:
    """Redirect to a block in the learning front end, named by its key or its id; to the course if the block does not
    exist."""
    root = blocks.tree(_course(call))
    wanted = call.path_params.get("usage_key")
    if wanted is None:
        found = [node for node in root.walk() if node.block.block_id == call.path_params["block_id"]]
        wanted = found[0].key if found else ""
    if keys.usage_key(wanted) is None:
        raise refusals.page_not_found(call.path)
    csrf.ensure(call, set_by_view=True)
    below = [node.key for node in blocks.path_to(root, wanted)]
    place = below[2:4] or below[1:2]
    preview = bool(call.query.get("preview"))
    response = _front(
        call, *place, left_out="preview" if preview else "", below="preview/course" if preview and place else "course"
    )
    response.headers["vary"] = "Cookie"
    return response


FAMILY = Family("/courses/{course_id}", tag="site")


_VIEWS = "edx-platform lms/djangoapps/courseware/views/views.py"


def _learn(*numbers: int) -> str:
    return recorded("openedx-2/learn", *numbers)


ROUTES = (
    FAMILY.page("/course/", home, "The home of a course", "GET", source=_learn(461)),
    FAMILY.page("/dates", dates, "The dates of a course", "GET", evidence="documented", source=f"{_VIEWS}, dates"),
    FAMILY.page("/progress", progress, "The progress in a course", "GET", source=_learn(466)),
    FAMILY.page(
        "/progress/{student_id}/",
        progress,
        "The progress of a student",
        "GET",
        evidence="documented",
        source=f"{_VIEWS}, progress",
    ),
    FAMILY.page(
        "/", about, "The about page of a course", "GET", evidence="documented", source=f"{_VIEWS}, course_about"
    ),
    FAMILY.page("/courseware/", courseware, "The courseware of a course", "GET", source=_learn(463)),
    FAMILY.page("/instructor", instructor, "The instructor dashboard", "GET", evidence="observed", source=_learn(468)),
    FAMILY.page("/about", about, "The about page of a course", "GET", evidence="observed", source=_learn(460)),
    FAMILY.page("/jump_to/{usage_key}", jump, "Redirect to a block", "GET", source=_learn(470)),
    FAMILY.page("/jump_to_id/{block_id}", jump, "Redirect to a block", "GET", source=_learn(471)),
)
