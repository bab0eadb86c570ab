"""How Brightspace processes deep linking responses.

Source: 1EdTech Deep Linking 2.0 (https://www.imsglobal.org/spec/lti-dl/v2p0); the error pages are chosen.
"""

from __future__ import annotations

from typing import Any, ClassVar

from lms_emulator.core.clock import parse_instant
from lms_emulator.core.http.refusals import Refusal, SiteRefusal
from lms_emulator.lti.deep_linking import DeepLinking, link_of
from lms_emulator.lti.platform import Fault, ToolKeys
from lms_emulator.providers.brightspace import oauth, refusals, wire
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.lti.key_sets import read_keys
from lms_emulator.providers.brightspace.lti.services import add_line_item, read_line_item
from lms_emulator.providers.brightspace.lti.spots import Spot
from lms_emulator.providers.brightspace.model import AssetProcessor, Deployment, LtiLink, OrgUnit
from lms_emulator.signing.jwk import KeySet
from lms_emulator.signing.jwt import read
from lms_emulator.signing.lti13_services import LineItemData

UNMATCHED = "The response cannot be matched with a request."
MESSAGES = {
    "data_invalid": UNMATCHED,
    "malformed": UNMATCHED,
    "data_not_issued_here": UNMATCHED,
    "unavailable": "The tool's keys cannot be read.",
    "nonce_used": "The response was sent before.",
    "line_item": "The line item is not valid.",
    "missing_kid": "KeyId not found in token",
}
TEXTS, OBJECTS = ("url", "title", "text"), ("custom", "lineItem", "available", "submission", "report")
DATES = tuple(
    (f"{part}_{end}", part, name)
    for part in ("available", "submission")
    for name, end in (("startDateTime", "from"), ("endDateTime", "until"))
)
"""The dates of a link: its field, and where a content item has it."""


class BrightspaceDeepLinking(DeepLinking[Call]):
    """Brightspace's own data comes back in the `data` claim; errors are shown to the user."""

    unmatched: ClassVar[str] = "return `data` of the deep_linking_settings unchanged"
    algorithm: ClassVar[str] = "RS256"

    def own_key(self) -> KeySet:
        return oauth.public_keys()

    def read_keys(self, found: Any) -> KeySet:
        return read_keys(found)

    def issuer(self, call: Call) -> str:
        return call.base_url

    def refusal(self, call: Call, fault: Fault) -> Refusal:
        message = MESSAGES.get(fault.kind, "The refusal of an invalid response.")
        return refusals.lti_page(fault.reason, message, check=fault.check, **fault.details)

    async def items(
        self, call: Call, message: str, *, client_id: str, keys: ToolKeys, deployment_id: str
    ) -> list[dict[str, Any]]:
        """D2L selects the key by `kid` alone."""
        if not call.check("the header has a kid", "kid" in read(message).header):
            raise self.refusal(
                call, Fault("deep_linking", "missing_kid", "kid", "the id of a key in the tool's key set")
            )
        return await super().items(call, message, client_id=client_id, keys=keys, deployment_id=deployment_id)

    def taken(self, call: Call, spot: Spot, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The items that a placement accepts, with a warning about the others."""
        fitting = [item for item in items if item["type"] in spot.types]
        kept = fitting if spot.multiple else fitting[:1]
        if len(kept) < len(items):
            types = ", ".join(spot.types)
            number = "several" if spot.multiple else "one"
            call.warn(
                "items_not_taken", f"{len(items) - len(kept)} items are ignored: {number} of {types} can be placed here"
            )
        return kept

    def chosen(
        self, call: Call, unit: OrgUnit, deployment: Deployment, spot: Spot, given: dict[str, Any]
    ) -> tuple[LtiLink, LineItemData | None]:
        """A chosen link with its dates, and the line item that it requests. Raises the refusal of an unreadable one."""
        item = _readable(call, given)
        fields = link_of(item, deployment.name)._asdict()
        fields |= {field: parse_instant(item[part][name]) for field, part, name in DATES if name in item.get(part, {})}
        number = call.ids.digits(8)
        link = LtiLink(
            id=f"exu-{number}_{unit.id}", deployment_id=deployment.id, kind=spot.kind, org_unit_id=unit.id, **fields
        )
        return link, self.line_item(call, item, link.id, link.title)

    def read_line_item(self, call: Call, body: Any) -> LineItemData:
        return read_line_item(call, body)


def place(call: Call, unit: OrgUnit, deployment: Deployment, link: LtiLink, data: LineItemData | None) -> LtiLink:
    """Store a chosen link, with a grade object if it requests a line item."""
    call.store.lti_links.put(link)
    if data is not None:
        add_line_item(call, deployment, unit, data)
    return link


def place_processor(call: Call, deployment: Deployment, folder_id: int, given: dict[str, Any]) -> AssetProcessor:
    """Attach a chosen asset processor to an assignment. Raises the refusal of an unreadable one."""
    item = _readable(call, given)
    link, report = link_of(item, deployment.name), dict(item.get("report", {}))
    if not isinstance(report.get("custom") or {}, dict):
        _refuse(call, "report.custom", "an object", report.pop("custom"))
    processor = AssetProcessor(
        id=call.ids.uuid(),
        folder_id=folder_id,
        deployment_id=deployment.id,
        url=link.url,
        title=link.title,
        text=link.description,
        custom=link.custom,
        report=report,
    )
    return call.store.asset_processors.put(processor)


def _readable(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """A content item's members that can be read. Raises the refusal of another, unless a setting ignores it."""
    item = {name: value for name, value in given.items() if value is not None}
    for name in TEXTS:
        if name in item and not isinstance(item[name], str):
            _refuse(call, name, "a string", item.pop(name))
    for name in OBJECTS:
        if name in item and not isinstance(item[name], dict):
            _refuse(call, name, "an object", item.pop(name))
    for _, part, date in DATES:
        within = item.get(part, {})
        try:
            if date in within:
                parse_instant(within[date])
        except (TypeError, ValueError):
            _refuse(call, f"{part}.{date}", "a time of ISO 8601", within[date])
            item[part] = {key: value for key, value in within.items() if key != date}
    return item


def _refuse(call: Call, name: str, expected: str, got: Any) -> None:
    def page(reason: str, **details: Any) -> SiteRefusal:
        return refusals.lti_page(f"content_item_{reason}", "The content is not valid.", **details)

    wire.unreadable(call, name, expected, got, refusal=page)


DEEP_LINKING = BrightspaceDeepLinking()
