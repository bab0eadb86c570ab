"""Visitors of pages: whom to send to the sign-in page, who may not see a page, whom they want to act as."""

from __future__ import annotations

from urllib.parse import unquote_plus

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.providers.canvas import refusals, wire
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.credentials import browser
from lms_emulator.providers.canvas.model import User

_BECOME = {"become_student": "StudentEnrollment", "become_teacher": "TeacherEnrollment"}


def require(api: Api, *, notice: bool = True) -> User:
    """The person signed in. Otherwise raises the redirect to the sign-in page, which leads back here.

    Parameters: `notice`, whether the sign-in page says why. It does at pages for people who are signed in
    (`redirect_to_login` in canvas-lms), and not at pages that some may see without (`render_unauthorized_action`).
    """
    call = api.call
    if api.caller is not None:
        return api.caller
    call.check("somebody is signed in", False)
    kind = wire.asked_for(call)
    if kind == "json":
        raise refusals.sign_in_first_json()
    if kind == "other":
        raise refusals.sign_in_first_text()
    if notice and call.path != "/":
        browser.notice(call, "warning", "You must be logged in to access this page")
    back = this_address(api) if call.method == "GET" else None
    browser.change(call, return_to=back, pending=None)
    raise refusals.sign_in_first(call.url("/login"))


def forbidden(api: Api, what: str) -> SiteRefusal:
    """The refusal of a page that its visitor may not see, without asking them to sign in."""
    require(api, notice=False)
    api.check(what, False)
    return refusals.page_forbidden(api.settings.permission_denied_status, what)


def this_address(api: Api, without: tuple[str, ...] = ()) -> str:
    """The URL of this page, without some query parameters."""
    query = api.call.query_string.decode("latin-1")
    kept = [part for part in query.split("&") if part and unquote_plus(part.partition("=")[0]) not in without]
    path = api.call.url(api.call.raw_path.decode("latin-1"))
    return f"{path}?{'&'.join(kept)}" if kept else path


def masquerade_target(api: Api) -> User | None:
    """Whom `become_user_id` asks to act as: by id, or as a member of the page's course."""
    wanted = api.params.text("become_user_id")
    if wanted:
        found: User | None = identifiers.find(api, "users", wanted)
        return found if found is not None and found.workflow_state != "deleted" else None
    kind = next((_BECOME[name] for name in _BECOME if api.params.text(name)), None)
    course = api.call.path_params.get("course_id")
    if kind is None or course is None:
        return None
    number = identifiers.local_number(course)
    members = [e for e in api.store.enrollments.find("course", number) if e.type == kind]
    first = min((e for e in members if e.workflow_state == "active"), key=lambda e: e.id, default=None)
    return api.store.users.get(first.user_id) if first is not None else None
