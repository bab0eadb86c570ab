"""What can be wrong with a well-formed Canvas section of a world file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lms_emulator.core.http.exchange import number
from lms_emulator.core.state.references import Reference, dangling, not_base64, shared, unending
from lms_emulator.providers.canvas.model.files import ATTACHED
from lms_emulator.providers.canvas.model.shorthand import BUILT_IN

REFERENCES = (
    Reference("developer_keys", "account_id", "accounts"),
    Reference("developer_key_account_bindings", "account_id", "accounts"),
    Reference("developer_key_account_bindings", "developer_key_id", "developer_keys"),
    Reference("accounts", "parent_account_id", "accounts"),
    Reference("enrollment_terms", "root_account_id", "accounts"),
    Reference("roles", "account_id", "accounts"),
    Reference("roles", "root_account_id", "accounts"),
    Reference("role_overrides", "account_id", "accounts"),
    Reference("role_overrides", "role_id", "roles"),
    Reference("pseudonyms", "user_id", "users"),
    Reference("pseudonyms", "account_id", "accounts"),
    Reference("communication_channels", "user_id", "users"),
    Reference("account_users", "account_id", "accounts"),
    Reference("account_users", "user_id", "users"),
    Reference("account_users", "role_id", "roles"),
    Reference("user_observers", "student_id", "users"),
    Reference("user_observers", "observer_id", "users"),
    Reference("authentication_providers", "account_id", "accounts"),
    Reference("sis_batches", "attachment_id", "attachments"),
    Reference("account_notifications", "account_id", "accounts"),
    Reference("bookmarks", "user_id", "users"),
    Reference("pairing_codes", "user_id", "users"),
    Reference("observer_alert_thresholds", "observer_id", "users"),
    Reference("observer_alert_thresholds", "user_id", "users"),
    Reference("observer_alerts", "threshold_id", "observer_alert_thresholds"),
    Reference("observer_alerts", "observer_id", "users"),
    Reference("observer_alerts", "user_id", "users"),
    Reference("custom_data", "user_id", "users"),
    Reference("user_merges", "user_id", "users"),
    Reference("user_past_lti_ids", "user_id", "users"),
    Reference("courses", "account_id", "accounts"),
    Reference("courses", "enrollment_term_id", "enrollment_terms"),
    Reference("course_sections", "course_id", "courses"),
    Reference("course_sections", "nonxlist_course_id", "courses"),
    Reference("assignment_groups", "course_id", "courses"),
    Reference("assignments", "assignment_group_id", "assignment_groups"),
    Reference("enrollments", "course_id", "courses"),
    Reference("enrollments", "user_id", "users"),
    Reference("enrollments", "course_section_id", "course_sections"),
    Reference("enrollments", "role_id", "roles"),
    Reference("folders", "parent_folder_id", "folders"),
    Reference("attachments", "folder_id", "folders"),
    Reference("attachments", "user_id", "users"),
    Reference("discussion_topics", "user_id", "users"),
    Reference("discussion_topics", "assignment_id", "assignments"),
    Reference("discussion_topics", "root_topic_id", "discussion_topics"),
    Reference("discussion_topics", "group_category_id", "group_categories"),
    Reference("discussion_entries", "topic_id", "discussion_topics"),
    Reference("discussion_entries", "user_id", "users"),
    Reference("discussion_participants", "topic_id", "discussion_topics"),
    Reference("discussion_participants", "user_id", "users"),
    Reference("wiki_pages", "user_id", "users"),
    Reference("media_objects", "user_id", "users"),
    Reference("context_modules", "course_id", "courses"),
    Reference("content_tags", "course_id", "courses"),
    Reference("content_tags", "context_module_id", "context_modules"),
    Reference("module_progressions", "context_module_id", "context_modules"),
    Reference("module_progressions", "user_id", "users"),
    Reference("conditional_release_rules", "course_id", "courses"),
    Reference("conditional_release_rules", "trigger_assignment_id", "assignments"),
    Reference("path_choices", "rule_id", "conditional_release_rules"),
    Reference("path_choices", "user_id", "users"),
    Reference("eportfolios", "user_id", "users"),
    Reference("eportfolio_entries", "eportfolio_id", "eportfolios"),
    Reference("polls", "user_id", "users"),
    Reference("poll_choices", "poll_id", "polls"),
    Reference("new_quizzes", "assignment_id", "assignments"),
    Reference("new_quizzes", "course_id", "courses"),
    Reference("new_quiz_items", "assignment_id", "assignments"),
    Reference("new_quiz_accommodations", "course_id", "courses"),
    Reference("new_quiz_accommodations", "assignment_id", "assignments"),
    Reference("new_quiz_accommodations", "user_id", "users"),
    Reference("poll_sessions", "poll_id", "polls"),
    Reference("poll_sessions", "course_id", "courses"),
    Reference("poll_submissions", "poll_session_id", "poll_sessions"),
    Reference("poll_submissions", "poll_choice_id", "poll_choices"),
    Reference("poll_submissions", "user_id", "users"),
    Reference("planner_notes", "user_id", "users"),
    Reference("planner_notes", "course_id", "courses"),
    Reference("planner_overrides", "user_id", "users"),
    Reference("conversation_participants", "conversation_id", "conversations"),
    Reference("conversation_participants", "user_id", "users"),
    Reference("conversation_messages", "conversation_id", "conversations"),
    Reference("conversation_messages", "author_id", "users"),
    Reference("calendar_events", "user_id", "users"),
    Reference("calendar_events", "parent_event_id", "calendar_events"),
    Reference("blueprint_templates", "course_id", "courses"),
    Reference("blueprint_locks", "template_id", "blueprint_templates"),
    Reference("blueprint_subscriptions", "template_id", "blueprint_templates"),
    Reference("blueprint_subscriptions", "course_id", "courses"),
    Reference("blueprint_migrations", "template_id", "blueprint_templates"),
    Reference("blueprint_migrations", "user_id", "users"),
    Reference("content_migrations", "user_id", "users"),
    Reference("content_migrations", "source_course_id", "courses"),
    Reference("migration_issues", "content_migration_id", "content_migrations"),
    Reference("content_exports", "user_id", "users"),
    Reference("content_shares", "user_id", "users"),
    Reference("content_shares", "sender_id", "users"),
    Reference("content_shares", "content_export_id", "content_exports"),
    Reference("copied_assets", "course_id", "courses"),
    Reference("account_reports", "account_id", "accounts"),
    Reference("account_reports", "user_id", "users"),
    Reference("abstract_courses", "account_id", "accounts"),
    Reference("abstract_courses", "enrollment_term_id", "enrollment_terms"),
    Reference("sis_batches", "account_id", "accounts"),
    Reference("sis_batches", "user_id", "users"),
    Reference("sis_batch_errors", "sis_batch_id", "sis_batches"),
    Reference("sis_batch_roll_back_data", "sis_batch_id", "sis_batches"),
    Reference("groups", "group_category_id", "group_categories"),
    Reference("groups", "avatar_id", "attachments"),
    Reference("group_memberships", "group_id", "groups"),
    Reference("group_memberships", "user_id", "users"),
    Reference("quizzes", "course_id", "courses"),
    Reference("quizzes", "assignment_id", "assignments"),
    Reference("quizzes", "assignment_group_id", "assignment_groups"),
    Reference("quiz_groups", "quiz_id", "quizzes"),
    Reference("quiz_questions", "quiz_id", "quizzes"),
    Reference("quiz_questions", "quiz_group_id", "quiz_groups"),
    Reference("quiz_questions", "assessment_question_id", "assessment_questions"),
    Reference("assessment_questions", "assessment_question_bank_id", "assessment_question_banks"),
    Reference("quiz_submissions", "quiz_id", "quizzes"),
    Reference("quiz_submissions", "user_id", "users"),
    Reference("quiz_reports", "quiz_id", "quizzes"),
    Reference("quiz_reports", "user_id", "users"),
    Reference("assignments", "course_id", "courses"),
    Reference("assignments", "resource_link_id", "resource_links"),
    Reference("assignment_overrides", "assignment_id", "assignments"),
    Reference("late_policies", "course_id", "courses"),
    Reference("grading_period_groups", "account_id", "accounts"),
    Reference("grading_periods", "grading_period_group_id", "grading_period_groups"),
    Reference("custom_gradebook_columns", "course_id", "courses"),
    Reference("custom_column_data", "column_id", "custom_gradebook_columns"),
    Reference("custom_column_data", "user_id", "users"),
    Reference("gradebook_filters", "course_id", "courses"),
    Reference("gradebook_filters", "user_id", "users"),
    Reference("grade_overrides", "id", "enrollments"),
    Reference("grade_changes", "course_id", "courses"),
    Reference("grade_changes", "student_id", "users"),
    Reference("learning_outcome_groups", "parent_id", "learning_outcome_groups"),
    Reference("learning_outcome_groups", "outcome_import_id", "outcome_imports"),
    Reference("learning_outcomes", "outcome_import_id", "outcome_imports"),
    Reference("outcome_imports", "user_id", "users"),
    Reference("outcome_links", "outcome_group_id", "learning_outcome_groups"),
    Reference("outcome_links", "outcome_id", "learning_outcomes"),
    Reference("learning_outcome_results", "outcome_id", "learning_outcomes"),
    Reference("learning_outcome_results", "user_id", "users"),
    Reference("learning_outcome_results", "course_id", "courses"),
    Reference("rubrics", "course_id", "courses"),
    Reference("rubric_associations", "rubric_id", "rubrics"),
    Reference("rubric_assessments", "rubric_association_id", "rubric_associations"),
    Reference("rubric_assessments", "submission_id", "submissions"),
    Reference("peer_reviews", "submission_id", "submissions"),
    Reference("peer_reviews", "assessor_id", "users"),
    Reference("provisional_grades", "submission_id", "submissions"),
    Reference("submissions", "assignment_id", "assignments"),
    Reference("submissions", "user_id", "users"),
    Reference("submission_comments", "submission_id", "submissions"),
    Reference("tools", "account_id", "accounts"),
    Reference("tools", "course_id", "courses"),
    Reference("tool_configurations", "developer_key_id", "developer_keys"),
    Reference("tools", "developer_key_id", "developer_keys"),
    Reference("lti_registrations", "developer_key_id", "developer_keys"),
    Reference("lti_registrations", "template_registration_id", "lti_registrations"),
    Reference("lti_overlays", "registration_id", "lti_registrations"),
    Reference("lti_overlays", "account_id", "accounts"),
    Reference("lti_history", "registration_id", "lti_registrations"),
    Reference("lti_update_requests", "registration_id", "lti_registrations"),
    Reference("lti_history", "account_id", "accounts"),
    Reference("lti_update_requests", "account_id", "accounts"),
    Reference("lti_context_controls", "deployment_id", "tools"),
    Reference("lti_context_controls", "account_id", "accounts"),
    Reference("lti_context_controls", "course_id", "courses"),
    Reference("resource_links", "course_id", "courses"),
    Reference("resource_links", "tool_id", "tools"),
    Reference("line_items", "course_id", "courses"),
    Reference("line_items", "developer_key_id", "developer_keys"),
    Reference("line_items", "assignment_id", "assignments"),
    Reference("lti_results", "line_item_id", "line_items"),
    Reference("lti_results", "user_id", "users"),
    Reference("notice_handlers", "tool_id", "tools"),
    Reference("collaborations", "user_id", "users"),
    Reference("collaborators", "collaboration_id", "collaborations"),
    Reference("collaborators", "user_id", "users"),
    Reference("collaborators", "group_id", "groups"),
    Reference("asset_processors", "assignment_id", "assignments"),
    Reference("asset_processors", "tool_id", "tools"),
    Reference("lti_assets", "submission_id", "submissions"),
    Reference("lti_assets", "attachment_id", "attachments"),
    Reference("lti_assets", "entry_version_id", "entry_versions"),
    Reference("entry_versions", "entry_id", "discussion_entries"),
    Reference("entry_versions", "user_id", "users"),
    Reference("asset_reports", "asset_processor_id", "asset_processors"),
    Reference("asset_reports", "asset_id", "lti_assets"),
    Reference("eula_acceptances", "tool_id", "tools"),
    Reference("eula_acceptances", "user_id", "users"),
    Reference("access_tokens", "user_id", "users"),
    Reference("access_tokens", "developer_key_id", "developer_keys"),
)


CONTEXTS = {
    "Course": "courses",
    "User": "users",
    "Group": "groups",
    "Account": "accounts",
    "CourseSection": "course_sections",
    "AppointmentGroup": "appointment_groups",
    **ATTACHED,
}
IN_CONTEXTS = (
    "group_categories",
    "folders",
    "attachments",
    "wiki_pages",
    "discussion_topics",
    "media_objects",
    "feature_flags",
    "calendar_events",
    "external_feeds",
    "collaborations",
)
"""The tables whose rows belong to something that `context_type` and `context_id` name."""


_MAY_DANGLE = (
    Reference("discussion_entries", "parent_id", "discussion_entries"),
    Reference("context_modules", "prerequisite_ids", "context_modules"),
)


def _odd_questions(section: Any) -> Iterable[str]:
    """Quizzes, and attempts at them, with a question that has no id or no type."""
    for table in ("quizzes", "quiz_submissions"):
        for place, record in enumerate(getattr(section, table)):
            questions = (each for entry in record.quiz_data for each in entry.get("questions", [entry]))
            if any("id" not in each or "question_type" not in each for each in questions):
                yield f"{table}[{place}].quiz_data: a question needs `id` and `question_type`"


def _odd_merges(section: Any) -> Iterable[str]:
    """Merges of users that name what a split cannot give back."""
    from lms_emulator.providers.canvas.rules.departures import ENDED, GIVEN_BACK

    for place, record in enumerate(section.user_merges):
        for name in record.moved:
            if name not in GIVEN_BACK:
                yield f"user_merges[{place}].moved: {name!r} is not one of {', '.join(GIVEN_BACK)}"
        for name in record.ended:
            table, _, row = name.partition("/")
            if table not in ENDED or number(row) is None:
                yield f"user_merges[{place}].ended: {name!r} is not a table and an id, such as `enrollments/1`"


def without_context(section: Any) -> Iterable[str]:
    """Rows that belong to something nonexistent."""
    known = {kind: {record.id for record in getattr(section, table)} for kind, table in CONTEXTS.items()}
    for table in IN_CONTEXTS:
        for place, record in enumerate(getattr(section, table)):
            if record.context_id not in known.get(record.context_type, ()):
                where = CONTEXTS.get(record.context_type, record.context_type)
                yield f"{table}[{place}].context_id: {record.context_id!r} is not among `{where}`"


def _unheard_of(section: Any) -> Iterable[str]:
    """Rows of a kind that nothing here is made for."""
    from lms_emulator.providers.canvas.rules.migrations.runs import MIGRATORS
    from lms_emulator.providers.canvas.rules.planner import TABLES
    from lms_emulator.providers.canvas.rules.sis.work import TABLES as IMPORTED
    from lms_emulator.providers.canvas.shapes.planner import PATHS

    for table, field, known in (
        ("planner_overrides", "plannable_type", TABLES),
        ("planner_notes", "linked_type", PATHS),
        ("content_migrations", "migration_type", MIGRATORS),
        ("sis_batch_roll_back_data", "context_type", IMPORTED),
    ):
        for place, record in enumerate(getattr(section, table)):
            kind = getattr(record, field)
            if kind is not None and kind not in known:
                yield f"{table}[{place}].{field}: {kind!r} is not one of {', '.join(known)}"


def problems(section: Any) -> Iterable[str]:
    """Dangling references, unknown roles, and logins that two people share."""
    yield from dangling(section, REFERENCES)
    yield from unending(section, (*REFERENCES, *_MAY_DANGLE))
    yield from without_context(section)
    yield from not_base64(section, "attachments", "data")
    yield from _odd_questions(section)
    yield from _odd_merges(section)
    yield from _unheard_of(section)
    for place, role in enumerate(section.roles):
        if role.account_id is None and role.name not in BUILT_IN:
            yield f"roles[{place}].name: there is no built-in role {role.name!r}; another one names its `account_id`"
        elif role.account_id is None and role.base_role_type != role.name:
            yield f"roles[{place}].base_role_type: that of the built-in role {role.name!r} has the same name"
    pseudonyms = section.pseudonyms
    logins = ((p.account_id, p.unique_id.lower()) if p.workflow_state != "deleted" else None for p in pseudonyms)
    yield from shared("pseudonyms", "unique_id", logins)
