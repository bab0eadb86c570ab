"""The web site's pages, which show who is signed in and what they can open."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import RedirectResponse, Response

from lms_emulator.core.http.pages import page
from lms_emulator.core.http.routing import Handler, Route
from lms_emulator.core.http.urls import parts_of
from lms_emulator.providers.openlearning import credentials, refusals, shapes, wire
from lms_emulator.providers.openlearning.call import Call, web_base
from lms_emulator.providers.openlearning.model import Class, Comment, Course, Enrolment, User
from lms_emulator.providers.openlearning.routes.connectors import announce
from lms_emulator.providers.openlearning.settings import CAPTURE, V1_GUIDE


def _page(call: Call, template: str, **values: Any) -> Response:
    return page(
        wire.PACKAGE,
        template,
        headers={"Cache-Control": "no-store"},
        user=credentials.signed_in(call),
        base=web_base(call),
        **values,
    )


def portal(call: Call) -> Response:
    """An institution's portal: its public courses, and those of the signed-in user."""
    institution = call.store.institutions.get(call.path_params["institution"])
    if institution is None:
        raise refusals.page_not_found(call.path)
    courses = call.store.courses.find("institution", institution.id)
    me = credentials.signed_in(call)
    mine = {e.course for e in call.store.enrolments.find("user", me.id)} if me else set()
    shown = [course for course in courses if course.id in mine or (course.public and course.online)]
    return _page(call, "portal.html", institution=institution, courses=shown)


async def course_home(call: Call) -> Response:
    """A course's page, or the class home for a signed-in, enrolled user."""
    return await _course_page(call, _course(call))


def _course(call: Call) -> Course:
    slug = call.path_params["slug"].lower()
    wanted = call.path_params["institution"].lower()
    found = [course for course in call.store.courses.find("slug", slug) if course.institution.lower() == wanted]
    if not found:
        raise refusals.page_not_found(call.path)
    return found[0]


async def course_by_path(call: Call) -> Response:
    """The same at the short URL that the v1 API returns."""
    course = call.store.courses.first("slug", call.path_params["slug"].lower())
    if course is None:
        raise refusals.page_not_found(call.path)
    return await _course_page(call, course)


async def _course_page(call: Call, course: Course) -> Response:
    me = credentials.signed_in(call)
    klass, enrolment = _place(call, course, me)
    if me is not None and klass is not None and enrolment is not None:
        await announce(call, "pageViewed", me, enrolment, course, klass)
    staff = me is not None and call.store.administers_course(me.id, course)
    return _page(
        call,
        "class.html",
        course=course,
        institution=call.store.institutions.get(course.institution),
        klass=klass,
        enrolment=enrolment,
        open=course.online or staff,
        page_url=shapes.course_url(call, course).rstrip("/"),
        comments=_comments(call, klass) if klass and enrolment else (),
    )


def _comments(call: Call, klass: Class) -> list[tuple[str, str]]:
    """A class's comments, oldest first."""
    found = [
        (call.store.users.get(comment.user), comment.text) for comment in call.store.comments.find("class", klass.id)
    ]
    return [(author.full_name, text) for author, text in found if author is not None]


def _participant(call: Call) -> tuple[User, Enrolment, Course, Class]:
    """The signed-in user, who must be enrolled in the class of this page."""
    course, me = _course(call), credentials.signed_in(call)
    klass, enrolment = _place(call, course, me)
    if me is None or klass is None or enrolment is None:
        raise refusals.not_in_the_class(call.path)
    return me, enrolment, course, klass


def _back_to_class(call: Call, course: Course, klass: Class) -> Response:
    return RedirectResponse(shapes.class_url(call, course, klass), 303)


async def complete(call: Call) -> Response:
    """POST …/complete/: mark the class page as completed. Repeating it has no effect."""
    me, enrolment, course, klass = _participant(call)
    if enrolment.completed_at is None:
        call.store.enrolments.put(replace(enrolment, completed_at=call.clock.now()))
        await announce(call, "pageCompleted", me, enrolment, course, klass)
    return _back_to_class(call, course, klass)


async def add_comment(call: Call) -> Response:
    """POST …/comments/ with `text`; one without text adds nothing."""
    me, enrolment, course, klass = _participant(call)
    text = str(call.form().get("text", "")).strip()
    if text:
        now = call.clock.now()
        made = Comment(
            id=call.ids.object_id(call.clock.timestamp()), class_id=klass.id, user=me.id, text=text, created_at=now
        )
        call.store.comments.put(made)
        await announce(call, "pageCommented", me, enrolment, course, klass)
    return _back_to_class(call, course, klass)


def _place(call: Call, course: Course, me: User | None) -> tuple[Class | None, Enrolment | None]:
    """The class given by `cl`, otherwise the user's first class, with their enrolment."""
    classes = call.store.classes_of(course.id)
    wanted = call.query.get("cl")
    named = next((klass for klass in classes if klass.id == wanted), None)
    for klass in [named] if named else classes:
        enrolment = call.store.enrolment(me.id, klass.id) if me else None
        if enrolment is not None:
            return klass, enrolment
    return named, None


def profile(call: Call) -> Response:
    """A person's public profile."""
    shown = call.store.users.first("profile_name", call.path_params["profile_name"])
    if shown is None:
        raise refusals.page_not_found(call.path)
    return _page(call, "profile.html", shown=shown)


def sign_out(call: Call) -> Response:
    """End the browser's session."""
    session = credentials.session(call)
    if session is not None:
        call.store.sessions.delete(session.id)
    base = web_base(call)
    response = RedirectResponse(f"{base}/accounts/signed-out/", 303)
    response.delete_cookie(credentials.SESSION_COOKIE, path=f"{parts_of(base).path}/")
    return response


def signed_out(call: Call) -> Response:
    """The page after signing out."""
    return _page(call, "signed_out.html")


def _route(methods: tuple[str, ...], path: str, handler: Handler, summary: str, source: str = "") -> Route:
    return Route(
        methods=methods,
        path=path,
        handler=handler,
        evidence="observed" if source else "chosen",
        source=source,
        summary=summary,
        tag="web",
    )


ROUTES: tuple[Route, ...] = (
    _route(("GET",), "/{institution}/courses/{slug}/", course_home, "Course or class home", CAPTURE),
    _route(("POST",), "/{institution}/courses/{slug}/complete/", complete, "Mark a class page as completed"),
    _route(("POST",), "/{institution}/courses/{slug}/comments/", add_comment, "Comment on a class page"),
    _route(("GET",), "/courses/{slug}/", course_by_path, "Course by its short URL", V1_GUIDE),
    _route(("GET",), "/u/{profile_name}/", profile, "Profile page"),
    _route(("POST",), "/accounts/logout/", sign_out, "Sign out"),
    _route(("GET",), "/accounts/signed-out/", signed_out, "Signed out"),
    _route(("GET",), "/{institution}/", portal, "Institution portal", CAPTURE),
)
