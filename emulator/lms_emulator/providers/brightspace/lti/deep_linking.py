"""How Brightspace takes content that a tool chose, and places it.

Source: 1EdTech Deep Linking 2.0 (https://www.imsglobal.org/spec/lti-dl/v2p0); what a person sees is chosen.
"""

from __future__ import annotations

from typing import Any, ClassVar

from lms_emulator.core.http.refusals import Refusal
from lms_emulator.lti.deep_linking import DeepLinking, link_of
from lms_emulator.lti.platform import Fault
from lms_emulator.providers.brightspace import oauth, refusals
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.lti.services import add_line_item
from lms_emulator.providers.brightspace.model import Deployment, LtiLink, OrgUnit
from lms_emulator.signing.jwt import KeySet

UNMATCHED = "The response cannot be matched with a request."
MESSAGES = {
    "data_invalid": UNMATCHED,
    "data_not_issued_here": UNMATCHED,
    "unavailable": "The tool's keys cannot be read.",
    "nonce_used": "The response was sent before.",
    "line_item": "The line item is not valid.",
}


class BrightspaceDeepLinking(DeepLinking[Call]):
    """Brightspace's own data comes back in the claim `data`; a person sees what is wrong."""

    unmatched: ClassVar[str] = "send back `data` of the deep_linking_settings unchanged"
    algorithm: ClassVar[str] = "RS256"

    def own_key(self) -> KeySet:
        return oauth.public_keys()

    def issuer(self, x: Call) -> str:
        return x.base_url

    def refusal(self, x: Call, fault: Fault) -> Refusal:
        message = MESSAGES.get(fault.kind, "The response is not valid.")
        return refusals.lti_page(fault.reason, message, **fault.details)

    def place(self, x: Call, unit: OrgUnit, deployment: Deployment, item: dict[str, Any]) -> LtiLink:
        """Keep a chosen link, with a grade object when it asks for a line item."""
        wanted = link_of(item, deployment.name)
        link = LtiLink(id=f"{x.ids.uuid()}_{unit.id}", deployment_id=deployment.id, **wanted._asdict())
        data = self.line_item(x, item, link.id, link.title)
        x.store.lti_links.put(link)
        if data is not None:
            add_line_item(x, deployment, data)
        return link


DEEP_LINKING = BrightspaceDeepLinking()
