"""JSON of the LTI Advantage services: rosters (NRPS 2.0), and line items, scores and results (AGS 2.0).

Pure functions that parse and check a tool's JSON, and produce the JSON that a tool reads. Storage and URLs are up to
each platform.

Sources: 1EdTech AGS 2.0 and NRPS 2.0; details and order of the checks from Canvas's scores and line item controllers.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

LINE_ITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
LINE_ITEMS_TYPE = "application/vnd.ims.lis.v2.lineitemcontainer+json"
SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
RESULTS_TYPE = "application/vnd.ims.lis.v2.resultcontainer+json"
MEMBERSHIP_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"

ACTIVITY_PROGRESS = ("Initialized", "Started", "InProgress", "Submitted", "Completed")
GRADING_PROGRESS = ("FullyGraded", "Pending", "PendingManual", "Failed", "NotReady")
COUNTED = ("FullyGraded", "PendingManual")
"""The grading progress values with which a score counts."""

ServiceFault = Literal[
    "not_an_object", "missing", "not_text", "not_a_number", "out_of_range", "not_one_of", "not_a_time", "too_old"
]


class ServiceError(ValueError):
    """An invalid line item or score.

    Attributes:
        reason: one of `ServiceFault`.
        field: the invalid JSON member.
        expected: what it had to be.
        got: what it was.
    """

    def __init__(self, reason: ServiceFault, field: str, *, expected: object = None, got: object = None) -> None:
        super().__init__(f"{reason}: {field} (expected {expected!r}, got {got!r})")
        self.reason: ServiceFault = reason
        self.field = field
        self.expected = expected
        self.got = got


class LineItemData(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The members of a line item.

    Attributes:
        submission_review: the tool's review URL and supported states (1EdTech Submission Review 1.0).
        extensions: members with URLs as names, kept as sent.
    """

    label: str
    score_maximum: float
    resource_id: str | None = None
    resource_link_id: str | None = None
    tag: str | None = None
    start_date_time: str | None = None
    end_date_time: str | None = None
    submission_review: dict[str, Any] | None = None
    extensions: dict[str, Any] = {}


_OPTIONAL = {
    "resourceId": "resource_id",
    "resourceLinkId": "resource_link_id",
    "tag": "tag",
    "startDateTime": "start_date_time",
    "endDateTime": "end_date_time",
}


def read_line_item(body: object) -> LineItemData:
    """Parse a tool's line item. A non-blank `label` and a `scoreMaximum` above zero are required.

    Nulls count as absent, since two public clients send them.

    Raises:
        ServiceError: the first member that fails a check.
    """
    data = _object(body)
    label = data.get("label")
    if label is None:
        raise ServiceError("missing", "label", expected="a string", got=sorted(data))
    if not isinstance(label, str) or not label.strip():
        raise ServiceError("not_text", "label", expected="a string that is not blank", got=label)
    maximum = _number(data, "scoreMaximum")
    if maximum is None:
        raise ServiceError("missing", "scoreMaximum", expected="a number above 0", got=sorted(data))
    if maximum <= 0:
        raise ServiceError("out_of_range", "scoreMaximum", expected="above 0", got=maximum)
    texts = {attribute: _text(data, name) for name, attribute in _OPTIONAL.items()}
    # Not by iterating over the members, which would count as reading each.
    extended = [name for name in dict.keys(data) if "://" in name]
    extensions = {name: data[name] for name in extended if data[name] is not None}
    review = data.get("submissionReview")
    if review is not None and not isinstance(review, dict):
        raise ServiceError("not_an_object", "submissionReview", expected="an object", got=review)
    return LineItemData(label=label, score_maximum=maximum, extensions=extensions, submission_review=review, **texts)


def line_item_json(item: LineItemData, url: str) -> dict[str, Any]:
    """A line item as JSON; members without a value are omitted."""
    texts = {name: getattr(item, attribute) for name, attribute in _OPTIONAL.items()}
    return {
        "id": url,
        "scoreMaximum": item.score_maximum,
        "label": item.label,
        **{name: value for name, value in texts.items() if value is not None},
        **({"submissionReview": item.submission_review} if item.submission_review is not None else {}),
        **item.extensions,
    }


class ScoreData(msgspec.Struct, frozen=True, kw_only=True):
    """A score posted by a tool."""

    user_id: str
    activity_progress: str
    grading_progress: str
    timestamp: datetime
    score_given: float | None = None
    score_maximum: float | None = None
    comment: str | None = None

    @property
    def counts(self) -> bool:
        """Whether it becomes the result: it has a score, and a grading progress that counts."""
        return self.score_given is not None and self.grading_progress in COUNTED


def read_score(body: object, *, now: datetime | None = None) -> ScoreData:
    """Parse a tool's score.

    Parameters:
        body: the parsed JSON.
        now: replaces a missing `timestamp`; if None, the timestamp is required.

    Raises:
        ServiceError: the first member that fails a check.
    """
    data = _object(body)
    for name in ("userId", "activityProgress", "gradingProgress"):
        if _text(data, name) in (None, ""):
            raise ServiceError("missing", name, expected="a string", got=sorted(data))
    for name, values in (("activityProgress", ACTIVITY_PROGRESS), ("gradingProgress", GRADING_PROGRESS)):
        if data[name] not in values:
            raise ServiceError("not_one_of", name, expected=list(values), got=data[name])
    given, maximum = _number(data, "scoreGiven"), _number(data, "scoreMaximum")
    if given is not None and given < 0:
        raise ServiceError("out_of_range", "scoreGiven", expected="at least 0", got=given)
    if given is not None and maximum is None:
        raise ServiceError("missing", "scoreMaximum", expected="a number, since scoreGiven is there", got=sorted(data))
    if maximum is not None and maximum < 0:
        raise ServiceError("out_of_range", "scoreMaximum", expected="at least 0", got=maximum)
    return ScoreData(
        user_id=str(data["userId"]),
        activity_progress=data["activityProgress"],
        grading_progress=data["gradingProgress"],
        timestamp=_timestamp(data.get("timestamp"), now),
        score_given=given,
        score_maximum=maximum,
        comment=_text(data, "comment"),
    )


def check_order(score: ScoreData, last: datetime | None) -> None:
    """Check that a score is not older than the user's last one (AGS 2.0, 3.4.1).

    Raises:
        ServiceError: `too_old`.
    """
    if last is not None and score.timestamp < last:
        raise ServiceError("too_old", "timestamp", expected=f"at or after {iso(last)}", got=iso(score.timestamp))


def scaled(score: ScoreData, line_item_maximum: float) -> float | None:
    """The score on the line item's scale; `None` if it does not count.

    `scoreGiven` and `scoreMaximum` are the tool's scale and may differ from the line item's (AGS 2.0, 3.4.9).
    """
    if not score.counts or score.score_given is None or score.score_maximum is None:
        return None
    if score.score_maximum == 0:
        return 0.0
    # JSON has no infinity, which dividing by a tiny maximum could produce.
    return min(score.score_given / score.score_maximum * line_item_maximum, sys.float_info.max)


def result_json(
    url: str, *, score_of: str, user_id: str, score: float | None, maximum: float, comment: str | None
) -> dict[str, Any]:
    """A result as JSON; a missing score is omitted."""
    result: dict[str, Any] = {"id": url, "scoreOf": score_of, "userId": user_id, "resultMaximum": maximum}
    if score is not None:
        result["resultScore"] = score
    if comment is not None:
        result["comment"] = comment
    return result


def membership_json(url: str, context: Mapping[str, str], members: list[dict[str, Any]]) -> dict[str, Any]:
    """A roster page as JSON."""
    return {"id": url, "context": dict(context), "members": members}


def role_matches(wanted: str, roles: list[str]) -> bool:
    """Whether a roster filter matches one of the roles, by full URI or short name (`Learner`)."""
    return any(role == wanted or role.endswith(f"membership#{wanted}") for role in roles)


def iso(moment: datetime) -> str:
    """RFC 3339 with milliseconds in UTC: `2026-11-21T12:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _object(body: object) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise ServiceError("not_an_object", "body", expected="a JSON object", got=type(body).__name__)
    return body


def _text(data: Mapping[str, Any], name: str) -> str | None:
    value = data.get(name)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ServiceError("not_text", name, expected="a string", got=value)


def _number(data: Mapping[str, Any], name: str) -> float | None:
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ServiceError("not_a_number", name, expected="a number", got=value)
    # JSON allows integers that are too large to calculate with, and Python's parser also accepts NaN and infinities.
    if not abs(value) < sys.float_info.max:
        raise ServiceError("not_a_number", name, expected="a finite number", got=str(value))
    return value


def _timestamp(value: object, now: datetime | None) -> datetime:
    if value is None and now is not None:
        return now
    if not isinstance(value, str):
        raise ServiceError("missing" if value is None else "not_a_time", "timestamp", expected="RFC 3339", got=value)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as exc:
        raise ServiceError("not_a_time", "timestamp", expected="RFC 3339", got=value) from exc
    if moment.tzinfo is None:
        raise ServiceError("not_a_time", "timestamp", expected="a time with a time zone", got=value)
    return moment
