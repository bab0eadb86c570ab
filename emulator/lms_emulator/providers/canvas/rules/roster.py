"""The students whose work a user may see in a course."""

from __future__ import annotations

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, Course, CourseSection, Enrollment, Submission, User
from lms_emulator.providers.canvas.rules import assignments, courses, states, submissions

NOT_DIGITAL: tuple[list[str], ...] = ([], [""], ["on_paper"], ["none"], ["not_graded"])
"""The submission types with which reviewers need not submit anything themselves."""


def place(api: Api, *, signed_in: bool = True) -> tuple[Course, CourseSection | None]:
    """The course of the path, and the section if the path names one.

    Parameters: `signed_in`, require a login, which Canvas checks before it looks up the assignment.
    """
    named = "section_id" in api.call.path_params
    section = identifiers.section(api, api.slot("section_id")) if named else None
    course = identifiers.course(api, section.course_id if section is not None else api.slot("course_id"))
    if signed_in:
        _ = api.user
    return course, section


def path(course: Course, section: CourseSection | None) -> str:
    """The path prefix of the course or section."""
    return f"/api/v1/courses/{course.id}" if section is None else f"/api/v1/sections/{section.id}"


def enrollments_seen(api: Api, course: Course, section: CourseSection | None) -> list[Enrollment]:
    """The student enrollments that the caller can see, including concluded and inactive ones."""
    rows = assignments.students(api, course.id)
    if section is not None:
        rows = [e for e in rows if e.course_section_id == section.id]
    if not courses.may(api, api.caller, course, "read_roster", *assignments.GRADERS):
        mine = {api.user.id, *assignments.seen_for(api, course, api.user)}
        return [e for e in rows if e.user_id in mine]
    limited = assignments.sections_seen(api, course)
    return rows if limited is None else [e for e in rows if e.course_section_id in limited]


def student(api: Api, course: Course, section: CourseSection | None, reference: str, *, concluded: bool = True) -> User:
    """A student of the course whom the caller can see. Raises the refusal `not_found`.

    Parameters: `concluded`, whether concluded enrollments count.
    """
    user: User | None = identifiers.find(api, "users", reference)
    rows = (e for e in enrollments_seen(api, course, section) if concluded or e.workflow_state != "completed")
    if user is None or not any(e.user_id == user.id for e in rows):
        raise refusals.not_found("the student in the course", reference)
    return user


def current_student(api: Api, course: Course, reference: str) -> User:
    """A student of the course, visible to the caller, who has neither left it nor is inactive.

    Raises the refusal `not_found`.
    """
    user = student(api, course, None, reference)
    rows = enrollments_seen(api, course, None)
    if not any(e.user_id == user.id and e.workflow_state in states.CURRENT for e in rows):
        raise refusals.not_found("the current student in the course", reference)
    return user


def from_path(api: Api, course: Course, section: CourseSection | None, assignment: Assignment) -> User:
    """The student of the path, by user id or anonymous id. Raises the refusal `not_found`."""
    if "anonymous_id" not in api.call.path_params:
        return student(api, course, section, api.slot("user_id"))
    return anonymous(api, course, section, assignment, api.slot("anonymous_id"))


def anonymous(api: Api, course: Course, section: CourseSection | None, assignment: Assignment, reference: str) -> User:
    """The student behind an anonymous id in an assignment. Raises the refusal `not_found`."""
    found = api.store.submissions.first("anonymous_id", reference)
    if found is None or found.assignment_id != assignment.id:
        raise refusals.not_found("the submission without a name", reference)
    return student(api, course, section, str(found.user_id))


def gradeable(
    api: Api, course: Course, section: CourseSection | None, assignment: Assignment, *states_wanted: str
) -> list[int]:
    """The students of an assignment whom the caller grades, by id. `states_wanted`: a filter on enrollment states."""
    rows = enrollments_seen(api, course, section)
    found = {e.user_id for e in rows if not states_wanted or e.workflow_state in states_wanted}
    return [user_id for user_id in sorted(found) if assignments.assigned(api, assignment, user_id)]


def graded_list(
    api: Api, course: Course, section: CourseSection | None, assignment: Assignment, *, inactive: bool = False
) -> list[Submission]:
    """The submissions of current students, by student."""
    people = gradeable(api, course, section, assignment, *states.CURRENT, *(["inactive"] if inactive else []))
    return [submissions.of(api, assignment, user_id) for user_id in people]


def require_grader(api: Api, course: Course) -> None:
    """Refuse callers who cannot see everybody's grades."""
    courses.require(api, course, *assignments.GRADERS)


def reviews(api: Api, assignment: Assignment, user: User) -> bool:
    """Whether the caller is assigned to peer-review that student's work, and has submitted their own."""
    if api.caller is None or not assignment.peer_reviews:
        return False
    record = api.store.submissions.first("whose", (assignment.id, user.id))
    own = api.store.submissions.first("whose", (assignment.id, api.caller.id))
    done = assignment.submission_types in NOT_DIGITAL or (own is not None and submissions.handed_in(own))
    if record is None or not done:
        return False
    return any(review.assessor_id == api.caller.id for review in api.store.peer_reviews.find("submission", record.id))


def may_read(api: Api, course: Course, assignment: Assignment, user: User) -> bool:
    """Whether the caller may read that student's submission; their own requires no right in the course."""
    sees_all = courses.may(api, api.caller, course, "view_all_grades")
    if sees_all or (assignment.published and courses.may(api, api.caller, course, "manage_grades")):
        return True
    if api.caller is None:
        return False
    own = api.caller.id == user.id and assignment.published
    if not (own or observes(api, course, user.id) or reviews(api, assignment, user)):
        return False
    seen = {api.caller.id, *assignments.seen_for(api, course, api.caller)}
    return any(assignments.assigned(api, assignment, value) for value in seen)


def observes(api: Api, course: Course, user_id: int) -> bool:
    """Whether the caller observes a student in a course."""
    rows = api.store.enrollments.find("whose", (course.id, api.user.id))
    mine = (e for e in rows if e.type == "ObserverEnrollment")
    return any(e.associated_user_id == user_id and e.workflow_state == "active" for e in mine)
