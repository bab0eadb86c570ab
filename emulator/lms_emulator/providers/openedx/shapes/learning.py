"""A course and a learner's progress in it, as the front ends and apps get them.

Source: edx-platform `lms/djangoapps/course_home_api/` and `lms/djangoapps/mobile_api/`;
`fixtures/recordings/openedx-2`, learn.jsonl.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lms_emulator.providers.openedx.model.courseware import Course, Enrollment
from lms_emulator.providers.openedx.rules import course_modes, enrollment, keys
from lms_emulator.providers.openedx.shapes import courses, moment

SHARING = "utm_medium=social&utm_campaign=social-sharing-db&utm_source="
CELEBRATIONS = {
    "first_section": False,
    "streak_length_to_celebrate": None,
    "streak_discount_enabled": False,
    "weekly_goal": False,
}


def access(refused: tuple[str, str, str] | None = None) -> dict[str, Any]:
    """Whether a user has access. Parameters: `refused`, the code, the developer's and the user's message."""
    code, developer, person = refused or (None, None, None)
    return {
        "has_access": refused is None,
        "error_code": code,
        "developer_message": developer,
        "user_message": person,
        "additional_context_user_message": None,
        "user_fragment": None,
    }


def sharing() -> dict[str, str]:
    """What is put behind links that are shared."""
    return {name: f"{SHARING}{name}" for name in ("facebook", "twitter")}


def mobile_modes(course: Course, now: datetime) -> list[dict[str, Any]]:
    """The modes of a course as the app's shop needs them."""
    return [
        {"slug": mode.slug, "sku": mode.sku, "android_sku": None, "ios_sku": None, "min_price": mode.min_price}
        for mode in course_modes.offered(course, now)
    ]


def verified(course: Course, now: datetime) -> Any:
    """The verified mode of a course, if it is offered."""
    return next((mode for mode in course_modes.offered(course, now) if mode.slug == "verified"), None)


def upgrade(course: Course, enrolled: Enrollment | None, now: datetime) -> dict[str, Any] | None:
    """The verified mode, for a user in a free one who may still change to it."""
    mode = verified(course, now)
    if enrolled is None or not enrolled.is_active or enrolled.mode not in enrollment.OPEN_MODES or mode is None:
        return None
    return {
        "access_expiration_date": None,
        "currency": mode.currency.upper(),
        "currency_symbol": "$" if mode.currency == "usd" else mode.currency.upper(),
        "price": mode.min_price,
        "sku": mode.sku,
        "upgrade_url": "/dashboard",
    }


def upgrade_deadline(course: Course, enrolled: Enrollment | None, now: datetime) -> datetime | None:
    """Until when a user in a free mode may change to the verified one."""
    if upgrade(course, enrolled, now) is None:
        return None
    deadline: datetime | None = verified(course, now).expiration_datetime
    return deadline


def certificate(enrolled: Enrollment | None) -> dict[str, Any] | None:
    """The message about a certificate: only auditors get one, namely that they earn none."""
    if enrolled is None or not enrolled.is_active or enrolled.mode != "audit":
        return None
    return {
        "cert_status": "audit_passing",
        "cert_web_view_url": None,
        "download_url": None,
        "certificate_available_date": None,
    }


def start(course: Course) -> dict[str, Any]:
    """When a course starts, and how that is shown."""
    shown = courses.summary(course, "")
    return {name: shown[name] for name in ("start", "start_display", "start_type")}


def image(course: Course) -> str:
    """The path of the course's picture."""
    key = keys.course_key(course.id)
    assert key is not None  # a course in the store has a readable key
    return key.asset(course.course_image)


def overview(course: Course, base_url: str, now: datetime, done: int, total: int) -> dict[str, Any]:
    """A course as the app shows it at its top."""
    key = keys.course_key(course.id)
    assert key is not None  # a course in the store has a readable key
    picture = image(course)
    return {
        "name": course.display_name,
        "number": key.course,
        "org": key.org,
        "org_logo": "",
        **start(course),
        "end": moment(course.end),
        "is_self_paced": course.self_paced,
        "media": {"image": {"raw": picture, "small": picture, "large": picture}},
        "course_sharing_utm_parameters": sharing(),
        "course_about": f"{base_url}/courses/{course.id}/about",
        "course_modes": mobile_modes(course, now),
        "course_progress": {"total_assignments_count": total, "assignments_completed": done},
    }


def date_block(
    kind: str, title: str, at: datetime | None, description: str = "", link: str = "", text: str = ""
) -> Any:
    """A day of the course's calendar."""
    return {
        "assignment_type": None,
        "complete": None,
        "date": moment(at),
        "date_type": kind,
        "description": description,
        "learner_has_access": True,
        "link": link,
        "link_text": text,
        "title": title,
        "extra_info": None,
        "first_component_block_id": "",
    }


def dates(course: Course, enrolled: Enrollment | None, now: datetime) -> list[dict[str, Any]]:
    """The days of a course that concern a user, in order."""
    found: list[tuple[datetime, int, dict[str, Any]]] = []

    def add(kind: str, title: str, at: datetime | None, *rest: str) -> None:
        if at is not None:
            found.append((at, len(found), date_block(kind, title, at, *rest)))

    add("course-start-date", "Course starts", course.start)
    text = (
        "You are still eligible to upgrade to a Verified Certificate! Pursue it to highlight the knowledge and skills "
        "you gain in this course."
    )
    add(
        "verified-upgrade-deadline",
        "Verification Upgrade Deadline",
        upgrade_deadline(course, enrolled, now),
        text,
        "/dashboard",
        "Upgrade to Verified Certificate",
    )
    if course.end is not None and course.end < now:
        ended = "This course is archived, which means you can review course content but it is no longer active."
    elif enrolled is not None and enrolled.mode == "verified":
        ended = (
            "After this date, the course will be archived, which means you can review the course content but can no "
            "longer participate in graded assignments or work towards earning a certificate."
        )
    else:
        ended = "After the course ends, the course content will be archived and no longer active."
    add("course-end-date", "Course ends", course.end, ended)
    if enrolled is not None and enrolled.is_active and enrolled.mode == "verified":
        text = "You must successfully complete verification before this date to qualify for a Verified Certificate."
        add("verification-deadline-date", "Verification Deadline", course.verification_deadline, text)
    return [block for _, _, block in sorted(found, key=lambda pair: pair[:2])]


def banner(course: Course, now: datetime) -> dict[str, Any]:
    """The banner above the calendar."""
    return {
        "missed_deadlines": False,
        "content_type_gating_enabled": False,
        "missed_gated_content": False,
        "verified_upgrade_link": "/dashboard" if verified(course, now) is not None else None,
    }
