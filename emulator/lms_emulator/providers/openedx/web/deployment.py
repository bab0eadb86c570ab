"""What a site's deployment decides around the LMS: its session cookie, its front ends, and whom it trusts.

A preset gives the values. A setting or a key of the world file that says otherwise comes before it; its hosts and
origins are added.

Sources: overhangio/tutor `tutor/templates/apps/openedx/settings/lms/production.py` (SESSION_COOKIE_SAMESITE),
`settings/partials/common_all.py` (X_FRAME_OPTIONS) and `config/lms.env.yml` (SESSION_COOKIE_DOMAIN);
overhangio/tutor-mfe `tutormfe/patches/openedx-lms-production-settings`; edx-platform `lms/envs/devstack.py`
(SESSION_COOKIE_NAME, LOGIN_REDIRECT_WHITELIST, CSRF_TRUSTED_ORIGINS, …_MICROFRONTEND_URL).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lms_emulator.providers.openedx.call import Call


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """One way to deploy the LMS.

    Attributes:
        session_cookie_name: the name of the session cookie.
        frame_options: the header `X-Frame-Options`.
        authn_mfe: sign-in, registration and password pages lead to the front end `authn`.
        mfe_config_api: `/api/mfe_config/v1` is served.
        secure: over HTTPS the session and CSRF cookies carry `Secure`, and the session cookie `SameSite=None`.
        own_domain: cookies carry the site's own host as `Domain`.
        any_origin: browsers may call from every origin.
        fronts: where the front ends are, by name.
        redirect_hosts: hosts that sign-in and sign-out may lead to.
        trusted_origins: origins whose posts pass the CSRF check, and which browsers may call from.
        hidden_fields: fields that the registration form does not show.
    """

    session_cookie_name: str = "sessionid"
    frame_options: str = "DENY"
    authn_mfe: bool = False
    mfe_config_api: bool = False
    secure: bool = True
    own_domain: bool = False
    any_origin: bool = False
    fronts: Mapping[str, str] = field(default_factory=dict)
    redirect_hosts: tuple[str, ...] = ()
    trusted_origins: tuple[str, ...] = ()
    hidden_fields: tuple[str, ...] = ()


_APPS = "apps.local.openedx.io"
_TUTOR_FRONTS = {
    "account": "account/",
    "authn": "authn",
    "communications": "communications",
    "discussions": "discussions",
    "gradebook": "gradebook",
    "learner_home": "learner-dashboard/",
    "learning": "learning",
    "ora_grading": "ora-grading",
    "profile": "profile/u/",
}
_DEVSTACK_PORTS = {
    "account": 1997,
    "authn": 1999,
    "communications": 1984,
    "discussions": 2002,
    "gradebook": 1994,
    "learner_home": 1996,
    "learning": 2000,
    "ora_grading": 1993,
    "profile": 1995,
}

PRESETS = {
    "plain": Deployment(),
    "tutor": Deployment(
        frame_options="SAMEORIGIN",
        authn_mfe=True,
        mfe_config_api=True,
        own_domain=True,
        fronts={name: f"//{_APPS}/{path}" for name, path in _TUTOR_FRONTS.items()},
        redirect_hosts=("studio.local.openedx.io", _APPS),
        trusted_origins=(f"//{_APPS}",),
        hidden_fields=("honor_code",),
    ),
    "devstack": Deployment(
        session_cookie_name="lms_sessionid",
        secure=False,
        any_origin=True,
        fronts={name: f"http://localhost:{port}" for name, port in _DEVSTACK_PORTS.items()},
        redirect_hosts=tuple(
            f"localhost:{port}" for port in (18010, 18000, 18130, 1997, 1976, 1994, 2000, 2001, 3001, 18400, 1993, 1996)
        ),
        trusted_origins=tuple(
            f"http://localhost:{port}"
            for port in (2000, 2001, 1997, 1995, 1992, 2002, 1991, 8734, 1999, 18450, 1994, 1996)
        ),
    ),
}
"""The presets by the value of the setting `deployment`. An address that begins with `//` takes the request's scheme."""


def of(call: Call) -> Deployment:
    """The preset of this site."""
    return PRESETS[call.settings.deployment]


def session_cookie_name(call: Call) -> str:
    """The name of the session cookie."""
    return call.settings.session_cookie_name or of(call).session_cookie_name


def frame_options(call: Call) -> str:
    """The header `X-Frame-Options`."""
    return call.settings.frame_options or of(call).frame_options


def has_authn(call: Call) -> bool:
    """Whether sign-in, registration and password pages lead to the front end."""
    wanted = call.settings.authn_mfe
    return of(call).authn_mfe if wanted is None else wanted


def is_secure(call: Call) -> bool:
    """Whether the session and CSRF cookies carry `Secure`."""
    wanted = call.settings.secure_cookies
    return (of(call).secure and call.scheme == "https") if wanted is None else wanted


def same_site(call: Call) -> str:
    """`SameSite` of the session cookie: `None` is only of use on a cookie that is `Secure`."""
    return "None" if of(call).secure and call.scheme == "https" else "Lax"


def cookie_domain(call: Call) -> str | None:
    """`Domain` of the site's cookies. Browsers take no name without a dot for one."""
    named: str | None = call.store.section.session_cookie_domain
    if named or not of(call).own_domain:
        return named
    host = call.authority.rpartition(":")[0] if call.authority.rpartition(":")[2].isdigit() else call.authority
    return host if "." in host else None


def front(call: Call, name: str, otherwise: str = "") -> str:
    """The address of a micro-frontend, or `otherwise`."""
    return fronts(call).get(name, otherwise)


def fronts(call: Call) -> Mapping[str, str]:
    """The addresses of the micro-frontends, by name. Those of the world file stand in for the preset's."""
    return call.store.section.micro_frontends or {name: _absolute(call, url) for name, url in of(call).fronts.items()}


def redirect_hosts(call: Call) -> tuple[str, ...]:
    """Hosts beside the site's own that sign-in and sign-out may lead to."""
    return (*call.store.section.login_redirect_whitelist, *of(call).redirect_hosts)


def trusts(call: Call, origin: str) -> bool:
    """Whether a post from this origin passes the CSRF check."""
    return origin in call.store.section.cors_origin_whitelist or origin in (
        _absolute(call, trusted_origin) for trusted_origin in of(call).trusted_origins
    )


def may_call(call: Call, origin: str) -> bool:
    """Whether browsers may call from this origin."""
    return of(call).any_origin or trusts(call, origin)


def serves_mfe_config(call: Call) -> bool:
    """Whether the configuration of micro-frontends is served."""
    return call.store.section.mfe_config_api or of(call).mfe_config_api


def registration_fields(call: Call) -> dict[str, str]:
    """Which further fields of the registration form are required, optional or hidden."""
    fields: dict[str, str] = call.store.section.registration_fields
    return fields | dict.fromkeys(of(call).hidden_fields, "hidden")


def _absolute(call: Call, address: str) -> str:
    return f"{call.scheme}:{address}" if address.startswith("//") else address
