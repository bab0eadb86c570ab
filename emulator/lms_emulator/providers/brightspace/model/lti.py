"""Brightspace's records of LTI: registrations, deployments, sharing rules, links and line items."""

from __future__ import annotations

from typing import Literal

from lms_emulator.core.state.records import Instant, Record
from lms_emulator.signing.lti13_services import LineItemData

Extension = Literal["ags", "nrps", "deep_linking", "submission_review", "notices", "asset_processor"]
LinkKind = Literal["basic", "widget", "quicklink", "insert_stuff", "activity"]
SharedKind = Literal["deployment", "legacy_link", "legacy_provider"]
SpotName = Literal["quicklink", "insertstuff", "activity", "assetprocessor"]


class ToolRegistration(Record, frozen=True, kw_only=True):
    """An LTI Advantage registration.

    Attributes:
        send_institution_role: whether launches include the person's institution role.
        extensions, custom: initial values for its deployments.
        domain: at most one enabled registration has it.
    """

    client_id: str
    name: str
    login_url: str
    redirect_uris: list[str]
    keyset_url: str
    target_link_uri: str
    enabled: bool = True
    send_institution_role: bool = True
    extensions: list[Extension] = []
    custom: dict[str, str] = {}
    description: str = ""
    domain: str = ""


class Deployment(Record, frozen=True, kw_only=True):
    """A registration enabled for an org unit, and others that it is shared with, with what the tool may do and know.

    Attributes:
        anonymous, send_…: the security settings: each withholds a part of launches and rosters. `send_name` is all of
            the name.
        org_unit_id: its owner; deployments that are shared belong to the organization.
        notice_types: the notices that it can have; None for all of its extensions.
        eula_url: of the tool's terms, which learners accept where it processes assets.
        eula_required: whether the tool says that they must; None for yes.
    """

    id: str
    client_id: str
    org_unit_id: int
    name: str
    extensions: list[Extension] = []
    anonymous: bool = False
    send_name: bool = True
    send_first_name: bool = True
    send_middle_name: bool = True
    send_last_name: bool = True
    send_email: bool = True
    send_user_id: bool = True
    send_username: bool = True
    send_org_defined_id: bool = True
    send_org_unit: bool = True
    send_link_title: bool = True
    send_link_description: bool = True
    custom: dict[str, str] = {}
    enabled: bool = True
    notice_types: list[str] | None = None
    eula_url: str | None = None
    eula_required: bool | None = None


class SharingRule(Record, frozen=True, kw_only=True):
    """Shares a deployment, or an LTI 1.1 link or tool provider, with an org unit, those below it, or both.

    Attributes:
        shares, owner: what it shares: its kind and id.
        types: the types of org units below that it is shared with; empty for all.
    """

    id: int
    shares: SharedKind
    owner: str
    org_unit_id: int
    with_unit: bool = True
    with_descendants: bool = False
    types: list[int] = []


class LtiLink(Record, frozen=True, kw_only=True):
    """A placed link to a tool. `kind` says where: in content, on a homepage, in a text, as an activity.

    Attributes:
        id: `<organization>-<number>_<org unit>`; the number is the REST API's LinkId.
        chooses_for: the spot for which the link asks the tool for content, instead of launching it.
        height, width: of the tool's frame, in pixels; launches tell them.
        content_topic_id: its topic in the course's content, which launches then name instead of the link.
        available_from, available_until, submission_from, submission_until: for custom parameters.
        copied_from: the links that this one was copied from, the latest first.
        org_unit_id: where it is placed, if not in its deployment's org unit.
    """

    id: str
    deployment_id: str
    title: str
    kind: LinkKind = "basic"
    url: str | None = None
    description: str = ""
    custom: dict[str, str] = {}
    enabled: bool = True
    chooses_for: SpotName | None = None
    height: int | None = None
    width: int | None = None
    content_topic_id: int | None = None
    available_from: Instant | None = None
    available_until: Instant | None = None
    submission_from: Instant | None = None
    submission_until: Instant | None = None
    copied_from: list[str] = []
    org_unit_id: int | None = None


class LineItem(Record, frozen=True, kw_only=True):
    """A line item of a deployment; its results are the values of a grade object."""

    id: str
    deployment_id: str
    org_unit_id: int
    grade_object_id: int
    data: LineItemData
