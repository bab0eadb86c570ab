"""JSON of the records. Empty optional fields are left out, as in the captured responses."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.clock import isoformat
from lms_emulator.core.http.urls import add_query
from lms_emulator.providers.openlearning.call import Call, web_base
from lms_emulator.providers.openlearning.model import (
    DEFAULT_IMAGE,
    Class,
    Connector,
    Course,
    Enrolment,
    Institution,
    Membership,
    User,
)


def institution(call: Call, record: Institution) -> dict[str, Any]:
    """An institution, as captured: the id is the slug, and the URL has no trailing slash."""
    return {"id": record.id, "url": f"{web_base(call)}/{record.id}", "name": record.name}


def user(call: Call, record: User, viewer: User) -> dict[str, Any]:
    """The User object. Only `id` is certain; the e-mail address is visible to the user and their administrators."""
    shown: dict[str, Any] = {
        "id": record.id,
        "full_name": record.full_name,
        "profile_name": record.profile_name,
        "url": f"{web_base(call)}/u/{record.profile_name}/",
    }
    if record.image:
        shown["image"] = record.image
    if record.primary_email_address and (viewer.id == record.id or call.store.controls(viewer.id, record)):
        shown["primary_email_address"] = record.primary_email_address
    return shown


def managed_user(call: Call, account: User, membership: Membership, viewer: User) -> dict[str, Any]:
    """An item in the list of managed users: the account is nested, unlike in the response to its creation."""
    shown: dict[str, Any] = {"user": user(call, account, viewer)}
    if membership.external_institution_id is not None:
        shown["external_institution_id"] = membership.external_institution_id
        if call.settings.list_external_id_alias:
            shown["external_id"] = membership.external_institution_id
    return shown


def course_url(call: Call, record: Course) -> str:
    """The course home, with trailing slash as captured."""
    return f"{web_base(call)}/{record.institution}/courses/{record.slug}/"


def class_url(call: Call, course: Course, klass: Class) -> str:
    """The class home: the course home with the class in its query (`cl` is observed, its meaning chosen)."""
    return add_query(course_url(call, course), [("cl", klass.id)])


def connector(record: Connector) -> dict[str, Any]:
    """A connector; only that it has an id is known."""
    return {"id": record.id, "name": record.name, "type": record.type}


def event(call: Call, action: str, who: User, enrolment: Enrolment, where: Course) -> dict[str, Any]:
    """A webhook's body for a user's action in a class, without the event's own fields.

    As documented, an address that is unknown, or that the user did not agree to share, is omitted.
    """
    membership = call.store.membership(where.institution, who.id)
    actor: dict[str, Any] = {"name": who.full_name, "id": who.id, "enrolmentId": enrolment.id}
    if membership is not None and membership.external_institution_id is not None:
        actor["externalId"] = membership.external_institution_id
    if who.managed_by == where.institution and who.primary_email_address:
        actor["institutionEmail"] = who.primary_email_address
    if enrolment.shares_email and who.primary_email_address:
        actor["userEmail"] = who.primary_email_address
    address = call.headers.get("x-forwarded-for", "").partition(",")[0].strip() or "127.0.0.1"
    context = {"courseId": where.id, "classId": enrolment.class_id, "ipAddress": address}
    return {"action": action, "actor": actor, "context": context, "timestamp": isoformat(call.clock.now())}


def course(call: Call, record: Course) -> dict[str, Any]:
    """The Course object as captured, with summary and price only if set."""
    shown: dict[str, Any] = {
        "id": record.id,
        "url": course_url(call, record),
        "title": record.title,
        "image": record.image or DEFAULT_IMAGE,
        "self_paced": record.self_paced,
    }
    if record.summary:
        shown["summary"] = record.summary
    if record.price is not None:
        shown["price"] = record.price
    return shown


def klass(record: Class) -> dict[str, Any]:
    """The Class object as captured, in its order of keys."""
    return {"title": record.title, "created_by": record.created_by, "id": record.id}


def enrolment(record: Enrolment) -> dict[str, Any]:
    """The Enrolment object; its shape is chosen, after the names in requests and webhooks."""
    optional = {
        "course": record.course,
        "class": record.class_id,
        "program": record.program,
        "external_enrolment_id": record.external_enrolment_id,
    }
    shown: dict[str, Any] = {"id": record.id, "user": record.user}
    shown |= {name: value for name, value in optional.items() if value is not None}
    shown["created_at"] = isoformat(record.created_at)
    return shown


def listed_course(call: Call, record: Course) -> dict[str, Any]:
    """An item in the old public course list."""
    creator = call.store.users.get(record.created_by)
    base = web_base(call)
    return {
        "name": record.title,
        "courseUrl": course_url(call, record),
        "image": record.image or DEFAULT_IMAGE,
        "summary": record.summary or "",
        "promoMediaUrl": record.promo_media_url or "",
        "category": record.category or "",
        "duration": record.duration or "",
        "price": record.price or 0,
        "creator": {
            "fullName": creator.full_name if creator else "",
            "profileUrl": f"{base}/u/{creator.profile_name}/" if creator else "",
            "imageUrl": (creator.image if creator else None) or "",
        },
    }
