"""Brightspace's REST objects as JSON. Fields: bsapi 2.1.2's types, hypothesis/lms, D2L's news page."""

from __future__ import annotations

from typing import Any

from lms_emulator.providers.brightspace import rules
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.model import (
    DropboxFolder,
    Enrollment,
    GradeObject,
    GradeValue,
    Group,
    GroupCategory,
    LtiLink,
    Module,
    NewsItem,
    OrgUnit,
    Topic,
    User,
)
from lms_emulator.providers.brightspace.wire import when

Json = dict[str, Any]
TYPE_NAMES = {1: ("Organization", "Organization"), 3: ("Course Offering", "Course Offering")}


def rich(text: str, html: str | None = None) -> Json:
    """RichText: the same text, plain and as HTML."""
    return {"Text": text, "Html": html}


def whoami(user: User) -> Json:
    """WhoAmIUser."""
    return {
        "Identifier": str(user.id),
        "FirstName": user.first_name,
        "LastName": user.last_name,
        "Pronouns": user.pronouns,
        "UniqueName": user.username,
        "ProfileIdentifier": user.profile_identifier,
    }


def user(record: User) -> Json:
    """User, as in enrollments."""
    return {
        "Identifier": str(record.id),
        "DisplayName": record.name,
        "EmailAddress": record.email,
        "OrgDefinedId": record.org_defined_id,
        "ProfileBadgeUrl": None,
        "ProfileIdentifier": record.profile_identifier,
        "UserName": record.username,
        "Pronouns": record.pronouns,
    }


def my_enrollment(call: Call, record: Enrollment, unit: OrgUnit) -> Json:
    """MyOrgUnitInfo."""
    code, name = TYPE_NAMES.get(unit.type_id, ("Other", "Other"))
    role = rules.role_of(call, record)
    return {
        "OrgUnit": {
            "Id": unit.id,
            "Type": {"Id": unit.type_id, "Code": code, "Name": name},
            "Name": unit.name,
            "Code": unit.code,
            "HomeUrl": call.url(f"/d2l/home/{unit.id}"),
            "ImageUrl": None,
        },
        "Access": {
            "IsActive": unit.is_active,
            "StartDate": when(unit.start_date),
            "EndDate": when(unit.end_date),
            "CanAccess": can_access(call, record, unit),
            "ClasslistRoleName": role.name,
            "LISRoles": role.lis_roles,
            "LastAccessed": when(record.last_accessed),
        },
        "PinDate": when(record.pinned_at),
    }


def can_access(call: Call, record: Enrollment, unit: OrgUnit) -> bool:
    """Whether the user can open the org unit now."""
    now = call.clock.now()
    started = unit.start_date is None or unit.start_date <= now
    ended = unit.end_date is not None and unit.end_date <= now
    return record.is_active and unit.is_active and started and not ended


def unit_user(call: Call, record: Enrollment, person: User) -> Json:
    """OrgUnitUser."""
    role = rules.role_of(call, record)
    return {"User": user(person), "Role": {"Id": role.id, "Code": role.code, "Name": role.name}}


def classlist_user(call: Call, record: Enrollment, person: User) -> Json:
    """ClasslistUser."""
    role = rules.role_of(call, record)
    return {
        "Identifier": str(person.id),
        "ProfileIdentifier": person.profile_identifier,
        "DisplayName": f"{person.last_name}, {person.first_name}",
        "Username": person.username,
        "OrgDefinedId": person.org_defined_id,
        "Email": person.email,
        "FirstName": person.first_name,
        "LastName": person.last_name,
        "RoleId": role.id,
        "LastAccessed": when(record.last_accessed),
        "IsOnline": False,
        "ClasslistRoleDisplayName": role.name,
        "Pronouns": person.pronouns,
    }


def toc_module(module: Module, below: list[Json], topics: list[Topic], call: Call) -> Json:
    """A module in the table of contents, with everything below it."""
    return {
        "ModuleId": module.id,
        "Title": module.title,
        "SortOrder": module.id,
        "StartDateTime": None,
        "EndDateTime": None,
        "Modules": below,
        "Topics": [toc_topic(topic, call) for topic in topics],
        "IsHidden": module.is_hidden,
        "IsLocked": False,
        "LastModifiedDate": when(module.last_modified),
    }


def topic_url(topic: Topic) -> str:
    """The URL of a topic's file or link."""
    return topic.url or f"/content/enforced/{topic.org_unit_id}/{topic.file_name}"


def toc_topic(topic: Topic, call: Call) -> Json:
    """A topic in the table of contents."""
    return {
        "TopicId": topic.id,
        "Identifier": str(topic.id),
        "TypeIdentifier": topic.type,
        "Title": topic.title,
        "Bookmarked": False,
        "Unread": True,
        "Url": topic_url(topic),
        "SortOrder": topic.id,
        "StartDateTime": None,
        "EndDateTime": None,
        "ActivityId": None,
        "CompletionType": 2,
        "IsExempt": False,
        "IsHidden": topic.is_hidden,
        "IsLocked": False,
        "IsBroken": False,
        "ToolId": None,
        "ToolItemId": None,
        "ActivityType": 1 if topic.type == "File" else 2,
        "LastModifiedDate": when(topic.last_modified),
    }


def topic(record: Topic) -> Json:
    """ContentObject of a topic."""
    return {
        "Id": record.id,
        "Title": record.title,
        "ShortTitle": "",
        "Type": 1,
        "TopicType": 1 if record.type == "File" else 3,
        "Url": topic_url(record),
        "StartDate": None,
        "EndDate": None,
        "DueDate": None,
        "IsHidden": record.is_hidden,
        "IsLocked": False,
        "OpenAsExternalResource": record.type == "Link",
        "ParentModuleId": record.module_id,
        "Description": rich(""),
        "LastModifiedDate": when(record.last_modified),
        "IsExempt": False,
    }


def news_item(record: NewsItem) -> Json:
    """NewsItem."""
    return {
        "Id": record.id,
        "IsHidden": record.is_hidden,
        "Attachments": [
            {"FileId": row.file_id, "FileName": row.file_name, "FileSize": row.file_size} for row in record.attachments
        ],
        "Title": record.title,
        "Body": rich(record.body_text, record.body_html),
        "CreatedBy": record.created_by,
        "CreatedDate": when(record.created_date),
        "LastModifiedBy": record.last_modified_by,
        "LastModifiedDate": when(record.last_modified_date),
        "StartDate": when(record.start_date),
        "EndDate": when(record.end_date),
        "IsGlobal": record.is_global,
        "IsPublished": record.is_published,
        "ShowOnlyInCourseOfferings": record.show_only_in_course_offerings,
        "IsAuthorInfoShown": record.is_author_info_shown,
        "IsPinned": record.is_pinned,
        "PinnedDate": None,
        "IsStartDateShown": False,
        "SortOrder": record.id,
    }


def group_category(record: GroupCategory, groups: list[int]) -> Json:
    """GroupCategory, with the ids of its groups."""
    return {
        "GroupCategoryId": record.id,
        "Name": record.name,
        "Description": rich(record.description),
        "EnrollmentStyle": 0,
        "EnrollmentQuantity": None,
        "MaxUsersPerGroup": None,
        "AutoEnroll": False,
        "RandomizeEnrollments": False,
        "Groups": groups,
        "AllocateAfterExpiry": False,
        "SelfEnrollmentExpiryDate": None,
        "RestrictedByOrgUnitId": None,
        "DescriptionsVisibleToEnrolees": False,
    }


def group(record: Group) -> Json:
    """Group, with the ids of its members."""
    return {
        "GroupId": record.id,
        "Name": record.name,
        "Code": record.code,
        "Description": rich(record.description),
        "Enrollments": record.enrollments,
    }


def grade_object(record: GradeObject) -> Json:
    """GradeObject of a numeric column."""
    return {
        "MaxPoints": record.max_points,
        "CanExceedMaxPoints": False,
        "IsBonus": False,
        "ExcludeFromFinalGradeCalculation": False,
        "GradeSchemeId": None,
        "GradeSchemeUrl": None,
        "Id": record.id,
        "Name": record.name,
        "ShortName": record.short_name,
        "GradeType": "Numeric",
        "CategoryId": None,
        "Description": rich(""),
        "Weight": None,
        "ActivityId": None,
        "AssociatedTool": None,
        "IsHidden": record.is_hidden,
    }


def grade_value(column: GradeObject, record: GradeValue) -> Json:
    """GradeValue: a user's value in a column."""
    shown = "" if record.points is None else f"{record.points:g} / {column.max_points:g}"
    return {
        "PointsNumerator": record.points,
        "PointsDenominator": column.max_points,
        "WeightedDenominator": None,
        "WeightedNumerator": None,
        "UserId": str(record.user_id),
        "OrgUnitId": str(column.org_unit_id),
        "DisplayedGrade": shown,
        "GradeObjectIdentifier": str(column.id),
        "GradeObjectName": column.name,
        "GradeObjectType": 1,
        "GradeObjectTypeName": "Numeric",
        "Comments": rich(record.comments),
        "PrivateComments": rich(record.private_comments),
        "LastModified": when(record.last_modified),
        "LastModifiedBy": None if record.last_modified_by is None else str(record.last_modified_by),
        "ReleasedDate": when(record.last_modified),
    }


def folder(call: Call, record: DropboxFolder) -> Json:
    """DropboxFolder, with what the emulator has of it."""
    work = call.store.dropbox_submissions.find("folder", record.id)
    learners = [
        e
        for e in call.store.enrollments.find("unit", record.org_unit_id)
        if "Learner" in rules.role_of(call, e).lis_roles
    ]
    return {
        "Id": record.id,
        "CategoryId": None,
        "Name": record.name,
        "CustomInstructions": rich(record.instructions),
        "Attachments": [],
        "TotalFiles": sum(len(each.files) for each in work),
        "UnreadFiles": sum(len(each.files) for each in work),
        "FlaggedFiles": 0,
        "TotalUsers": len(learners),
        "TotalUsersWithSubmissions": len({each.user_id for each in work}),
        "TotalUsersWithFeedback": 0,
        "Availability": None,
        "GroupTypeId": None,
        "DueDate": None,
        "DisplayInCalendar": False,
        "Assessment": {"ScoreDenominator": None, "Rubrics": []},
        "NotificationEmail": None,
        "IsHidden": record.is_hidden,
        "LinkAttachments": [],
        "ActivityId": None,
        "IsAnonymous": False,
        "DropboxType": 2,
        "SubmissionType": record.submission_type,
        "CompletionType": 0,
        "GradeItemId": None,
        "AllowOnlyUsersWithSpecialAccess": None,
    }


def entity_dropbox(call: Call, record: DropboxFolder, user: User) -> Json:
    """EntityDropbox of a learner."""
    work = call.store.dropbox_submissions.find("whose", (record.id, user.id))
    return {
        "Entity": {"EntityId": user.id, "EntityType": "User", "DisplayName": user.name},
        "Status": 1 if work else 0,
        "Feedback": None,
        "Submissions": [
            {
                "Id": each.id,
                "SubmittedBy": {"Id": str(user.id), "Identifier": str(user.id), "DisplayName": user.name},
                "SubmissionDate": when(each.submitted_at),
                "Comment": rich(each.text),
                "Files": [
                    {
                        "FileId": file.file_id,
                        "FileName": file.file_name,
                        "Size": len(file.content),
                        "IsRead": False,
                        "IsFlagged": False,
                    }
                    for file in each.files
                ],
            }
            for each in work
        ],
        "CompletionDate": when(work[-1].submitted_at) if work else None,
    }


def lti_link(link: LtiLink, link_id: int, org_unit_id: int, *, available: bool) -> Json:
    """A link to an LTI Advantage tool."""
    kinds = {"quicklink": 3, "insertstuff": 4}
    return {
        "LinkId": link_id,
        "DeploymentId": link.deployment_id,
        "IsEnabled": link.enabled,
        "Name": link.title,
        "Description": link.description or None,
        "URL": link.url,
        "Type": kinds.get(link.chooses_for or "", 2 if link.kind == "widget" else 1),
        "Height": link.height,
        "Width": link.width,
        "CustomParameters": [{"Name": name, "Value": value} for name, value in link.custom.items()] or None,
        "IsAvailable": available,
        "OwnerOrgUnitId": org_unit_id,
    }
