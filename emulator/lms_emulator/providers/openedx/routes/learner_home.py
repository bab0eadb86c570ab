"""`/api/learner_home/init`: everything that the learner's front page shows.

Source: edx-platform `lms/djangoapps/learner_home/views.py`; `fixtures/recordings/openedx-2`, learn.jsonl 434-449.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lms_emulator.providers.openedx import refusals, wire
from lms_emulator.providers.openedx.call import Call, caller
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Enrollment
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import enrollment, grades, keys, learning, people
from lms_emulator.providers.openedx.shapes import learning as shapes
from lms_emulator.providers.openedx.shapes import moment
from lms_emulator.providers.openedx.web import deployment


def read(call: Call) -> Response:
    """The front page of the caller; that of another user for staff."""
    user, wanted = caller(call), call.query.get("user")
    if wanted and user.is_staff:
        found = people.user_by_name_or_email(call.store, call.settings, wanted)
        if found is None:
            raise refusals.OpenedxRefusal("unknown_user", status=404, message="Not found.", check="user exists")
        user = found
    contact = call.store.section.contact_email
    share = {name: {"isEnabled": False, "socialBrand": None, "utmParams": text} for name, text in _sharing()}
    mine = sorted(enrollment.of_user(call.store, user), key=lambda record: (record.created, record.id), reverse=True)
    return wire.api_json(
        {
            "emailConfirmation": {"isNeeded": not user.is_active, "sendEmailUrl": ""},
            "enterpriseDashboard": None,
            "platformSettings": {"supportEmail": contact, "billingEmail": contact, "courseSearchUrl": "/courses"},
            "courses": [_card(call, user, record) for record in mine],
            "socialShareSettings": share,
            "suggestedCourses": [],
        }
    )


def _sharing() -> list[tuple[str, str]]:
    return list(shapes.sharing().items())


def _card(call: Call, user: User, record: Enrollment) -> dict[str, Any]:
    course, now = call.store.courses.get(record.course), call.clock.now()
    key = keys.course_key(record.course)
    assert course is not None  # `of_user` gives enrolments in courses that exist
    assert key is not None
    front = deployment.front(call, "learning", call.base_url)
    home = f"{front}/course/{course.id}"
    progress = learning.Progress(call.store, user, learning.content(call.store, user, course))
    last = progress.last()
    grade = grades.graded(call.store, course, user)
    certificate = call.store.certificates.get((user.username, course.id))
    earned = certificate is not None and certificate.status == "downloadable"
    shown = earned and user.id == caller(call).id
    return {
        "course": {
            "bannerImgSrc": shapes.image(course),
            "courseName": course.display_name,
            "courseNumber": key.course,
            "socialShareUrl": call.url(f"/courses/{course.id}/about"),
        },
        "courseProvider": {"name": key.org},
        "courseRun": {
            "isStarted": course.start is not None and course.start <= now,
            "isArchived": course.end is not None and course.end < now,
            "courseId": course.id,
            "minPassingGrade": f"{min(course.grade_cutoffs.values(), default=0):.2f}",
            "startDate": moment(course.start),
            "advertisedStart": None,
            "endDate": moment(course.end),
            "homeUrl": f"{home}/home",
            "marketingUrl": None,
            "progressUrl": f"{home}/progress",
            "unenrollUrl": f"/course_run/{course.id}/refund_status",
            "upgradeUrl": None,
            "resumeUrl": f"/courses/{course.id}/jump_to/{last}" if last else None,
        },
        "enrollment": {
            "accessExpirationDate": None,
            "isAudit": record.mode in enrollment.OPEN_MODES,
            "hasStarted": last is not None,
            "coursewareAccess": {"hasUnmetPrerequisites": False, "isTooEarly": False, "isStaff": False},
            "isVerified": record.mode == "verified",
            "canUpgrade": False,
            "isAuditAccessExpired": False,
            "isEmailEnabled": False,
            "hasOptedOutOfEmail": (record.user, record.course) in call.store.email_optouts,
            "lastEnrolled": moment(record.created),
            "isEnrolled": True,
            "mode": record.mode,
        },
        "certificate": {
            "availableDate": moment(course.end),
            "isRestricted": False,
            "isEarned": earned,
            "isDownloadable": shown,
            "certPreviewUrl": f"/certificates/{certificate.uuid}" if certificate is not None and shown else None,
        },
        "entitlement": {},
        "gradeData": {"isPassing": grade is not None and grades.letter(course, grade.percent) is not None},
        "programs": {"relatedPrograms": []},
        "credit": {},
    }


ROUTES = Family("/api/learner_home", tag="learner_home").resource(
    "/init", "The learner's home page", get=read, source=recorded("openedx-2/learn", 436)
)
