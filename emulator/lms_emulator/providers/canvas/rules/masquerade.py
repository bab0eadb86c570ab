"""Acting as another user, by `as_user_id`."""

from __future__ import annotations

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, Course, User
from lms_emulator.providers.canvas.rules import courses, people
from lms_emulator.providers.canvas.rules.permissions import account_allows, permissions


def begin(api: Api) -> None:
    """Let the call act for `as_user_id`, if it was sent. Raises the refusal `masquerade_refused`."""
    reference = api.params.get("as_user_id")
    if not reference:
        return
    if isinstance(reference, dict | list):
        raise refusals.invalid_masquerade("`as_user_id` is not a scalar")
    target = identifiers.find(api, "users", reference)
    if api.caller is None:
        raise refusals.invalid_masquerade("nobody is signed in")
    if target is None:
        takes = f"no user is `{str(reference)[:100]}`; `as_user_id` takes an id, or sis_user_id:… and the like"
        raise refusals.invalid_masquerade(people.who_is_meant(api.call, str(reference)) or takes)
    if target.workflow_state == "deleted":
        seen = target.merged_into_user_id if _administers(api, api.caller, target) else None
        raise refusals.invalid_masquerade("that user was deleted", seen)
    if api.acting and api.token is not None and target.id != api.caller.id:
        raise refusals.invalid_masquerade("the token is itself a masquerade", says="Cannot change masquerade")
    real = api.real_user or api.caller
    allowed = target.id in (api.caller.id, real.id) or may_become(api, real, target)
    if not api.check("may act as the user", allowed, got=target.id):
        raise refusals.invalid_masquerade("acting as a user with a login needs `become_user`, and their rights")
    api.caller = target


def may_become(api: Api, user: User, target: User) -> bool:
    """Whether a user may act as another: as a test student in whose course they may, or else as somebody with a login
    whose administrative roles give no right that they lack, with `become_user` in the school.

    Source: canvas-lms app/models/user.rb, can_masquerade? (2024-04).
    """
    if any(courses.may(api, user, course, *courses.POLICIES["use_student_view"]) for course in _tested(api, target)):
        return True
    if not account_allows(api, user, api.root, "become_user") or not people.logins_of(api.store, target):
        return False
    rows = api.store.account_users.find("user", target.id)
    held = (api.store.accounts.get(row.account_id) for row in rows if row.workflow_state == "active")
    return all(_covers(api, user, target, account) for account in held if account is not None)


def _tested(api: Api, target: User) -> list[Course]:
    """The courses whose test student the user is."""
    rows = (row for row in api.store.enrollments.find("user", target.id) if row.workflow_state != "deleted")
    found = (api.store.courses.get(row.course_id) for row in rows if row.type == "StudentViewEnrollment")
    return [course for course in found if course is not None]


def _covers(api: Api, user: User, target: User, account: Account) -> bool:
    theirs = {name for name in permissions() if account_allows(api, target, account, name)}
    return all(account_allows(api, user, account, name) for name in theirs)


def _administers(api: Api, user: User, target: User) -> bool:
    return account_allows(api, user, api.root, "manage_user_logins")
