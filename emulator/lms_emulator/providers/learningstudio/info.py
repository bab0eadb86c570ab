"""What `GET /_emulator/info` returns for LearningStudio."""

from __future__ import annotations

import msgspec

from lms_emulator.core.info import ProviderInfo
from lms_emulator.providers.learningstudio.model.people import User
from lms_emulator.providers.learningstudio.model.section import LearningStudioStore


class Person(msgspec.Struct, kw_only=True):
    """A user and their password."""

    id: int = 0
    username: str = ""
    password: str = ""
    sourced_id: str = ""


class OtherCampus(msgspec.Struct, kw_only=True):
    """A second campus with its own keys."""

    consumer_key: str = ""
    shared_secret: str = ""
    client_string: str = ""
    user_id: int = 0
    course_id: int = 0


class Info(ProviderInfo, kw_only=True):
    """Credentials and ids for tests: those of the world's first application and campus.

    Attributes:
        student, other_student: in `course_id`, not in `other_course_id`.
        teacher, teaching_assistant: of `course_id`.
        call_number, term_id, announcement_id, gradebook_item_id: of `course_id`.
        unit_id, text_id, office_document_id, web_upload_id, discussion_id, dropbox_id: its first item of each kind.
        topic_id, response_id: the first of that discussion.
        principal_id, principal_secret: of an application that may subscribe to events.
        exam_id, exam_password: the course's first exam; `practice_exam_id`: the second.
    """

    application_id: str = ""
    application_name: str = ""
    consumer_key: str = ""
    shared_secret: str = ""
    client_string: str = ""
    student: Person = msgspec.field(default_factory=Person)
    other_student: Person = msgspec.field(default_factory=Person)
    teacher: Person = msgspec.field(default_factory=Person)
    teaching_assistant: Person = msgspec.field(default_factory=Person)
    administrator: Person = msgspec.field(default_factory=Person)
    inactive: Person = msgspec.field(default_factory=Person)
    course_id: int = 0
    other_course_id: int = 0
    call_number: str = ""
    term_id: int = 0
    announcement_id: int = 0
    gradebook_item_id: str = ""
    unit_id: int = 0
    text_id: int = 0
    office_document_id: int = 0
    web_upload_id: int = 0
    discussion_id: int = 0
    topic_id: int = 0
    response_id: int = 0
    dropbox_id: int = 0
    exam_id: int = 0
    exam_password: str = ""
    practice_exam_id: int = 0
    principal_id: str = ""
    principal_secret: str = ""
    other_campus: OtherCampus = msgspec.field(default_factory=OtherCampus)


def describe(store: LearningStudioStore, bases: dict[str, str]) -> Info:
    """Describe the world's first application and campus."""
    application, campus = next(iter(store.applications), None), next(iter(store.campuses), None)
    if campus is None:
        return Info(base_urls=bases)
    users = store.users.find("campus", campus.client_string)
    courses = [course for course in store.courses if course.client_string == campus.client_string]
    made = Info(
        base_urls=bases,
        application_id=application.id if application is not None else "",
        application_name=application.name if application is not None else "",
        consumer_key=campus.consumer_key,
        shared_secret=campus.shared_secret,
        client_string=campus.client_string,
        administrator=_person(next((user for user in users if user.administrator), None)),
        inactive=_person(next((user for user in users if not user.active), None)),
        course_id=courses[0].id if courses else 0,
        other_course_id=courses[1].id if len(courses) > 1 else 0,
        other_campus=_other_campus(store),
    )
    principal = next(iter(store.principals), None)
    if principal is not None:
        made.principal_id, made.principal_secret = principal.id, principal.secret
    if courses:
        _add_course(store, made)
    return made


def _add_course(store: LearningStudioStore, made: Info) -> None:
    course = store.courses.get(made.course_id)
    students = [user for _, user in store.members(made.course_id, "STUD") if user.active]
    made.student, made.other_student = (_person(user) for user in [*students, None, None][:2])
    made.teacher = _person(next((user for _, user in store.members(made.course_id, "PROF")), None))
    made.teaching_assistant = _person(next((user for _, user in store.members(made.course_id, "TA")), None))
    if course is not None:
        made.call_number = course.call_numbers[0] if course.call_numbers else ""
        made.term_id = course.term_id or 0
    announcement = store.announcements.first("course", made.course_id)
    made.announcement_id = announcement.id if announcement is not None else 0
    item = store.gradebook_items.first("course", made.course_id)
    made.gradebook_item_id = item.id if item is not None else ""
    _add_content(store, made)


def _add_content(store: LearningStudioStore, made: Info) -> None:
    items = store.items_of(made.course_id)
    first = {item.type: item.id for item in reversed(items) if item.parent_id is not None}
    made.unit_id = next((item.id for item in items if item.parent_id is None), 0)
    made.text_id, made.office_document_id = first.get("textMultimedia", 0), first.get("msOfficeDocument", 0)
    made.web_upload_id, made.discussion_id = first.get("webContentUpload", 0), first.get("threadedDiscussion", 0)
    made.dropbox_id = first.get("dropboxBasket", 0)
    topic = store.topics.first("item", made.discussion_id)
    made.topic_id = topic.id if topic is not None else 0
    response = store.topic_responses.first("topic", made.topic_id)
    made.response_id = response.id if response is not None else 0
    exams = [exam for exam in (store.exam_of(item.id) for item in items if item.type == "exam") if exam is not None]
    if exams:
        made.exam_id, made.exam_password = exams[0].id, exams[0].password
        made.practice_exam_id = exams[1].id if len(exams) > 1 else 0


def _person(user: User | None) -> Person:
    if user is None:
        return Person()
    return Person(id=user.id, username=user.username, password=user.password, sourced_id=user.sourced_id or "")


def _other_campus(store: LearningStudioStore) -> OtherCampus:
    campuses = list(store.campuses)
    if len(campuses) < 2:
        return OtherCampus()
    campus = campuses[1]
    user = store.users.first("campus", campus.client_string)
    course = next((course for course in store.courses if course.client_string == campus.client_string), None)
    return OtherCampus(
        consumer_key=campus.consumer_key,
        shared_secret=campus.shared_secret,
        client_string=campus.client_string,
        user_id=user.id if user is not None else 0,
        course_id=course.id if course is not None else 0,
    )
