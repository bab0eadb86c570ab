"""LTI 1.1 launches of Brightspace: the form that the browser posts to the tool.

Sources: https://community.d2l.com/brightspace/kb/articles/23559 (which setting sends which fields),
https://community.d2l.com/brightspace/kb/articles/6055 (roles),
https://documentation.brightspace.com/EN/le/lti/admin/set_up_integration_with_tool_provider.htm (launch points;
HMAC-SHA256 for tool providers, HMAC-SHA1 for links without one). Not sent, as their meaning is not public:
`ext_d2l_token_id`, `ext_d2l_token_digest`, `ext_tc_profile_url`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from lms_emulator.lti import signed_forms
from lms_emulator.lti.launches import Form
from lms_emulator.providers.brightspace import refusals, rules
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.lti import sharing, variables
from lms_emulator.providers.brightspace.model import (
    Deployment,
    LegacyLink,
    LegacyProvider,
    LegacyResult,
    LtiLink,
    OrgUnit,
    User,
)
from lms_emulator.signing import lti11

OUTCOMES = "/d2l/le/lti/Outcome"
"""Where tools send outcomes, of all links."""
_COURSE = 3
_METHODS = {1: lti11.SIGNATURE_METHOD, 2: lti11.SHA256}
_OTHERS = re.compile(r"[^a-z0-9]")
"""Characters that names of custom fields do not have (LTI 1.1, appendix A)."""


class Signer(NamedTuple):
    """A consumer key, its secret, and the signature method of launches."""

    key: str
    secret: str
    method: str


def links_in(call: Call, unit: OrgUnit) -> Iterator[LegacyLink]:
    """The links of an org unit: its own, and those shared with it."""
    yield from call.store.legacy_links.find("unit", unit.id)
    for name in sharing.covering(call, "legacy_link", unit):
        link = call.store.legacy_links.get(int(name))
        if link is not None and link.org_unit_id != unit.id:
            yield link


def link_in(call: Call, unit: OrgUnit, link_id: int | None) -> LegacyLink | None:
    """A visible link of an org unit."""
    return next((link for link in links_in(call, unit) if link.visible and link.id == link_id), None)


def provider_of(call: Call, link: LegacyLink, unit: OrgUnit) -> LegacyProvider | None:
    """The tool provider of the link's URL, by the longest launch point; None if the org unit has none for it."""
    shared = (call.store.legacy_providers.get(int(name)) for name in sharing.covering(call, "legacy_provider", unit))
    known = [*call.store.legacy_providers.find("unit", unit.id), *(value for value in shared if value is not None)]
    address = _bare(call.resolve(link.url))
    fitting = [item for item in known if item.visible and _leads(address, _bare(call.resolve(item.launch_point)))]
    return max(fitting, key=lambda record: len(record.launch_point), default=None)


def _bare(url: str) -> str:
    return url.rpartition("://")[2].lower()


def _leads(address: str, point: str) -> bool:
    rest = address[len(point) :]
    return bool(point) and address.startswith(point) and (not rest or rest[0] in "/?#" or point.endswith("/"))


def form(call: Call, user: User, unit: OrgUnit, link: LegacyLink, return_url: str) -> Form:
    """The URL that the browser posts to, and the form's fields."""
    provider = provider_of(call, link, unit)
    message = _message(call, user, unit, link, provider) | {"launch_presentation_return_url": return_url}
    fields = lti11.message(resource_link_id(call, link), message)
    address = call.resolve(link.url)
    if not link.signed:
        return address, fields
    key, secret, method = signer(call, unit, link)
    if not call.check("the link or its tool provider has a key and a secret", bool(key and secret), got=link.url):
        raise refusals.lti_page(
            "legacy_secret_missing",
            "The link cannot be signed.",
            diagnosis="no tool provider has a launch point for this URL, and the link has no key and secret of its own",
        )
    now, nonce = int(call.clock.timestamp()), call.ids.token(32)
    signed = lti11.signed_launch(
        address, fields, consumer_key=key, secret=secret, timestamp=now, nonce=nonce, method=method
    )
    return address, signed_forms.sent(call, address, signed, secret)


def signer(call: Call, unit: OrgUnit, link: LegacyLink) -> Signer:
    """What signs the launches of a link in an org unit."""
    provider = provider_of(call, link, unit)
    if provider is not None and link.with_provider:
        return _of_provider(call, provider)
    return Signer(link.key, link.secret, lti11.SIGNATURE_METHOD)


def signers(call: Call) -> Iterator[Signer]:
    """Everything that can sign: links with a key and a secret of their own, and tool providers."""
    own = (Signer(link.key, link.secret, lti11.SIGNATURE_METHOD) for link in call.store.legacy_links)
    for item in (*own, *(_of_provider(call, provider) for provider in call.store.legacy_providers)):
        if item.key and item.secret:
            yield item


def _of_provider(call: Call, provider: LegacyProvider) -> Signer:
    key = call.store.section.consumer_key if provider.default_key else provider.key
    return Signer(key, provider.secret, _METHODS[provider.signature_method])


def result_id(call: Call, link: LegacyLink, unit: OrgUnit, user: User) -> str:
    """The `lis_result_sourcedid`, the same in each launch of the link there by that person."""
    found = call.store.legacy_results.first("cell", (link.id, unit.id, user.id))
    if found is None:
        made = LegacyResult(id=call.ids.uuid(), link_id=link.id, org_unit_id=unit.id, user_id=user.id)
        found = call.store.legacy_results.put(made)
    return found.id


def resource_link_id(call: Call, link: LegacyLink) -> str:
    """The id of a link in launches: of the same form as that of LTI 1.3's links."""
    return f"exu-{link.id}_{link.org_unit_id}"


def _message(
    call: Call, user: User, unit: OrgUnit, link: LegacyLink, provider: LegacyProvider | None
) -> dict[str, str | None]:
    sends = provider.sends if provider is not None and link.as_provider else link.sends
    role = rules.role_in(call, user, unit.id)
    section, _ = variables.section_of(call, user, unit) or (unit.code, "")
    parts: dict[str, dict[str, str]] = {
        "TcInfo": {
            "tool_consumer_info_product_family_code": "desire2learn",
            "tool_consumer_info_version": call.settings.le_latest_version,
            "tool_consumer_instance_guid": call.host,
            "tool_consumer_instance_name": call.store.section.organization,
        },
        "ContextInfo": {
            "context_id": str(unit.id),
            "context_title": unit.name,
            "context_label": unit.code,
            "context_type": "CourseOffering",
            "lis_course_offering_sourcedid": f"{call.host}:{unit.code}",
        },
        "SectionCode": {"lis_course_section_sourcedid": f"{call.host}:{section}"},
        "UserId": {"user_id": user.lti_sub},
        "UserName": {
            "lis_person_name_given": user.first_name,
            "lis_person_name_family": user.last_name,
            "lis_person_name_full": user.name,
        },
        "UserEmail": {"lis_person_contact_email_primary": user.email},
        "LinkTitle": {"resource_link_title": link.title},
        "LinkDescription": {"resource_link_description": link.description},
        "D2LUserName": {"ext_d2l_username": user.username},
        "D2LOrgDefinedId": {"ext_d2l_orgdefinedid": user.org_defined_id or ""},
        "D2LOrgRoleId": {"ext_d2l_role": role.name if role is not None else ""},
    }
    said: dict[str, str | None] = {
        "roles": ",".join(text for row in (role.lis_roles if role is not None else []) for text in _role(row)),
        "launch_presentation_locale": "en-us",
        "ext_d2l_link_id": str(link.id),
    }
    if link.signed and unit.type_id == _COURSE:
        said |= {
            "lis_outcome_service_url": call.url(OUTCOMES),
            "lis_result_sourcedid": result_id(call, link, unit, user),
        }
    for name in sends:
        said |= parts[name]
    return said | _custom(call, user, unit, link, set(sends))


def _role(name: str) -> tuple[str, str]:
    """A role as a URN and by its short name."""
    return f"urn:lti:instrole:ims/lis/{name}", name


def _custom(call: Call, user: User, unit: OrgUnit, link: LegacyLink, sends: set[str]) -> dict[str, str]:
    """Custom fields, their variables expanded as far as the security settings allow."""
    allowed = Deployment(
        id="",
        client_id="",
        org_unit_id=unit.id,
        name="",
        send_name="UserName" in sends,
        send_email="UserEmail" in sends,
        send_user_id="UserId" in sends,
        send_username="D2LUserName" in sends,
        send_org_defined_id="D2LOrgDefinedId" in sends,
        send_org_unit="ContextInfo" in sends,
        send_link_title="LinkTitle" in sends,
        send_link_description="LinkDescription" in sends,
    )
    about = LtiLink(id="", deployment_id="", title=link.title, description=link.description)
    values = variables.expanded(variables.Scene(call, user, unit, allowed, about), link.custom)
    return {f"custom_{_OTHERS.sub('_', name.lower())}": value for name, value in values.items()}
