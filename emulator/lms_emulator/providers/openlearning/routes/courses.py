"""Courses and their classes."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.core.http.urls import parts_of
from lms_emulator.providers.openlearning import credentials, refusals, shapes
from lms_emulator.providers.openlearning.call import Call, api, web_base
from lms_emulator.providers.openlearning.model import Course, User
from lms_emulator.providers.openlearning.paging import paged
from lms_emulator.providers.openlearning.settings import CAPTURE, CATALOGUE_SYNC, GUIDE

_REAL_HOSTS = ("openlearning.com", "api.openlearning.com", "qa-api.openlearning.com")


def list_courses(call: Call) -> Response:
    """The courses that the key can read, filtered by `url` or `featured`; always a list."""
    me = credentials.caller(call)
    url = call.query.get("url")
    courses = call.store.courses.values() if url is None else _by_url(call, url)
    featured = call.query.get("featured")
    if featured is not None:
        if featured not in ("true", "false"):
            raise refusals.query_error("featured", "featured must be true or false", featured)
        courses = [course for course in courses if course.featured is (featured == "true")]
    visible = [course for course in courses if call.store.may_see(me.id, course)]
    if url is not None and not visible:
        call.warn("no_match", f"no course at {url}; the list is empty" + _hidden(call, me, courses))
    return paged(call, visible, lambda course: shapes.course(call, course))


def _hidden(call: Call, me: User, courses: list[Course]) -> str:
    return f" ({me.full_name} may not see it)" if courses else ""


def _by_url(call: Call, url: str) -> list[Course]:
    """The courses with a course URL. Scheme, `www.`, a trailing slash and the query are ignored.

    With the institution in the path there is at most one; the guide's example omits it.
    """
    known = {"url", "api_key", "featured", "page", "itemsPerPage"}
    stray = sorted(set(call.query) - known)
    if stray:
        call.warn(
            "url_not_encoded", f"unexpected query parameters ({', '.join(stray)[:200]}); was `url` percent-encoded?"
        )
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
        host = parts.netloc.lower()
    except ValueError:
        return []
    path = unquote(parts.path).strip("/")
    if host.removeprefix("www.") not in _REAL_HOSTS:
        own = parts_of(web_base(call))
        if host not in (own.netloc.lower(), call.authority.lower()):
            return []
        path = path.removeprefix(own.path.strip("/")).strip("/")
    segments = path.split("/")
    if len(segments) == 2 and segments[0] == "courses":
        return call.store.courses.find("slug", segments[1].lower())
    if len(segments) == 3 and segments[1] == "courses":
        found = call.store.courses.find("slug", segments[2].lower())
        return [course for course in found if course.institution.lower() == segments[0].lower()]
    return []


def list_classes(call: Call) -> Response:
    """The classes of a course."""
    me = credentials.caller(call)
    course_id = call.path_params["course_id"]
    course = call.store.courses.get(course_id)
    if course is None:
        raise refusals.not_found("course", course_id, call.store.kind_of(course_id))
    if not call.store.may_see(me.id, course):
        raise refusals.not_allowed(f"member of {course.institution}", "not a member")
    return paged(call, call.store.classes_of(course.id), shapes.klass)


def list_institution_courses(call: Call) -> Response:
    """All courses of an institution, including those that are offline."""
    me = credentials.caller(call)
    institution = credentials.institution_in_path(call)
    if call.store.membership(institution.id, me.id) is None:
        raise refusals.not_allowed(f"member of {institution.id}", "not a member")
    courses = call.store.courses.find("institution", institution.id)
    return paged(call, courses, lambda course: shapes.course(call, course))


ROUTES: tuple[Route, ...] = (
    *api(
        ("GET",),
        "/courses/",
        list_courses,
        evidence="documented",
        source=f"{GUIDE} (note 2); {CAPTURE} (the body)",
        summary="Courses by `url`, `featured`, `page`, `itemsPerPage`",
        query={"url": "course URL", "featured": "true or false", "page": "from 1", "itemsPerPage": "items per page"},
    ),
    *api(
        ("GET",),
        "/courses/{course_id}/classes/",
        list_classes,
        evidence="documented",
        source=f"{GUIDE} (note 2); {CAPTURE} (the body)",
        summary="Classes of a course",
    ),
    *api(
        ("GET",),
        "/institutions/{institution_id}/courses/",
        list_institution_courses,
        evidence="observed",
        source=CATALOGUE_SYNC,
        summary="Courses of an institution",
    ),
)
