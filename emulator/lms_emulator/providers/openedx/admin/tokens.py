"""Access tokens, and the read-only lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lms_emulator.core.numbers import parse_integer
from lms_emulator.providers.openedx.admin.base import Model, applications, shown, user_id, users
from lms_emulator.providers.openedx.admin.forms import Field, Form, user_by_id
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import AccessToken
from lms_emulator.providers.openedx.oauth import tokens


class AccessTokens(Model):
    """Opaque tokens; one added here works at once, whatever text it is."""

    name = "accesstoken"
    single = "access token"
    plural = "access tokens"
    columns = ("Token", "User", "Application", "Expires")
    searches = ("token", "user")
    editable = True

    def records(self, call: Call) -> Sequence[Any]:
        return sorted(call.store.access_tokens, key=lambda record: -record.id)

    def row(self, call: Call, record: Any) -> tuple[str, ...]:
        application = call.store.applications.get(record.application) if record.application else None
        name = "-" if application is None else application.name or application.client_id
        return (record.token, record.user or "-", name, shown(record.expires))

    def haystack(self, call: Call, record: Any) -> tuple[str, ...]:
        return (record.token, record.user or "")

    def label(self, record: Any) -> str:
        return str(record.token)

    def fields(self, call: Call) -> Sequence[Field]:
        refreshes = [(str(token.id), token.token) for token in call.store.refresh_tokens]
        return (
            Field(name="user", label="User", hint="The number of the user.", suggestions=users(call)),
            Field(name="source_refresh_token", label="Source refresh token", widget="select", choices=refreshes),
            Field(
                name="token",
                label="Token",
                required=True,
                most=255,
                hint="Any text; it becomes the bearer token unchanged.",
            ),
            Field(name="id_token", label="Id token", widget="select"),
            Field(name="application", label="Application", widget="select", choices=applications(call)),
            Field(name="expires", label="Expires", widget="datetime", required=True, hint="Date and time in UTC."),
            Field(
                name="scope", label="Scope", widget="textarea", hint="May stay empty: bearer calls do not look at it."
            ),
        )

    def values(self, call: Call, record: Any) -> dict[str, str]:
        application = call.store.applications.get(record.application) if record.application else None
        source = call.store.refresh_tokens.get(record.source_refresh_token) if record.source_refresh_token else None
        return {
            "user": user_id(call, record.user),
            "source_refresh_token": str(source.id) if source is not None else "",
            "token": record.token,
            "application": str(application.id) if application is not None else "",
            "expires_0": record.expires.strftime("%Y-%m-%d"),
            "expires_1": record.expires.strftime("%H:%M:%S"),
            "scope": record.scope,
        }

    def save(self, call: Call, form: Form, existing: Any) -> Any:
        form.check()
        user = user_by_id(call, form, "user")
        expires = form.moment("expires")
        token = form.text("token")
        other = lookup.access_token(call.store, call.settings, token)
        if token and other is not None and (existing is None or other.id != existing.id):
            form.fail("token", "Access token with this Token already exists.")
        if form.errors or expires is None:
            return None
        application = call.store.applications.first("id", parse_integer(form.text("application")))
        source = call.store.refresh_tokens.first("id", parse_integer(form.text("source_refresh_token")))
        if existing is not None and existing.token != token:
            call.store.access_tokens.delete(existing.token)
        return call.store.access_tokens.put(
            AccessToken(
                id=existing.id if existing is not None else call.store.next_number("access_tokens"),
                token=token,
                user=user,
                application=application.client_id if application is not None else None,
                expires=expires,
                scope=form.text("scope"),
                source_refresh_token=source.token if source is not None else None,
                created=existing.created if existing is not None else call.clock.now(),
            )
        )

    def delete(self, call: Call, record: Any) -> None:
        tokens.issuer(call).delete_access_token(record)


class Grants(Model):
    """Authorization codes, read-only."""

    name = "grant"
    single = "grant"
    plural = "grants"
    columns = ("Code", "Application", "User", "Expires")

    def records(self, call: Call) -> Sequence[Any]:
        return [grant for grant in call.store.grants if not grant.used]

    def row(self, call: Call, record: Any) -> tuple[str, ...]:
        return (record.code, record.application, record.user, shown(record.expires))


class IdTokens(Model):
    """ID tokens: none, as OpenID Connect is off."""

    name = "idtoken"
    single = "id token"
    plural = "id tokens"
    columns = ("Jti", "User", "Application", "Expires")

    def records(self, call: Call) -> Sequence[Any]:
        return ()


class RefreshTokens(Model):
    """Refresh tokens, read-only."""

    name = "refreshtoken"
    single = "refresh token"
    plural = "refresh tokens"
    columns = ("Token", "User", "Application", "Revoked")

    def records(self, call: Call) -> Sequence[Any]:
        return sorted(call.store.refresh_tokens, key=lambda record: -record.id)

    def row(self, call: Call, record: Any) -> tuple[str, ...]:
        return (record.token, record.user, record.application, shown(record.revoked))


class Users(Model):
    """Users, read-only, to look up their ids."""

    app = "auth"
    app_title = "Authentication and Authorization"
    name = "user"
    single = "user"
    plural = "users"
    columns = ("ID", "Username", "Email address", "Staff status", "Superuser status", "Active")

    def records(self, call: Call) -> Sequence[Any]:
        return list(call.store.users)

    def row(self, call: Call, record: Any) -> tuple[str, ...]:
        flags = (record.is_staff, record.is_superuser, record.is_active)
        return (str(record.id), record.username, record.email, *("Yes" if flag else "No" for flag in flags))
