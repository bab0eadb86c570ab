"""Canvas's records, and the store that holds them. No HTTP, no rules: those are in `rules` and `oauth`.

Times are timezone-aware. URLs may name another provider of the same world (`ltiaas:/lti/login`).
"""

from lms_emulator.providers.canvas.model.access import (
    AccessToken,
    AuthorizationCode,
    Bucket,
    DeveloperKey,
    PendingAuthorization,
    Session,
)
from lms_emulator.providers.canvas.model.assignments import Assignment, AssignmentGroup, AssignmentOverride, ToolTag
from lms_emulator.providers.canvas.model.content import (
    DiscussionTopic,
    Module,
)
from lms_emulator.providers.canvas.model.courses import (
    Course,
    CourseSection,
    Enrollment,
    EnrollmentState,
    EnrollmentType,
    Progress,
)
from lms_emulator.providers.canvas.model.files import Attachment, Folder
from lms_emulator.providers.canvas.model.lti import LineItem, ResourceLink, Tool
from lms_emulator.providers.canvas.model.pages import PageVersion, WikiPage
from lms_emulator.providers.canvas.model.people import (
    Account,
    AccountUser,
    AlertThreshold,
    AuthenticationProvider,
    BaseRole,
    CommunicationChannel,
    CustomData,
    EnrollmentTerm,
    PairingCode,
    Pseudonym,
    Role,
    RoleOverride,
    User,
    UserMerge,
    UserObserver,
)
from lms_emulator.providers.canvas.model.quizzes import (
    AssessmentQuestion,
    QuestionBank,
    Quiz,
    QuizGroup,
    QuizQuestion,
    QuizReport,
    QuizSubmission,
    QuizSubmissionEvent,
)
from lms_emulator.providers.canvas.model.section import CanvasSection, CanvasStore, touched
from lms_emulator.providers.canvas.model.submissions import Submission, SubmissionComment, SubmissionVersion

__all__ = [
    "AccessToken",
    "Account",
    "AccountUser",
    "AlertThreshold",
    "AssessmentQuestion",
    "Assignment",
    "AssignmentGroup",
    "AssignmentOverride",
    "Attachment",
    "AuthenticationProvider",
    "AuthorizationCode",
    "BaseRole",
    "Bucket",
    "CanvasSection",
    "CanvasStore",
    "CommunicationChannel",
    "Course",
    "CourseSection",
    "CustomData",
    "DeveloperKey",
    "DiscussionTopic",
    "Enrollment",
    "EnrollmentState",
    "EnrollmentTerm",
    "EnrollmentType",
    "Folder",
    "LineItem",
    "Module",
    "Page",
    "PageVersion",
    "PairingCode",
    "PendingAuthorization",
    "Progress",
    "Pseudonym",
    "QuestionBank",
    "Quiz",
    "QuizGroup",
    "QuizQuestion",
    "QuizReport",
    "QuizSubmission",
    "QuizSubmissionEvent",
    "ResourceLink",
    "Role",
    "RoleOverride",
    "Session",
    "Submission",
    "SubmissionComment",
    "SubmissionVersion",
    "Tool",
    "ToolTag",
    "User",
    "UserMerge",
    "UserObserver",
    "WikiPage",
    "touched",
]
