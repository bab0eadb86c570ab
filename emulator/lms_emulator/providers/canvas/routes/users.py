"""REST: the caller."""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.providers.canvas import refusals, rules, shapes
from lms_emulator.providers.canvas.call import Call, number
from lms_emulator.providers.canvas.credentials import require_user
from lms_emulator.providers.canvas.model import User
from lms_emulator.providers.canvas.wire import answer


def _person(x: Call, caller: User, reference: str) -> User:
    """Oneself, or somebody in a course one teaches. Raises `not_found` or `not_authorized`."""
    if reference == "self":
        return caller
    found = x.store.users.get(number(reference))
    if found is None or found.workflow_state == "deleted":
        raise refusals.not_found("the user", reference)
    if found.id == caller.id or caller.admin:
        return found
    taught = [e.course_id for e in rules.active(rules.enrollments_of(x, found))]
    if any(rules.is_staff(x, caller, course_id) for course_id in taught):
        return found
    raise rules.refused(x, f"user {caller.id} may see user {found.id}")


def show(x: Call) -> Response:
    """GET /api/v1/users/{id}: the person, more of oneself."""
    caller = require_user(x)
    user = _person(x, caller, x.path_params["id"])
    return answer(x, shapes.user_self(user) if user.id == caller.id else shapes.user_brief(user))


def profile(x: Call) -> Response:
    """GET /api/v1/users/{user_id}/profile: with e-mail, login and LTI id."""
    caller = require_user(x)
    return answer(x, shapes.profile(x, _person(x, caller, x.path_params["user_id"])))
