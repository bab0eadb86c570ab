"""Canvas's records, and the store that holds them. No HTTP, no rules: those are in `rules` and `oauth`.

Times are timezone-aware. URLs may name another provider of the same world (`ltiaas:/lti/login`).
"""

from lms_emulator.providers.canvas.model.access import (
    AccessToken,
    AuthorizationCode,
    Bucket,
    DeveloperKey,
    DeveloperKeyAccountBinding,
    FailedLogins,
    PendingAuthorization,
    RememberedLogin,
    Session,
)
from lms_emulator.providers.canvas.model.assignments import Assignment, AssignmentGroup, AssignmentOverride, ToolTag
from lms_emulator.providers.canvas.model.blueprints import (
    BlueprintLock,
    BlueprintMigration,
    BlueprintSubscription,
    BlueprintTemplate,
)
from lms_emulator.providers.canvas.model.calendar import AppointmentGroup, CalendarEvent
from lms_emulator.providers.canvas.model.conversations import (
    Conversation,
    ConversationMessage,
    ConversationParticipant,
)
from lms_emulator.providers.canvas.model.courses import (
    Course,
    CourseSection,
    Enrollment,
    EnrollmentState,
    EnrollmentType,
    Progress,
)
from lms_emulator.providers.canvas.model.discussions import DiscussionEntry, DiscussionParticipant, DiscussionTopic
from lms_emulator.providers.canvas.model.features import FeatureFlag, switched_on
from lms_emulator.providers.canvas.model.fields import touched
from lms_emulator.providers.canvas.model.files import Attachment, Folder
from lms_emulator.providers.canvas.model.gradebook import (
    CustomColumnDatum,
    CustomGradebookColumn,
    GradebookFilter,
    GradeChange,
    GradeOverride,
    GradingPeriod,
    GradingPeriodGroup,
    GradingStandard,
    LatePolicy,
)
from lms_emulator.providers.canvas.model.groups import Group, GroupCategory, GroupMembership
from lms_emulator.providers.canvas.model.lti import (
    LineItem,
    LtiResult,
    PreparedLaunch,
    ResourceLink,
    Tool,
    ToolConfiguration,
)
from lms_emulator.providers.canvas.model.mastery import (
    AssignmentSet,
    PathAssignment,
    PathChoice,
    PathRule,
    ScoringRange,
)
from lms_emulator.providers.canvas.model.media import MediaObject, MediaTrack
from lms_emulator.providers.canvas.model.migrations import ContentExport, ContentMigration, CopiedAsset, MigrationIssue
from lms_emulator.providers.canvas.model.modules import ContentTag, ContextModule, ModuleProgression
from lms_emulator.providers.canvas.model.notices import AccountNotification, Bookmark, ExternalFeed
from lms_emulator.providers.canvas.model.outcomes import (
    Outcome,
    OutcomeGroup,
    OutcomeImport,
    OutcomeLink,
    OutcomeResult,
)
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
    ObserverAlert,
    PairingCode,
    Pseudonym,
    Role,
    RoleOverride,
    User,
    UserMerge,
    UserObserver,
)
from lms_emulator.providers.canvas.model.planner import PlannerNote, PlannerOverride
from lms_emulator.providers.canvas.model.polls import Poll, PollChoice, PollSession, PollSubmission
from lms_emulator.providers.canvas.model.portfolios import EPortfolio, EPortfolioEntry
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
from lms_emulator.providers.canvas.model.reports import AccountReport
from lms_emulator.providers.canvas.model.rubrics import (
    PeerReview,
    ProvisionalGrade,
    Rubric,
    RubricAssessment,
    RubricAssociation,
)
from lms_emulator.providers.canvas.model.section import CanvasSection, CanvasStore
from lms_emulator.providers.canvas.model.sis import SisBatch, SisBatchError, StateChange
from lms_emulator.providers.canvas.model.submissions import Submission, SubmissionComment, SubmissionVersion

__all__ = [
    "AccessToken",
    "Account",
    "AccountNotification",
    "AccountReport",
    "AccountUser",
    "AlertThreshold",
    "AppointmentGroup",
    "AssessmentQuestion",
    "Assignment",
    "AssignmentGroup",
    "AssignmentOverride",
    "AssignmentSet",
    "Attachment",
    "AuthenticationProvider",
    "AuthorizationCode",
    "BaseRole",
    "BlueprintLock",
    "BlueprintMigration",
    "BlueprintSubscription",
    "BlueprintTemplate",
    "Bookmark",
    "Bucket",
    "CalendarEvent",
    "CanvasSection",
    "CanvasStore",
    "CommunicationChannel",
    "ContentExport",
    "ContentMigration",
    "ContentTag",
    "ContextModule",
    "Conversation",
    "ConversationMessage",
    "ConversationParticipant",
    "CopiedAsset",
    "Course",
    "CourseSection",
    "CustomColumnDatum",
    "CustomData",
    "CustomGradebookColumn",
    "DeveloperKey",
    "DeveloperKeyAccountBinding",
    "DiscussionEntry",
    "DiscussionParticipant",
    "DiscussionTopic",
    "EPortfolio",
    "EPortfolioEntry",
    "Enrollment",
    "EnrollmentState",
    "EnrollmentTerm",
    "EnrollmentType",
    "ExternalFeed",
    "FailedLogins",
    "FeatureFlag",
    "Folder",
    "GradeChange",
    "GradeOverride",
    "GradebookFilter",
    "GradingPeriod",
    "GradingPeriodGroup",
    "GradingStandard",
    "Group",
    "GroupCategory",
    "GroupMembership",
    "LatePolicy",
    "LineItem",
    "LtiResult",
    "MediaObject",
    "MediaTrack",
    "MigrationIssue",
    "ModuleProgression",
    "ObserverAlert",
    "Outcome",
    "OutcomeGroup",
    "OutcomeImport",
    "OutcomeLink",
    "OutcomeResult",
    "PageVersion",
    "PairingCode",
    "PathAssignment",
    "PathChoice",
    "PathRule",
    "PeerReview",
    "PendingAuthorization",
    "PlannerNote",
    "PlannerOverride",
    "Poll",
    "PollChoice",
    "PollSession",
    "PollSubmission",
    "PreparedLaunch",
    "Progress",
    "ProvisionalGrade",
    "Pseudonym",
    "QuestionBank",
    "Quiz",
    "QuizGroup",
    "QuizQuestion",
    "QuizReport",
    "QuizSubmission",
    "QuizSubmissionEvent",
    "RememberedLogin",
    "ResourceLink",
    "Role",
    "RoleOverride",
    "Rubric",
    "RubricAssessment",
    "RubricAssociation",
    "ScoringRange",
    "Session",
    "SisBatch",
    "SisBatchError",
    "StateChange",
    "Submission",
    "SubmissionComment",
    "SubmissionVersion",
    "Tool",
    "ToolConfiguration",
    "ToolTag",
    "User",
    "UserMerge",
    "UserObserver",
    "WikiPage",
    "switched_on",
    "touched",
]
