"""Brightspace's records of LTI 1.1: links, and the tool providers that they lead to."""

from __future__ import annotations

from typing import Literal

from lms_emulator.core.state.records import Record

Sent = Literal[
    "TcInfo",
    "ContextInfo",
    "UserId",
    "UserName",
    "UserEmail",
    "LinkTitle",
    "LinkDescription",
    "D2LUserName",
    "D2LOrgDefinedId",
    "D2LOrgRoleId",
    "SectionCode",
]
"""What a launch may tell, each a security setting: `Send…` of the REST API."""
Plugin = Literal["coursebuilder", "isf", "navbar", "quicklink", "widget"]
"""The kinds of remote plugins: the first two and quicklinks choose content, `isf` for Insert Stuff."""


class LegacyProvider(Record, frozen=True, kw_only=True):
    """A tool provider: a site with a key and a secret, for the links that lead to it.

    Attributes:
        launch_point: the beginning of its URLs, without a scheme.
        default_key: whether launches have the organization's key instead of `key`.
        signature_method: 1 for HMAC-SHA1, 2 for HMAC-SHA256.
        version: 0 for the organization's, 1 for LTI 1.1, 2 for LTI 1.1.2.
    """

    id: int
    org_unit_id: int
    launch_point: str
    name: str
    secret: str = ""
    key: str = ""
    default_key: bool = True
    description: str = ""
    contact_email: str = ""
    visible: bool = True
    sends: list[Sent] = []
    signature_method: Literal[1, 2] = 2
    version: Literal[0, 1, 2] = 0


class LegacyResult(Record, frozen=True, kw_only=True):
    """A person's result of a link in an org unit. `id` is what launches send as `lis_result_sourcedid`."""

    id: str
    link_id: int
    org_unit_id: int
    user_id: int


class LegacyLink(Record, frozen=True, kw_only=True):
    """A link that launches a tool by LTI 1.1.

    Attributes:
        key, secret: its own, used unless it signs with those of the provider (`with_provider`).
        signed: whether launches are signed at all.
        as_provider: whether the provider's security settings count instead of its own.
        plugin: the kind of remote plugin, if it is one; the REST API of links does not have those.
    """

    id: int
    org_unit_id: int
    title: str
    url: str
    description: str = ""
    key: str = ""
    secret: str = ""
    visible: bool = True
    signed: bool = True
    with_provider: bool = True
    as_provider: bool = True
    sends: list[Sent] = []
    custom: dict[str, str] = {}
    plugin: Plugin | None = None
