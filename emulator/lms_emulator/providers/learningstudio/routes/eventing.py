"""Eventing: applications subscribe to events in courses, and are notified of them."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.http.outgoing import OutgoingError, fetch, later
from lms_emulator.core.http.routing import Route, family
from lms_emulator.core.http.urls import parts_of
from lms_emulator.providers.learningstudio import refusals, wire
from lms_emulator.providers.learningstudio.call import Call, Place
from lms_emulator.providers.learningstudio.model.eventing import Principal, Subscription
from lms_emulator.providers.learningstudio.model.people import User
from lms_emulator.providers.learningstudio.settings import PORTAL
from lms_emulator.providers.learningstudio.shapes import events as show
from lms_emulator.signing import pearson_eventing as signing
from lms_emulator.signing.pearson import TIMESTAMP_FORMAT, Malformed, format_timestamp

RESPONSE_CREATED = "pearson.ls.threads.response.created"
RESPONSE_UPDATED = "pearson.ls.threads.response.updated"
EXAM_COMPLETED = "pearson.ls.assessment.studentexam.completed"
_TAGS = {"CLIENT": "Client", "CLIENT-STRING": "ClientString", "MESSAGE-TYPE": "MessageType"}
_TAGS |= {"SYSTEM": "System", "SUB-SYSTEM": "SubSystem"}
_UNKNOWN = ("Client", "System", "SubSystem")


# --- who ---
def _principal(x: Call, data: str) -> Principal:
    """The application whose token over `data` came in Authorization. Raises a 401."""
    sent = x.headers.get("authorization", "")
    try:
        principal_id, timestamp = signing.parse(sent)
        moment = datetime.strptime(timestamp, TIMESTAMP_FORMAT).replace(tzinfo=UTC)
    except (Malformed, ValueError) as error:
        expected = "principalId|YYYY-MM-DDTHH:MM:SSZ|MAC"
        raise refusals.eventing_token("a readable token", expected=expected, got=sent, diagnosis=str(error)) from None
    principal = x.store.principals.get(principal_id)
    if principal is None:
        raise refusals.eventing_token("the principal is known", got=principal_id)
    right = signing.token(principal.id, principal.secret, timestamp, data)
    if not hmac.compare_digest(right.encode(), sent.encode()):
        x.notes["signed_string"] = timestamp + data
        check = f"the MAC is over the timestamp and {data!r}"
        raise refusals.eventing_token(check, expected=right, got=sent)
    window, now = x.settings.eventing_window_seconds, x.clock.now()
    if abs((now - moment).total_seconds()) > window:
        check = f"timestamp within {window} s of the server's clock"
        raise refusals.eventing_token(check, expected=wire.instant(now), got=timestamp)
    return principal


# --- subscriptions ---
def subscribe(x: Call) -> Response:
    """POST /v1/subscription, a form signed over its values."""
    try:
        fields = x.fields()
    except BodyError as error:
        raise refusals.malformed_body("The request body cannot be read.", check="a form", got=str(error)) from None
    values = {name: fields.get(name, "") for name in (*signing.SIGNED_FIELDS, "WSDL-URI")}
    principal = _principal(x, "".join(values[name] for name in signing.SIGNED_FIELDS))
    url = values["CALLBACK-URL"]
    host = parts_of(url).hostname or ""
    if parts_of(url).scheme not in ("http", "https") or not fnmatchcase(host, principal.domain):
        check, wanted = "CALLBACK-URL is on the principal's domain", f"http or https, {principal.domain}"
        raise refusals.bad_request("callback_url", "Invalid CALLBACK-URL.", check=check, expected=wanted, got=url)
    tags = {kind: values[name] for name, kind in _TAGS.items() if values[name]}
    for pair in filter(None, values["TAGS"].split(",")):
        kind, colon, value = pair.partition(":")
        if not (kind and colon and value):
            raise refusals.bad_request("tags", "Invalid TAGS.", check="TAGS", expected="Type:Value,…", got=pair)
        tags[kind] = value
    if not tags:
        raise refusals.bad_request("tags", "A subscription needs a filter.", check="MESSAGE-TYPE or another filter")
    if unknown := [kind for kind in _UNKNOWN if kind in tags]:
        x.warn("no_such_events", f"what events carry as {', '.join(unknown)} is not known: none will match")
    made = Subscription(id=x.ids.uuid(), principal_id=principal.id, callback_url=url, tags=tags, created=x.clock.now())
    x.store.subscriptions.put(made)
    return wire.answer({"subscription": show.subscription(made)})


def subscription(x: Call) -> Response:
    """GET /v1/subscription/ID."""
    return wire.answer({"subscription": show.subscription(_own(x))})


def unsubscribe(x: Call) -> Response:
    """DELETE /v1/subscription/ID."""
    x.store.subscriptions.delete(_own(x).id)
    return wire.answer({})


def subscriptions(x: Call) -> Response:
    """GET /v1/subscriptions/principal/ID: the caller's."""
    identifier: str = x.path_params["principal_id"]
    principal = _principal(x, identifier)
    if principal.id != identifier:
        raise refusals.not_found("Principal", identifier)
    found = x.store.subscriptions.find("principal", principal.id)
    return wire.answer({"subscriptions": [{"subscription": show.subscription(one)} for one in found]})


def _own(x: Call) -> Subscription:
    identifier: str = x.path_params["subscription_id"]
    principal = _principal(x, identifier)
    found = x.store.subscriptions.get(identifier)
    if found is None or found.principal_id != principal.id:
        raise refusals.not_found("Subscription", identifier)
    return found


# --- events ---
def publish(x: Call, place: Place, kind: str, thing: dict[str, Any], user: User) -> None:
    """Tell subscribers whose filters an event passes: into the outbox now, to their addresses when the answer is made.

    Parameters:
        kind: the message type.
        thing: what the event is about.
        user: who caused it.
    """
    known = {"MessageType": kind, "ClientString": place.course.client_string}
    known |= {"CourseId": str(place.course.id), "UserId": str(user.id)}
    payload = ""
    for one in x.store.subscriptions:
        principal = x.store.principals.get(one.principal_id)
        if principal is None or any(known.get(tag) != value for tag, value in one.tags.items()):
            continue
        payload = payload or json.dumps(show.event(x, place, user, kind, thing))
        message_id, content_type = x.ids.uuid(), "application/json"
        signed = message_id + kind + content_type + payload
        form = {
            "DELIVERY-ATTEMPT-ID": message_id,
            "MESSAGE-ID": message_id,
            "MESSAGE-TYPE": kind,
            "AUTHORIZATION": signing.token(principal.id, principal.secret, format_timestamp(x.clock.now()), signed),
            "PAYLOAD": payload,
            "PAYLOAD-CONTENT-TYPE": content_type,
        }
        x.outbox.add(
            "webhook",
            provider=x.provider,
            kind=kind,
            to=one.callback_url,
            at=x.clock.now(),
            body=urlencode(form),
            data=json.loads(payload),
        )
        later(x, partial(_deliver, x, one.callback_url, form))


async def _deliver(x: Call, url: str, form: dict[str, str]) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=US-ASCII"}
    try:
        answer = await fetch(x, "POST", url, allowed=[url], headers=headers, content=urlencode(form).encode())
    except OutgoingError as error:
        x.warn("event_not_delivered", f"{error}; it is in the outbox")
        return
    if answer.status_code != 200:
        x.warn("event_not_delivered", f"{url} answered {answer.status_code}")


_LIBRARY = (
    "PearsonDevelopersNetwork/LearningStudio-Libraries-Eventing-Java "
    "Library/src/main/java/com/pearson/pdn/learningstudio/eventing/EventingClient.java"
)

ROUTES: tuple[Route, ...] = (
    *family(
        "eventing",
        f"{PORTAL}/learningstudio/create-subscription; {_LIBRARY}",
        "documented",
        ("POST /v1/subscription", subscribe, "Subscribe to events"),
    ),
    *family(
        "eventing",
        _LIBRARY,
        "observed",
        ("GET /v1/subscription/{subscription_id}", subscription, "A subscription"),
        ("DELETE /v1/subscription/{subscription_id}", unsubscribe, "End a subscription"),
        ("GET /v1/subscriptions/principal/{principal_id}", subscriptions, "The subscriptions of a principal"),
    ),
)
