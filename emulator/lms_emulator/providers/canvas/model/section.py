"""The `[canvas]` part of a world file, and the store made from it."""

from __future__ import annotations

from lms_emulator.core.state.records import Record
from lms_emulator.core.state.store import section_of
from lms_emulator.core.state.tables import Table, table
from lms_emulator.lti.records import HANDLERS, NoticeHandler
from lms_emulator.lti.store import RegisteringTables
from lms_emulator.providers.canvas.model import credentials as held
from lms_emulator.providers.canvas.model.access import (
    AuthenticationEvent,
    DeveloperKey,
    DeveloperKeyAccountBinding,
)
from lms_emulator.providers.canvas.model.asset_processors import AssetProcessorStore
from lms_emulator.providers.canvas.model.assignments import Assignment, AssignmentGroup, AssignmentOverride
from lms_emulator.providers.canvas.model.blueprints import (
    BlueprintLock,
    BlueprintMigration,
    BlueprintSubscription,
    BlueprintTemplate,
)
from lms_emulator.providers.canvas.model.collaborations import CollaborationStore
from lms_emulator.providers.canvas.model.courses import Course, CourseChange, CourseSection, Enrollment, Progress
from lms_emulator.providers.canvas.model.discussions import DiscussionEntry, DiscussionParticipant, DiscussionTopic
from lms_emulator.providers.canvas.model.features import FeatureFlag
from lms_emulator.providers.canvas.model.fields import context as _context
from lms_emulator.providers.canvas.model.fields import course as _course
from lms_emulator.providers.canvas.model.fields import quiz as _quiz
from lms_emulator.providers.canvas.model.fields import until as _until
from lms_emulator.providers.canvas.model.fields import user as _user
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
from lms_emulator.providers.canvas.model.life import LifeStore
from lms_emulator.providers.canvas.model.lti import (
    LineItem,
    LtiResult,
    ResourceLink,
    ScoreFile,
    Tool,
    ToolConfiguration,
)
from lms_emulator.providers.canvas.model.mastery import PathChoice, PathRule
from lms_emulator.providers.canvas.model.media import MediaObject
from lms_emulator.providers.canvas.model.migrations import (
    ContentExport,
    ContentMigration,
    CopiedAsset,
    MigrationIssue,
)
from lms_emulator.providers.canvas.model.modules import ContentTag, ContextModule, ModuleProgression
from lms_emulator.providers.canvas.model.new_quizzes import NewQuiz, NewQuizAccommodation, NewQuizItem
from lms_emulator.providers.canvas.model.notices import AccountNotification, Bookmark, ExternalFeed
from lms_emulator.providers.canvas.model.outcomes import (
    Outcome,
    OutcomeGroup,
    OutcomeImport,
    OutcomeLink,
    OutcomeProficiency,
    OutcomeResult,
)
from lms_emulator.providers.canvas.model.pacing import BlackoutDate, CoursePace
from lms_emulator.providers.canvas.model.pages import WikiPage
from lms_emulator.providers.canvas.model.people import (
    Account,
    AccountUser,
    AlertThreshold,
    AuthenticationProvider,
    CommunicationChannel,
    CustomData,
    EnrollmentTerm,
    PairingCode,
    Pseudonym,
    Role,
    RoleOverride,
    User,
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
from lms_emulator.providers.canvas.model.registrations import RegistrationStore
from lms_emulator.providers.canvas.model.reports import AccountReport
from lms_emulator.providers.canvas.model.rubrics import (
    PeerReview,
    ProvisionalGrade,
    Rubric,
    RubricAssessment,
    RubricAssociation,
)
from lms_emulator.providers.canvas.model.sessions import SessionStore
from lms_emulator.providers.canvas.model.shorthand import expand
from lms_emulator.providers.canvas.model.sis import AbstractCourse, SisBatch, SisBatchError, StateChange
from lms_emulator.providers.canvas.model.submissions import Submission, SubmissionComment


class SectionValues(Record, frozen=True, kw_only=True):
    """The `[canvas]` part of a world file; its lists are the tables, most of them named as in Canvas's database.

    Attributes:
        next_ids: by table, the id of the next new record; by default one more than the highest.
    """

    next_ids: dict[str, int] = {}

    def __post_init__(self) -> None:
        expand(self)


_NO_SCHOOL = Account(id=1, name="Canvas")
"""Where the world has none: pages that anybody may see are shown all the same."""


class CanvasStore(
    LifeStore, RegistrationStore, AssetProcessorStore, CollaborationStore, RegisteringTables, SessionStore
):
    """Canvas's state."""

    accounts: Table[Account] = table(
        key="id", indexes={"parent": lambda a: a.parent_account_id, "sis_account_id": lambda a: a.sis_account_id}
    )
    enrollment_terms: Table[EnrollmentTerm] = table(key="id", indexes={"root": lambda t: t.root_account_id})
    roles: Table[Role] = table(
        key="id", indexes={"account": lambda r: r.account_id, "root": lambda r: r.root_account_id}
    )
    role_overrides: Table[RoleOverride] = table(
        key="id", indexes={"role": lambda o: o.role_id, "account": lambda o: o.account_id}
    )
    users: Table[User] = table(
        key="id", indexes={"lti_id": lambda u: u.lti_id or None, "lti_user_id": lambda u: u.lti_user_id or None}
    )
    pseudonyms: Table[Pseudonym] = table(
        key="id",
        indexes={
            "user": _user,
            "unique_id": lambda p: p.unique_id.lower(),
            "sis_user_id": lambda p: p.sis_user_id,
            "integration_id": lambda p: p.integration_id,
        },
    )
    communication_channels: Table[CommunicationChannel] = table(
        key="id", indexes={"user": _user, "address": lambda c: c.address.lower()}
    )
    account_users: Table[AccountUser] = table(key="id", indexes={"user": _user, "account": lambda a: a.account_id})
    user_observers: Table[UserObserver] = table(
        key="id", indexes={"student": lambda o: o.student_id, "observer": lambda o: o.observer_id}
    )
    authentication_providers: Table[AuthenticationProvider] = table(
        key="id", indexes={"account": lambda p: p.account_id}
    )
    account_notifications: Table[AccountNotification] = table(key="id", indexes={"account": lambda n: n.account_id})
    bookmarks: Table[Bookmark] = table(key="id", indexes={"user": _user})
    external_feeds: Table[ExternalFeed] = table(key="id", indexes={"context": _context})
    pairing_codes: Table[PairingCode] = table(
        key="id", indexes={"code": lambda c: c.code}, keep_until=_until, credentials=held.PAIRING_CODES
    )
    observer_alert_thresholds: Table[AlertThreshold] = table(key="id", indexes={"observer": lambda t: t.observer_id})
    custom_data: Table[CustomData] = table(key="id", indexes={"user": _user})
    developer_keys: Table[DeveloperKey] = table(
        key="id",
        credentials=held.DEVELOPER_KEYS,
    )
    developer_key_account_bindings: Table[DeveloperKeyAccountBinding] = table(
        key="id", indexes={"key": lambda b: b.developer_key_id}
    )
    authentication_events: Table[AuthenticationEvent] = table(key="id", indexes={"user": _user})
    course_changes: Table[CourseChange] = table(key="id", indexes={"course": _course})
    feature_flags: Table[FeatureFlag] = table(key="id", indexes={"context": _context})
    courses: Table[Course] = table(
        key="id",
        indexes={
            "account": lambda c: c.account_id,
            "sis_course_id": lambda c: c.sis_course_id,
            "integration_id": lambda c: c.integration_id,
        },
    )
    course_sections: Table[CourseSection] = table(
        key="id",
        indexes={
            "course": _course,
            "sis_section_id": lambda s: s.sis_section_id,
            "integration_id": lambda s: s.integration_id,
        },
    )
    enrollments: Table[Enrollment] = table(
        key="id",
        indexes={
            "course": _course,
            "user": _user,
            "whose": lambda e: (e.course_id, e.user_id),
            "section": lambda e: e.course_section_id,
        },
    )
    progresses: Table[Progress] = table(key="id", limit=100_000)
    assignment_groups: Table[AssignmentGroup] = table(key="id", indexes={"course": _course})
    assignments: Table[Assignment] = table(
        key="id",
        indexes={
            "course": _course,
            "group": lambda a: a.assignment_group_id,
            "link": lambda a: a.resource_link_id,
            "sis_assignment_id": lambda a: a.sis_assignment_id,
            "automatic": lambda a: a.asks_for_reviews or None,
        },
    )
    assignment_overrides: Table[AssignmentOverride] = table(key="id", indexes={"assignment": lambda o: o.assignment_id})
    submissions: Table[Submission] = table(
        key="id",
        indexes={
            "assignment": lambda s: s.assignment_id,
            "user": _user,
            "whose": lambda s: (s.assignment_id, s.user_id),
            "anonymous_id": lambda s: s.anonymous_id or None,
        },
    )
    submission_comments: Table[SubmissionComment] = table(key="id", indexes={"submission": lambda c: c.submission_id})
    outcome_proficiencies: Table[OutcomeProficiency] = table(key="id", indexes={"context": _context})
    learning_outcome_groups: Table[OutcomeGroup] = table(
        key="id",
        indexes={
            "context": lambda g: (g.context_type, g.context_id),
            "parent": lambda g: g.parent_id,
            "guid": lambda g: g.vendor_guid or None,
        },
    )
    learning_outcomes: Table[Outcome] = table(key="id", indexes={"guid": lambda o: o.vendor_guid or None})
    outcome_links: Table[OutcomeLink] = table(
        key="id", indexes={"group": lambda o: o.outcome_group_id, "outcome": lambda o: o.outcome_id}
    )
    learning_outcome_results: Table[OutcomeResult] = table(
        key="id",
        indexes={"course": _course, "outcome": lambda r: r.outcome_id, "assessment": lambda r: r.rubric_assessment_id},
    )
    rubrics: Table[Rubric] = table(key="id", indexes={"course": _course})
    rubric_associations: Table[RubricAssociation] = table(
        key="id",
        indexes={"rubric": lambda a: a.rubric_id, "place": lambda a: (a.association_type, a.association_id)},
    )
    rubric_assessments: Table[RubricAssessment] = table(
        key="id",
        indexes={
            "rubric": lambda a: a.rubric_id,
            "association": lambda a: a.rubric_association_id,
            "submission": lambda a: a.submission_id,
        },
    )
    peer_reviews: Table[PeerReview] = table(
        key="id", indexes={"submission": lambda r: r.submission_id, "assessor": lambda r: r.assessor_id}
    )
    provisional_grades: Table[ProvisionalGrade] = table(key="id", indexes={"submission": lambda g: g.submission_id})
    late_policies: Table[LatePolicy] = table(key="id", indexes={"course": _course})
    grading_standards: Table[GradingStandard] = table(
        key="id", indexes={"place": lambda g: (g.context_type, g.context_id)}
    )
    grading_period_groups: Table[GradingPeriodGroup] = table(key="id")
    grading_periods: Table[GradingPeriod] = table(key="id", indexes={"group": lambda p: p.grading_period_group_id})
    custom_gradebook_columns: Table[CustomGradebookColumn] = table(key="id", indexes={"course": _course})
    custom_column_data: Table[CustomColumnDatum] = table(key="id", indexes={"column": lambda d: d.column_id})
    gradebook_filters: Table[GradebookFilter] = table(key="id")
    grade_overrides: Table[GradeOverride] = table(key="id")
    grade_changes: Table[GradeChange] = table(key="id", limit=100_000, indexes={"course": _course})
    folders: Table[Folder] = table(key="id", indexes={"context": _context, "parent": lambda f: f.parent_folder_id})
    attachments: Table[Attachment] = table(key="id", indexes={"context": _context, "folder": lambda a: a.folder_id})
    discussion_topics: Table[DiscussionTopic] = table(
        key="id", indexes={"context": _context, "root": lambda t: t.root_topic_id}
    )
    discussion_entries: Table[DiscussionEntry] = table(key="id", indexes={"topic": lambda e: e.topic_id})
    discussion_participants: Table[DiscussionParticipant] = table(
        key="id", indexes={"whose": lambda p: (p.topic_id, p.user_id)}
    )
    course_paces: Table[CoursePace] = table(key="id", indexes={"course": _course})
    blackout_dates: Table[BlackoutDate] = table(key="id", indexes={"context": _context})
    media_objects: Table[MediaObject] = table(
        key="id", indexes={"media": lambda m: m.media_id, "file": lambda m: m.attachment_id}
    )
    wiki_pages: Table[WikiPage] = table(key="id", indexes={"context": _context})
    context_modules: Table[ContextModule] = table(key="id", indexes={"course": _course})
    content_tags: Table[ContentTag] = table(
        key="id",
        indexes={
            "module": lambda t: t.context_module_id,
            "content": lambda t: (t.type, t.content_id),
            "link": lambda t: t.resource_link_id,
        },
    )
    module_progressions: Table[ModuleProgression] = table(key="key", indexes={"module": lambda p: p.context_module_id})
    conditional_release_rules: Table[PathRule] = table(key="id", indexes={"course": _course})
    path_choices: Table[PathChoice] = table(key="key")
    new_quizzes: Table[NewQuiz] = table(
        key="assignment_id", indexes={"course": _course, "waiting": lambda q: q.waiting or None}
    )
    new_quiz_items: Table[NewQuizItem] = table(key="id", indexes={"quiz": lambda i: i.assignment_id})
    new_quiz_accommodations: Table[NewQuizAccommodation] = table(key="key")
    group_categories: Table[GroupCategory] = table(key="id", indexes={"context": _context})
    groups: Table[Group] = table(key="id", indexes={"category": lambda g: g.group_category_id})
    group_memberships: Table[GroupMembership] = table(
        key="id", indexes={"group": lambda m: m.group_id, "user": _user, "whose": lambda m: (m.group_id, m.user_id)}
    )
    blueprint_templates: Table[BlueprintTemplate] = table(key="id", indexes={"course": _course})
    blueprint_locks: Table[BlueprintLock] = table(key="id", indexes={"content": lambda b: (b.kind, b.content_id)})
    blueprint_subscriptions: Table[BlueprintSubscription] = table(
        key="id", indexes={"template": lambda s: s.template_id, "course": _course}
    )
    blueprint_migrations: Table[BlueprintMigration] = table(
        key="id",
        indexes={"template": lambda m: m.template_id, "waiting": lambda m: m.workflow_state == "queued" or None},
    )
    content_migrations: Table[ContentMigration] = table(
        key="id", indexes={"context": _context, "waiting": lambda m: m.workflow_state == "running" or None}
    )
    migration_issues: Table[MigrationIssue] = table(key="id", indexes={"migration": lambda i: i.content_migration_id})
    content_exports: Table[ContentExport] = table(
        key="id", indexes={"context": _context, "waiting": lambda e: e.workflow_state == "created" or None}
    )
    copied_assets: Table[CopiedAsset] = table(
        key="id", indexes={"course": _course, "asset": lambda a: (a.kind, a.asset_id)}
    )
    outcome_imports: Table[OutcomeImport] = table(
        key="id", indexes={"context": _context, "waiting": lambda i: i.workflow_state == "created" or None}
    )
    account_reports: Table[AccountReport] = table(
        key="id",
        indexes={"account": lambda r: r.account_id, "waiting": lambda r: r.workflow_state == "created" or None},
    )
    abstract_courses: Table[AbstractCourse] = table(key="id", indexes={"sis": lambda record: record.sis_source_id})
    sis_batches: Table[SisBatch] = table(
        key="id",
        indexes={
            "account": lambda b: b.account_id,
            "waiting": lambda b: b.workflow_state == "created" or None,
            "data_set": lambda b: b.diffing_data_set_identifier,
        },
    )
    sis_batch_errors: Table[SisBatchError] = table(key="id", limit=100_000, indexes={"batch": lambda e: e.sis_batch_id})
    sis_batch_roll_back_data: Table[StateChange] = table(
        key="id", limit=1_000_000, indexes={"batch": lambda c: c.sis_batch_id}
    )
    quizzes: Table[Quiz] = table(key="id", indexes={"course": _course})
    quiz_groups: Table[QuizGroup] = table(key="id", indexes={"quiz": _quiz})
    quiz_questions: Table[QuizQuestion] = table(key="id", indexes={"quiz": _quiz})
    assessment_question_banks: Table[QuestionBank] = table(key="id", indexes={"course": _course})
    assessment_questions: Table[AssessmentQuestion] = table(
        key="id", indexes={"bank": lambda q: q.assessment_question_bank_id}
    )
    quiz_submissions: Table[QuizSubmission] = table(
        key="id", indexes={"quiz": _quiz, "whose": lambda record: (record.quiz_id, record.user_id)}
    )
    quiz_submission_events: Table[QuizSubmissionEvent] = table(
        key="id", limit=100_000, indexes={"submission": lambda e: e.quiz_submission_id}
    )
    quiz_reports: Table[QuizReport] = table(key="id", indexes={"quiz": _quiz, "waiting": lambda r: r.waiting or None})
    tools: Table[Tool] = table(key="id", indexes={"key": lambda t: t.developer_key_id})
    tool_configurations: Table[ToolConfiguration] = table(key="id", indexes={"key": lambda c: c.developer_key_id})
    resource_links: Table[ResourceLink] = table(
        key="id", indexes={"course": _course, "assignment": lambda record: record.assignment_id}
    )
    line_items: Table[LineItem] = table(
        key="id",
        indexes={
            "course": _course,
            "link": lambda i: i.data.resource_link_id,
            "assignment": lambda i: i.assignment_id,
        },
    )
    score_files: Table[ScoreFile] = table(key="id", indexes={"waiting": lambda f: f.queued_at is not None or None})
    lti_results: Table[LtiResult] = table(
        key="id", indexes={"line_item": lambda r: r.line_item_id, "person": lambda r: (r.line_item_id, r.user_id)}
    )
    notice_handlers: Table[NoticeHandler] = HANDLERS

    @property
    def school(self) -> Account:
        """The root account of this site."""
        roots = (account for account in self.accounts if account.parent_account_id is None and not account.site_admin)
        return min(roots, key=lambda account: account.id, default=_NO_SCHOOL)

    def new_id(self, table: str) -> int:
        """The id of a new record of that table; for things without a record (error reports), the next number."""
        floor = self.section.next_ids.get(table, 1) - 1
        if table in self.tables:
            return self.next_number(table, floor=floor)
        self.counters[table] = max(self.counters.get(table, 0), floor) + 1
        return self.counters[table]


CanvasSection = section_of(CanvasStore, "CanvasSection", SectionValues)
