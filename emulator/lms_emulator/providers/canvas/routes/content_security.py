"""REST: content security policies: the domains that pages of an account or a course may load from.

Canvas stores these settings, and sends the policy with pages if the feature is on for the school; the pages here
send none.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, Course
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import courses
from lms_emulator.providers.canvas.rules.permissions import account_from_path, chain, is_account_admin
from lms_emulator.providers.canvas.shapes import Json

SOURCE = f"{RECORDED}/misc.jsonl 156, 158, 160, 162, 163; canvas-lms app/controllers/csp_settings_controller.rb"
ENABLED, LOCKED, DOMAINS = "csp_enabled", "csp_locked", "csp_domains"


def _account(api: Api) -> Account:
    return account_from_path(api, "manage_account_settings")


def _readable(api: Api) -> Account:
    """The account in the path, for those who have a role in it or above."""
    account = identifiers.account(api, api.slot("account_id"))
    if not api.check(f"administers account {account.id}", is_account_admin(api, api.caller, account)):
        raise api.refused(f"read account {account.id} as an admin")
    return account


def reported(api: Api) -> Any:
    """Violation reports of browsers: none, as no server that collects them is configured."""
    _ = api.user
    if _readable(api).parent_account_id is not None:
        raise refusals.message(400, "account_no_root", "must be called on a root account")
    raise refusals.message(503, "csp_log_unset", "CSP logging is not configured on the server")


def _set(api: Api, account: Account, **changes: Any) -> Account:
    kept = {name: value for name, value in {**account.settings, **changes}.items() if value is not None}
    return api.store.accounts.put(replace(account, settings=kept))


def _decided(api: Api, account: Account) -> Account | None:
    """The account, or its ancestor, that decides whether content security is on; a locked ancestor wins."""
    above = list(chain(api.store, account.id))
    locked = [one for one in above if one.settings.get(LOCKED) and ENABLED in one.settings]
    return locked[-1] if locked else next((one for one in above if ENABLED in one.settings), None)


def _whitelist(api: Api, account: Account) -> dict[str, list[Json]]:
    """The domains of the account's tools, and their subdomains."""
    found: dict[str, list[Json]] = {}
    ancestors = {one.id for one in chain(api.store, account.id)}
    for tool in sorted(api.store.tools, key=lambda one: one.id):
        domain = tool.domain
        if not domain or tool.course_id is not None or api.root.id not in ancestors:
            continue
        for name in (domain, f"*.{domain}"):
            found.setdefault(name, []).append({"id": tool.id, "name": tool.name, "account_id": api.root.id})
    return found


def _domains(account: Account) -> list[str]:
    return sorted(account.settings.get(DOMAINS, []))


def _shown(api: Api, account: Account) -> Json:
    decided = _decided(api, account)
    body: Json = {
        "enabled": bool(decided is not None and decided.settings[ENABLED]),
        "inherited": decided is None or decided.id != account.id,
        "settings_locked": any(
            one.settings.get(LOCKED) for one in chain(api.store, account.id) if one.id != account.id
        ),
        "tools_whitelist": _whitelist(api, account),
        "current_account_whitelist": _domains(account),
    }
    if body["inherited"] and decided is not None:
        body["effective_whitelist"] = sorted({*body["tools_whitelist"], *_domains(decided)})
    return body


def _status(api: Api, words: tuple[str, ...]) -> str:
    status = api.params.text("status") or ""
    if status not in words:
        raise refusals.message(400, "csp_status_unknown", "invalid setting", got=status)
    return status


def show(api: Api) -> Any:
    """The content security settings of an account."""
    return _shown(api, _readable(api))


def update(api: Api) -> Any:
    """Switch content security on or off in an account, or inherit it."""
    account = _account(api)
    status = _status(api, ("enabled", "disabled", "inherited"))
    return _shown(api, _set(api, account, **{ENABLED: {"enabled": True, "disabled": False}.get(status)}))


def lock(api: Api) -> Any:
    """Lock the setting for sub-accounts, or unlock it."""
    account = _account(api)
    locked = api.params.flag("settings_locked")
    if locked and ENABLED not in account.settings:
        raise refusals.message(400, "csp_not_set", "CSP must be explicitly set on this account", got=account.id)
    return _shown(api, _set(api, account, **{LOCKED: locked or None}))


def add_domain(api: Api) -> Any:
    """Allow a domain."""
    return _added(api, [api.params.text("domain") or ""])


def add_domains(api: Api) -> Any:
    """Allow several domains."""
    return _added(api, api.params.texts("domains"))


def _added(api: Api, domains: list[str]) -> Json:
    account = _account(api)
    wrong = [one for one in domains if not one or any(letter.isspace() for letter in one)]
    if wrong or not domains:
        text = "invalid domain" if len(domains) <= 1 else f"invalid domains: {', '.join(wrong)}"
        raise refusals.message(400, "csp_domain_invalid", text, got=wrong)
    kept = {*account.settings.get(DOMAINS, []), *(one.lower() for one in domains)}
    return {"current_account_whitelist": _domains(_set(api, account, **{DOMAINS: sorted(kept)}))}


def remove_domain(api: Api) -> Any:
    """Disallow a domain."""
    account, domain = _account(api), (api.params.text("domain") or "").lower()
    kept = [one for one in account.settings.get(DOMAINS, []) if one != domain]
    return {"current_account_whitelist": _domains(_set(api, account, **{DOMAINS: kept}))}


def _course_shown(api: Api, course: Course) -> Json:
    account = api.store.accounts.get(course.account_id) or api.root
    decided = _decided(api, account)
    own = course.settings.get("csp_disabled")
    return {
        "enabled": bool(decided is not None and decided.settings[ENABLED]) and not own,
        "inherited": not own,
        "settings_locked": any(one.settings.get(LOCKED) for one in chain(api.store, account.id)),
    }


def _course(api: Api, *wanted: str) -> Course:
    return courses.from_path(api, *wanted)


def show_course(api: Api) -> Any:
    """The content security settings of a course."""
    return _course_shown(api, _course(api, "read_as_admin"))


def update_course(api: Api) -> Any:
    """Switch content security off in a course, or inherit it."""
    course = _course(api, "manage_courses_admin", "update")
    off = _status(api, ("disabled", "inherited")) == "disabled"
    changed = api.store.courses.put(replace(course, settings={**course.settings, "csp_disabled": off}))
    return _course_shown(api, changed)


CSP = "/api/v1/accounts/{account_id}/csp_settings"
OF_COURSE = "/api/v1/courses/{course_id}/csp_settings"
ROUTES: tuple[Route, ...] = rest(
    "accounts",
    SOURCE,
    (f"GET {CSP}", show, "Content security of an account"),
    ("GET /api/v1/accounts/{account_id}/csp_log", reported, "Reported violations"),
    (f"PUT {CSP}", update, "Switch content security on or off"),
    (f"PUT {CSP}/lock", lock, "Lock the setting for sub-accounts"),
    (f"POST {CSP}/domains", add_domain, "Allow a domain"),
    (f"POST {CSP}/domains/batch_create", add_domains, "Allow several domains"),
    (f"DELETE {CSP}/domains", remove_domain, "Remove an allowed domain"),
    (f"GET {OF_COURSE}", show_course, "Content security of a course"),
    (f"PUT {OF_COURSE}", update_course, "Switch content security off in a course"),
)
