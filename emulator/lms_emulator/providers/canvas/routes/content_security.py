"""REST: content security policies: the domains that pages of an account or a course may load from.

Canvas stores these settings, and sends the policy with pages if the feature is on for the school; the pages here
send none.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.core.http.urls import parts_of
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, Course, Tool
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import courses, tools
from lms_emulator.providers.canvas.rules.permissions import (
    account_from_path,
    chain,
    is_account_admin,
    require_account,
)
from lms_emulator.providers.canvas.shapes import Json

SOURCE = f"{RECORDED}/misc.jsonl 156, 158, 160, 162, 163; canvas-lms app/controllers/csp_settings_controller.rb"
ENABLED, LOCKED, DOMAINS = "csp_enabled", "csp_locked", "csp_domains"
UNFIT = re.compile(r"[^!-~]|[\"<>\[\]\\^`{|}]")
"""What no URI holds."""


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
    if _readable(api).parent_account_id is not None:
        raise refusals.message(400, "account_no_root", "must be called on a root account")
    raise refusals.message(503, "csp_log_unset", "CSP logging is not configured on the server")


def _set(api: Api, account: Account, **changes: Any) -> Account:
    kept = {name: value for name, value in {**account.settings, **changes}.items() if value is not None}
    return api.store.accounts.put(replace(account, settings=kept))


def _decided(api: Api, account: Account) -> Account | None:
    """The account, or its ancestor, that decides whether content security is on; a locked ancestor wins."""
    above = [level for level in chain(api.store, account.id) if ENABLED in level.settings]
    locked = [holder for holder in above if holder.settings.get(LOCKED)]
    return locked[-1] if locked else next(iter(above), None)


def _domains_of(tool: Tool) -> list[str]:
    """The domain of a tool, or that of its URL, and its subdomains."""
    named = tool.domain or ""
    base = parts_of(named).hostname if "://" in named else named
    base = (base or parts_of(tool.url or "").hostname or "").lower()
    return [base, f"*.{base}"] if base else []


def _whitelist(api: Api, place: Account | Course) -> dict[str, list[Json]]:
    """The domains of the tools of a course, or of an account and those above it."""
    course = isinstance(place, Course)
    homes = {place.id} if course else {account.id for account in chain(api.store, place.id)}
    found: dict[str, list[Json]] = {}
    for tool in sorted(api.store.tools, key=lambda record: record.id):
        kind, number = tools.place_of(api.store, tool)
        if tool.workflow_state != "active" or (kind == "Course") != course or number not in homes:
            continue
        for name in _domains_of(tool):
            found.setdefault(name, []).append({"id": tool.id, "name": tool.name, "account_id": number})
    return found


def _domains(account: Account) -> list[str]:
    return sorted(account.settings.get(DOMAINS, []))


def _shown(api: Api, account: Account) -> Json:
    decided = _decided(api, account)
    whitelist = _whitelist(api, account)
    body: Json = {
        "enabled": decided is not None and decided.settings[ENABLED],
        "inherited": decided is None or decided.id != account.id,
        "settings_locked": decided is not None and bool(decided.settings.get(LOCKED)),
        "tools_whitelist": whitelist,
        "current_account_whitelist": _domains(account),
    }
    if decided is not None and body["enabled"]:
        body["effective_whitelist"] = sorted({*whitelist, *_domains(decided)})
    return body


def _status(api: Api) -> str:
    status = api.params.text("status") or ""
    if status not in ("enabled", "disabled", "inherited"):
        raise refusals.message(400, "csp_status_unknown", "invalid setting", got=status)
    return status


def _require_free(status: str, shown: Json) -> None:
    if status in ("enabled", "disabled") and shown["inherited"] and shown["settings_locked"]:
        raise refusals.message(400, "csp_locked", "cannot set when locked by parent account", got=status)


def show(api: Api) -> Any:
    """The content security settings of an account."""
    return _shown(api, _readable(api))


def update(api: Api) -> Any:
    """Switch content security on or off in an account, or inherit it, which drops its lock too."""
    account = _account(api)
    _require_free(api.params.text("status") or "", _shown(api, account))
    status = _status(api)
    if status == "inherited":
        return _shown(api, _set(api, account, **{ENABLED: None, LOCKED: None}))
    return _shown(api, _set(api, account, **{ENABLED: status == "enabled"}))


def lock(api: Api) -> Any:
    """Lock the setting for sub-accounts, or unlock it."""
    account = _account(api)
    if _shown(api, account)["inherited"]:
        raise refusals.message(400, "csp_not_set", "CSP must be explicitly set on this account", got=account.id)
    if not api.params.has("settings_locked"):
        raise refusals.missing("settings_locked")
    return _shown(api, _set(api, account, **{LOCKED: api.params.flag("settings_locked") or None}))


def add_domain(api: Api) -> Any:
    """Allow a domain."""
    account = _account(api)
    domain = _domain(api)
    if UNFIT.search(domain):
        raise refusals.message(400, "csp_domain_invalid", "invalid domain", got=domain)
    return _added(api, account, [domain])


def _domain(api: Api) -> str:
    domain = api.params.text("domain")
    if not domain:
        raise refusals.missing("domain")
    return domain


def add_domains(api: Api) -> Any:
    """Allow several domains."""
    account, domains = _account(api), api.params.texts("domains")
    if not domains:
        raise refusals.missing("domains")
    wrong = [domain for domain in domains if UNFIT.search(domain)]
    if wrong:
        raise refusals.message(400, "csp_domain_invalid", f"invalid domains: {', '.join(wrong)}", got=wrong)
    return _added(api, account, domains)


def _added(api: Api, account: Account, domains: list[str]) -> Json:
    kept = {*account.settings.get(DOMAINS, []), *(domain.lower() for domain in domains)}
    return {"current_account_whitelist": _domains(_set(api, account, **{DOMAINS: sorted(kept)}))}


def remove_domain(api: Api) -> Any:
    """Disallow a domain."""
    account = _account(api)
    domain = _domain(api).lower()
    kept = [value for value in account.settings.get(DOMAINS, []) if value != domain]
    return {"current_account_whitelist": _domains(_set(api, account, **{DOMAINS: kept}))}


def _course_shown(api: Api, course: Course) -> Json:
    above = _shown(api, _home(api, course))
    inherited = above["settings_locked"] or not course.settings.get("csp_disabled")
    body = {
        "enabled": above["enabled"] and inherited,
        "inherited": inherited,
        "settings_locked": above["settings_locked"],
    }
    if body["enabled"]:
        body["effective_whitelist"] = sorted({*above["effective_whitelist"], *_whitelist(api, course)})
    return body


def _home(api: Api, course: Course) -> Account:
    return api.store.accounts.get(course.account_id) or api.root


def show_course(api: Api) -> Any:
    """The content security settings of a course."""
    return _course_shown(api, courses.from_path(api, "read_as_admin"))


def update_course(api: Api) -> Any:
    """Switch content security off in a course, or inherit it, for those who manage the settings of its account."""
    course = courses.from_path(api)
    account = _home(api, course)
    require_account(api, account, "manage_account_settings")
    _require_free(api.params.text("status") or "", _course_shown(api, course))
    status = _status(api)
    if status == "enabled" and not _shown(api, account)["enabled"]:
        raise refusals.message(400, "csp_off_above", "must be enabled on account-level first")
    settings = {**course.settings, "csp_disabled": status == "disabled"}
    return _course_shown(api, api.store.courses.put(replace(course, settings=settings)))


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
