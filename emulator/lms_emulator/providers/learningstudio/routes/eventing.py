"""Eventing: applications subscribe to events in courses, and are notified of them."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from starlette.responses import Response

from lms_emulator.core.access.signers import whose_secret
from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.http.outgoing import OutgoingError, fetch, later
from lms_emulator.core.http.refusals import Unfinished
from lms_emulator.core.http.routing import Route, family
from lms_emulator.core.http.urls import parts_of
from lms_emulator.core.skew import why_off
from lms_emulator.providers.learningstudio import refusals, wire
from lms_emulator.providers.learningstudio.call import Call, Place
from lms_emulator.providers.learningstudio.credentials import mistaken, unexplained
from lms_emulator.providers.learningstudio.model.eventing import Principal, Subscription
from lms_emulator.providers.learningstudio.model.people import User
from lms_emulator.providers.learningstudio.settings import PORTAL
from lms_emulator.providers.learningstudio.shapes import events as show
from lms_emulator.signing import pearson_eventing as signing
from lms_emulator.signing.cmac import cmac_aes
from lms_emulator.signing.pearson import TIMESTAMP_FORMAT, Malformed, format_timestamp

RESPONSE_CREATED = "pearson.ls.threads.response.created"
RESPONSE_UPDATED = "pearson.ls.threads.response.updated"
EXAM_COMPLETED = "pearson.ls.assessment.studentexam.completed"
_TAGS = {"CLIENT": "Client", "CLIENT-STRING": "ClientString", "MESSAGE-TYPE": "MessageType"}
_TAGS |= {"SYSTEM": "System", "SUB-SYSTEM": "SubSystem"}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_UNKNOWN = ("Client", "System", "SubSystem")


# --- who ---
def _principal(call: Call, data: str) -> Principal:
    """The application that signed `data` with the token in Authorization. Raises a 401."""
    sent = call.headers.get("authorization", "")
    try:
        principal_id, timestamp = signing.parse(sent)
        moment = datetime.strptime(timestamp, TIMESTAMP_FORMAT).replace(tzinfo=UTC)
    except (Malformed, ValueError) as error:
        expected = "principalId|YYYY-MM-DDTHH:MM:SSZ|MAC"
        why = _why_unreadable(call, sent) or str(error)
        raise refusals.eventing_token("a readable token", expected=expected, got=sent, diagnosis=why) from None
    principal = call.store.principals.get(principal_id)
    if principal is None:
        form, known = _why_unreadable(call, sent), "the principal is known"
        raise refusals.eventing_token(
            known, got=principal_id, diagnosis=form, credential=None if form else principal_id
        )
    right = signing.token(principal.id, principal.secret, timestamp, data)
    if not hmac.compare_digest(right.encode(), sent.encode()):
        call.notes["signed_string"] = timestamp + data
        check = f"the MAC is over the timestamp and {data!r}"
        mistake = _why_unsigned(call, principal, timestamp, data, sent.rpartition("|")[2])
        raise refusals.eventing_token(check, expected=right, got=sent, diagnosis=mistake)
    window, now = call.settings.eventing_window_seconds, call.clock.now()
    if abs((now - moment).total_seconds()) > window:
        check = f"timestamp within {window} s of the server's clock"
        away = round((moment - now).total_seconds())
        direction = "ahead of" if away > 0 else "behind"
        late = f"the server's time is {wire.instant(now)}; the token is {abs(away)} s {direction} it"
        if off := why_off(call.clock, moment.timestamp()):
            late += f": {off}"
        raise refusals.eventing_token(check, expected=wire.instant(now), got=timestamp, diagnosis=late)
    return principal


def _why_unreadable(call: Call, sent: str) -> str | None:
    """The mistake in the format of a token."""
    if not sent:
        return _why_elsewhere(call) or "no Authorization header was sent: the token goes there, without a scheme"
    if " " in sent.partition("|")[0]:
        return f"the token goes in the header alone, without `{sent.partition(' ')[0]}` in front"
    if "%7c" in sent.lower():
        return "the token is percent-encoded; a header takes it as it is"
    parts = sent.split("|")
    if len(parts) == 3 and parts[1].isdecimal():
        return f"the second part is the time as YYYY-MM-DDTHH:MM:SSZ, not the Unix time {parts[1]}"
    if len(parts) == 3 and all(parts) and parts[1].endswith("Z") is False:
        return "the second part is the time in UTC, YYYY-MM-DDTHH:MM:SSZ, and ends in Z"
    if len(parts) == 7:
        return "this is an assertion, for POST /token; a token here has three parts: principal, timestamp, MAC"
    if len(parts) == 3 and all(parts) and not _TIME.fullmatch(parts[1]):
        return f"the second part is the time as YYYY-MM-DDTHH:MM:SSZ; it was sent as {parts[1][:50]}"
    return None


def _why_elsewhere(call: Call) -> str | None:
    """Where else in the request the token is."""
    headers = [(f"in the header {name}", value) for name, value in call.headers.items()]
    fields = [(f"in the form, as `{name}`", value) for name, value in call.form().peek()] if call.is_form else []
    places = [where for where, value in [*headers, *fields] if isinstance(value, str) and value.count("|") == 2]
    where = "it goes into the Authorization header, without a scheme"
    return f"the token was sent {places[0]}; {where}" if places else None


def _why_unsigned(call: Call, principal: Principal, timestamp: str, data: str, mac: str) -> str | Unfinished | None:
    """The mistake that produces the MAC of a token."""
    from lms_emulator.signing.pearson_assertion_diagnosis import diagnose_text

    text = timestamp + data
    if whose := whose_secret(call, lambda key: cmac_aes(key, text.encode(errors="surrogatepass")).hex() == mac.lower()):
        if mac != mac.lower():
            return "the hex digits are in upper case"
        return f"it was signed with {whose}"
    if call.body and not call.is_form:
        return f"the body was sent as {call.content_type or 'no Content-Type'}; send application/x-www-form-urlencoded"
    texts = list(_signed_instead(call, principal, timestamp, data))

    def find(secret: str, in_time: Callable[[], bool]) -> str | None:
        return diagnose_text(mac, text, secret, texts, in_time=in_time)

    return mistaken(call, find, principal.secret, unexplained(principal.secret, "principal"))


def _signed_instead(call: Call, principal: Principal, timestamp: str, data: str) -> Iterator[tuple[str, bytes]]:
    form = [value for _, value in call.form().peek() if isinstance(value, str)] if call.is_form else []
    for words, other in _of_form(call) if call.is_form else ():
        yield words, (timestamp + other).encode(errors="surrogatepass")
    for other in _other_times(timestamp):
        words = f"the timestamp was taken twice: {other} was signed, {timestamp} was sent"
        yield words, (other + data).encode(errors="surrogatepass")
    joined = (("in front of", data + timestamp), ("without", data))
    named = [(f"the data was signed {how} the timestamp; the timestamp comes first", text) for how, text in joined]
    named += [("only the timestamp was signed, not the data", timestamp)]
    for mark in ("|", "&", ",", "\n", " "):
        words = f"{mark!r} was put between timestamp and data; they follow each other"
        named.append((words, f"{timestamp}{mark}{data}"))
    body = call.body.decode("latin-1")
    whole = "the body of the form was signed; the values alone are, one after the other"
    named += [
        ("the principal's id was signed too", f"{principal.id}|{timestamp}|{data}"),
        ("the principal's id was signed too", f"{principal.id}{timestamp}{data}"),
        (whole, timestamp + body),
        (whole, body),
        ("the values were signed in the order of the form", timestamp + "".join(form)),
        ("the values were signed in alphabetical order", timestamp + "".join(sorted(form))),
        ("the path was signed; what is signed is the id or the values", timestamp + call.path),
        ("the text was signed in lower case", (timestamp + data).lower()),
        ("the text was signed with a line break at its end", f"{timestamp}{data}\n"),
    ]
    for words, text in named:
        yield words, text.encode(errors="surrogatepass")


def _of_form(call: Call) -> Iterator[tuple[str, str]]:
    """What is signed instead of a form's values, by description."""
    sent = {name: value for name, value in call.form().peek() if isinstance(value, str)}
    plain = {name.upper().replace("_", "-"): (name, value) for name, value in sent.items()}
    known = [(*plain[name], name) for name in signing.SIGNED_FIELDS if name in plain]
    if (other := next((row for row in known if row[0] != row[2]), None)) is not None:
        yield f"`{other[0]}` was sent; the name is `{other[2]}`", "".join(value for _, value, _ in known)
    values = [sent.get(name, "") for name in signing.SIGNED_FIELDS]
    if "WSDL-URI" in sent:
        yield "WSDL-URI was signed too, which is not one of the signed values", "".join((*values, sent["WSDL-URI"]))
    for safe in ("", "/"):
        yield (
            "the values were signed percent-encoded; they are signed as they are",
            "".join(quote(value, safe=safe) for value in values),
        )


def _other_times(timestamp: str) -> Iterator[str]:
    moment = datetime.strptime(timestamp, TIMESTAMP_FORMAT).replace(tzinfo=UTC)
    for seconds in (-1, 1, -2, 2, -3, 3):
        yield format_timestamp(moment + timedelta(seconds=seconds))


# --- subscriptions ---
def subscribe(call: Call) -> Response:
    """POST /v1/subscription, a form signed over its values."""
    try:
        fields = call.fields()
    except BodyError as error:
        raise refusals.malformed_body("The request body cannot be read.", check="a form", got=str(error)) from None
    values = {name: fields.get(name, "") for name in (*signing.SIGNED_FIELDS, "WSDL-URI")}
    principal = _principal(call, "".join(values[name] for name in signing.SIGNED_FIELDS))
    url = values["CALLBACK-URL"]
    host = parts_of(url).hostname or ""
    if parts_of(url).scheme not in ("http", "https") or not fnmatchcase(host, principal.domain):
        check, wanted = "CALLBACK-URL is on the principal's domain", f"http or https, {principal.domain}"
        why = f"CALLBACK-URL was sent as {url[:200]}; it has to be a whole URL of {wanted}"
        said = {"check": check, "expected": wanted, "got": url, "diagnosis": why if url else "no CALLBACK-URL was sent"}
        raise refusals.bad_request("callback_url", "Invalid CALLBACK-URL.", **said)
    tags = {kind: values[name] for name, kind in _TAGS.items() if values[name]}
    for pair in filter(None, values["TAGS"].split(",")):
        kind, colon, value = pair.partition(":")
        if not (kind and colon and value):
            why = f"`{pair[:100]}` is not a tag: they are written Type:Value, with commas between them"
            said = {"check": "TAGS", "expected": "Type:Value,…", "got": pair, "diagnosis": why}
            raise refusals.bad_request("tags", "Invalid TAGS.", **said)
        tags[kind] = value
    if not tags:
        check, why = "MESSAGE-TYPE or another filter", f"none of {', '.join(_TAGS)} and TAGS has a value"
        raise refusals.bad_request("tags", "A subscription needs a filter.", check=check, diagnosis=why)
    if unknown := [kind for kind in _UNKNOWN if kind in tags]:
        call.warn("no_such_events", f"what events carry as {', '.join(unknown)} is not known: none will match")
    made = Subscription(
        id=call.ids.uuid(), principal_id=principal.id, callback_url=url, tags=tags, created=call.clock.now()
    )
    call.store.subscriptions.put(made)
    return wire.answer({"subscription": show.subscription(made)})


def subscription(call: Call) -> Response:
    """GET /v1/subscription/ID."""
    return wire.answer({"subscription": show.subscription(_own(call))})


def unsubscribe(call: Call) -> Response:
    """DELETE /v1/subscription/ID."""
    call.store.subscriptions.delete(_own(call).id)
    return wire.answer({})


def subscriptions(call: Call) -> Response:
    """GET /v1/subscriptions/principal/ID: the caller's."""
    identifier: str = call.path_params["principal_id"]
    principal = _principal(call, identifier)
    if principal.id != identifier:
        raise refusals.not_found("Principal", identifier)
    found = call.store.subscriptions.find("principal", principal.id)
    return wire.answer({"subscriptions": [{"subscription": show.subscription(subscription)} for subscription in found]})


def _own(call: Call) -> Subscription:
    identifier: str = call.path_params["subscription_id"]
    principal = _principal(call, identifier)
    found = call.store.subscriptions.get(identifier)
    if found is None or found.principal_id != principal.id:
        raise refusals.not_found("Subscription", identifier)
    return found


# --- events ---
def publish(call: Call, place: Place, kind: str, thing: dict[str, Any], user: User) -> None:
    """Send an event to subscribers whose filters it passes: to the outbox at once, to their URLs after the response.

    Parameters:
        kind: the message type.
        thing: the object of the event.
        user: who caused it.
    """
    known = {"MessageType": kind, "ClientString": place.course.client_string}
    known |= {"CourseId": str(place.course.id), "UserId": str(user.id)}
    payload = ""
    for subscription in call.store.subscriptions:
        principal = call.store.principals.get(subscription.principal_id)
        if principal is None or any(known.get(tag) != value for tag, value in subscription.tags.items()):
            continue
        payload = payload or json.dumps(show.event(call, place, user, kind, thing))
        message_id, content_type = call.ids.uuid(), "application/json"
        signed = message_id + kind + content_type + payload
        form = {
            "DELIVERY-ATTEMPT-ID": message_id,
            "MESSAGE-ID": message_id,
            "MESSAGE-TYPE": kind,
            "AUTHORIZATION": signing.token(principal.id, principal.secret, format_timestamp(call.clock.now()), signed),
            "PAYLOAD": payload,
            "PAYLOAD-CONTENT-TYPE": content_type,
        }
        call.outbox.add(
            "webhook",
            provider=call.provider,
            kind=kind,
            to=subscription.callback_url,
            at=call.clock.now(),
            body=urlencode(form),
            data=json.loads(payload),
        )
        later(call, partial(_deliver, call, subscription.callback_url, form))


async def _deliver(call: Call, url: str, form: dict[str, str]) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=US-ASCII"}
    try:
        answer = await fetch(call, "POST", url, allowed=[url], headers=headers, content=urlencode(form).encode())
    except OutgoingError as error:
        call.warn("event_not_delivered", f"{error}; it is in the outbox")
        return
    if answer.status_code != 200:
        call.warn("event_not_delivered", f"{url} answered {answer.status_code}")


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
