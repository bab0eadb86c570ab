"""REST: content, news, grades, versions."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec
from starlette.responses import JSONResponse, Response

from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.state.structure import convert
from lms_emulator.providers.brightspace import refusals, rules, shapes, wire
from lms_emulator.providers.brightspace.call import Call, number
from lms_emulator.providers.brightspace.credentials import Caller, api, version_pair
from lms_emulator.providers.brightspace.model import GradeObject, NewsItem, OrgUnit, Topic
from lms_emulator.providers.brightspace.routes.people import paged_objects

# content


@api("le", "content:toc:read")
def toc(call: Call, caller: Caller) -> Response:
    """GET /d2l/api/le/{version}/{orgUnitId}/content/toc: hidden modules and topics only with permission."""
    unit = rules.entered_unit(call, caller.user, call.path_params["orgUnitId"])
    hidden = rules.may(call, caller.user, unit.id, rules.SEE_HIDDEN)
    return JSONResponse({"Modules": _modules(call, unit, None, hidden)})


def _modules(call: Call, unit: OrgUnit, parent: int | None, hidden: bool) -> list[shapes.Json]:
    found = [
        m for m in call.store.modules.find("unit", unit.id) if m.parent_id == parent and (hidden or not m.is_hidden)
    ]
    return [
        shapes.toc_module(
            module,
            _modules(call, unit, module.id, hidden),
            [t for t in call.store.topics.find("module", module.id) if hidden or not t.is_hidden],
            call,
        )
        for module in found
    ]


def _topic(call: Call, caller: Caller) -> Topic:
    unit = rules.entered_unit(call, caller.user, call.path_params["orgUnitId"])
    found = call.store.topics.get(number(call.path_params["topicId"]))
    if found is None or found.org_unit_id != unit.id:
        raise refusals.not_found("the topic", call.path_params["topicId"])
    if found.is_hidden:
        rules.require(call, caller.user, unit, rules.SEE_HIDDEN)
    return found


@api("le", "content:topics:readonly", "content:topics:manage", "content:topics:read")
def topic(call: Call, caller: Caller) -> Response:
    """GET /d2l/api/le/{version}/{orgUnitId}/content/topics/{topicId}."""
    return JSONResponse(shapes.topic(_topic(call, caller)))


@api("le", "content:file:read")
def topic_file(call: Call, caller: Caller) -> Response:
    """GET /d2l/api/le/{version}/{orgUnitId}/content/topics/{topicId}/file: the bytes. The token is required here
    too."""
    found = _topic(call, caller)
    if found.type != "File":
        raise refusals.not_found("a file behind the topic", found.id)
    kind = "inline" if wire.truth(call, "stream") else "attachment"
    disposition = f"{kind}; filename*=UTF-8''{quote(found.file_name)}"
    return Response(found.text.encode(), 200, {"Content-Disposition": disposition}, media_type=found.content_type)


# news


@api("le", "news:newsitems:read")
def news(call: Call, caller: Caller) -> Response:
    """GET /d2l/api/le/{version}/{orgUnitId}/news/: `since`; drafts, hidden and future items only with permission."""
    unit = rules.entered_unit(call, caller.user, call.path_params["orgUnitId"])
    manages, now = rules.may(call, caller.user, unit.id, rules.MANAGE_NEWS), call.clock.now()
    since = wire.moment(call, "since", call.query.get("since"))
    shown = []
    for item in call.store.news_items.find("unit", unit.id):
        current = item.start_date <= now and (item.end_date is None or now < item.end_date)
        if (manages or (item.is_published and not item.is_hidden and current)) and (
            since is None or item.created_date >= since
        ):
            shown.append(item)
    return JSONResponse([shapes.news_item(item) for item in shown])


@api("le", "news:newsitems:manage")
def post_news(call: Call, caller: Caller) -> Response:
    """POST /d2l/api/le/{version}/{orgUnitId}/news/: a NewsItemData as JSON; returns the item."""
    unit = rules.entered_unit(call, caller.user, call.path_params["orgUnitId"])
    rules.require(call, caller.user, unit, rules.MANAGE_NEWS)
    data = call.json()
    if not isinstance(data, dict) or not isinstance(data.get("Title"), str) or not data["Title"].strip():
        raise refusals.invalid_parameter("title_missing", expected="a NewsItemData object", absent="Title")
    body = _rich(data.get("Body"))
    now = call.clock.now()
    item = NewsItem(
        id=call.store.next_number("news_items"),
        org_unit_id=unit.id,
        title=data["Title"],
        body_text=body[0],
        body_html=body[1],
        is_hidden=data.get("IsHidden") is True,
        is_published=data.get("IsPublished", True) is True,
        is_global=data.get("IsGlobal") is True,
        is_pinned=data.get("IsPinned") is True,
        show_only_in_course_offerings=data.get("ShowOnlyInCourseOfferings") is True,
        is_author_info_shown=data.get("IsAuthorInfoShown", True) is True,
        created_by=caller.user.id,
        created_date=now,
        last_modified_by=caller.user.id,
        last_modified_date=now,
        start_date=wire.moment(call, "StartDate", data.get("StartDate")) or now,
        end_date=wire.moment(call, "EndDate", data.get("EndDate")),
    )
    return JSONResponse(shapes.news_item(call.store.news_items.put(item)))


def _rich(value: Any) -> tuple[str, str | None]:
    """Text and HTML of a RichTextInput (`{"Content", "Type"}`) or a RichText (`{"Text", "Html"}`)."""
    if isinstance(value, dict) and isinstance(value.get("Content"), str):
        return ("", value["Content"]) if str(value.get("Type")).lower() == "html" else (value["Content"], None)
    if isinstance(value, dict):
        text, html = value.get("Text"), value.get("Html")
        return text if isinstance(text, str) else "", html if isinstance(html, str) else None
    raise refusals.invalid_parameter(
        "body_missing",
        expected='{"Content", "Type": "Text" or "Html"}',
        got=value,
        diagnosis='this is a string; write {"Content": …, "Type": "Text"}' if isinstance(value, str) else None,
        absent="Body",
    )


# grades


def _column(call: Call, caller: Caller) -> tuple[OrgUnit, GradeObject]:
    unit = rules.entered_unit(call, caller.user, call.path_params["orgUnitId"])
    found = call.store.grade_objects.get(number(call.path_params["gradeObjectId"]))
    hidden = found is not None and found.is_hidden and not rules.may(call, caller.user, unit.id, rules.SEE_GRADES)
    if found is None or found.org_unit_id != unit.id or hidden:
        raise refusals.not_found("the grade object", call.path_params["gradeObjectId"])
    return unit, found


def _columns(call: Call, caller: Caller) -> list[GradeObject]:
    unit = rules.entered_unit(call, caller.user, call.path_params["orgUnitId"])
    every = rules.may(call, caller.user, unit.id, rules.SEE_GRADES)
    return [column for column in call.store.grade_objects.find("unit", unit.id) if every or not column.is_hidden]


@api("le", "grades:gradeobjects:read")
def grade_objects(call: Call, caller: Caller) -> Response:
    """GET /d2l/api/le/{version}/{orgUnitId}/grades/."""
    return JSONResponse([shapes.grade_object(column) for column in _columns(call, caller)])


@api("le", "grades:gradeobjects:read")
def grade_object(call: Call, caller: Caller) -> Response:
    """GET /d2l/api/le/{version}/{orgUnitId}/grades/{gradeObjectId}."""
    return JSONResponse(shapes.grade_object(_column(call, caller)[1]))


@api("le", "grades:gradevalues:read")
def grade_values(call: Call, caller: Caller) -> Response:
    """GET …/grades/{gradeObjectId}/values/: all users' values; `isGraded` filters."""
    unit, column = _column(call, caller)
    rules.require(call, caller.user, unit, rules.SEE_GRADES)
    graded = wire.truth(call, "isGraded")
    rows = []
    for record in call.store.enrollments.find("unit", unit.id):
        user = call.store.users.get(record.user_id)
        if user is None or not record.is_active or "Learner" not in rules.role_of(call, record).lis_roles:
            continue
        value = call.store.grade_values.first("cell", (column.id, user.id))
        if graded not in (None, value is not None):
            continue
        rows.append((user, value))
    return paged_objects(
        call,
        rows,
        lambda row: {
            "User": shapes.user(row[0]),
            "GradeValue": shapes.grade_value(column, row[1]) if row[1] is not None else None,
        },
    )


def _value(call: Call, column: GradeObject, user_id: int) -> Response:
    found = call.store.grade_values.first("cell", (column.id, user_id))
    if found is None:
        user = call.store.users.get(user_id)
        enrolled = call.store.enrollments.first("part", (column.org_unit_id, user_id))
        where = "" if enrolled is not None else f", and is nobody in org unit {column.org_unit_id}"
        why = f"{user.username} has no value in grade object {column.id}{where}" if user is not None else None
        raise refusals.not_found("the grade value", call.path_params.get("userId", user_id), why)
    return JSONResponse(shapes.grade_value(column, found))


@api("le", "grades:gradevalues:read")
def grade_value(call: Call, caller: Caller) -> Response:
    """GET …/grades/{gradeObjectId}/values/{userId}."""
    unit, column = _column(call, caller)
    rules.require(call, caller.user, unit, rules.SEE_GRADES)
    return _value(call, column, number(call.path_params["userId"]) or 0)


@api("le", "grades:own_grades:read")
def my_grade_value(call: Call, caller: Caller) -> Response:
    """GET …/grades/{gradeObjectId}/values/myGradeValue."""
    _, column = _column(call, caller)
    return _value(call, column, caller.user.id)


@api("le", "grades:own_grades:read")
def my_grade_values(call: Call, caller: Caller) -> Response:
    """GET …/grades/values/myGradeValues/."""
    found = [(c, call.store.grade_values.first("cell", (c.id, caller.user.id))) for c in _columns(call, caller)]
    return JSONResponse([shapes.grade_value(column, value) for column, value in found if value is not None])


def _why_no_points(sent: Any, most: float) -> str | None:
    if isinstance(sent, str):
        tip = ", and a point, no comma" if "," in sent else ""
        return f"`PointsNumerator` was sent as a string; numbers have no quotation marks{tip}"
    if isinstance(sent, int | float) and not isinstance(sent, bool):
        return f"`PointsNumerator` is {sent:g}; the grade object has {most:g} points"
    return None


@api("le", "grades:gradevalues:write")
def set_grade_value(call: Call, caller: Caller) -> Response:
    """PUT …/grades/{gradeObjectId}/values/{userId}: `PointsNumerator`, `Comments`, `PrivateComments`."""
    unit, column = _column(call, caller)
    rules.require(call, caller.user, unit, rules.SET_GRADES)
    user = call.store.users.get(number(call.path_params["userId"]))
    if user is None or rules.enrollment(call, user, unit.id) is None:
        raise refusals.not_found("the user in the org unit", call.path_params["userId"])
    data = call.json()
    points = data.get("PointsNumerator") if isinstance(data, dict) else None
    kind = data.get("GradeObjectType", 1) if isinstance(data, dict) else 1
    if kind != 1:
        raise refusals.invalid_parameter(
            "grade_object_type_differs",
            expected=1,
            got=kind,
            diagnosis="the grade object is numeric: send 1",
        )
    if not isinstance(points, int | float) or isinstance(points, bool) or not 0 <= points <= column.max_points:
        raise refusals.invalid_parameter(
            "points_invalid",
            expected=f"0 to {column.max_points:g}",
            got=points,
            diagnosis=_why_no_points(points, column.max_points),
            absent="PointsNumerator",
        )
    rules.put_value(
        call,
        column,
        user.id,
        points,
        comments=_rich(data.get("Comments") or {})[0],
        private_comments=_rich(data.get("PrivateComments") or {})[0],
        by=caller.user.id,
    )
    return Response(status_code=200)


# versions


class ProductVersion(msgspec.Struct, frozen=True):
    """A product and version in a client's request."""

    ProductCode: str
    Version: str


def _supported(call: Call, product: str) -> list[str]:
    least = version_pair(getattr(call.settings, f"{product}_minimum_version")) or (1, 0)
    last = version_pair(getattr(call.settings, f"{product}_latest_version")) or least
    return [f"{last[0]}.{minor}" for minor in range(least[1], last[1] + 1)]


def _product(call: Call, product: str) -> shapes.Json:
    return {
        "ProductCode": product,
        "LatestVersion": getattr(call.settings, f"{product}_latest_version"),
        "SupportedVersions": _supported(call, product),
    }


def versions(call: Call) -> Response:
    """GET /d2l/api/versions/: needs no token."""
    return JSONResponse([_product(call, product) for product in ("le", "lp")])


def product_versions(call: Call) -> Response:
    """GET /d2l/api/{productCode}/versions/."""
    product = call.path_params["productCode"]
    if product not in ("le", "lp"):
        raise refusals.not_found("the product", product)
    return JSONResponse(_product(call, product))


def check_versions(call: Call) -> Response:
    """POST /d2l/api/versions/check: a list of `{"ProductCode", "Version"}`."""
    try:
        asked = convert(call.json(), list[ProductVersion])
    except (BodyError, msgspec.ValidationError) as error:
        raise refusals.bad_request("versions_invalid", "Invalid JSON", got=str(error)) from error
    rows = []
    for item in asked:
        known = item.ProductCode in ("le", "lp")
        rows.append(
            {
                "ProductCode": item.ProductCode,
                "Version": item.Version,
                "LatestVersion": getattr(call.settings, f"{item.ProductCode}_latest_version") if known else None,
                "Supported": known and item.Version in _supported(call, item.ProductCode),
            }
        )
    return JSONResponse({"Supported": all(row["Supported"] for row in rows), "Versions": rows})
