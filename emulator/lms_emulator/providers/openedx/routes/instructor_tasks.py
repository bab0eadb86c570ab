"""The instructor dashboard's reports and tasks, which are done at once, and what staff may do to learners' work.

Source: edx-platform `lms/djangoapps/instructor/views/api.py`; `fixtures/recordings/openedx-2`, instr.jsonl 226-466.
"""

from __future__ import annotations

import csv
import hashlib
import re
from datetime import UTC, datetime
from io import StringIO
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.not_emulated import not_here
from lms_emulator.providers.openedx import refusals, wire
from lms_emulator.providers.openedx.call import Call, course_of
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Course, DueDate, Report
from lms_emulator.providers.openedx.model.section import OpenedxStore
from lms_emulator.providers.openedx.routes.instructor_api import (
    FAMILY,
    acting_user,
    answered,
    as_view,
    block,
    form,
    operation,
    person,
    plain_view,
)
from lms_emulator.providers.openedx.routes.resource import Operation, recorded
from lms_emulator.providers.openedx.rules import blocks, certificates, enrollment, keys, people, problems
from lms_emulator.providers.openedx.web import methods, session

_DUE = re.compile(r"(\d{2})/(\d{2})/(\d{4}) (\d{2}):(\d{2})")


# reports

_REPORTS = {
    "get_students_who_may_enroll": ("enrollment", "may_enroll_info"),
    "get_anon_ids": ("Anonymized User IDs", "anonymized_ids"),
    "get_proctored_exam_results": ("proctored exam results", "proctored_exam_results_report"),
    "get_course_survey_results": ("survey", "course_survey_results"),
    "calculate_grades_csv": ("grade", "grade_report"),
    "problem_grade_report": ("problem grade", "problem_grade_report"),
    "export_ora2_data": ("ORA data", "ORA_data"),
}


def make_report(name: str) -> Operation:
    """An operation that creates a report at once, although it announces a background task."""
    title, file = _REPORTS[name]

    def make(call: Call) -> Response:
        store_report(call, course_of(call), file)
        text = f"The {title} report is being created. To view the status of the report, see Pending Tasks below."
        return wire.pretty_json({"status": text})

    return make


def store_report(call: Call, found: Course, name: str) -> None:
    """Keep the file of a report on a course."""
    parts = found.id.partition(":")[2].replace("+", "_")
    file = f"{parts}_{name}_{call.clock.now():%Y-%m-%d-%H%M}.csv"
    number = call.store.next_number("reports")
    call.store.reports.put(Report(id=number, course=found.id, name=file, created=call.clock.now()))


def list_downloads(call: Call) -> Response:
    """The finished reports, newest first."""
    found = course_of(call)
    folder = hashlib.sha1(found.id.encode()).hexdigest()
    rows = []
    for report in reversed([report for report in call.store.reports if report.course == found.id]):
        url = f"/media/grades/{folder}/{report.name}"
        rows.append({"name": report.name, "url": url, "link": f'<a href="{url}">{report.name}</a>'})
    return wire.pretty_json({"downloads": rows})


def grading_config(call: Call) -> Response:
    """The grading policy in words."""
    lines = [f"{row.type}: {row.count}, {row.weight:.0%}" for row in course_of(call).grading_policy]
    return wire.pretty_json({"course_id": course_of(call).id, "grading_config_summary": "\n".join(lines)})


def issued_certificates(call: Call) -> Response:
    """How many certificates were issued, by mode; as a table with `csv=true`."""
    found = course_of(call)
    counts: dict[str, int] = {}
    for certificate in call.store.certificates:
        if certificate.course == found.id and certificate.status == "downloadable":
            counts[certificate.mode] = counts.get(certificate.mode, 0) + 1
    day = f"{call.clock.now():%B} {call.clock.now().day}, {call.clock.now().year}"
    rows = [
        {"course_id": found.id, "mode": mode, "total_issued_certificate": count, "report_run_date": day}
        for mode, count in counts.items()
    ]
    names = {
        "course_id": "CourseID",
        "mode": "Certificate Type",
        "total_issued_certificate": "Total Certificates Issued",
        "report_run_date": "Date Report Run",
    }
    if call.reads.flag("csv", call.query.get("csv", "").lower(), ("true",)):
        table = StringIO()
        lines = csv.writer(table, quoting=csv.QUOTE_ALL)
        lines.writerows([names.values(), *([row[name] for name in names] for row in rows)])
        headers = {"content-disposition": "attachment; filename=issued_certificates.csv", "content-type": "text/csv"}
        return Response(table.getvalue(), 200, headers)
    return wire.pretty_json({"certificates": rows, "queried_features": list(names), "feature_names": names})


# tasks


def list_tasks(call: Call) -> Response:
    """The tasks that are still running: none."""
    given = form(call)
    problem, student = given.get("problem_location_str"), given.get("unique_student_identifier")
    if student and not problem:
        text = "unique_student_identifier must accompany problem_location_str"
        document = {"non_field_errors": [text]}
        name = "problem_location_str"
        raise refusals.api_error(400, document, reason="problem_missing", check=name, absent=name)
    return wire.pretty_json({"tasks": []})


def list_emails(call: Call) -> Response:
    """The e-mails that were sent to the course: none."""
    return wire.pretty_json({"emails": []})


def list_email_tasks(call: Call) -> Response:
    """The e-mails that are still being sent: none."""
    return wire.pretty_json({"tasks": []})


def send_email(call: Call) -> Response:
    """Write to the course; bulk e-mail is off."""
    why = "bulk e-mail is off at every site that is emulated, whoever asks"
    raise answered("Email is not enabled for this course.", status=403, reason="bulk_email_off", diagnosis=why)


# learners' work


def _learner(call: Call, given: dict[str, Any]) -> User | None:
    who = given.get("unique_student_identifier")
    return person(call, str(who)) if who else None


def _problem(call: Call, given: dict[str, Any]) -> str:
    text = str(given.get("problem_to_reset") or "").strip()
    if not text:
        raise answered(reason="problem_missing", absent="problem_to_reset")
    if keys.usage_key(text) is None:
        raise answered(reason="invalid_problem", check="problem_to_reset", diagnosis=keys.why_no_usage_key(text))
    return text


def _whole_course(call: Call) -> None:
    if not people.is_instructor(call.store, acting_user(call), course_of(call).id):
        raise answered("Requires instructor access.", status=403, reason="not_instructor")


def reset_attempts(call: Call) -> Response:
    """Reset a learner's attempts at a problem, or delete all of their work on it."""
    given = form(call)
    problem, user = _problem(call, given), _learner(call, given)
    everybody = call.reads.flag("all_students", str(given.get("all_students")).lower(), ("true",))
    if everybody:
        _whole_course(call)
    if user is None and not everybody:
        raise answered(reason="nobody_named")
    whole = call.reads.flag("delete_module", str(given.get("delete_module")).lower(), ("true",))
    learners = [user] if user is not None else list(call.store.users)
    for learner in learners:
        problems.reset(call.store, learner.username, problem, whole=whole)
    shown: dict[str, Any] = {"problem_to_reset": problem}
    return wire.pretty_json(shown | ({"student": user.username} if user is not None else {"task": "created"}))


def rescore(call: Call) -> Response:
    """Rescore a problem, for one learner or all."""
    given = form(call)
    problem, user = _problem(call, given), _learner(call, given)
    if user is None and str(given.get("all_students")).lower() != "true":
        raise answered(reason="nobody_named")
    if user is None:
        _whole_course(call)
    shown: dict[str, Any] = {"problem_to_reset": problem}
    if user is not None:
        shown["student"] = user.username
    return wire.pretty_json(shown | {"task": "created"})


def override_score(call: Call) -> Response:
    """Override a learner's score for a problem."""
    given = form(call)
    problem, user = _problem(call, given), _learner(call, given)
    if user is None:
        raise answered(reason="nobody_named")
    try:
        score = float(str(given.get("score")))
    except ValueError as error:
        raise answered(body={"error": str(error)}, reason="invalid_score") from None
    problems.override(call.store, user.username, problem, score, call.clock.now())
    return wire.pretty_json({"problem_to_reset": problem, "student": user.username, "task": "created"})


# due dates


def _unit(call: Call, url: str) -> blocks.Node:
    found = block(call, url)
    if found is None:
        text = f"Couldn't find module for url: {url}"
        raise answered(f'{{"error": "{text}"}}', reason="unknown_block")
    return found


def _extended(call: Call) -> tuple[User, blocks.Node, dict[str, Any]]:
    given = form(call)
    user = person(call, str(given.get("student", "")))
    if user is None:
        raise answered(body={"error": f"Could not find student matching identifier: {given.get('student')}"})
    return user, _unit(call, str(given.get("url", ""))), given


def change_due_date(call: Call) -> Response:
    """Extend a learner's due date for a unit."""
    user, unit, given = _extended(call)
    found = _DUE.match(str(given.get("due_datetime", "")))
    if found is None:
        why = (
            f"`due_datetime` was sent as {str(given.get('due_datetime'))[:100]}; it is written MM/DD/YYYY HH:MM, in UTC"
        )
        says = {"error": "The extension due date and time format is incorrect"}
        raise answered(body=says, reason="invalid_date", check="due_datetime", diagnosis=why)
    month, day, year, hour, minute = map(int, found.groups())
    due = datetime(year, month, day, hour, minute, tzinfo=UTC)
    call.store.due_dates.put(DueDate(user=user.username, block=unit.key, due=due))
    return wire.api_json(_moved(user, unit, "changed", due))


def reset_due_date(call: Call) -> Response:
    """Remove a due date extension."""
    user, unit, _ = _extended(call)
    call.store.due_dates.delete((user.username, unit.key))
    if unit.block.due is None:
        text = f"Successfully removed invalid due date extension for student {user.name} for {unit.block.display_name}"
        return wire.api_json(text)
    return wire.api_json(_moved(user, unit, "reset", unit.block.due))


def _moved(user: User, unit: blocks.Node, verb: str, due: datetime) -> str:
    what = f"{unit.block.display_name} ({unit.key})"
    return f"Successfully {verb} due date for student {user.name} for {what} to {due:%Y-%m-%d %H:%M}"


def unit_extensions(call: Call) -> Response:
    """The due date extensions of a unit."""
    unit = _unit(call, str(form(call).get("url", "")))
    rows = [date for date in call.store.due_dates if date.block == unit.key]
    data = []
    for due_date in rows:
        user = call.store.users.get(due_date.user)
        day = f"{due_date.due:%Y-%m-%d %H:%M}"
        data.append({"Username": due_date.user, "Full Name": user.name if user else "", "Extended Due Date": day})
    title = f"Users with due date extensions for {unit.block.display_name}"
    return wire.api_json({"header": ["Username", "Full Name", "Extended Due Date"], "title": title, "data": data})


def student_extensions(call: Call) -> Response:
    """The due date extensions of a learner."""
    user = person(call, str(form(call).get("student", "")))
    if user is None:
        raise answered(body={"error": f"Could not find student matching identifier: {form(call).get('student')}"})
    data = []
    for due_date in call.store.due_dates:
        unit = block(call, due_date.block) if due_date.user == user.username else None
        if unit is not None:
            data.append({"Unit": unit.block.display_name, "Extended Due Date": f"{due_date.due:%Y-%m-%d %H:%M}"})
    title = f"Due date extensions for {user.name} ({user.username}) ({user.email})"
    return wire.api_json({"header": ["Unit", "Extended Due Date"], "title": title, "data": data})


# certificates


def start_certificates(call: Call) -> Response:
    """Make the certificates of everybody who passed."""
    found = course_of(call)
    store_report(call, found, "certificates_generated")
    for certificate in list(certificates.due(call.store, found, call.clock.now())):
        call.store.certificates.put(replace(certificate, uuid=call.ids.uuid().replace("-", "")))
    return wire.pretty_json(
        {
            "message": "Certificate generation task for all students of this course has been started.",
            "task_id": call.ids.uuid(),
        }
    )


def certificate_exceptions(call: Call) -> Response:
    """Refuse certificate exceptions for users who are not enrolled; the list of exceptions is not emulated."""
    user = person(call, str(form(call).get("user") or form(call).get("username") or ""))
    if user is None:
        text = (
            "Student username/email field is required and can not be empty. Kindly fill in username/email and then "
            'press "Add to Exception List" button.'
        )
        raise answered(body={"success": False, "message": text}, reason="nobody_named")
    if enrollment.get(call.store, user, course_of(call).id) is not None:
        raise not_here(call)
    text = f"{user.username} is not enrolled in this course."
    raise answered(body={"success": False, "message": text}, reason="not_enrolled")


def enable_certificates(call: Call) -> Response:
    """Let learners ask for certificates, for global staff."""
    methods.check_csrf(call)
    if not people.is_global_staff(session.current(call).user):
        raise refusals.OpenedxRefusal("not_global_staff", status=403, style="empty", check="global staff")
    return wire.redirect(f"{call.prefix}/courses/{course_of(call).id}/instructor#view-certificates")


def is_global(store: OpenedxStore, user: User | None, course_id: str) -> bool:
    """Whether the user is global staff."""
    return people.is_global_staff(user)


def may_see_certificates(store: OpenedxStore, user: User | None, course_id: str) -> bool:
    """Whether a user may see how many certificates were issued."""
    return people.is_course_staff(store, user, course_id) or people.may_research(store, user, course_id)


_STAFF, _RESEARCH, _INSTRUCTOR = people.is_course_staff, people.may_research, people.is_instructor


def _report(name: str, number: int, rule: Any, **more: Any) -> tuple[Any, ...]:
    return operation(f"/{name}", "Make a report", number, make_report(name), rule, **more)


ROUTES = (
    *_report("get_students_who_may_enroll", 242, _RESEARCH, developer=True, allow="GET, POST, HEAD, OPTIONS"),
    *_report("get_anon_ids", 248, _RESEARCH),
    *_report("get_proctored_exam_results", 420, _STAFF),
    *_report("get_course_survey_results", 421, _STAFF),
    *_report("calculate_grades_csv", 429, _RESEARCH, developer=True, headers=()),
    *_report("problem_grade_report", 432, _RESEARCH, developer=True),
    *operation(
        "/get_problem_responses",
        "Make a report of answers",
        394,
        make_report("problem_grade_report"),
        _RESEARCH,
        developer=True,
    ),
    *operation("/list_report_downloads", "Reports that lie ready", 286, list_downloads, _RESEARCH),
    *operation("/get_grading_config", "The grading policy in words", 230, grading_config, _RESEARCH),
    *operation(
        "/get_issued_certificates/",
        "How many certificates were issued",
        234,
        issued_certificates,
        may_see_certificates,
        get=as_view(issued_certificates),
    ),
    *operation("/list_instructor_tasks", "Running tasks", 264, list_tasks, may_see_certificates),
    *operation("/list_background_email_tasks", "E-mails being sent", 271, list_email_tasks, _STAFF, developer=True),
    *operation("/list_email_content", "E-mails sent", 276, list_emails, _STAFF),
    *operation("/send_email", "Send bulk e-mail", 417, send_email, _STAFF, developer=True, allow="POST"),
    *operation("/reset_student_attempts", "Reset attempts", 400, reset_attempts, _STAFF, developer=True, allow="POST"),
    *operation("/rescore_problem", "Rescore a problem", 389, rescore, _STAFF),
    plain_view("/override_problem_score", "Override a score", 383, override_score, _STAFF),
    *operation("/change_due_date", "Extend a due date", 409, change_due_date, _STAFF),
    *operation("/reset_due_date", "Remove an extension", 415, reset_due_date, _STAFF),
    *operation("/show_unit_extensions", "Extensions for a unit", 301, unit_extensions, _STAFF),
    *operation("/show_student_extensions", "Extensions for a learner", 293, student_extensions, _STAFF),
    *operation(
        "/start_certificate_generation", "Generate certificates", 441, start_certificates, is_global, developer=True
    ),
    *operation(
        "/certificate_exception_view/",
        "Certificate exceptions",
        447,
        certificate_exceptions,
        is_global,
        developer=True,
        allow="POST, DELETE",
    ),
    FAMILY.page(
        "/enable_certificate_generation",
        enable_certificates,
        "Let learners request certificates",
        "POST",
        source=recorded("openedx-2/instr", 444),
    ),
)
