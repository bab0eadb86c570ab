"""How Canvas takes content that a tool chose, and places it.

Sources: https://canvas.instructure.com/doc/api/file.content_item.html; github.com/instructure/canvas-lms
`app/controllers/lti/ims/deep_linking_controller.rb` (the texts).
"""

from __future__ import annotations

from typing import Any, ClassVar

from lms_emulator.core.http.refusals import Refusal
from lms_emulator.lti.deep_linking import DeepLinking, link_of
from lms_emulator.lti.platform import Fault, token_fault
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.lti import tokens
from lms_emulator.providers.canvas.model import Assignment, Course, DeveloperKey, ResourceLink, Tool, ToolTag
from lms_emulator.providers.canvas.rules import assigning, keys
from lms_emulator.signing.jwt import TokenError, read

SENTENCES = {
    "malformed": "JWT format is invalid",
    "alg_none": "JWT has unexpected alg",
    "alg_confusion": "JWT has unexpected alg",
    "alg_not_allowed": "JWT has unexpected alg",
    "unknown_kid": "JWT verification failure",
    "bad_signature": "JWT verification failure",
    "expired": "the JWT has expired",
    "unavailable": "JWT exception",
    "client_unknown": "Client not found",
}
DATA = {"data_invalid": "Data invalid", "data_not_issued_here": "Data invalid"}


class CanvasDeepLinking(DeepLinking[Call]):
    """Canvas puts its own data into the address that it asks the tool to answer to."""

    unmatched: ClassVar[str] = "post to the deep_link_return_url exactly as it came, its query included"
    algorithm: ClassVar[str] = "HS256"

    def own_key(self) -> str:
        return tokens.secret()

    def signer(self, x: Call, message: str) -> DeveloperKey:
        """The key whose tool signed an answer, as it says. Raises the refusal of a stranger."""
        try:
            client = str(read(message).claims.get("iss", ""))
        except TokenError as error:
            raise self.refusal(x, token_fault("deep_linking", error).noted(x)) from error
        key = keys.find(x.store, client)
        if key is None or not x.check("iss is a key's number", key.is_lti_key):
            raise self.refusal(x, Fault("deep_linking", "client_unknown", "iss", "a client id", client).noted(x))
        return key

    def issuer(self, x: Call) -> str:
        return x.settings.issuer

    def allowed_again(self, x: Call) -> bool:
        return x.settings.reused_jti == "allow"

    def refusal(self, x: Call, fault: Fault) -> Refusal:
        if fault.kind in DATA:
            errors = {"data": DATA[fault.kind]}
        elif fault.kind == "line_item":
            errors = {"lineItem": f"{fault.check} is invalid"}
        elif fault.kind == "missing_claim":
            errors = {"jwt": f"the following assertions are missing: {fault.check}"}
        else:
            errors = {"jwt": SENTENCES.get(fault.kind, f"the '{fault.check}' is invalid")}
        return refusals.deep_linking(fault.reason, errors, **fault.details)

    def place(self, api: Api, course: Course, tool: Tool, item: dict[str, Any]) -> ResourceLink:
        """Keep a chosen link, with an assignment when it asks for a line item."""
        x, wanted = api.x, link_of(item, tool.name)
        link = ResourceLink(id=x.ids.uuid(), course_id=course.id, tool_id=tool.id, **wanted._asdict())
        data = self.line_item(x, item, link.id, link.title)
        if data is None:
            return x.store.resource_links.put(link)
        made = Assignment(
            id=0,
            course_id=course.id,
            name=data.label,
            points_possible=data.score_maximum,
            submission_types=["external_tool"],
            external_tool=ToolTag(url=link.url or tool.url or "", content_id=tool.id, custom_params=dict(link.custom)),
            lti_context_id=link.id,
            position=0,
            created_at=api.now,
            updated_at=api.now,
        )
        kept = assigning.keep(api, course, made, None)
        return x.store.resource_links.first("assignment", kept.id) or link


DEEP_LINKING = CanvasDeepLinking()
