"""The tenant's LMS registrations. Bearer only; at `/api/platforms` and at `/admin/platforms`."""

from __future__ import annotations

from typing import Any, get_args

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.routing import Handler, Route
from lms_emulator.providers.ltiaas import refusals
from lms_emulator.providers.ltiaas.call import Call, object_body, without_nulls
from lms_emulator.providers.ltiaas.credentials import bearer, platform_of
from lms_emulator.providers.ltiaas.model import AuthMethod, Platform, Tenant
from lms_emulator.providers.ltiaas.settings import REFERENCE
from lms_emulator.providers.ltiaas.shapes import platform as shown
from lms_emulator.providers.ltiaas.wire import answer, no_content

NODE_CLIENT = "LTIaaS/ltiaas-node-sdk src/client/launch.ts"
_TEXTS = {
    "url": "url",
    "clientId": "client_id",
    "name": "name",
    "authenticationEndpoint": "authentication_endpoint",
    "accesstokenEndpoint": "accesstoken_endpoint",
    "authorizationServer": "authorization_server",
}
_REQUIRED = ("url", "clientId", "name", "authenticationEndpoint", "accesstokenEndpoint", "authConfig")


def _platform(call: Call, tenant: Tenant) -> Platform:
    return platform_of(call, tenant, str(call.path_params["platform_id"]))


def listing(call: Call) -> Response:
    """All platforms, or those with the `id`, `url` and `clientId` of the query."""
    tenant = bearer(call)
    found = [shown(call, platform) for platform in call.store.platforms.find("tenant", tenant.subdomain)]
    for name in ("id", "url", "clientId"):
        if call.query.get(name):
            found = [platform for platform in found if platform[name] == call.query[name]]
    return answer({"platforms": found})


def show(call: Call) -> Response:
    """One platform."""
    return answer(shown(call, _platform(call, bearer(call))))


def create(call: Call) -> Response:
    """Register a platform. It is active at once, unlike one from a dynamic registration."""
    tenant = bearer(call)
    body = without_nulls(object_body(call))
    fields = _fields(call, body, _REQUIRED)
    _refuse_duplicate(call, tenant, None, str(fields["url"]), str(fields["client_id"]))
    platform = Platform(id=call.ids.alnum(20), tenant=tenant.subdomain, added=True, **fields)
    return answer(shown(call, call.store.platforms.put(platform)))


def update(call: Call) -> Response:
    """Update a platform with the fields in the body."""
    tenant = bearer(call)
    platform = _platform(call, tenant)
    fields = _fields(call, without_nulls(object_body(call)), ())
    changed = replace(platform, **fields)
    if set(fields) & {"url", "authentication_endpoint", "accesstoken_endpoint", "auth_key"}:
        changed = replace(changed, added=True)
    _refuse_duplicate(call, tenant, platform.id, call.resolve(changed.url), changed.client_id)
    return answer(shown(call, call.store.platforms.put(changed)))


def delete(call: Call) -> Response:
    """Remove a platform."""
    call.store.platforms.delete(_platform(call, bearer(call)).id)
    return no_content()


def activate(call: Call) -> Response:
    """Let the platform launch."""
    return _set_active(call, active=True)


def deactivate(call: Call) -> Response:
    """Stop the platform from launching, and its users from connecting."""
    return _set_active(call, active=False)


def _set_active(call: Call, *, active: bool) -> Response:
    platform = _platform(call, bearer(call))
    return answer(shown(call, call.store.platforms.put(replace(platform, active=active))))


def _fields(call: Call, body: dict[str, Any], required: tuple[str, ...]) -> dict[str, Any]:
    """The record's fields from an API body. Raises `validation` with every fault."""
    faults = [{name: ["Required"]} for name in required if body.get(name) in (None, "")]
    fields: dict[str, Any] = {}
    for name, field in _TEXTS.items():
        if name in body and body[name] != "":
            if not isinstance(body[name], str):
                faults.append({name: ["Expected string"]})
            fields[field] = body[name]
    config = body.get("authConfig")
    if config is not None:
        if not isinstance(config, dict) or config.get("method") not in get_args(AuthMethod):
            faults.append({"authConfig.method": [f"One of {', '.join(get_args(AuthMethod))}"]})
        elif not isinstance(config.get("key"), str) or not config["key"]:
            faults.append({"authConfig.key": ["Required"]})
        else:
            fields |= {"auth_method": config["method"], "auth_key": config["key"]}
    if faults:
        wrong = any(name.startswith("authConfig.") for fault in faults for name in fault)
        why = _why_no_config(config) if wrong else None
        raise refusals.validation(call.settings.validation_status, faults, got=sorted(map(str, body)), diagnosis=why)
    return fields


def _why_no_config(config: Any) -> str | None:
    """What is wrong with an `authConfig`."""
    form = 'write {"method": "JWK_SET", "key": "<the address of the key set>"}'
    if not isinstance(config, dict):
        return f"authConfig is not an object; {form}"
    lower = {str(name).lower(): name for name in config}
    for name in ("method", "key"):
        if name not in config:
            like = lower.get(name)
            return f"`{like}` was sent; the name is `{name}`" if like else f"authConfig has no `{name}`; {form}"
    method = str(config["method"])
    return f"write the method in capitals, {method.upper()}" if method.upper() in get_args(AuthMethod) else form


def _refuse_duplicate(call: Call, tenant: Tenant, own_id: str | None, url: str, client_id: str) -> None:
    for other in call.store.platforms.find("tenant", tenant.subdomain):
        if other.id != own_id and call.resolve(other.url) == url and other.client_id == client_id:
            raise refusals.platform_exists(url, client_id, other.id)


def _routes(mount: str) -> tuple[Route, ...]:
    operations: tuple[tuple[str, str, Handler, str, str], ...] = (
        ("GET", "", listing, "get-admin-platforms", "The registered platforms"),
        ("POST", "", create, "post-admin-platforms", "Register a platform"),
        ("GET", "/{platform_id}", show, "get-admin-platforms-id", "One platform"),
        ("PUT", "/{platform_id}", update, "put-admin-platforms-id", "Change a platform"),
        ("DELETE", "/{platform_id}", delete, "delete-admin-platforms-id", "Remove a platform"),
        (
            "POST",
            "/{platform_id}/activate",
            activate,
            "post-admin-platforms-platform-id-activate",
            "Activate a platform",
        ),
        (
            "POST",
            "/{platform_id}/deactivate",
            deactivate,
            "post-admin-platforms-platform-id-deactivate",
            "Deactivate a platform",
        ),
    )
    return tuple(
        Route(
            methods=(method,),
            path=mount + path,
            handler=handler,
            evidence="documented" if mount == "/admin/platforms" else "observed",
            source=f"{REFERENCE}/{page}/index.md" if mount == "/admin/platforms" else NODE_CLIENT,
            summary=summary,
            tag="Platforms",
        )
        for method, path, handler, page, summary in operations
    )


ROUTES: tuple[Route, ...] = (*_routes("/api/platforms"), *_routes("/admin/platforms"))
