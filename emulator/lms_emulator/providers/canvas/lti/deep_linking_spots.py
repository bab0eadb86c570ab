"""Deep linking settings for each placement of Canvas.

Sources: fixtures/recordings/canvas/lti-deeplink.jsonl 19, 21, 23, 25; fixtures/recordings/canvas/lti-launch.jsonl 119,
121, 131, 133; https://canvas.instructure.com/doc/api/file.content_item.html; canvas-lms doc/api/asset_processor.md
(2025, `ActivityAssetProcessor`); what `ActivityAssetProcessorContribution` accepts is what canvas-lms
ui/shared/lti-asset-processor keeps of a response, useAssetProcessorsState (2025). The rest of that placement's settings
are not public and are assumed to equal those of `ActivityAssetProcessor`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.lti import tokens
from lms_emulator.providers.canvas.lti.places import Place
from lms_emulator.providers.canvas.rules import features
from lms_emulator.providers.canvas.rules.tools import Placement
from lms_emulator.signing import lti13

LINK = "application/vnd.ims.lti.v1.ltilink"
_CARTRIDGES = ",".join(f"application/vnd.ims.imsccv1p{n}" for n in (1, 2, 3))
LIFETIME_SECONDS = 3600


class Spot(NamedTuple):
    """The settings of one placement. `modal`: the tool opens in a dialog over the page."""

    types: list[str]
    targets: list[str]
    media: str
    multiple: bool = False
    create: bool = False
    modal: bool = True


_LINKS = ["ltiResourceLink"]
_FRAMES = ["iframe", "window"]
SPOTS = {
    "assignment_selection": Spot(_LINKS, _FRAMES, LINK),
    "link_selection": Spot(_LINKS, _FRAMES, LINK, multiple=True),
    "resource_selection": Spot(_LINKS, _FRAMES, LINK, multiple=True),
    "submission_type_selection": Spot(_LINKS, _FRAMES, LINK, modal=False),
    "editor_button": Spot(
        ["link", "file", "html", "ltiResourceLink", "image"],
        ["embed", *_FRAMES],
        f"image/*,text/html,{LINK},*/*",
        multiple=True,
    ),
    "homework_submission": Spot(["file", "ltiResourceLink"], ["iframe"], "*/*", modal=False),
    "migration_selection": Spot(["file"], ["iframe"], f"{_CARTRIDGES},application/zip,application/xml"),
    "collaboration": Spot(_LINKS, ["iframe"], LINK, create=True, modal=False),
    "conference_selection": Spot(["link", "html"], _FRAMES, "text/html,*/*", create=True, modal=False),
    "course_assignments_menu": Spot(_LINKS, _FRAMES, LINK, multiple=True),
    "module_index_menu_modal": Spot(_LINKS, _FRAMES, LINK, multiple=True, create=True),
    "module_menu_modal": Spot(_LINKS, _FRAMES, LINK, multiple=True, create=True),
    "ActivityAssetProcessor": Spot(["ltiAssetProcessor"], _FRAMES, "", multiple=True, create=True),
    "ActivityAssetProcessorContribution": Spot(
        ["ltiAssetProcessorContribution"], _FRAMES, "", multiple=True, create=True
    ),
}


SWITCHES = {
    "course_assignments_menu": "lti_multiple_assignment_deep_linking",
    "module_index_menu_modal": "lti_deep_linking_module_index_menu_modal",
}
"""Placements that sent ordinary resource link requests unless a feature of the root account was on."""


def as_switched(api: Api, placement: Placement) -> Placement:
    """A placement as this root account's features make it: whether it sends a deep linking request."""
    name = SWITCHES.get(placement.name)
    if name is None or api.settings.deep_linking_line_items or features.enabled(api, api.root, name):
        return placement
    return placement._replace(message_type=lti13.RESOURCE_LINK_REQUEST)


def settings(call: Call, placement: Placement, place: Place, data: dict[str, Any]) -> dict[str, Any]:
    """The claim `deep_linking_settings` of a launch; its return URL carries `data`.

    Raises a refusal for a placement without content selection: Canvas fails there (canvas-lms
    lib/lti/messages/deep_linking_request.rb, add_deep_linking_request_claims!).
    """
    spot = SPOTS.get(placement.name)
    if spot is None:
        raise refusals.page_crashed(f"no content can be selected at {placement.name!r}")
    ends = int(call.clock.timestamp()) + LIFETIME_SECONDS
    text = tokens.issue(
        call,
        {"nonce": call.ids.uuid(), "modal": spot.modal, "placement": placement.name, **data, "exp": ends},
        kind="deep_linking",
    )
    return {
        "deep_link_return_url": call.url(f"{place.path}/deep_linking_response?data={text}"),
        "accept_types": spot.types,
        "accept_presentation_document_targets": spot.targets,
        **({"accept_media_types": spot.media} if spot.media else {}),
        "auto_create": spot.create,
        "accept_multiple": spot.multiple,
    }
