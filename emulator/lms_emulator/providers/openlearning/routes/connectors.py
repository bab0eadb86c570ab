"""An institution's webhook connectors, and the events that they send."""

from __future__ import annotations

from typing import Any, get_args

from starlette.responses import Response

from lms_emulator.core.http.outgoing import OutgoingError, fetch
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.openlearning import credentials, refusals, shapes, wire
from lms_emulator.providers.openlearning.call import JSON, Call, api, json_object, json_text, request_body
from lms_emulator.providers.openlearning.model import (
    Class,
    Connector,
    ConnectorType,
    Course,
    Enrolment,
    PageAction,
    User,
)
from lms_emulator.providers.openlearning.settings import WEBHOOK_CONNECTOR

_TYPES: tuple[ConnectorType, ...] = get_args(ConnectorType)


def create(call: Call) -> Response:
    """PUT …/connector/ with `name` and `type`."""
    me = credentials.caller(call)
    institution = credentials.administered(call, me)
    body = json_object(call)
    name, kind = json_text(call, body, "name") or "", json_text(call, body, "type") or ""
    if not name.strip():
        raise refusals.field_error(call, "name", "name is required")
    known = next((value for value in _TYPES if value == kind), None)
    if known is None:
        raise refusals.field_error(call, "type", f"type must be {' or '.join(_TYPES)}", got=kind)
    made = Connector(id=call.ids.object_id(call.clock.timestamp()), institution=institution.id, name=name, type=known)
    call.store.connectors.put(made)
    return wire.data(shapes.connector(made))


async def announce(
    call: Call, action: PageAction, user: User, enrolment: Enrolment, course: Course, klass: Class
) -> None:
    """Send an event about a user's action on a class page to the institution's connectors."""
    page = {"title": course.title, "id": klass.id, "url": shapes.class_url(call, course, klass)}
    for connector in call.store.connectors.find("institution", course.institution):
        if action in connector.actions:
            event = shapes.event(call, action, user, enrolment, course)
            await _send(call, connector, {**event, "page": page})


async def _send(call: Call, connector: Connector, event: dict[str, Any]) -> None:
    """Put the event into the outbox and, if the connector has a URL, post it there."""
    call.outbox.add(
        "webhook",
        provider=call.provider,
        kind=event["action"],
        to=connector.url,
        at=call.clock.now(),
        subject=connector.name,
        data=event,
    )
    if not connector.url:
        return
    try:
        answer = await fetch(call, "POST", call.resolve(connector.url), allowed=[connector.url], json=event)
    except OutgoingError as error:
        call.warn("webhook_not_delivered", str(error))
        return
    if answer.status_code >= 300:
        call.warn("webhook_not_delivered", f"{connector.url} answered {answer.status_code}")


ROUTES: tuple[Route, ...] = api(
    ("PUT",),
    "/institutions/{institution_id}/connector/",
    create,
    evidence="documented",
    source=f"{WEBHOOK_CONNECTOR} (the answer is chosen)",
    summary="Make a connector",
    body=request_body({"name!": "its name", "type!": " | ".join(_TYPES)}, media_type=JSON),
)
