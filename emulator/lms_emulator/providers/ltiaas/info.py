"""What `GET /_emulator/info` returns for LTIAAS."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from lms_emulator.lti.handle import LtiToolInfo
from lms_emulator.providers.ltiaas.model import LtiaasStore, Platform
from lms_emulator.providers.ltiaas.settings import LtiaasSettings


class Platforms(msgspec.Struct, kw_only=True):
    """Platform ids of the default tenant."""

    canvas: str = ""
    brightspace: str = ""
    openedx: str = ""
    inactive: str = ""
    without_oauth: str = ""


class WithoutOAuthPlan(msgspec.Struct, kw_only=True):
    """A tenant whose plan lacks the OAuth2 add-on, and its own platform."""

    api_key: str = ""
    host: str = ""
    platform: str = ""


class Info(LtiToolInfo, kw_only=True):
    """Credentials and ids for tests."""

    api_key: str = ""
    host: str = ""
    platforms: Platforms = msgspec.field(default_factory=Platforms)
    without_oauth_plan: WithoutOAuthPlan = msgspec.field(default_factory=WithoutOAuthPlan)
    consumer_key: str = ""
    consumer_secret: str = ""
    oauth_return_url: str = ""
    launch_url: str = ""
    deep_linking_url: str = ""


def read(store: LtiaasStore, settings: LtiaasSettings, bases: dict[str, str]) -> Info:
    """The default tenant of a world, and the first tenant whose plan lacks OAuth2."""
    tenant = store.default_tenant()
    if tenant is None:
        return Info(base_urls=bases)
    lacking = next((other for other in store.tenants if not other.plan.oauth2), None)
    consumer = store.consumers.first("tenant", tenant.subdomain)
    theirs = store.platforms.first("tenant", lacking.subdomain) if lacking is not None else None
    return Info(
        base_urls=bases,
        api_key=tenant.api_key,
        host=f"{tenant.subdomain}.ltiaas.com",
        platforms=_platforms(store.platforms.find("tenant", tenant.subdomain)),
        without_oauth_plan=WithoutOAuthPlan(
            api_key=lacking.api_key, host=f"{lacking.subdomain}.ltiaas.com", platform=theirs.id if theirs else ""
        )
        if lacking is not None
        else WithoutOAuthPlan(),
        consumer_key=consumer.consumer_key if consumer is not None else "",
        consumer_secret=consumer.secret if consumer is not None else "",
        oauth_return_url=settings.oauth_return_url or tenant.oauth_return_url,
        launch_url=settings.launch_url or tenant.launch_url,
        deep_linking_url=settings.deep_linking_url or tenant.deep_linking_url,
    )


def _platforms(platforms: list[Platform]) -> Platforms:
    def first(condition: Callable[[Platform], bool]) -> str:
        return next((platform.id for platform in platforms if condition(platform)), "")

    def connected(family: str) -> str:
        return first(lambda p: p.active and p.oauth is not None and p.product_family_code == family)

    return Platforms(
        canvas=connected("canvas"),
        brightspace=connected("desire2learn"),
        openedx=connected(""),  # its launches name no family
        inactive=first(lambda p: not p.active),
        without_oauth=first(lambda p: p.active and p.oauth is None),
    )
