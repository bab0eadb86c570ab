"""The two LTI Advantage services as data: rosters (NRPS 2.0), and line items, scores and results (AGS 2.0).

Pure: these functions read a tool's JSON and say what is wrong with it, and write the JSON that a tool reads. Where
things are kept, and under which addresses, is each platform's business.

Sources: 1EdTech AGS 2.0 and NRPS 2.0; details of the checks and their order from Canvas's scores and line item
controllers.
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
"""The grading states in which a score counts."""

ServiceFault = Literal[
    "not_an_object", "missing", "not_text", "not_a_number", "out_of_range", "not_one_of", "not_a_time", "too_old"
]


class ServiceError(ValueError):
    """A line item or score that failed a check.

    Attributes:
        reason: one of `ServiceFault`.
        field: the JSON member at fault.
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
    """A line item's members.

    Attributes:
        submission_review: where, and for which states, the tool shows somebody's work (1EdTech Submission Review 1.0).
        extensions: members with a URL for a name, kept as they came.
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
    """A line item from a tool's JSON: `label` not blank and `scoreMaximum` above zero are required.

    Explicit nulls count as absent, since two public clients send them.

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
    # Without going through all members, which would pass for reading each.
    extended = [name for name in dict.keys(data) if "://" in name]
    extensions = {name: data[name] for name in extended if data[name] is not None}
    review = data.get("submissionReview")
    if review is not None and not isinstance(review, dict):
        raise ServiceError("not_an_object", "submissionReview", expected="an object", got=review)
    return LineItemData(label=label, score_maximum=maximum, extensions=extensions, submission_review=review, **texts)


def line_item_json(item: LineItemData, url: str) -> dict[str, Any]:
    """The line item as a tool reads it; members without a value are left out."""
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
    """A score as a tool posts it."""

    user_id: str
    activity_progress: str
    grading_progress: str
    timestamp: datetime
    score_given: float | None = None
    score_maximum: float | None = None
    comment: str | None = None

    @property
    def counts(self) -> bool:
        """Whether it becomes the result: a score that is given, in a grading state that counts."""
        return self.score_given is not None and self.grading_progress in COUNTED


def read_score(body: object, *, now: datetime | None = None) -> ScoreData:
    """A score from a tool's JSON.

    Parameters:
        body: the parsed JSON.
        now: stands in for a missing `timestamp` when given; without it the timestamp is required.

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
    """That a score is not older than the last one taken for the same person (AGS 2.0, 3.4.1).

    Raises:
        ServiceError: `too_old`.
    """
    if last is not None and score.timestamp < last:
        raise ServiceError("too_old", "timestamp", expected=f"at or after {iso(last)}", got=iso(score.timestamp))


def scaled(score: ScoreData, line_item_maximum: float) -> float | None:
    """The score on the line item's own scale; `None` when it does not count.

    `scoreGiven` and `scoreMaximum` are the tool's scale and may differ from the line item's (AGS 2.0, 3.4.9).
    """
    if not score.counts or score.score_given is None or score.score_maximum is None:
        return None
    if score.score_maximum == 0:
        return 0.0
    # JSON has no infinity: a share of a tiny maximum is at most what a float holds.
    return min(score.score_given / score.score_maximum * line_item_maximum, sys.float_info.max)


def result_json(
    url: str, *, score_of: str, user_id: str, score: float | None, maximum: float, comment: str | None
) -> dict[str, Any]:
    """A result as a tool reads it; a score that does not exist is left out."""
    result: dict[str, Any] = {"id": url, "scoreOf": score_of, "userId": user_id, "resultMaximum": maximum}
    if score is not None:
        result["resultScore"] = score
    if comment is not None:
        result["comment"] = comment
    return result


def membership_json(url: str, context: Mapping[str, str], members: list[dict[str, Any]]) -> dict[str, Any]:
    """A page of a roster."""
    return {"id": url, "context": dict(context), "members": members}


def role_matches(wanted: str, roles: list[str]) -> bool:
    """Whether a roster filter names one of the roles, by its full URI or by its short name (`Learner`)."""
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
    # JSON has integers too large to calculate with, and Python's parser also accepts NaN and infinities.
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
        raise ServiceError("not_a_time", "timestamp", expected="a time with its zone", got=value)
    return moment
