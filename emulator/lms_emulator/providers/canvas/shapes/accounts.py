"""Accounts, terms, admins and roles as Canvas's JSON.

Fields: canvas-lms lib/api/v1/account.rb, admin.rb and role.rb, app/controllers/terms_controller.rb (2023-06), and the
recorded exchanges of `people-accounts`.
"""

from __future__ import annotations

from collections.abc import Collection

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import iana_name, when
from lms_emulator.providers.canvas.model import Account, AccountUser, EnrollmentTerm, Role
from lms_emulator.providers.canvas.rules import quotas
from lms_emulator.providers.canvas.rules.permissions import account_allows, listed, root_of, standing
from lms_emulator.providers.canvas.rules.roles import HIDDEN
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import people as people_shapes

SERVICES = {"google_docs_previews": True, "skype": True, "avatars": False}
SITE_SERVICES = ("account_survey_notifications",)
"""Services that only those who administer the site see and set."""
LABELS = {
    "AccountAdmin": "Account Admin",
    "AccountMembership": "Account Admin",
    "StudentEnrollment": "Student",
    "TeacherEnrollment": "Teacher",
    "TaEnrollment": "TA",
    "DesignerEnrollment": "Designer",
    "ObserverEnrollment": "Observer",
}


def brief(api: Api, record: Account) -> Json:
    """An account as people see it who do not administer it."""
    root = root_of(api.store, record.id)
    return {
        "id": record.id,
        "name": record.name,
        "workflow_state": record.workflow_state,
        "parent_account_id": record.parent_account_id,
        "root_account_id": root.id if root.id != record.id else None,
        "uuid": record.uuid,
        "default_time_zone": iana_name(zone_of(api, record)),
    }


def zone_of(api: Api, record: Account) -> str:
    """The account's time zone, or the school's."""
    return record.default_time_zone or root_of(api.store, record.id).default_time_zone or "UTC"


def _sis(api: Api, record: Account) -> Json:
    manages = account_allows(api, api.caller, api.root, "manage_sis")
    if not manages and not account_allows(api, api.caller, api.root, "read_sis"):
        return {}
    body = {"sis_account_id": record.sis_account_id, "integration_id": record.integration_id}
    return body | ({"sis_import_id": record.sis_batch_id} if manages else {})


def account(api: Api, record: Account, includes: Collection[str] = ()) -> Json:
    """An account as its admins see it."""
    body = brief(api, record) | {name: quotas.default(api, record, name) for name in quotas.DEFAULTS}
    if record.parent_account_id is not None:
        body |= _sis(api, record)
    counted = includes if api.settings.later_parameters else ()
    if "course_count" in counted:
        own = (course for course in api.store.courses if course.account_id == record.id)
        body["course_count"] = sum(course.workflow_state != "deleted" for course in own)
    if "sub_account_count" in counted:
        body["sub_account_count"] = sum(
            child.workflow_state == "active" for child in api.store.accounts.find("parent", record.id)
        )
    if "lti_guid" in includes:
        body["lti_guid"] = f"{record.guid}:canvas-lms"
    if "registration_settings" in includes:
        body["registration_settings"] = {"login_handle_name": "Email", "require_email": False}
        if record.parent_account_id is None:
            body["terms_required"] = False
            body["terms_of_use_url"] = "http://www.canvaslms.com/policies/terms-of-use"
            body["privacy_policy_url"] = "http://www.canvaslms.com/policies/privacy-policy"
            body["recaptcha_key"] = False
    if "services" in includes and account_allows(api, api.caller, record, "manage_account_settings"):
        body["services"] = {name: default or name in record.services for name, default in SERVICES.items()}
        site = next((account for account in api.store.accounts if account.site_admin), None)
        if site is not None and account_allows(api, api.caller, site, "manage_account_settings"):
            body["services"] |= {name: name in record.services for name in SITE_SERVICES}
    return body


def term(api: Api, record: EnrollmentTerm, includes: Collection[str] = ()) -> Json:
    """A term."""
    body: Json = {
        "id": record.id,
        "name": record.name,
        "start_at": when(record.start_at),
        "end_at": when(record.end_at),
        "created_at": when(record.created_at),
        "workflow_state": record.workflow_state,
        "grading_period_group_id": record.grading_period_group_id,
    }
    if account_allows(api, api.caller, api.root, "read_sis") or account_allows(api, api.caller, api.root, "manage_sis"):
        body["sis_term_id"] = record.sis_term_id
    if account_allows(api, api.caller, api.root, "manage_sis"):
        body["sis_import_id"] = record.sis_batch_id
    if "overrides" in includes:
        body["overrides"] = {
            kind: {"start_at": when(dates[0]), "end_at": when(dates[1])}
            for kind, dates in record.overrides.items()
            if any(dates)
        }
    if "course_count" in includes:
        living = (c for c in api.store.courses if c.enrollment_term_id == record.id and c.workflow_state != "deleted")
        body["course_count"] = sum(1 for _ in living)
    return body


def admin(api: Api, record: AccountUser, account: Account) -> Json:
    """A user's administrative role in an account."""
    user, role = api.store.users.get(record.user_id), api.store.roles.get(record.role_id)
    assert user is not None, "the world file's references are checked when it is loaded"
    assert role is not None
    return {
        "id": record.id,
        "role": role.name,
        "role_id": role.id,
        "user": people_shapes.person(api, user, account),
        "workflow_state": record.workflow_state,
    }


def role(api: Api, record: Role, account_of: Account) -> Json:
    """A role with its effective permissions in an account."""
    built_in = record.account_id is None
    of_accounts = record.base_role_type in ("AccountAdmin", "AccountMembership")
    base = "AccountMembership" if built_in and of_accounts else record.base_role_type
    body: Json = {
        "id": record.id,
        "role": record.name,
        "label": LABELS.get(record.name, record.name) if built_in and record.name not in HIDDEN else record.name,
        "last_updated_at": when(record.updated_at),
        "base_role_type": base,
        "workflow_state": record.workflow_state,
        "created_at": when(record.created_at),
        "permissions": _permissions(api, record, account_of),
        "is_account_role": of_accounts,
    }
    if record.account_id is not None and (owner := api.store.accounts.get(record.account_id)) is not None:
        body["account"] = account(api, owner)
    return body


def _permissions(api: Api, record: Role, account_of: Account) -> Json:
    found: Json = {}
    for permission in listed(api, account_of):
        now = standing(api, account_of, record, permission.name)
        row: Json = {
            "enabled": now.enabled,
            "locked": now.locked,
            "readonly": now.readonly,
            "explicit": now.explicit,
        }
        if now.enabled:
            row["applies_to_self"] = now.applies_to_self
            row["applies_to_descendants"] = now.applies_to_descendants
        if now.explicit:
            row["prior_default"] = now.prior_default
        if permission.group is not None:
            row["group"] = permission.group
        found[permission.name] = row
    return found
