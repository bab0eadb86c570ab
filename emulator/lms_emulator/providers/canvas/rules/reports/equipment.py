"""Reports of tools, keys, tokens and portfolios.

Source: canvas-lms gems/plugins/account_reports/lib/account_reports/lti_reports.rb, developer_key_reports.rb,
eportfolio_reports.rb and student_reports.rb (2024-04), and
fixtures/recordings/canvas/people-account-tools.jsonl 22, 24.
"""

from __future__ import annotations

import json
from typing import Any

from lms_emulator.providers.canvas.call.api import SHARD
from lms_emulator.providers.canvas.model import DeveloperKey
from lms_emulator.providers.canvas.rules import keys as of_keys
from lms_emulator.providers.canvas.rules import people
from lms_emulator.providers.canvas.rules import tools as installed
from lms_emulator.providers.canvas.rules.reports.scope import Made, Scope, Table, when


def _one(table: Table, says: str) -> Made:
    return Made({"report": table}, says)


def portfolios(scope: Scope) -> Made:
    """People's ePortfolios; the deleted ones alone with `include_deleted`."""
    head = "eportfolio_name eportfolio_id author_name author_id author_sis_id author_login_id"
    table: Table = [f"{head} created_at updated_at is_public workflow_state".split()]
    store, alone = scope.api.store, scope.flag("no_enrollments")
    for eportfolio in sorted(store.eportfolios, key=lambda portfolio: portfolio.id):
        user, state = store.users.get(eportfolio.user_id), "deleted" if scope.deleted else "active"
        if user is None or user.workflow_state == "deleted" or eportfolio.workflow_state != state:
            continue
        if alone and any(True for _ in store.enrollments.find("user", user.id)):
            continue
        times = [f"{moment:%Y-%m-%d %H:%M:%S} UTC" for moment in (eportfolio.created_at, eportfolio.updated_at)]
        for login in store.pseudonyms.find("user", user.id):
            own = [eportfolio.name, eportfolio.id, user.name, user.id, login.sis_user_id, login.unique_id]
            table.append([*own, *times, str(eportfolio.public).lower(), eportfolio.workflow_state])
    says = [scope.deleted_summary(), "Only users with no enrollments" if alone else ""]
    return _one(table, " ".join(filter(None, says)))


def tokens(scope: Scope) -> Made:
    """The access tokens of people."""
    table: Table = [["user id", "user name", "token hint", "expiration", "last used", "dev key id", "dev key name"]]
    store = scope.api.store
    states = ("active", "suspended", "deleted") if scope.deleted else ("active", "suspended")
    for _, user in scope.logins(states):
        for token in store.access_tokens.find("user", user.id):
            key = store.developer_keys.get(token.developer_key_id)
            times = [when(token.permanent_expires_at) or "never", when(token.last_used_at) or "never"]
            own = [user.id, people.sortable_name(user), token.token[:5], *times]
            table.append([*own, token.developer_key_id % SHARD, key.name if key is not None else None])
    return _one(table, scope.deleted_summary())


def tools(scope: Scope) -> Made:
    """The tools that are installed."""
    head = "context_type context_id account_name course_name tool_type_name tool_type_id tool_created_at"
    table: Table = [f"{head} privacy_level launch_url custom_fields".split()]
    store = scope.api.store
    for tool in store.tools:
        course = store.courses.get(tool.course_id or 0)
        account = store.accounts.get(tool.account_id or scope.api.root.id) if course is None else None
        home = course.account_id if course is not None else account.id if account is not None else 0
        if not scope.inside(home) or (tool.workflow_state == "deleted" and not scope.deleted):
            continue
        place: list[Any] = ["Account", home, account.name if account is not None else None, None]
        if course is not None:
            place = ["Course", course.id, None, course.name]
        custom = ", ".join(f'"{k}"=>"{v}"' for k, v in (installed.custom(store, tool) or {}).items())
        configured = installed.extension_of(installed.configuration(store, tool)) or installed.settings(store, tool)
        made = f"{tool.created_at:%Y-%m-%d %H:%M:%S} UTC" if tool.created_at is not None else None
        table.append([*place, tool.name, configured.get("tool_id"), made, tool.privacy, tool.url, f"{{{custom}}}"])
    return _one(table, scope.deleted_summary())


def keys(scope: Scope) -> Made:
    """The developer keys of the account, and those of the site admin account that it may see."""
    head = ["Global ID", "Key Name", "Inherited from Parent Account", "Contact Info", "Key Type", "Placements"]
    table: Table = [[*head, "Status", "Permitted API Endpoints"]]
    store, account = scope.api.store, scope.account
    for owner in (account.id, None):
        for key in sorted(store.developer_keys, key=lambda record: record.id):
            if key.account_id != owner or not key.visible or key.workflow_state == "deleted":
                continue
            said = of_keys.binding(store, key, account.id)
            state = (said.workflow_state if said is not None else "allow").capitalize()
            own = [key.id, key.name, str(owner is None).lower(), key.email, "LTI Key" if key.is_lti_key else "API Key"]
            table.append([*own, _listed(_placements(scope, key)) or "None", state, _listed(key.scopes) or "All"])
    return _one(table, "")


def _placements(scope: Scope, key: DeveloperKey) -> list[str]:
    written = next(iter(scope.api.store.tool_configurations.find("key", key.id)), None)
    said = installed.extension_of(written.settings).get("settings") if written is not None else None
    places = said.get("placements") if isinstance(said, dict) else None
    return [str(place.get("placement")) for place in places or [] if isinstance(place, dict)]


def _listed(words: list[str]) -> str:
    """An array as Ruby writes one into a cell; nothing for an empty one."""
    return json.dumps(words) if words else ""
