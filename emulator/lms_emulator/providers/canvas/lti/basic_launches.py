"""LTI 1.1 launches: the form that the browser posts to the tool, signed with the tool's secret.

Sources: fixtures/recordings/canvas/lti-11.jsonl 14, 17, 23, 42, 44, 46, 48, 57, 65;
canvas-lms gems/lti_outbound/lib/lti_outbound/tool_launch.rb (2023-06); selection messages and their choices:
lib/lti/content_item_selection_request.rb, placement_params, and app/models/lti/lti_assignment_creator.rb (2024-04).
"""

from __future__ import annotations

from urllib.parse import parse_qsl, quote_plus, urlunsplit

from lms_emulator.core.http.urls import parts_of
from lms_emulator.lti import signed_forms
from lms_emulator.lti.launches import Form
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.api import global_id
from lms_emulator.providers.canvas.lti import deep_linking_spots, places, roles, tokens, variables
from lms_emulator.providers.canvas.lti.basic_outcomes import sourced_id
from lms_emulator.providers.canvas.lti.claims import Opening, document_target, known_user, target_of
from lms_emulator.providers.canvas.model import Account, Assignment, Course
from lms_emulator.providers.canvas.rules import media_types, tools
from lms_emulator.providers.canvas.rules.people import effective_locale, name_parts, sis_user_id, unique_id
from lms_emulator.providers.canvas.shapes.people import picture_for_tools
from lms_emulator.signing import lti11, oauth1

SELECTION = "ContentItemSelectionRequest"

_USES: dict[str, tuple[str, dict[str, str]]] = {
    "resource_selection": (
        "navigation",
        {"ext_content_return_types": "lti_launch_url", "selection_directive": "select_link"},
    ),
    "homework_submission": ("homework", {}),
    "editor_button": (
        "embed",
        {
            "ext_content_return_types": "oembed,lti_launch_url,url,image_url,iframe",
            "selection_directive": "embed_content",
        },
    ),
    "migration_selection": (
        "content_package",
        {"ext_content_return_types": "file", "ext_content_file_extensions": "zip,imscc"},
    ),
}
"""Fields for a tool that does not use content items, by purpose."""

_HOMEWORK_TYPES = {"online_url": ("url", "window"), "online_upload": ("file", "none"), "basic_lti_launch": ("url", "")}
"""The kind of content and its target, for each submission type."""

_LINKS = {
    "accept_media_types": deep_linking_spots.LINK,
    "accept_presentation_document_targets": "frame,window",
    "accept_unsigned": "true",
    "auto_create": "false",
}
_MENUS = (
    *("assignment_index", "assignment_group", "discussion_topic_index", "file_index", "module_index"),
    *("module_group", "quiz_index", "wiki_index"),
)
_CHOICES: dict[str, dict[str, str]] = {
    **dict.fromkeys(
        ("resource_selection", "link_selection", "assignment_selection", "submission_type_selection"), _LINKS
    ),
    "migration_selection": {
        "accept_media_types": deep_linking_spots.SPOTS["migration_selection"].media,
        "accept_presentation_document_targets": "download",
        "accept_copy_advice": "true",
        "ext_content_file_extensions": "zip,imscc,mbz,xml",
        "accept_unsigned": "true",
        "auto_create": "false",
    },
    "editor_button": {
        "accept_media_types": deep_linking_spots.SPOTS["editor_button"].media,
        "accept_presentation_document_targets": "embed,frame,iframe,window",
        "accept_unsigned": "true",
        "accept_multiple": "true",
        "auto_create": "false",
    },
    "collaboration": {
        "accept_media_types": deep_linking_spots.LINK,
        "accept_presentation_document_targets": "window",
        "accept_unsigned": "false",
        "auto_create": "true",
    },
    **{f"{name}_menu": {} for name in _MENUS},
}
"""The content that each placement accepts. For `homework_submission` the assignment decides."""


def cannot_choose(opening: Opening) -> bool:
    """Whether a tool is opened to select content at a placement that accepts none; Canvas does not open it."""
    return _chooses(opening) and _spot(opening) not in (*_CHOICES, "homework_submission")


def _chooses(opening: Opening) -> bool:
    return opening.placement is not None and opening.placement.message_type == SELECTION


def _spot(opening: Opening) -> str:
    return opening.placement.name if opening.placement is not None else ""


def form(call: Call, opening: Opening) -> Form:
    """The URL that the browser posts to, and the form's fields."""
    address = call.resolve(target_of(opening))
    parts = parts_of(address)
    if not (parts.scheme and parts.netloc):
        raise refusals.crashed("an LTI 1.1 launch needs an absolute URL", address)
    fields = dict(parse_qsl(parts.query, keep_blank_values=True)) | message(call, opening, address)
    oauth = {
        "oauth_consumer_key": opening.tool.consumer_key,
        "oauth_signature_method": lti11.SIGNATURE_METHOD,
        "oauth_timestamp": str(int(call.clock.timestamp())),
        "oauth_nonce": call.ids.text(42),
        "oauth_version": "1.0",
    }
    fields = {**oauth, **dict(sorted({**fields, "oauth_callback": "about:blank"}.items()))}
    base = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    signature = oauth1.sign("POST", base, fields.items(), opening.tool.shared_secret)
    signed = {**fields, oauth1.SIGNATURE_FIELD: signature}
    return address, signed_forms.sent(call, base, signed, opening.tool.shared_secret)


def message(call: Call, opening: Opening, address: str) -> dict[str, str]:
    """The message's fields, without those of OAuth."""
    kind = opening.placement.message_type if opening.placement is not None else lti11.MESSAGE_TYPE
    selecting = _chooses(opening)
    if opening.content is None and not selecting:
        kind = lti11.MESSAGE_TYPE
    plain = kind == lti11.MESSAGE_TYPE
    found = {
        "context_id": opening.place.opaque,
        "context_title": opening.place.name,
        "ext_roles": ",".join(roles.of_all_1(call, opening.user, opening.place.own_course)),
        "launch_presentation_document_target": document_target(call, opening),
        "launch_presentation_locale": effective_locale(opening.user) if opening.user is not None else "en",
        "lti_message_type": kind,
        "lti_version": lti11.VERSION,
        "roles": ",".join(roles.of_launch_1(call, opening.user, opening.place.own_course)),
        "tool_consumer_instance_guid": f"{places.school(call, opening.place.account.id).guid}:canvas-lms",
        **_custom(call, opening, with_canvas=plain),
    }
    if opening.content is not None:
        return found | _handed_over(call, opening, opening.content.message(kind))
    if opening.student is not None:
        found["ext_lti_student_id"] = str(global_id(opening.student.id))
    found |= _person(call, opening, plain=plain)
    if isinstance(opening.place.record, Course):
        found["context_label"] = opening.place.record.course_code or ""
    if selecting:
        return found | _selection(call, opening, address)
    return (
        found
        | _presentation(opening)
        | _consumer(call, opening)
        | _link(opening)
        | _choice(opening)
        | _grades(call, opening)
    )


def _person(call: Call, opening: Opening, *, plain: bool) -> dict[str, str]:
    """The user's details, as far as the tool's privacy level allows."""
    user, privacy = known_user(call, opening), opening.tool.privacy
    if user is None:
        return {}
    found = {"user_id": places.user_id(user)}
    if privacy in ("public", "name_only"):
        given, family, _ = name_parts(user.name)
        found |= {"lis_person_name_given": given, "lis_person_name_family": family, "lis_person_name_full": user.name}
    if privacy in ("public", "email_only") and (email := variables.people.email(opening.scene(call))):
        found["lis_person_contact_email_primary"] = email
    if privacy == "public":
        course = opening.place.own_course
        sourced = {
            "lis_person_sourcedid": sis_user_id(call.store, user),
            "lis_course_offering_sourcedid": course.sis_course_id if course is not None else None,
        }
        found |= {name: value for name, value in sourced.items() if value}
        if plain:
            found["user_image"] = picture_for_tools(opening.scene(call).api, user)
            observed = variables.people.observed(opening.scene(call)) if course is not None else []
            if observed:
                found["role_scope_mentor"] = ",".join(places.user_id(seen) for seen in observed)
    return found


def _custom(call: Call, opening: Opening, *, with_canvas: bool) -> dict[str, str]:
    scene = opening.scene(call)
    written = {tools.custom_name(name): value for name, value in opening.custom(call).items()}
    found = variables.expanded_as_text(scene, written)
    return found if not with_canvas else {**_of_canvas(opening, scene), **found}


def _of_canvas(opening: Opening, scene: variables.Scene) -> dict[str, str]:
    """Canvas's own custom fields."""
    wanted = {"enrollment_state": "$Canvas.enrollment.enrollmentState"}
    user, place = opening.user, opening.place.record
    if opening.tool.privacy == "public":
        wanted["api_domain"] = "$Canvas.api.domain"
        if user is not None:
            wanted |= {"user_id": str(user.id), "user_login_id": unique_id(scene.call.store, user)}
        if isinstance(place, Course):
            wanted |= {"course_id": str(place.id), "workflow_state": "$Canvas.course.workflowState"}
        elif isinstance(place, Account):
            wanted |= {"account_id": str(place.id), "account_sis_id": place.sis_account_id or ""}
    if opening.assignment is not None or opening.homework is not None:
        wanted |= {
            "assignment_title": "$Canvas.assignment.title",
            "assignment_points_possible": "$Canvas.assignment.pointsPossible",
        }
        if opening.tool.privacy == "public":
            wanted["assignment_id"] = "$Canvas.assignment.id"
            if opening.tagged:
                wanted |= {"module_id": "$Canvas.module.id", "module_item_id": "$Canvas.moduleItem.id"}
    return variables.expanded_as_text(scene, {f"custom_canvas_{name}": value for name, value in wanted.items()})


def _presentation(opening: Opening) -> dict[str, str]:
    found = {"launch_presentation_return_url": opening.return_url}
    sizes = {f"launch_presentation_{side}": str(size) for side, size in opening.size.items()}
    return found | sizes


def _consumer(call: Call, opening: Opening) -> dict[str, str]:
    return {
        "tool_consumer_info_product_family_code": "canvas",
        "tool_consumer_info_version": "cloud",
        "tool_consumer_instance_contact_email": call.settings.contact_email,
        "tool_consumer_instance_name": places.school(call, opening.place.account.id).name or "",
    }


def _link(opening: Opening) -> dict[str, str]:
    if opening.assignment is not None and opening.assignment.external_tool is not None:
        link = opening.assignment.external_tool.resource_link_id
        return {"resource_link_id": link, "resource_link_title": opening.assignment.name}
    if opening.item is not None:
        return {"resource_link_id": places.opaque("content_tag", opening.item.id), "resource_link_title": opening.title}
    return {"resource_link_id": opening.place.opaque, "resource_link_title": opening.tool.name}


def _choice(opening: Opening) -> dict[str, str]:
    """The return URL fields for a tool that does not use content items."""
    selected = opening.asked.get("selection")
    found = {"text": quote_plus(str(selected))} if selected is not None else {}
    name = _spot(opening)
    if name not in _USES:
        return found
    use, further = _USES[name]
    found |= {"ext_content_intended_use": use, "ext_content_return_url": opening.return_url, **further}
    if name == "homework_submission" and opening.homework is not None:
        kinds = (_HOMEWORK_TYPES.get(kind, ("", ""))[0] for kind in opening.homework.submission_types)
        found["ext_content_return_types"] = ",".join(kind for kind in kinds if kind)
        found["ext_content_file_extensions"] = opening.extensions
    return found


def _selection(call: Call, opening: Opening, address: str) -> dict[str, str]:
    """What the tool may select, and where it returns the selection."""
    name, homework = _spot(opening), opening.homework
    if name == "homework_submission":
        if homework is None:
            raise refusals.page_crashed("`homework_submission` needs an assignment, and none is given")
        spot = _handed_in(homework)
    else:
        spot = _CHOICES[name]
    changed = opening.collaboration
    sealed: dict[str, str | int] = {"default_launch_url": address}
    returned = call.url(f"{opening.place.path}/external_content/success/external_tool_dialog")
    if changed is not None:
        sealed |= {"content_item_id": changed.id, "oauth_consumer_key": opening.tool.consumer_key}
        returned = f"{returned}?id={changed.id}"
    edited = homework.lti_context_id if homework is not None else opening.sealed.get("lti_assignment_id")
    return {
        "accept_multiple": "false",
        "content_item_return_url": returned,
        "data": tokens.seal(sealed),
        "ext_lti_assignment_id": str(edited or ""),
        **spot,
    }


def _handed_in(homework: Assignment) -> dict[str, str]:
    """The content types that can be submitted to an assignment."""
    kinds = homework.submission_types
    found = {
        "accept_media_types": "*/*",
        "accept_presentation_document_targets": ",".join(
            _HOMEWORK_TYPES[kind][1] for kind in ("online_url", "online_upload") if kind in kinds
        ),
        "accept_copy_advice": str("online_upload" in kinds).lower(),
    }
    if list(kinds) == ["online_upload"] and homework.allowed_extensions:
        known = media_types.table().types
        found["ext_content_file_extensions"] = ",".join(homework.allowed_extensions)
        types = (";".join(known.get(ending, ())) for ending in homework.allowed_extensions)
        found["accept_media_types"] = ",".join(filter(None, types))
    return found


def _handed_over(call: Call, opening: Opening, content: str) -> dict[str, str]:
    """Fields for a tool that receives content: the user's id, whatever the privacy level."""
    school = places.school(call, opening.place.account.id)
    return {
        "content_items": content,
        "launch_presentation_return_url": opening.return_url,
        "resource_link_id": opening.place.opaque,
        "tool_consumer_instance_contact_email": call.settings.contact_email,
        "tool_consumer_instance_name": school.name or "",
        **({"user_id": places.user_id(user)} if (user := known_user(call, opening)) is not None else {}),
    }


def _grades(call: Call, opening: Opening) -> dict[str, str]:
    """The outcomes service for the assignment behind a tool, and the student's result id."""
    task, course, user = opening.assignment, opening.place.course, opening.user
    if task is None or course is None:
        return {}
    service = call.url(f"/api/lti/v1/tools/{opening.tool.id}")
    found = {
        "lis_outcome_service_url": f"{service}/grade_passback",
        "ext_ims_lis_basic_outcome_url": f"{service}/ext_grade_passback",
        "ext_lti_assignment_id": task.lti_context_id,
        "ext_outcome_data_values_accepted": "url,text",
        "ext_outcome_result_total_score_accepted": "true",
        "ext_outcome_submission_submitted_at_accepted": "true",
        "ext_outcome_submission_needs_additional_review_accepted": "true",
        "ext_outcome_submission_prioritize_non_tool_grade_accepted": "true",
        "ext_outcomes_tool_placement_url": call.url(f"/api/lti/v1/turnitin/outcomes_placement/{opening.tool.id}"),
    }
    scene = opening.scene(call)
    if user is not None and any(item.type in ("StudentEnrollment", "StudentViewEnrollment") for item in scene.current):
        found["lis_result_sourcedid"] = sourced_id(opening.tool.id, course.id, task.id, user.id)
    return found
