"""The LTI consumer component: tools in courses, their line items, scores and content. No HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from lms_emulator.core.state.records import Instant, Record


class LtiTool(Record, frozen=True, kw_only=True):
    """A block of type `lti_consumer` and its configuration. There is one for each placement.

    Parameters:
        id: the number in the URLs of its services; `config_id`, the UUID in those of its keys and tokens.
        block: its usage key.
        launch_url: where launches go, also with LTI 1.1.
        login_url, keyset_url, public_jwk, redirect_uris: the tool's side of LTI 1.3; without redirect URIs, those are
            `launch_url` and `deep_linking_url`.
        deep_linking_url: where deep linking goes; empty for a tool without it.
        grades: `disabled`, `declarative` (one line item, which the platform makes) or `programmatic` (the tool makes
            line items).
        roster: whether the tool may read the roster; `roster_names`, whether with names and addresses.
        ask_to_send_username, ask_to_send_full_name, ask_to_send_email: what a launch says about the person.
        custom_parameters: lines `name=value`.
        has_score: whether scores count; `accept_grades_past_due`, also after the block's due date.
        consumer_key, secret: of LTI 1.1.
    """

    id: int
    block: str
    config_id: str = ""
    version: Literal["lti_1p3", "lti_1p1"] = "lti_1p3"
    client_id: str = ""
    launch_url: str
    login_url: str = ""
    keyset_url: str | None = None
    public_jwk: dict[str, Any] | None = None
    redirect_uris: list[str] = []
    deep_linking_url: str = ""
    grades: Literal["disabled", "declarative", "programmatic"] = "declarative"
    roster: bool = False
    roster_names: bool = False
    ask_to_send_username: bool = False
    ask_to_send_full_name: bool = False
    ask_to_send_email: bool = False
    custom_parameters: list[str] = []
    has_score: bool = False
    accept_grades_past_due: bool = True
    consumer_key: str = ""
    secret: str = ""


class LtiLineItem(Record, frozen=True, kw_only=True):
    """A line item of a tool. Parameters: `resource_link_id`, the usage key of the block that it is for."""

    id: int
    tool: int
    label: str
    score_maximum: int
    resource_id: str = ""
    resource_link_id: str | None = None
    tag: str = ""
    start_date_time: datetime | None = None
    end_date_time: datetime | None = None


class LtiScore(Record, frozen=True, kw_only=True):
    """A tool's last score for one person in one line item. Parameters: `user`, the id that it used."""

    line_item: int
    user: str
    timestamp: Instant
    score_given: float | None = None
    score_maximum: float | None = None
    comment: str | None = None
    activity_progress: str
    grading_progress: str


class LtiContentItem(Record, frozen=True, kw_only=True):
    """Content that a tool chose. Parameters: `attributes`, its members but for the type."""

    id: int
    tool: int
    type: str
    attributes: dict[str, Any]
