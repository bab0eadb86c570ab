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


def _page(x: Call, template: str, **values: Any) -> Response:
    return page(
        wire.PACKAGE,
        template,
        headers={"Cache-Control": "no-store"},
        user=credentials.signed_in(x),
        base=web_base(x),
        **values,
    )


def portal(x: Call) -> Response:
    """An institution's portal: its public courses, and those of the signed-in user."""
    institution = x.store.institutions.get(x.path_params["institution"])
    if institution is None:
        raise refusals.page_not_found(x.path)
    courses = x.store.courses.find("institution", institution.id)
    me = credentials.signed_in(x)
    mine = {e.course for e in x.store.enrolments.find("user", me.id)} if me else set()
    shown = [course for course in courses if course.id in mine or (course.public and course.online)]
    return _page(x, "portal.html", institution=institution, courses=shown)


async def course_home(x: Call) -> Response:
    """A course's page, or the class home for a signed-in, enrolled user."""
    return await _course_page(x, _course(x))


def _course(x: Call) -> Course:
    slug = x.path_params["slug"].lower()
    wanted = x.path_params["institution"].lower()
    found = [course for course in x.store.courses.find("slug", slug) if course.institution.lower() == wanted]
    if not found:
        raise refusals.page_not_found(x.path)
    return found[0]


async def course_by_path(x: Call) -> Response:
    """The same at the short URL that the v1 API returns."""
    course = x.store.courses.first("slug", x.path_params["slug"].lower())
    if course is None:
        raise refusals.page_not_found(x.path)
    return await _course_page(x, course)


async def _course_page(x: Call, course: Course) -> Response:
    me = credentials.signed_in(x)
    klass, enrolment = _place(x, course, me)
    if me is not None and klass is not None and enrolment is not None:
        await announce(x, "pageViewed", me, enrolment, course, klass)
    staff = me is not None and x.store.administers_course(me.id, course)
    return _page(
        x,
        "class.html",
        course=course,
        institution=x.store.institutions.get(course.institution),
        klass=klass,
        enrolment=enrolment,
        open=course.online or staff,
        page_url=shapes.course_url(x, course).rstrip("/"),
        comments=_comments(x, klass) if klass and enrolment else (),
    )


def _comments(x: Call, klass: Class) -> list[tuple[str, str]]:
    """A class's comments, oldest first."""
    found = [(x.store.users.get(comment.user), comment.text) for comment in x.store.comments.find("class", klass.id)]
    return [(author.full_name, text) for author, text in found if author is not None]


def _participant(x: Call) -> tuple[User, Enrolment, Course, Class]:
    """The signed-in user, who must be enrolled in the class of this page."""
    course, me = _course(x), credentials.signed_in(x)
    klass, enrolment = _place(x, course, me)
    if me is None or klass is None or enrolment is None:
        raise refusals.not_in_the_class(x.path)
    return me, enrolment, course, klass


def _back_to_class(x: Call, course: Course, klass: Class) -> Response:
    return RedirectResponse(shapes.class_url(x, course, klass), 303)


async def complete(x: Call) -> Response:
    """POST …/complete/: mark the class page as completed. Repeating it has no effect."""
    me, enrolment, course, klass = _participant(x)
    if enrolment.completed_at is None:
        x.store.enrolments.put(replace(enrolment, completed_at=x.clock.now()))
        await announce(x, "pageCompleted", me, enrolment, course, klass)
    return _back_to_class(x, course, klass)


async def add_comment(x: Call) -> Response:
    """POST …/comments/ with `text`; one without text adds nothing."""
    me, enrolment, course, klass = _participant(x)
    text = str(x.form().get("text", "")).strip()
    if text:
        now = x.clock.now()
        made = Comment(
            id=x.ids.object_id(x.clock.timestamp()), class_id=klass.id, user=me.id, text=text, created_at=now
        )
        x.store.comments.put(made)
        await announce(x, "pageCommented", me, enrolment, course, klass)
    return _back_to_class(x, course, klass)


def _place(x: Call, course: Course, me: User | None) -> tuple[Class | None, Enrolment | None]:
    """The class given by `cl`, otherwise the user's first class, with their enrolment."""
    classes = x.store.classes_of(course.id)
    wanted = x.query.get("cl")
    named = next((klass for klass in classes if klass.id == wanted), None)
    for klass in [named] if named else classes:
        enrolment = x.store.enrolment(me.id, klass.id) if me else None
        if enrolment is not None:
            return klass, enrolment
    return named, None


def profile(x: Call) -> Response:
    """A person's public profile."""
    shown = x.store.users.first("profile_name", x.path_params["profile_name"])
    if shown is None:
        raise refusals.page_not_found(x.path)
    return _page(x, "profile.html", shown=shown)


def sign_out(x: Call) -> Response:
    """End the browser's session."""
    session = credentials.session(x)
    if session is not None:
        x.store.sessions.delete(session.id)
    base = web_base(x)
    response = RedirectResponse(f"{base}/accounts/signed-out/", 303)
    response.delete_cookie(credentials.SESSION_COOKIE, path=f"{parts_of(base).path}/")
    return response


def signed_out(x: Call) -> Response:
    """The page after signing out."""
    return _page(x, "signed_out.html")


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
