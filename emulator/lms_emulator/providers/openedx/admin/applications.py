"""OAuth2 applications and their one-to-one rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from lms_emulator.core.http.urls import parts_of
from lms_emulator.core.numbers import parse_integer
from lms_emulator.core.state.structure import convert
from lms_emulator.providers.openedx.admin.base import Model, applications, user_id, users
from lms_emulator.providers.openedx.admin.forms import Field, Form, user_by_id
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import Application, ApplicationAccess
from lms_emulator.providers.openedx.oauth import rules

CLIENT_TYPES = (("confidential", "Confidential"), ("public", "Public"))
GRANT_TYPES = (
    ("authorization-code", "Authorization code"),
    ("implicit", "Implicit"),
    ("password", "Resource owner password-based"),
    ("client-credentials", "Client credentials"),
    ("openid-hybrid", "OpenID connect hybrid"),
)
ALGORITHMS = (("", "No OIDC support"), ("RS256", "RSA with SHA-2 256"), ("HS256", "HMAC with SHA-2 256"))
NEEDS_REDIRECT = ("authorization-code", "implicit", "openid-hybrid")


class Applications(Model):
    """OAuth2 applications. Secrets are stored and shown in clear."""

    name = "application"
    single = "application"
    plural = "applications"
    columns = ("Name", "User", "Client type", "Authorization grant type", "Client id")
    searches = ("name", "user", "client id")
    editable = True

    def records(self, call: Call) -> Sequence[Any]:
        return sorted(call.store.applications, key=lambda record: -record.id)

    def row(self, call: Call, record: Any) -> tuple[str, ...]:
        return (
            record.name or record.client_id,
            record.user or "-",
            dict(CLIENT_TYPES)[record.client_type],
            dict(GRANT_TYPES)[record.authorization_grant_type],
            record.client_id,
        )

    def haystack(self, call: Call, record: Any) -> tuple[str, ...]:
        return (record.name, record.user or "", record.client_id)

    def label(self, record: Any) -> str:
        return str(record.name or record.client_id)

    def fields(self, call: Call) -> Sequence[Field]:
        return (
            Field(name="client_id", label="Client id", required=True, most=100),
            Field(
                name="user",
                label="User",
                hint="The number of the user. A client-credentials application acts as this user.",
                suggestions=users(call),
            ),
            Field(
                name="redirect_uris",
                label="Redirect uris",
                widget="textarea",
                hint="Allowed URIs list, space separated",
            ),
            Field(name="client_type", label="Client type", widget="select", required=True, choices=CLIENT_TYPES),
            Field(
                name="authorization_grant_type",
                label="Authorization grant type",
                widget="select",
                required=True,
                choices=GRANT_TYPES,
            ),
            Field(name="client_secret", label="Client secret", most=255),
            Field(name="name", label="Name", most=255),
            Field(name="skip_authorization", label="Skip authorization", widget="checkbox"),
            Field(name="algorithm", label="Algorithm", widget="select", choices=ALGORITHMS[1:], blank=ALGORITHMS[0][1]),
        )

    def defaults(self, call: Call) -> dict[str, str]:
        return {"client_id": call.ids.alnum(40), "client_secret": call.ids.alnum(128)}

    def values(self, call: Call, record: Any) -> dict[str, str]:
        return {
            "client_id": record.client_id,
            "user": user_id(call, record.user),
            "redirect_uris": " ".join(rules.redirect_uris(call, record)),
            "client_type": record.client_type,
            "authorization_grant_type": record.authorization_grant_type,
            "client_secret": record.client_secret,
            "name": record.name,
            "skip_authorization": "on" if record.skip_authorization else "",
            "algorithm": record.algorithm,
        }

    def save(self, call: Call, form: Form, existing: Any) -> Any:
        form.check()
        user = user_by_id(call, form, "user")
        client_id = form.text("client_id")
        other = lookup.application(call.store, call.settings, client_id)
        if client_id and other is not None and (existing is None or other.id != existing.id):
            form.fail("client_id", "Application with this Client id already exists.")
        if not form.errors:
            _check_together(form)
        if form.errors:
            return None
        previous = existing or Application(
            client_id=client_id,
            authorization_grant_type="client-credentials",
            id=call.store.next_number("applications"),
        )
        record = convert(
            {
                **msgspec.to_builtins(previous),
                "client_id": client_id,
                "user": user,
                "redirect_uris": form.text("redirect_uris").split(),
                "client_type": form.text("client_type"),
                "authorization_grant_type": form.text("authorization_grant_type"),
                "client_secret": form.text("client_secret"),
                "name": form.text("name"),
                "skip_authorization": form.checked("skip_authorization"),
                "algorithm": form.text("algorithm"),
            },
            Application,
        )
        if existing is not None and existing.client_id != client_id:
            call.store.applications.delete(existing.client_id)
        return call.store.applications.put(record)

    def delete(self, call: Call, record: Any) -> None:
        for token in [t for t in call.store.access_tokens if t.application == record.client_id]:
            call.store.access_tokens.delete(token.token)
        for refresh in [t for t in call.store.refresh_tokens if t.application == record.client_id]:
            call.store.refresh_tokens.delete(refresh.token)
        for grant in [g for g in call.store.grants if g.application == record.client_id]:
            call.store.grants.delete(grant.code)
        call.store.applications.delete(record.client_id)


def _check_together(form: Form) -> None:
    """The errors of the application's own validation, which concerns several fields."""
    uris, grant = form.text("redirect_uris").split(), form.text("authorization_grant_type")
    for uri in uris:
        parts = parts_of(uri)
        if parts.scheme not in ("http", "https") and not uri.startswith("urn:ietf:wg:oauth:2.0:oob"):
            form.fail("__all__", f"Unauthorized redirect scheme: {parts.scheme}")
            return
        if parts.fragment:
            form.fail("__all__", "Redirects must not contain fragments")
            return
    if not uris and grant in NEEDS_REDIRECT:
        form.fail("__all__", f"redirect_uris cannot be empty with grant_type {grant}")
        return
    if form.text("algorithm") == "RS256":
        form.fail("__all__", "You must set OIDC_RSA_PRIVATE_KEY to use RSA algorithm")
    elif form.text("algorithm") == "HS256" and (grant == "implicit" or form.text("client_type") == "public"):
        form.fail("__all__", "You cannot use HS256 with public grants or clients")


class _Dispatch(Model):
    """One-to-one rows of an application, which share its id."""

    app = "oauth_dispatch"
    app_title = "Oauth_Dispatch"
    editable = True

    def label(self, record: Any) -> str:
        return str(record.name or record.client_id)


class ApplicationAccesses(_Dispatch):
    """Scopes and filters that applications may request beyond the defaults."""

    name = "applicationaccess"
    single = "application access"
    plural = "application accesses"
    columns = ("Application", "Scopes", "Filters")

    def records(self, call: Call) -> Sequence[Any]:
        return [application for application in call.store.applications if application.access is not None]

    def row(self, call: Call, record: Any) -> tuple[str, ...]:
        return (self.label(record), ",".join(record.access.scopes), ",".join(record.access.filters))

    def fields(self, call: Call) -> Sequence[Field]:
        return (
            Field(name="application", label="Application", widget="select", required=True, choices=applications(call)),
            Field(
                name="scopes",
                label="Scopes",
                required=True,
                most=825,
                hint="Comma-separated list of scopes that this application will be allowed to request.",
            ),
            Field(
                name="filters",
                label="Filters",
                most=550,
                hint="Comma-separated list of filters that this application will be allowed to request.",
            ),
        )

    def values(self, call: Call, record: Any) -> dict[str, str]:
        return {
            "application": str(record.id),
            "scopes": ",".join(record.access.scopes),
            "filters": ",".join(record.access.filters),
        }

    def save(self, call: Call, form: Form, existing: Any) -> Any:
        form.check()
        chosen = (
            call.store.applications.first("id", parse_integer(form.text("application"))) if not form.errors else None
        )
        if chosen is not None and chosen.access is not None and (existing is None or existing.id != chosen.id):
            form.fail("application", "Application access with this Application already exists.")
        if form.errors or chosen is None:
            return None
        access = ApplicationAccess(scopes=_listed(form.text("scopes")), filters=_listed(form.text("filters")))
        return call.store.applications.put(replace(chosen, access=access))

    def delete(self, call: Call, record: Any) -> None:
        call.store.applications.put(replace(record, access=None))


class RestrictedApplications(_Dispatch):
    """Applications whose opaque tokens are issued expired."""

    name = "restrictedapplication"
    single = "restricted application"
    plural = "restricted applications"
    columns = ("Application",)

    def records(self, call: Call) -> Sequence[Any]:
        return [application for application in call.store.applications if application.restricted]

    def row(self, call: Call, record: Any) -> tuple[str, ...]:
        return (self.label(record),)

    def fields(self, call: Call) -> Sequence[Field]:
        return (
            Field(name="application", label="Application", widget="select", required=True, choices=applications(call)),
        )

    def values(self, call: Call, record: Any) -> dict[str, str]:
        return {"application": str(record.id)}

    def save(self, call: Call, form: Form, existing: Any) -> Any:
        form.check()
        if form.errors:
            return None
        chosen = call.store.applications.first("id", parse_integer(form.text("application")))
        if chosen is None:
            return None
        return call.store.applications.put(replace(chosen, restricted=True))

    def delete(self, call: Call, record: Any) -> None:
        call.store.applications.put(replace(record, restricted=False))


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
