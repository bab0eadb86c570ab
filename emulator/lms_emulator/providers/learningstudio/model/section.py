"""LearningStudio's part of a world file, and the tables of one world."""

from __future__ import annotations

from lms_emulator.core.state.credentials import Credential
from lms_emulator.core.state.records import Record
from lms_emulator.core.state.store import Store, section_of
from lms_emulator.core.state.tables import Table, table
from lms_emulator.providers.learningstudio.model.access import (
    AccessGrant,
    IssuedToken,
    LatestToken,
    Nonce,
    RefreshToken,
    RequestCount,
)
from lms_emulator.providers.learningstudio.model.content import (
    CourseGroup,
    CourseItem,
    DropboxAttachment,
    DropboxMessage,
    ResponseRead,
    Topic,
    TopicResponse,
)
from lms_emulator.providers.learningstudio.model.eventing import Principal, Subscription
from lms_emulator.providers.learningstudio.model.exams import (
    Answer,
    Attempt,
    Exam,
    ExamExtension,
    ExamSection,
    Question,
    UserExam,
)
from lms_emulator.providers.learningstudio.model.gradebook import CustomCategory, CustomItem, Grade, GradebookItem
from lms_emulator.providers.learningstudio.model.people import (
    Announcement,
    AnnouncementRead,
    Application,
    Campus,
    Course,
    Enrollment,
    Role,
    Term,
    User,
)
from lms_emulator.signing.pearson import Malformed, parse_access_token


class SectionValues(Record, frozen=True, kw_only=True):
    """LearningStudio's part of a world file.

    `server_key`: the secret that signs access tokens (16, 24 or 32 bytes).
    """

    server_key: str = "emulator-server-key-not-a-secret"


def _granted(record: IssuedToken | RefreshToken | AccessGrant) -> str:
    return f"the application {record.application_id}, for the user {record.user_id}"


def _canonical(text: str) -> str | None:
    try:
        return parse_access_token(text).canonical
    except Malformed:
        return None


class LearningStudioStore(Store):
    """The tables of one world, and the queries that rules need."""

    applications: Table[Application] = table(
        key="id",
        credentials=(
            Credential(
                name="the id of an application",
                value="id",
                owner=lambda record: record.name,
                tip="it is the `client_id` of grants, and the applicationId of assertions and headers",
                public=True,
            ),
        ),
    )
    campuses: Table[Campus] = table(
        key="client_string",
        indexes={"consumer_key": lambda campus: campus.consumer_key},
        credentials=(
            Credential(
                name="the consumer key",
                value="consumer_key",
                owner=lambda campus: f"the campus {campus.client_string}",
                tip="it is the consumerKey of assertions and the oauth_consumer_key of headers",
                public=True,
            ),
            Credential(
                name="the client string",
                value="client_string",
                owner=lambda campus: campus.name or "a campus",
                tip="it is the clientString of assertions, and stands before a login name",
                public=True,
            ),
            Credential(
                name="the shared secret",
                value="shared_secret",
                owner=lambda campus: f"the campus {campus.client_string}",
                tip="it signs and is never sent",
            ),
        ),
    )
    users: Table[User] = table(
        key="id",
        indexes={
            "campus": lambda user: user.client_string,
            "username": lambda user: [(user.client_string, user.username.lower())],
            "sourced_id": lambda user: [(user.client_string, user.sourced_id)],
            "email": lambda user: [(user.client_string, user.email.lower())],
        },
    )
    terms: Table[Term] = table(key="id")
    courses: Table[Course] = table(
        key="id",
        indexes={"call_number": lambda course: [(course.client_string, number) for number in course.call_numbers]},
    )
    enrollments: Table[Enrollment] = table(
        key="id",
        indexes={
            "course": lambda enrollment: enrollment.course_id,
            "user": lambda enrollment: enrollment.user_id,
            "member": lambda enrollment: [(enrollment.course_id, enrollment.user_id)],
        },
    )
    announcements: Table[Announcement] = table(
        key="id", indexes={"course": lambda announcement: announcement.course_id}
    )
    announcement_reads: Table[AnnouncementRead] = table(key=lambda read: (read.announcement_id, read.user_id))
    gradebook_items: Table[GradebookItem] = table(
        key="id",
        indexes={"course": lambda item: item.course_id, "item": lambda item: [(item.course_id, item.item_id)]},
    )
    grades: Table[Grade] = table(
        key="id",
        indexes={
            "item": lambda grade: grade.gradebook_item_id,
            "student": lambda grade: [(grade.gradebook_item_id, grade.user_id)],
        },
    )
    custom_categories: Table[CustomCategory] = table(
        key="guid", indexes={"course": lambda category: category.course_id}
    )
    custom_items: Table[CustomItem] = table(key="guid", indexes={"category": lambda item: item.category_guid})
    course_groups: Table[CourseGroup] = table(key="id", indexes={"course": lambda group: group.course_id})
    course_items: Table[CourseItem] = table(key="id", indexes={"course": lambda item: item.course_id})
    topics: Table[Topic] = table(key="id", indexes={"item": lambda topic: topic.item_id})
    topic_responses: Table[TopicResponse] = table(
        key="id",
        indexes={"topic": lambda response: response.topic_id, "author": lambda response: response.author_id},
    )
    response_reads: Table[ResponseRead] = table(key=lambda read: (read.response_id, read.user_id))
    dropbox_messages: Table[DropboxMessage] = table(key="id", indexes={"item": lambda message: message.item_id})
    dropbox_attachments: Table[DropboxAttachment] = table(key="id", indexes={"message": lambda file: file.message_id})
    exams: Table[Exam] = table(key="id", indexes={"item": lambda exam: exam.item_id})
    exam_extensions: Table[ExamExtension] = table(key=lambda more: (more.exam_id, more.user_id))
    exam_sections: Table[ExamSection] = table(key="id", indexes={"exam": lambda section: section.exam_id})
    questions: Table[Question] = table(key="id", indexes={"section": lambda question: question.section_id})
    user_exams: Table[UserExam] = table(
        key=lambda own: (own.exam_id, own.user_id), indexes={"user": lambda own: own.user_id}
    )
    attempts: Table[Attempt] = table(key="id", indexes={"own": lambda attempt: [(attempt.exam_id, attempt.user_id)]})
    answers: Table[Answer] = table(
        key=lambda answer: (answer.attempt_id, answer.question_id),
        indexes={"attempt": lambda answer: answer.attempt_id},
    )
    principals: Table[Principal] = table(
        key="id",
        credentials=(
            Credential(name="the id of a principal", value="id", tip="it may subscribe to events", public=True),
            Credential(
                name="the secret of a principal",
                value="secret",
                owner=lambda record: record.id,
                tip="it signs and is never sent",
            ),
        ),
    )
    subscriptions: Table[Subscription] = table(
        key="id", indexes={"principal": lambda subscription: subscription.principal_id}
    )
    access_tokens: Table[IssuedToken] = table(
        key="token",
        keep_until=lambda token: token.expires,
        limit=50_000,
        credentials=(
            Credential(
                name="an access token",
                value="token",
                owner=_granted,
                tip="send it as `X-Authorization: Access_Token access_token=…`",
                read=_canonical,
            ),
        ),
    )
    latest_tokens: Table[LatestToken] = table(
        key=lambda latest: (latest.application_id, latest.user_id),
        keep_until=lambda latest: latest.expires,
        limit=50_000,
    )
    refresh_tokens: Table[RefreshToken] = table(
        key="token",
        keep_until=lambda token: token.expires,
        limit=50_000,
        credentials=(
            Credential(
                name="a refresh token",
                value="token",
                owner=_granted,
                tip="it is exchanged at /token with grant_type=refresh_token",
                single_use=True,
            ),
        ),
    )
    access_grants: Table[AccessGrant] = table(
        key="grant",
        keep_until=lambda grant: grant.expires,
        limit=50_000,
        credentials=(
            Credential(
                name="an access grant",
                value="grant",
                owner=_granted,
                tip="it is exchanged for a token at /authorize/token",
                single_use=True,
            ),
        ),
    )
    nonces: Table[Nonce] = table(
        key=lambda nonce: (nonce.consumer_key, nonce.nonce),
        keep_until=lambda nonce: nonce.until,
        limit=200_000,
        single_use="the nonce of a signed request",
    )
    request_counts: Table[RequestCount] = table(key="key", limit=1_000)

    # An index function returns a list of values, so a pair is wrapped in a list.

    def user_named(self, client_string: str, username: str, *, ignore_case: bool) -> User | None:
        """A user of the campus by login id."""
        found = self.users.find("username", (client_string, username.lower()))
        return next((user for user in found if ignore_case or user.username == username), None)

    def member(self, course_id: int, user_id: int) -> Enrollment | None:
        """The user's enrolment in the course."""
        return self.enrollments.first("member", (course_id, user_id))

    def members(self, course_id: int, role: Role | None = None) -> list[tuple[Enrollment, User]]:
        """The members of the course, or those with one role, with their records."""
        found = []
        for enrollment in self.enrollments.find("course", course_id):
            user = self.users.get(enrollment.user_id)
            if user is not None and role in (None, enrollment.role):
                found.append((enrollment, user))
        return found

    def courses_of(self, user: User) -> list[Course]:
        """The courses a user is enrolled in."""
        found = (self.courses.get(enrollment.course_id) for enrollment in self.enrollments.find("user", user.id))
        return [course for course in found if course is not None]

    def terms_of(self, user: User) -> list[Term]:
        """The terms of a user's courses, each once."""
        ids = dict.fromkeys(course.term_id for course in self.courses_of(user) if course.term_id is not None)
        return [term for term in map(self.terms.get, ids) if term is not None]

    def items_of(self, course_id: int) -> list[CourseItem]:
        """The course's units and items, each unit before its items, in their order."""
        found = sorted(self.course_items.find("course", course_id), key=lambda item: (item.order, item.id))
        below: dict[int | None, list[CourseItem]] = {}
        for item in found:
            below.setdefault(item.parent_id, []).append(item)
        return [course_item for unit in below.get(None, []) for course_item in (unit, *below.get(unit.id, []))]

    def exam_of(self, item_id: int) -> Exam | None:
        """The exam in a course item."""
        return self.exams.first("item", item_id)

    def attempt_of(self, exam_id: int, user_id: int) -> Attempt | None:
        """The user's latest attempt of an exam."""
        return self.attempts.first("own", (exam_id, user_id))

    def grade_of(self, item: GradebookItem, user_id: int) -> Grade | None:
        """The user's grade in one gradebook item."""
        return self.grades.first("student", (item.id, user_id))


Section = section_of(LearningStudioStore, "Section", SectionValues)
