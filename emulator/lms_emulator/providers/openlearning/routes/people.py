"""Users, their institutions and their enrolments."""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.openlearning import credentials, refusals, shapes, wire
from lms_emulator.providers.openlearning.call import Call, api
from lms_emulator.providers.openlearning.model import User
from lms_emulator.providers.openlearning.paging import paged
from lms_emulator.providers.openlearning.settings import CAPTURE, GUIDE


def list_institutions(call: Call) -> Response:
    """The institutions of which an account is a member."""
    me = credentials.caller(call)
    user = credentials.user_in_path(call, me)
    _may_look(call, me, user)
    memberships = call.store.memberships.find("user", user.id)
    institutions = [call.store.institutions.get(membership.institution) for membership in memberships]
    return paged(call, [i for i in institutions if i is not None], lambda i: shapes.institution(call, i))


def find_user(call: Call) -> Response:
    """The account with a profile name, as a list of at most one."""
    me = credentials.caller(call)
    name = call.query.get("profile_name")
    if not name:
        raise refusals.query_error("profile_name", "profile_name is required")
    return paged(call, call.store.users.find("profile_name", name), lambda user: shapes.user(call, user, me))


def get_user(call: Call) -> Response:
    """One account."""
    me = credentials.caller(call)
    return wire.data(shapes.user(call, credentials.user_in_path(call, me), me))


def list_enrolments(call: Call) -> Response:
    """An account's enrolments."""
    me = credentials.caller(call)
    user = credentials.user_in_path(call, me)
    _may_look(call, me, user)
    return paged(call, call.store.enrolments.find("user", user.id), shapes.enrolment)


def _may_look(call: Call, me: User, user: User) -> None:
    if me.id != user.id and not call.store.controls(me.id, user):
        raise refusals.not_allowed("the user themself, or an administrator of the managing institution", user.id)


_FAMILY = f"{GUIDE} (for paths of this form, the body is chosen)"

ROUTES: tuple[Route, ...] = (
    *api(
        ("GET",),
        "/users/{user_id}/institutions/",
        list_institutions,
        evidence="documented",
        source=f"{GUIDE} (note 1); {CAPTURE} (the body)",
        summary="Institutions of an account (`me`: the key's own)",
    ),
    *api(
        ("GET",),
        "/users/{user_id}/enrolments/",
        list_enrolments,
        evidence="inferred",
        source=_FAMILY,
        summary="Enrolments of an account",
    ),
    *api(
        ("GET",),
        "/users/{user_id}/",
        get_user,
        evidence="inferred",
        source=_FAMILY,
        summary="One account",
    ),
    *api(
        ("GET",),
        "/users/",
        find_user,
        evidence="inferred",
        source=_FAMILY,
        summary="Find an account by `profile_name`",
        query={"profile_name": "exact profile name"},
    ),
)
