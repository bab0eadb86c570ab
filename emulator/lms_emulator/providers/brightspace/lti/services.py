"""LTI Advantage at Brightspace: rosters, line items, scores, results.

URLs come from captured launches, errors and statuses from 1EdTech's AGS 2.0
(https://www.imsglobal.org/spec/lti-ags/v2p0) and NRPS 2.0 (https://www.imsglobal.org/spec/lti-nrps/v2p0).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.clock import parse_instant
from lms_emulator.core.http.refusals import Refusal
from lms_emulator.core.http.urls import same_url
from lms_emulator.lti.grades import Grades
from lms_emulator.lti.platform import Fault
from lms_emulator.lti.records import Result
from lms_emulator.lti.services import Roster, Service
from lms_emulator.providers.brightspace import refusals, rules
from lms_emulator.providers.brightspace.call import Call, number
from lms_emulator.providers.brightspace.lti import claims, sharing
from lms_emulator.providers.brightspace.lti.tokens import require_service
from lms_emulator.providers.brightspace.model import (
    Deployment,
    GradeObject,
    LineItem,
    OrgUnit,
    Role,
    ToolRegistration,
    User,
)
from lms_emulator.providers.brightspace.model.lti import Extension
from lms_emulator.providers.brightspace.wire import number_or
from lms_emulator.signing import lti13
from lms_emulator.signing import lti13_services as services

R = TypeVar("R")


class Place(NamedTuple):
    """The deployment and org unit in a path."""

    deployment: Deployment
    unit: OrgUnit


class Member(NamedTuple):
    """A user with their role in an org unit."""

    user: User
    role: Role


def own_deployment(call: Call, extension: Extension, *scopes: str) -> Deployment:
    """The deployment of a path, which must be the caller's and have an extension. Raises the refusal."""
    tool = require_service(call, any_of=scopes)
    deployment = call.store.deployments.get(call.path_params["deploymentId"])
    if deployment is None or not deployment.enabled:
        raise refusals.lti_service(
            "deployment_unknown", 404, "Resource not found", check="the deployment exists", got=call.path
        )
    require_own(call, deployment, tool, extension)
    return deployment


def require_own(call: Call, deployment: Deployment, tool: ToolRegistration, extension: Extension) -> None:
    if not call.check("the deployment is the tool's", deployment.client_id == tool.client_id, got=tool.client_id):
        raise refusals.lti_service(
            "deployment_of_another_tool",
            403,
            "Not authorized for this deployment",
            check="the deployment is the tool's",
            expected=deployment.client_id,
            got=tool.client_id,
        )
    twice = extension in ("ags", "nrps") or extension in tool.extensions
    if not call.check(
        f"{extension} is enabled", twice and extension in deployment.extensions, got=deployment.extensions
    ):
        raise refusals.lti_service(
            "service_switched_off",
            403,
            "The service is not enabled for this deployment",
            check=f"the deployment has the extension {extension}" + ("" if twice else ", and its registration"),
            got=deployment.extensions,
            diagnosis=f"the extension {extension} is not switched on for the deployment {deployment.id}"
            + ("" if twice else ", or not for its registration"),
        )


def _why_no_place(call: Call, deployment: Deployment | None, unit: OrgUnit | None) -> str | None:
    if deployment is None or unit is None:
        return None
    if not deployment.enabled:
        return f"deployment {deployment.id} is disabled"
    return f"deployment {deployment.id} belongs to org unit {deployment.org_unit_id}, and is not shared with {unit.id}"


class BrightspaceService(Service[Call, Place]):
    """The common part of Brightspace's LTI services."""

    def enter(self, call: Call, *scopes: str) -> Place:
        extension: Extension = "nrps" if lti13.SCOPE_MEMBERSHIP in scopes else "ags"
        tool = require_service(call, any_of=scopes)
        deployment = call.store.deployments.get(call.path_params["deploymentId"])
        unit = call.store.org_units.get(number(call.path_params["orgUnitId"]))
        if deployment is None or unit is None or not sharing.reaches(call, deployment, unit) or not deployment.enabled:
            raise refusals.lti_service(
                "deployment_unknown",
                404,
                "Resource not found",
                check="the deployment is in the org unit",
                got=call.path,
                diagnosis=_why_no_place(call, deployment, unit),
            )
        require_own(call, deployment, tool, extension)
        return Place(deployment, unit)

    def refusal(self, call: Call, fault: Fault) -> Refusal:
        status = 409 if fault.kind == "too_old" else 400
        detail = f"{fault.check} is missing or invalid"
        return refusals.lti_service(
            fault.reason, status, detail, check=fault.check, expected=fault.expected, got=fault.got
        )

    def page(self, call: Call, records: Sequence[R]) -> tuple[Sequence[R], dict[str, str]]:
        """The page selected by `limit` and `page`, with the Link header for the next."""
        size = min(
            number_or(call, "limit", call.settings.page_size) or call.settings.page_size, call.settings.page_size
        )
        page = number_or(call, "page", 1) or 1
        shown = records[(page - 1) * size : page * size]
        if page * size >= len(records):
            return shown, {}
        following = same_url(call, ("page", "limit"), [("limit", size), ("page", page + 1)])
        return shown, {"Link": f'<{following}>; rel="next"'}


class BrightspaceRoster(BrightspaceService, Roster[Call, Place, Member]):
    """Names and roles."""

    def context(self, place: Place) -> dict[str, str]:
        return {"id": str(place.unit.id), "label": place.unit.code, "title": place.unit.name}

    def members(self, call: Call, place: Place) -> list[Member]:
        active = [e for e in call.store.enrollments.find("unit", place.unit.id) if e.is_active]
        people = [(call.store.users.get(e.user_id), rules.role_of(call, e)) for e in active]
        return [Member(user, role) for user, role in people if user is not None]

    def roles(self, member: Member) -> list[str]:
        return claims.membership_roles(member.role)

    def shape(self, call: Call, place: Place, member: Member) -> dict[str, Any]:
        return claims.member(member.user, member.role, place.deployment)


class BrightspaceGrades(BrightspaceService, Grades[Call, Place, LineItem, User]):
    """A line item belongs to a deployment, and has a grade object behind it."""

    def line_items(self, call: Call, place: Place) -> list[LineItem]:
        found = call.store.line_items.find("deployment", place.deployment.id)
        return [item for item in found if item.org_unit_id == place.unit.id]

    def line_item(self, call: Call, place: Place) -> LineItem:
        item = call.store.line_items.get(call.path_params["lineItemId"])
        if item is None or (item.deployment_id, item.org_unit_id) != (place.deployment.id, place.unit.id):
            raise refusals.lti_service(
                "line_item_unknown",
                404,
                "Line item not found",
                check="the line item is the deployment's",
                got=call.path_params["lineItemId"],
            )
        return item

    def create(self, call: Call, place: Place, data: services.LineItemData) -> LineItem:
        if data.resource_link_id is not None:
            link = call.store.lti_links.get(data.resource_link_id)
            known = link is not None and link.deployment_id == place.deployment.id
            if not call.check("resourceLinkId is the deployment's", known):
                raise refusals.lti_service(
                    "resource_link_unknown",
                    404,
                    "Resource link not found",
                    check="resourceLinkId is a link of the deployment",
                    got=data.resource_link_id,
                    diagnosis="`resourceLinkId` is the `id` of the claim resource_link of a launch of this deployment",
                )
        return add_line_item(call, place.deployment, place.unit, data)

    def read_line_item(self, call: Call, body: Any) -> services.LineItemData:
        return read_line_item(call, body)

    def change(self, call: Call, item: LineItem, data: services.LineItemData) -> LineItem:
        column = call.store.grade_objects.get(item.grade_object_id)
        if column is not None:
            renamed = replace(column, name=data.label, max_points=data.score_maximum)
            call.store.grade_objects.put(renamed)
        return call.store.line_items.put(replace(item, data=data))

    def remove(self, call: Call, item: LineItem) -> None:
        call.store.line_items.delete(item.id)
        call.store.grade_objects.delete(item.grade_object_id)
        for value in call.store.grade_values.find("object", item.grade_object_id):
            call.store.grade_values.delete(value.id)

    def url(self, call: Call, item: LineItem) -> str:
        base = f"/d2l/api/lti/ags/2.0/deployment/{item.deployment_id}/orgunit/{item.org_unit_id}"
        return call.url(f"{base}/lineitems/{item.id}")

    def person(self, call: Call, place: Place, reference: str) -> User | None:
        if place.deployment.anonymous:
            members = (call.store.users.get(e.user_id) for e in call.store.enrollments.find("unit", place.unit.id))
            people = [user for user in members if user is not None]
            return next((user for user in people if claims.subject(user, place.deployment) == reference), None)
        user = call.store.users.get(number(reference.rpartition("_")[2]))
        return user if user is not None and user.lti_sub == reference else None

    def sub(self, call: Call, item: LineItem, user: User) -> str:
        deployment = call.store.deployments.get(item.deployment_id)
        return claims.subject(user, deployment) if deployment is not None else user.lti_sub

    def learner(self, call: Call, place: Place, reference: object) -> User:
        text = str(reference)
        user = self.person(call, place, text)
        call.check("userId is somebody's sub", user is not None, got=text)
        if user is None:
            raise refusals.lti_service(
                "score_for_nobody",
                404,
                "User not found",
                check="userId is the sub of somebody",
                got=text,
                diagnosis="userId is the id_token's sub, not the number of the REST API" if text.isdigit() else None,
            )
        role = rules.role_in(call, user, place.unit.id)
        if not call.check("the user learns in the org unit", role is not None and "Learner" in role.lis_roles):
            raise refusals.lti_service(
                "score_for_no_learner",
                422,
                "User is not a learner in this org unit",
                check="the user learns there",
                got=text,
                diagnosis=f"{user.username} is {role.name if role else 'not enrolled'} in org unit {place.unit.id}",
            )
        return user

    def enter_in_gradebook(
        self, call: Call, item: LineItem, user: User, score: services.ScoreData, result: Result
    ) -> None:
        """A score that counts becomes the grade, capped at the maximum; one without points clears it.

        Source: https://community.d2l.com/brightspace/kb/articles/23661 (Can Exceed is off for what tools make).
        """
        column = call.store.grade_objects.get(item.grade_object_id)
        if column is None or (result.score is None and score.score_given is not None):
            return
        points = result.score
        if points is not None and points > column.max_points:
            call.warn("score_clamped", f"{points:g} is above the maximum; the grade is {column.max_points:g}")
            points = column.max_points
        rules.put_value(call, column, user.id, points, comments=score.comment or "")

    def scored(self, call: Call, item: LineItem, result: Result) -> Response:
        return Response(status_code=204)


def read_line_item(call: Call, body: Any) -> services.LineItemData:
    """A line item with times that can be read. Raises ServiceError; a setting ignores other times, with a warning."""
    data = services.read_line_item(body)
    for name, field in (("startDateTime", "start_date_time"), ("endDateTime", "end_date_time")):
        text = getattr(data, field)
        try:
            if text is not None:
                parse_instant(text)
        except ValueError as error:
            if call.settings.unreadable_values == "refuse":
                raise services.ServiceError("not_a_time", name, expected="a time of ISO 8601", got=text) from error
            call.warn("value_ignored", f"`{name}` was ignored: {error}")
            data = replace(data, **{field: None})
    return data


def add_line_item(call: Call, deployment: Deployment, unit: OrgUnit, data: services.LineItemData) -> LineItem:
    """Add a line item, with the grade object behind it."""
    column = GradeObject(
        id=call.store.next_number("grade_objects"),
        org_unit_id=unit.id,
        name=data.label,
        max_points=data.score_maximum,
    )
    call.store.grade_objects.put(column)
    item = LineItem(
        id=call.ids.uuid(),
        deployment_id=deployment.id,
        org_unit_id=unit.id,
        grade_object_id=column.id,
        data=data,
    )
    return call.store.line_items.put(item)


NRPS = BrightspaceRoster()
AGS = BrightspaceGrades()
