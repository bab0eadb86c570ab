"""The services of the LTI consumer component: line items, scores, results, roster.

Bodies and errors are those of Django REST framework's serializers; many requirements of the specifications are not
checked. Source: lti-consumer-xblock 9.14.0 `lti_consumer/plugin/views.py` (LtiAgsLineItemViewset,
LtiNrpsContextMembershipViewSet), `lti_1p3/extensions/rest_framework/serializers.py`, `signals/signals.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec.structs import replace
from starlette.responses import JSONResponse, Response

from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.numbers import parse_integer
from lms_emulator.providers.openedx import refusals
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.lti import claims
from lms_emulator.providers.openedx.lti.tokens import require_service
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import BlockState
from lms_emulator.providers.openedx.model.lti import LtiLineItem, LtiScore, LtiTool
from lms_emulator.providers.openedx.rules import fields, keys, problems
from lms_emulator.providers.openedx.shapes import moment
from lms_emulator.signing import lti13
from lms_emulator.signing import lti13_services as types

FILTERS = ("resource_link_id", "resource_id", "tag")
ACTIVITY = ("Initialized", "Started", "InProgress", "Submitted", "Completed")
GRADING = ("FullyGraded", "Pending", "PendingManual", "Failed", "NotReady")
_REQUIRED = ["This field is required."]


# line items


def _negotiated(call: Call) -> str:
    """The media type of the answer: the one requested, by default a container.

    Negotiated first, as in Django REST framework: a request that cannot be answered has no effect.
    """
    accept = call.headers.get("accept", "*/*")
    for kind in (types.LINE_ITEMS_TYPE, "*/*", "application/*"):
        if kind in accept:
            return types.LINE_ITEMS_TYPE
    if types.LINE_ITEM_TYPE in accept:
        return types.LINE_ITEM_TYPE
    raise refusals.not_acceptable(accept, (types.LINE_ITEMS_TYPE, types.LINE_ITEM_TYPE))


def line_item_json(call: Call, item: LtiLineItem) -> dict[str, Any]:
    """A line item as a tool reads it."""
    return {
        "id": claims.line_item_url(call, item),
        "resourceId": item.resource_id,
        "scoreMaximum": item.score_maximum,
        "label": item.label,
        "tag": item.tag,
        "resourceLinkId": item.resource_link_id,
        "startDateTime": moment(item.start_date_time),
        "endDateTime": moment(item.end_date_time),
    }


def list_line_items(call: Call) -> Response:
    """GET: the line items of the tool; `resource_link_id`, `resource_id` and `tag` filter."""
    kind = _negotiated(call)
    tool = require_service(call, lti13.SCOPE_LINE_ITEM_READ, lti13.SCOPE_LINE_ITEM)
    found = call.store.lti_line_items.find("tool", tool.id)
    for name in FILTERS:
        if wanted := call.query.get(name):
            found = [item for item in found if getattr(item, name) == wanted]
    return JSONResponse([line_item_json(call, item) for item in found], media_type=kind)


def create_line_item(call: Call) -> Response:
    """POST: a new line item."""
    kind = _negotiated(call)
    tool = require_service(call, lti13.SCOPE_LINE_ITEM)
    values = _line_item_values(call, partial=False)
    made = LtiLineItem(id=call.store.next_number("lti_line_items"), tool=tool.id, **values)
    call.store.lti_line_items.put(made)
    return JSONResponse(line_item_json(call, made), 201, media_type=kind)


def show_line_item(call: Call) -> Response:
    """GET: one line item."""
    kind = _negotiated(call)
    tool = require_service(call, lti13.SCOPE_LINE_ITEM_READ, lti13.SCOPE_LINE_ITEM)
    return JSONResponse(line_item_json(call, _line_item(call, tool)), media_type=kind)


def update_line_item(call: Call) -> Response:
    """PUT or PATCH: other members."""
    kind = _negotiated(call)
    item = _line_item(call, require_service(call, lti13.SCOPE_LINE_ITEM))
    changed = replace(item, **_line_item_values(call, partial=call.method == "PATCH"))
    call.store.lti_line_items.put(changed)
    return JSONResponse(line_item_json(call, changed), media_type=kind)


def other_method(call: Call) -> Response:
    """A method that the component has no action for, such as DELETE: no scope allows it."""
    require_service(call, *lti13.SERVICE_SCOPES)
    raise refusals.permission_denied(f"the component lets no tool use {call.method} here", check="scope")


def _line_item(call: Call, tool: LtiTool) -> LtiLineItem:
    number = call.path_params["pk"]
    item = call.store.lti_line_items.get(parse_integer(number))
    if item is None or item.tool != tool.id:
        raise refusals.OpenedxRefusal(
            "line_item_unknown", status=404, message="Not found.", check="the line item exists", got=number
        )
    return item


def _line_item_values(call: Call, *, partial: bool) -> dict[str, Any]:
    body = _object(call, types.LINE_ITEM_TYPE)
    errors: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for name, field, size in (("resourceId", "resource_id", 255), ("label", "label", 100), ("tag", "tag", 50)):
        if name in body:
            _text(body, name, size, errors)
            values[field] = str(body[name])
        elif name != "tag" and not partial:
            errors[name] = _REQUIRED
    if "scoreMaximum" in body:
        values["score_maximum"] = _integer(body["scoreMaximum"], errors)
    elif not partial:
        errors["scoreMaximum"] = _REQUIRED
    if "resourceLinkId" in body:
        values["resource_link_id"] = body["resourceLinkId"]
        if keys.usage_key(str(body["resourceLinkId"])) is None:
            errors["resourceLinkId"] = [f"Invalid usage key: {body['resourceLinkId']!r}"]
    for name, field in (("startDateTime", "start_date_time"), ("endDateTime", "end_date_time")):
        if name in body:
            values[field] = _moment(body, name, errors)
    if errors:
        raise invalid("line_item", errors)
    return values


# scores and results


def post_score(call: Call) -> Response:
    """POST: a tool's score for one person. A final, nonzero one goes into the gradebook."""
    tool = require_service(call, lti13.SCOPE_SCORE)
    item = _line_item(call, tool)
    body = _object(call, types.SCORE_TYPE)
    known = call.store.lti_scores.get((item.id, str(body.get("userId"))))
    score = LtiScore(line_item=item.id, **_score_values(body, known))
    call.store.lti_scores.put(score)
    _publish(call, tool, item, score)
    shown = {
        "timestamp": moment(score.timestamp),
        "scoreGiven": score.score_given,
        "scoreMaximum": score.score_maximum,
        "comment": score.comment,
        "activityProgress": score.activity_progress,
        "gradingProgress": score.grading_progress,
        "userId": score.user,
    }
    return JSONResponse(shown, 201, media_type=types.SCORE_TYPE)


def _score_values(body: dict[str, Any], known: LtiScore | None) -> dict[str, Any]:
    errors: dict[str, Any] = {}
    at = _moment(body, "timestamp", errors) if "timestamp" in body else None
    if "timestamp" not in body:
        errors["timestamp"] = _REQUIRED
    elif at is not None and known is not None and known.timestamp >= at:
        late = "Score timestamp can only be updated to a later point in time"
        same = "Score already exists for the provided timestamp"
        errors["timestamp"] = [same if known.timestamp == at else late]
    for name, choices in (("activityProgress", ACTIVITY), ("gradingProgress", GRADING)):
        if name not in body:
            errors[name] = _REQUIRED
        elif not isinstance(body[name], str) or not body[name]:
            errors[name] = ["Not a valid string." if body[name] else "This field may not be blank."]
        elif body[name] not in choices:
            raise refusals.Unhandled(f"{name} {body[name]!r} is stored by the component, and never read")
    if "userId" not in body:
        errors["userId"] = _REQUIRED
    given, most = (_number(body, name, errors) for name in ("scoreGiven", "scoreMaximum"))
    if not most and given is not None and "scoreMaximum" not in errors:
        errors["scoreMaximum"] = ["scoreMaximum is a required field when providing a scoreGiven value."]
    comment = body.get("comment")
    comment = _read(fields.text(), body, "comment", errors) if comment is not None else None
    if errors:
        raise invalid("score", errors)
    return {
        "user": str(body["userId"]),
        "timestamp": at,
        "score_given": given,
        "score_maximum": most,
        "comment": comment,
        "activity_progress": body["activityProgress"],
        "grading_progress": body["gradingProgress"],
    }


def _publish(call: Call, tool: LtiTool, item: LtiLineItem, score: LtiScore) -> None:
    """Put a final score into the gradebook, if the line item is the block's and the block is graded."""
    if item.resource_link_id != tool.block or score.grading_progress != "FullyGraded" or not score.score_given:
        return
    found = claims.place(call, tool)
    if found is None or not tool.has_score:
        return
    node = found[1]
    past = node.block.due is not None and node.block.due < call.clock.now()
    if past and not tool.accept_grades_past_due:
        return
    user = claims.user_of(call, score.user)
    if user is None:
        raise refusals.Unhandled(f"userId {score.user!r} is nobody's `sub`", "lti_score_for_nobody")
    assert score.score_maximum  # `_score_values`
    set_module_score(call, tool, user, min(score.score_given, score.score_maximum) / score.score_maximum)


def set_module_score(call: Call, tool: LtiTool, user: User, share: float | None, comment: Any = "") -> BlockState:
    """Store a tool's score for a person in its block, as a share of the block's weight, or None for no score."""
    found = claims.place(call, tool)
    weight = found[1].block.weight if found is not None else 1.0
    work = problems.state(call.store, user.username, tool.block)
    data = {**work.data, "score_comment": comment}
    if share is None:
        return call.store.block_states.put(
            replace(work, earned=None, possible=None, data=data, modified=call.clock.now())
        )
    points = {"earned": share * weight, "possible": weight}
    return call.store.block_states.put(replace(work, **points, completion=1.0, data=data, modified=call.clock.now()))


def list_results(call: Call) -> Response:
    """GET: results, latest first; one user's if the path names one. `limit` truncates the list."""
    tool = require_service(call, lti13.SCOPE_RESULT_READ)
    item = _line_item(call, tool)
    found = [score for score in call.store.lti_scores.find("line_item", item.id) if score.score_given is not None]
    found.sort(key=lambda score: score.timestamp, reverse=True)
    if wanted := call.path_params.get("user_id"):
        found = [score for score in found if score.user == wanted]
    if limit := call.query.get("limit"):
        try:
            found = found[: int(limit)]
        except ValueError:
            raise refusals.Unhandled(f"limit is {limit!r}") from None
    url = claims.line_item_url(call, item)
    return JSONResponse([_result(url, score) for score in found], media_type=types.RESULTS_TYPE)


def _result(url: str, score: LtiScore) -> dict[str, Any]:
    return {
        "id": f"{url}/results/{score.user}",
        "scoreOf": url,
        "userId": score.user,
        "resultScore": score.score_given,
        "resultMaximum": score.score_maximum or 1,
        "comment": score.comment,
    }


# the roster


def memberships(call: Call) -> Response:
    """GET: everybody enrolled, with names and addresses if the course shares them. There are no filters."""
    tool = require_service(call, lti13.SCOPE_MEMBERSHIP)
    if not call.check("the tool may read the roster", tool.roster):
        raise refusals.permission_denied("the roster is switched off for this block", check="roster")
    key = keys.usage_key(tool.block)
    course = key.course if key is not None else ""
    enrolled = [enrollment.user for enrollment in call.store.enrollments.find("course", course) if enrollment.is_active]
    people = [user for user in map(call.store.users.get, enrolled) if user is not None]
    members = [claims.member(call, user, course, names=tool.roster_names) for user in people]
    body = types.membership_json(call.request_url, {"id": course}, members)
    return JSONResponse(body, media_type=types.MEMBERSHIP_TYPE)


def one_member(call: Call) -> Response:
    """The component routes this and fails: its view has no queryset."""
    if not call.check("the tool may read the roster", require_service(call, lti13.SCOPE_MEMBERSHIP).roster):
        raise refusals.permission_denied("the roster is switched off for this block", check="roster")
    raise refusals.Unhandled("the component has no queryset for one member")


# bodies


def invalid(what: str, errors: dict[str, Any]) -> refusals.OpenedxRefusal:
    """A body with invalid members, by name."""
    lacking = [name for name, said in errors.items() if said == _REQUIRED]
    absent = lacking[0] if len(lacking) == 1 else None
    return refusals.api_error(400, errors, reason=f"{what}_invalid", check=", ".join(errors), got=errors, absent=absent)


def _object(call: Call, media_type: str) -> dict[str, Any]:
    if call.content_type != media_type and media_type == types.LINE_ITEM_TYPE:
        raise refusals.unsupported_media_type(call.headers.get("content-type", ""), [media_type])
    try:
        body = call.json()
    except BodyError as error:
        raise refusals.parse_error(f"JSON parse error - {error}") from None
    if not isinstance(body, dict):
        text = f"Invalid data. Expected a dictionary, but got {fields.type_name(body)}."
        raise invalid("body", {"non_field_errors": [text]})
    return body


def _text(body: dict[str, Any], name: str, size: int, errors: dict[str, Any]) -> None:
    value = body[name]
    if value is None:
        errors[name] = ["This field may not be null."]
    elif isinstance(value, bool) or not isinstance(value, str | int | float):
        errors[name] = ["Not a valid string."]
    elif not value and name != "tag":
        errors[name] = ["This field may not be blank."]
    elif len(str(value)) > size:
        errors[name] = [f"Ensure this field has no more than {size} characters."]


def _integer(value: Any, errors: dict[str, Any]) -> int:
    try:
        return int(str(value).removesuffix(".0"))
    except ValueError:
        errors["scoreMaximum"] = ["A valid integer is required."]
        return 0


def _number(body: dict[str, Any], name: str, errors: dict[str, Any]) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        errors[name] = ["A valid number is required."]
        return None
    if number < 0:
        raise refusals.Unhandled(f"{name} is {value}: the component checks that too late")
    return number


def _moment(body: dict[str, Any], name: str, errors: dict[str, Any]) -> datetime | None:
    found: datetime | None = _read(fields.date_time, body, name, errors)
    return found


def _read(reader: fields.Reader, body: dict[str, Any], name: str, errors: dict[str, Any]) -> Any:
    try:
        if body[name] is None:
            raise fields.FieldError(fields.NULL)
        return reader(body[name])
    except fields.FieldError as error:
        errors[name] = [str(error)]
        return None
