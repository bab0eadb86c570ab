"""Deactivation, the retirement pipeline with its service worker, and the replacement of usernames.

Source: edx-platform `openedx/core/djangoapps/user_api/accounts/views.py` (AccountDeactivationView,
DeactivateLogoutView, AccountRetirementStatusView, AccountRetirementView, UsernameReplacementView);
`fixtures/recordings/openedx-2`, acct.jsonl 621-762.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, refusals, wire
from lms_emulator.providers.openedx.call import Call, Caller, caller
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.retirement import Retirement
from lms_emulator.providers.openedx.routes.permissions import is_authenticated, is_superuser
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import retirement as rules
from lms_emulator.providers.openedx.shapes import accounts as account_shapes
from lms_emulator.providers.openedx.shapes import retirement as shapes
from lms_emulator.providers.openedx.web import session

# permissions and refusals


def may_retire(call: Call) -> None:
    """Superusers and the retirement service's worker."""
    user = caller(call)
    if not user.is_superuser and user.username != call.store.section.retirement_service_worker:
        raise refusals.permission_denied("only a superuser or the retirement service may do this")


def may_rename(call: Call) -> None:
    """The worker that replaces usernames."""
    if caller(call).username != call.store.section.username_replacement_worker:
        raise refusals.permission_denied("only the username replacement worker may do this")


def invalid(body: Any, *, reason: str = "invalid_retirement") -> refusals.OpenedxRefusal:
    """A request that the pipeline refuses, with its own message."""
    return refusals.api_error(400, body, reason=reason, check="retirement", got=body)


def missing(body: Any = None) -> refusals.OpenedxRefusal:
    """No user of that name is in retirement."""
    return refusals.api_error(404, body, reason="not_in_retirement", check="the user is in retirement")


def _named(call: Call, body: Any) -> Retirement:
    """The retirement of the user named in a body. Raises the refusal."""
    if not isinstance(body, dict):
        raise refusals.Unhandled("the body is not an object")
    if "username" not in body:
        refusal = missing({"message": "The user was not specified."})
        refusal.absent = "username"
        raise refusal
    found = rules.of_username(call.store, str(body["username"]))
    if found is None:
        refusal = missing()
        refusal.diagnosis = f"`{str(body['username'])[:100]}` is nobody who retires: that begins with deactivate_logout"
        raise refusal
    return found


# deactivation


def deactivate(call: Call) -> Response:
    """Make the password of an account unusable. An unknown user is not handled by the real server (500)."""
    user = lookup.user_named(call.store, call.settings, call.path_params["username"])
    if user is None:
        raise refusals.Unhandled(f"nobody is called `{call.path_params['username']}`")
    user = call.store.users.put(replace(user, password=None))
    return wire.api_json(account_shapes.full(user, call.clock.now(), call.base_url))


def deactivate_logout(call: Call) -> Response:
    """Put the caller into retirement after checking the password again, and end the session."""
    user, form = caller(call), wire.read(call)
    if not isinstance(form, dict) or "password" not in form:
        raise invalid("Could not verify user password: 'password'", reason="password_missing")
    if user.password is None or not credentials.check_password(user, str(form["password"])):
        raise refusals.api_error(403, "", reason="wrong_password", check="password")
    rules.begin(call.store, user, call.clock.now())
    if session.current(call).user is not None:
        session.end(call)
    call.per_request(Caller).user = None
    return wire.no_content()


# the pipeline


def queue(call: Call) -> Response:
    """The retirements in some states that are older than the cooling-off period."""
    query = call.query
    days = _number(query.get("cool_off_days", ""), "Invalid cool_off_days, should be integer.")
    if days < 0:
        raise invalid("Invalid argument for cool_off_days, must be greater than 0.")
    states = query.getlist("states")
    if not any(states):
        raise invalid('Param "states" required with at least one state.')
    known = call.store.section.retirement_states
    if unknown := sorted(set(states) - set(known)):
        raise invalid(f"Unknown state. Requested: {states} Found: {[value for value in known if value not in unknown]}")
    try:
        before = call.clock.now() - timedelta(days=days)
    except OverflowError:
        raise refusals.Unhandled(f"{days} days ago is before the calendar begins") from None
    found = [row for row in call.store.retirements if row.state in states and row.created < before]
    if limit := query.get("limit"):
        text = f"Limit could not be parsed: {limit}, please ensure this is an integer"
        found = found[: _number(limit, text)]
    return wire.api_json([shapes.retirement(call.store, retirement) for retirement in found])


def _number(text: str, problem: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise invalid(problem) from None


def by_date(call: Call) -> Response:
    """The retirements in one state that were begun between two days."""
    query = call.query
    if missing_name := next((name for name in ("start_date", "end_date", "state") if name not in query), None):
        raise invalid(f"Missing required parameter: '{missing_name}'")
    begin, end = _day(query["start_date"]), _day(query["end_date"])
    today = call.clock.now().date()
    if begin > today or end > today or begin > end:
        raise invalid("Dates must be today or earlier, and start must be earlier than end.")
    if query["state"] not in call.store.section.retirement_states:
        raise invalid("Unknown retirement state.")
    found = [r for r in call.store.retirements if r.state == query["state"] and begin <= r.created.date() <= end]
    return wire.api_json([shapes.retirement(call.store, retirement) for retirement in found])


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise invalid(f"Invalid start date: time data '{text}' does not match format '%Y-%m-%d'") from None


def status(call: Call) -> Response:
    """The retirement of one user."""
    found = rules.of_username(call.store, call.path_params["username"])
    if found is None:
        raise missing()
    return wire.api_json(shapes.retirement(call.store, found))


def update_status(call: Call) -> Response:
    """Move a retirement on."""
    body = wire.read(call)
    problem = rules.move(call.store, _named(call, body), body, call.clock.now())
    if problem is not None:
        raise invalid(problem)
    return wire.no_content()


def retire_misc(call: Call) -> Response:
    """Wipe the data of a user in retirement in other parts of the LMS."""
    _named(call, wire.read(call))
    return wire.no_content()


def retire(call: Call) -> Response:
    """Wipe the account of a user in retirement."""
    rules.wipe(call.store, _named(call, wire.read(call)))
    return wire.no_content()


def unenroll(call: Call) -> Response:
    """End every enrolment of a user in retirement. Answers the organisations of the courses."""
    body = wire.read(call)
    if not isinstance(body, dict) or "username" not in body:
        raise missing("Username not specified.")
    found = rules.of_username(call.store, str(body["username"]))
    if found is None:
        raise missing("No retirement request status for username.")
    user = call.store.users.first("id", found.user)
    mine = [e for e in call.store.enrollments.find("user", user.username) if e.is_active] if user is not None else []
    for enrollment in mine:
        call.store.enrollments.put(replace(enrollment, is_active=False))
    orgs = sorted({enrollment.course.partition(":")[2].split("+")[0] for enrollment in mine})
    return wire.api_json(orgs) if orgs else wire.no_content()


def retire_forum(call: Call) -> Response:
    """Wipe the discussions of a user in retirement; the recorded release fails on every such user."""
    _named(call, wire.read(call))
    raise refusals.api_error(
        500,
        "'forum'",
        reason="provider_defect",
        check="forum",
        diagnosis="the recorded release has no `forum` to wipe, and fails on everybody in retirement",
    )


# partners


def make_report(call: Call) -> Response:
    """Note that a retirement must be reported to partners."""
    rules.report(call.store, _named(call, wire.read(call)), call.clock.now())
    return wire.no_content()


def list_reports(call: Call) -> Response:
    """The retirements not reported to partners yet; from now on they count as reported."""
    pending = [partner_report for partner_report in call.store.partner_reports if not partner_report.reported]
    for report in pending:
        call.store.partner_reports.put(replace(report, reported=True))
    return wire.api_json([shapes.partner_report(partner_report) for partner_report in pending])


def clean_reports(call: Call) -> Response:
    """Delete reported retirements."""
    body = wire.read(call)
    if not isinstance(body, list) or not all(isinstance(value, dict) for value in body):
        raise refusals.Unhandled("the body is not a list of objects")
    names = [item.get("original_username") for item in body]
    if not names or None in names:
        raise invalid("No original_usernames given.")
    if any((report := call.store.partner_reports.get(name)) is None or not report.reported for name in names):
        raise invalid("original_usernames do not match reports")
    for name in names:
        call.store.partner_reports.delete(name)
    return wire.no_content()


def clean_up(call: Call) -> Response:
    """Forget retirements that are complete."""
    body = wire.read_object(call)
    names = body.get("usernames", [])
    if not isinstance(names, list | str | dict):
        raise refusals.Unhandled("usernames is not a list")
    found = [rules.of_username(call.store, str(name)) for name in names]
    complete = [record for record in found if record is not None and record.state == "COMPLETE"]
    if len(complete) != len(names):
        raise invalid("Not all usernames exist in the COMPLETE state.")
    for retirement in complete:
        hidden = replace(
            retirement,
            original_username=retirement.retired_username,
            original_email=retirement.retired_email,
            original_name="",
        )
        call.store.retirements.put(hidden)
    return wire.no_content()


def may_cancel(call: Call) -> None:
    """Superusers, and the site's staff."""
    user = caller(call)
    if not user.is_superuser and not user.is_staff:
        raise refusals.permission_denied("only staff may cancel a retirement")


def cancel(call: Call) -> Response:
    """Cancel a user's retirement while it is pending."""
    body = wire.read_object(call)
    if not body.get("retirement_id"):
        raise invalid({"message": "retirement_id must be specified."})
    found = call.store.retirements.get(_number(str(body["retirement_id"]), "retirement_id must be an integer."))
    if found is None:
        raise invalid({"message": "Retirement does not exist!"})
    if found.state != "PENDING":
        raise invalid(
            {
                "message": f"Retirement requests can only be cancelled for users in the PENDING state. Current request "
                f"state for '{found.original_username}': {found.state}"
            }
        )
    rules.cancel(call.store, found)
    return wire.api_json({"success": True})


# usernames


def replace_usernames(call: Call) -> Response:
    """Give users other names: a list of objects of one old and one new name. A taken name gets a suffix."""
    done = []
    for mapping in _mappings(call):
        ((old, new),) = mapping.items()
        user = lookup.user_named(call.store, call.settings, old)
        if user is not None:
            while lookup.user_named(call.store, call.settings, new) not in (None, user):
                new = f"{mapping[old]}-{call.ids.text(10, 'abcdefghijklmnopqrstuvwxyz0123456789')}"
            rules.rename(call.store, user.username, new)
        done.append({old: new})
    return wire.api_json({"successful_replacements": done, "failed_replacements": []})


def replace_forum_usernames(call: Call) -> Response:
    """The same for discussions. The posts carry the account's own name here, so they have the new one already."""
    return wire.api_json({"successful_replacements": _mappings(call), "failed_replacements": []})


def _mappings(call: Call) -> list[dict[str, str]]:
    body = wire.read(call)
    mappings = body.get("username_mappings") if isinstance(body, dict) else None
    if not isinstance(mappings, list) or not all(isinstance(row, dict) and len(row) == 1 for row in mappings):
        raise invalid(["Request data does not match schema"])
    return mappings


FAMILY = Family(
    "/api/user/v1/accounts",
    tag="user",
    authenticators=(credentials.JWT,),
    permissions=(is_authenticated, may_retire),
    defect=True,
)


def _acct(*numbers: int) -> str:
    return recorded("openedx-2/acct", *numbers)


ROUTES = (
    *FAMILY.resource(
        "/deactivate_logout/",
        "Start the caller's retirement",
        post=deactivate_logout,
        authenticators=(credentials.JWT, credentials.ACTIVE_SESSION, credentials.BEARER),
        permissions=(is_authenticated,),
        source=_acct(641),
    ),
    *FAMILY.resource(
        "/{username}/deactivate/",
        "Make the password of an account unusable",
        post=deactivate,
        permissions=(is_authenticated, is_superuser),
        source=_acct(628),
    ),
    *FAMILY.resource("/retirement_queue/", "Accounts waiting to be retired", get=queue, source=_acct(660)),
    *FAMILY.resource(
        "/retirements_by_status_and_date/", "Retirements by state and day", get=by_date, source=_acct(676)
    ),
    *FAMILY.resource("/{username}/retirement_status/", "The retirement of a user", get=status, source=_acct(672)),
    *FAMILY.resource(
        "/update_retirement_status/", "Update the state of a retirement", patch=update_status, source=_acct(690)
    ),
    *FAMILY.resource("/retire_misc/", "Wipe data related to an account", post=retire_misc, source=_acct(730)),
    *FAMILY.resource("/retire/", "Wipe an account", post=retire, source=_acct(731)),
    *FAMILY.resource(
        "/retirement_partner_report/",
        "Retirements to report to partners",
        post=list_reports,
        put=make_report,
        source=_acct(720, 723),
    ),
    *FAMILY.resource(
        "/retirement_partner_report_cleanup/",
        "Clean up the partner report",
        post=clean_reports,
        source=_acct(738),
    ),
    *FAMILY.resource("/retirement_cleanup/", "Clean up completed retirements", post=clean_up, source=_acct(742)),
    *FAMILY.resource(
        "/cancel_retirement/",
        "Cancel a retirement",
        post=cancel,
        permissions=(is_authenticated, may_cancel),
        source=_acct(750),
    ),
    *FAMILY.resource(
        "/replace_usernames/",
        "Replace usernames",
        post=replace_usernames,
        permissions=(is_authenticated, may_rename),
        source=_acct(761),
    ),
    *Family("", tag="user", **FAMILY.defaults).resource(
        "/api/enrollment/v1/unenroll/", "End the enrolments of a retired user", post=unenroll, source=_acct(711)
    ),
    *Family("", tag="discussion", **FAMILY.defaults).resource(
        "/api/discussion/v1/accounts/retire_forum",
        "Wipe the discussions of a retired user",
        post=retire_forum,
        source=_acct(716),
    ),
    *Family("", tag="discussion", **FAMILY.defaults).resource(
        "/api/discussion/v1/accounts/replace_username",
        "Replace a username in discussions",
        post=replace_forum_usernames,
        permissions=(is_authenticated, may_rename),
        source=recorded("openedx-2/forum", 477),
    ),
)
