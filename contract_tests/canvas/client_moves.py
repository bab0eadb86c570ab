"""Rows of the table of canvasapi's methods: migrations, exports, blueprints, imports and reports."""

from __future__ import annotations

from contract_tests.canvas.client_methods import Rows, import_outcomes, import_table

MOVES: Rows = {
    "Course.get_migration_systems": lambda s: s.course.get_migration_systems(),
    "Course.create_content_migration": lambda s: s.course.create_content_migration(
        "course_copy_importer", settings={"source_course_id": 3}
    ),
    "Course.get_content_migrations": lambda s: s.course.get_content_migrations(),
    "Course.get_content_migration": lambda s: s.course.get_content_migration(s.chosen),
    "Account.get_content_migrations": lambda s: s.account.get_content_migrations(),
    "Account.get_migration_systems": lambda s: s.account.get_migration_systems(),
    "User.get_content_migrations": lambda s: s.user.get_content_migrations(),
    "Group.get_migration_systems": lambda s: s.team.get_migration_systems(),
    "Group.get_content_migrations": lambda s: s.team.get_content_migrations(),
    "ContentMigration.get_progress": lambda s: s.odd.get_progress(),
    "ContentMigration.get_selective_data": lambda s: s.chosen.get_selective_data(),
    "ContentMigration.update": lambda s: s.chosen.update(copy={"all_assignments": True}),
    "ContentMigration.get_migration_issues": lambda s: s.odd.get_migration_issues(),
    "ContentMigration.get_migration_issue": lambda s: s.odd.get_migration_issue(s.issue),
    "MigrationIssue.update": lambda s: s.issue.update(workflow_state="resolved"),
    "Course.export_content": lambda s: s.course.export_content("common_cartridge"),
    "Course.get_content_exports": lambda s: s.course.get_content_exports(),
    "Course.get_content_export": lambda s: s.course.get_content_export(s.export),
    "Group.export_content": lambda s: s.team.export_content("zip"),
    "Group.get_content_exports": lambda s: s.team.get_content_exports(),
    "User.export_content": lambda s: s.api_user.export_content("zip"),
    "User.get_content_exports": lambda s: s.api_user.get_content_exports(),
    "Canvas.get_epub_exports": lambda s: s.api.get_epub_exports(),
    "Course.create_epub_export": lambda s: s.course.create_epub_export(),
    "Course.get_epub_export": lambda s: s.course.get_epub_export(s.ids["epub"]),
    "Course.get_blueprint": lambda s: s.blue.get_blueprint(),
    "BlueprintTemplate.get_associated_courses": lambda s: s.template.get_associated_courses(),
    "BlueprintTemplate.update_associated_courses": lambda s: s.template.update_associated_courses(
        course_ids_to_remove=[s.follower.id]
    ),
    "BlueprintTemplate.associated_course_migration": lambda s: s.template.associated_course_migration(),
    "BlueprintTemplate.change_blueprint_restrictions": lambda s: s.template.change_blueprint_restrictions(
        "wiki_page", s.ids["blue_page"], True
    ),
    "BlueprintTemplate.get_unsynced_changes": lambda s: s.template.get_unsynced_changes(),
    "BlueprintTemplate.list_blueprint_migrations": lambda s: s.template.list_blueprint_migrations(),
    "BlueprintTemplate.show_blueprint_migration": lambda s: s.template.show_blueprint_migration(s.sync),
    "BlueprintMigration.get_details": lambda s: s.sync.get_details(),
    "Course.list_blueprint_subscriptions": lambda s: s.follower.list_blueprint_subscriptions(),
    "BlueprintSubscription.list_blueprint_imports": lambda s: s.subscription.list_blueprint_imports(),
    "BlueprintSubscription.show_blueprint_import": lambda s: s.subscription.show_blueprint_import(s.synced),
    "BlueprintMigration.get_import_details": lambda s: s.synced.get_import_details(),
    "Account.create_sis_import": lambda s: import_table(s.account),
    "Account.get_sis_imports": lambda s: s.account.get_sis_imports(),
    "Account.get_sis_imports_running": lambda s: s.account.get_sis_imports_running(),
    "Account.get_sis_import": lambda s: s.account.get_sis_import(s.import_),
    "Account.abort_sis_imports_pending": lambda s: s.account.abort_sis_imports_pending(),
    "SisImport.restore_states": lambda s: s.import_.restore_states(),
    "SisImport.abort": lambda s: import_table(s.account).abort(),
    "Account.import_outcome": lambda s: import_outcomes(s.account),
    "Account.get_outcome_import_status": lambda s: s.account.get_outcome_import_status("latest"),
    "Course.import_outcome": lambda s: import_outcomes(s.course),
    "Course.get_outcome_import_status": lambda s: s.course.get_outcome_import_status("latest"),
    "Account.get_reports": lambda s: s.account.get_reports(),
    "Account.create_report": lambda s: s.account.create_report("sis_export_csv", parameters={"users": True}),
    "Account.get_index_of_reports": lambda s: s.account.get_index_of_reports("provisioning_csv"),
    "Account.get_report": lambda s: s.account.get_report("provisioning_csv", s.report.id),
    "AccountReport.delete_report": lambda s: s.report.delete_report(),
}
