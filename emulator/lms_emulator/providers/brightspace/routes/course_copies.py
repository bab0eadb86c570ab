"""REST: copies of courses. They are made at once, of what the emulator has.

Source: https://docs.valence.desire2learn.com/res/course.html; names of components as public clients send them. Which
permission is needed is chosen.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace
from starlette.responses import JSONResponse, Response

from lms_emulator.core.http.routing import Route, family
from lms_emulator.providers.brightspace import refusals, rules
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.credentials import Caller, api
from lms_emulator.providers.brightspace.lti import notices, sharing
from lms_emulator.providers.brightspace.model import CopyJob, OrgUnit
from lms_emulator.providers.brightspace.routes.managed import body_of

_PATH = "/d2l/api/le/{version}/import/{orgUnitId}/copy"
_MOST_RECORDS = 10_000
"""How many records of a kind two courses may have between them: copied into each other, they would grow without end."""
_MOST_COPIED_FROM = 100


class CopyData(msgspec.Struct, frozen=True):
    """A request for a copy. `Components`: null for all."""

    SourceOrgUnitId: int
    Components: list[str] | None = None


def _content(call: Call, source: OrgUnit, target: OrgUnit) -> None:
    modules: dict[int, int] = {}
    for module in call.store.modules.find("unit", source.id):
        modules[module.id] = call.store.next_number("modules")
    for module in call.store.modules.find("unit", source.id):
        above = modules.get(module.parent_id) if module.parent_id is not None else None
        call.store.modules.put(replace(module, id=modules[module.id], org_unit_id=target.id, parent_id=above))
    for topic in call.store.topics.find("unit", source.id):
        number, module_id = call.store.next_number("topics"), modules.get(topic.module_id, topic.module_id)
        call.store.topics.put(replace(topic, id=number, org_unit_id=target.id, module_id=module_id))


def _grades(call: Call, source: OrgUnit, target: OrgUnit) -> None:
    tools = {item.grade_object_id for item in call.store.line_items}
    for column in call.store.grade_objects.find("unit", source.id):
        if column.id not in tools:
            number = call.store.next_number("grade_objects")
            call.store.grade_objects.put(replace(column, id=number, org_unit_id=target.id, legacy_link_id=None))


def _news(call: Call, source: OrgUnit, target: OrgUnit) -> None:
    for item in call.store.news_items.find("unit", source.id):
        call.store.news_items.put(replace(item, id=call.store.next_number("news_items"), org_unit_id=target.id))


def _links(call: Call, source: OrgUnit, target: OrgUnit) -> None:
    for deployment in sharing.deployments_in(call, source):
        for link in call.store.lti_links.find("deployment", deployment.id):
            if sharing.place_of(link, deployment) != source.id:
                continue
            if not sharing.reaches(call, deployment, target):
                call.warn(
                    "link_not_copied", f"{link.title} stays behind: its deployment is not shared with {target.id}"
                )
                continue
            changes: dict[str, Any] = {"id": f"exu-{call.ids.digits(8)}_{target.id}", "org_unit_id": target.id}
            call.store.lti_links.put(
                replace(link, **changes, copied_from=[link.id, *link.copied_from][:_MOST_COPIED_FROM])
            )


COMPONENTS = {"Content": _content, "Grades": _grades, "News": _news, "LtiLink": _links}


@api("le", "core:*:*")
def create(call: Call, caller: Caller) -> Response:
    """POST …/import/{orgUnitId}/copy/: copy a course into another."""
    target = rules.entered_unit(call, caller.user, call.path_params["orgUnitId"])
    data = body_of(call, CopyData, "copy")
    source = rules.entered_unit(call, caller.user, data.SourceOrgUnitId)
    for unit in (target, source):
        rules.require(call, caller.user, unit, rules.COPY_COURSES)
    if source.id == target.id:
        raise refusals.invalid_parameter("copy_into_itself", expected="another org unit", got=source.id)
    wanted = list(COMPONENTS) if data.Components is None else data.Components
    unknown = [name for name in wanted if name not in COMPONENTS]
    if unknown:
        copied = ", ".join(COMPONENTS)
        call.warn("components_not_copied", f"{', '.join(unknown)}: the emulator has none of these; it copies {copied}")
    tables = (call.store.modules, call.store.topics, call.store.grade_objects, call.store.news_items)
    counts = [sum(1 for unit in (source, target) for _ in table.find("unit", unit.id)) for table in tables]
    for count in (*counts, len(call.store.lti_links)):
        if not call.check("the courses are small enough", count <= _MOST_RECORDS, got=count):
            why = f"the emulator copies courses that have up to {_MOST_RECORDS:,} records of a kind between them"
            raise refusals.invalid_parameter("copy_too_large", got=count, diagnosis=why)
    for name in COMPONENTS:
        if name in wanted:
            COMPONENTS[name](call, source, target)
    kept = call.store.org_units.put(replace(target, copied_from=[source.id, *source.copied_from][:_MOST_COPIED_FROM]))
    notices.copied(call, source, kept)
    job = call.store.copy_jobs.put(CopyJob(token=call.ids.uuid(), org_unit_id=target.id))
    return JSONResponse({"JobToken": job.token})


@api("le", "core:*:*")
def show(call: Call, caller: Caller) -> Response:
    """GET …/import/{orgUnitId}/copy/{jobToken}."""
    unit = rules.entered_unit(call, caller.user, call.path_params["orgUnitId"])
    rules.require(call, caller.user, unit, rules.COPY_COURSES)
    job = call.store.copy_jobs.get(call.path_params["jobToken"])
    if job is None or job.org_unit_id != unit.id:
        raise refusals.not_found("the copy", call.path_params["jobToken"])
    return JSONResponse({"JobToken": job.token, "TargetOrgUnitId": unit.id, "Status": call.settings.copy_status})


ROUTES: tuple[Route, ...] = family(
    "rest",
    "https://docs.valence.desire2learn.com/res/course.html",
    "documented",
    (f"POST {_PATH}", create, "Copy a course into another"),
    (f"GET {_PATH}/{{jobToken}}", show, "The state of a copy"),
)
