"""Variables in custom fields at Canvas: what guards them, and how their values are written."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest

from contract_tests.canvas.lti import KEY, OPEN, signed_in
from contract_tests.canvas.support import Site
from contract_tests.canvas.test_sis_imports import USERS, send
from contract_tests.lms_site import form
from contract_tests.lti_tool import LAUNCH, Tool, initiation, posted
from lms_emulator.signing import jwt, lti13

FIELDS = {
    "start": "$Canvas.course.startAt",
    "start_within": "on ${Canvas.course.startAt}",
    "null_within": "a ${Canvas.account.sisSourceId} b",
    "false_within": "${Canvas.course.hideDistributionGraphs}",
    "undefined": "$com.instructure.Tag.id",
    "instui": "$com.instructure.instui_nav",
    "decimal": "$Canvas.account.decimal_separator",
    "thousand": "$Canvas.account.thousand_separator",
    "horizon": "$Canvas.account.horizonMode",
    "horizon_course": "$Canvas.course.horizonMode",
    "ai": "$Canvas.course.aiQuizGeneration",
    "embeds": "$com.instructure.Course.rce_studio_embed_improvements",
    "resource_id": "$com.instructure.Course.canvas_resource_id",
    "team": "$CourseGroup.id",
    "participants": "$Canvas.assignment.anonymous_participants",
    "quiz_type": "$Canvas.assignment.new_quizzes_type",
    "opens": "$Canvas.assignment.unlockAt.overrideForUser.iso8601",
    "closes": "$Canvas.assignment.lockAt.overrideForUser.iso8601",
    "unknown_within": "${Canvas.nothing}",
    "dollars": "$x ${Canvas.course.id} ${$Canvas.user.id}",
    "away": "${Canvas.assignment.id}",
    "history": "$Context.id.history",
    "before": "$Canvas.course.previousCourseIds",
    "before_ids": "$Canvas.course.previousContextIds",
    "permissions": "$Canvas.membership.permissions<manage_grades,read,manage_wiki_create,no_such>",
    "sections": "$Canvas.course.sectionIds",
    "roles": "$com.Instructure.membership.roles",
    "all_roles": "$Membership.role",
    "observees": "$com.instructure.User.observees",
    "sis": "$com.instructure.Observee.sisIds",
    "contents": "$com.instructure.Editor.contents",
    "selection": "$com.instructure.Editor.selection",
    "assignment": "$com.instructure.Assignment.lti.id",
    "text": "$com.instructure.Assignment.description",
    "roster": "$ToolProxyBinding.memberships.url",
    "account": "$Canvas.account.id",
    "metrics": "$com.instructure.Account.usage_metrics_enabled",
    "resource": "$ResourceLink.id",
    "titled": "$ResourceLink.title",
    "due": "$Canvas.assignment.dueAt.iso8601",
    "scheme": "$com.instructure.Course.gradingScheme",
    "pretends": "$com.instructure.User.student_view",
    "acts": "$Canvas.masqueradingUser.userId",
    "section_names": "$com.instructure.User.sectionNames",
    "given": "$Person.name.given",
    "family": "$Person.name.family",
    "email": "$Person.email.primary",
    "sis_email": "$vnd.Canvas.Person.email.sis",
    "ids": "$com.instructure.user.lti_1_1_id.history",
    "context": "$com.instructure.Context.uuid",
    "all_due": "$Canvas.assignment.allDueAts.iso8601",
    "earliest": "$Canvas.assignment.earliestEnrollmentDueAt.iso8601",
    "group": "$com.instructure.Group.id",
    "accepted": "$com.instructure.Course.accept_canvas_resource_types",
    "offered": "$com.instructure.Course.available_canvas_resources",
    "media": "$Canvas.file.media.id",
    "media_title": "$Canvas.file.media.title",
    "media_length": "$Canvas.file.media.duration",
    "license": "$Canvas.file.usageRights.name",
    "license_url": "$Canvas.file.usageRights.url",
    "owner": "$Canvas.file.usageRights.copyrightText",
}
TA = "http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant"
OLDER_TA = TA.replace("/Instructor#", "/instructor#")
ESSAY = "6d1c7f0a-8f6c-4f0e-9d5a-000000000002"
BASIC = "/courses/1/external_tools/78"


@pytest.fixture
def world(canvas: Site, tool: Tool) -> Site:
    """A course copied from another, which was copied itself; an account below the school; tools of both versions."""
    world: dict[str, Any] = json.loads(json.dumps(canvas.lms.dump(), default=str))
    section = world["canvas"]
    section["accounts"].append({"id": 2, "name": "Physics", "parent_account_id": 1})
    next(course for course in section["courses"] if course["id"] == 1)["account_id"] = 2
    person = next(user for user in section["users"] if user["id"] == 102)
    person["time_zone"] = "America/Denver"
    copied = {"migration_type": "course_copy_importer", "workflow_state": "completed"}
    made = "2026-01-01T00:00:00Z"
    times = {"created_at": made, "updated_at": made}
    section["content_migrations"] = [
        {"id": 1, "context_id": 1, "source_course_id": 2, "finished_at": "2026-02-01T00:00:00Z", **copied, **times},
        {"id": 2, "context_id": 2, "source_course_id": 3, "finished_at": "2026-03-01T00:00:00Z", **copied, **times},
        {"id": 3, "context_id": 1, "source_course_id": 3, **copied, **times, "workflow_state": "failed"},
    ]
    rows = section["enrollments"]
    first = {name: value for name, value in rows[0].items() if name != "role_id"}
    rows.append({**first, "id": 901, "type": "TaEnrollment", "user_id": 102})
    rows.append({**first, "id": 902, "type": "ObserverEnrollment", "user_id": 102, "associated_user_id": 101})
    next(assignment for assignment in section["assignments"] if assignment["id"] == 2)["lti_context_id"] = ESSAY
    section["group_categories"] = [{"id": 1, "context_id": 1, "name": "Teams", "created_at": made}]
    section["groups"] = [{"id": 1, "group_category_id": 1, "name": "Red", "created_at": made}]
    section["group_memberships"] = [{"id": 1, "group_id": 1, "user_id": 102, "created_at": made}]
    tool_of_13 = next(item for item in section["tools"] if item["id"] == 77)
    tool_of_13.update(custom=FIELDS, course_id=None, account_id=1)
    basic = {"id": 78, "name": "Basic", "consumer_key": "key", "shared_secret": "secret", "course_id": 1}
    section["tools"].append({**basic, "url": LAUNCH, "custom": FIELDS, "settings": {"course_navigation": {}}})
    spots: dict[str, dict[str, Any]] = {
        name: {"enabled": True, "placement": name} for name in ("course_navigation", "editor_button")
    }
    spots["editor_button"]["message_type"] = lti13.DEEP_LINKING_REQUEST
    spots["resource_selection"] = {"enabled": True, "placement": "resource_selection"}
    described: dict[str, Any] = {"title": "PyLTI1p3", "target_link_uri": LAUNCH, "custom_fields": FIELDS}
    described["extensions"] = [{"platform": "canvas.instructure.com", "settings": {"placements": list(spots.values())}}]
    section["tool_configurations"].append({"id": 1, "developer_key_id": KEY, "settings": described})
    canvas.lms.load(world)
    return canvas


def claims(site: Site, tool: Tool, path: str, who: str = "other_student") -> dict[str, Any]:
    """The claims of a launch, by default by a student who is also a TA and an observer."""
    browser = signed_in(site, who)
    _, fields = posted(browser, tool.login(initiation(browser, path)))
    return dict(jwt.read(fields["id_token"]).claims)


def custom(site: Site, tool: Tool, path: str = OPEN, who: str = "other_student") -> dict[str, Any]:
    found: dict[str, Any] = claims(site, tool, path, who)[f"{lti13.CLAIM}custom"]
    return found


def test_a_variable_within_a_text_stays_where_its_value_is_null_or_false(world: Site, tool: Tool) -> None:
    found = custom(world, tool)
    assert found["start"] == "2026-09-01T08:00:00Z"
    assert found["start_within"] == "on 2026-09-01 02:00:00 -0600"
    assert found["null_within"] == FIELDS["null_within"]
    assert found["false_within"] == FIELDS["false_within"]
    assert found["unknown_within"] == FIELDS["unknown_within"]
    assert found["dollars"] == "$x 1 102"
    assert found["away"] == "$Canvas.assignment.id"
    warned = [w.message for e in world.lms.requests for w in e.warnings if w.code == "variable_not_replaced"]
    assert any("this launch has no such object" in text for text in warned)
    assert found["undefined"] == FIELDS["undefined"]
    assert found["instui"] == FIELDS["instui"]
    assert any("Instructure's own tools" in text and "instui_nav" in text for text in warned)


def test_an_account_says_how_it_writes_numbers_and_whether_it_is_one_of_canvas_career(world: Site, tool: Tool) -> None:
    found = custom(world, tool)
    assert [found[name] for name in ("decimal", "thousand")] == [FIELDS["decimal"], FIELDS["thousand"]]
    assert [found[name] for name in ("horizon", "horizon_course", "ai", "embeds")] == [
        "false",
        "false",
        "false",
        "false",
    ]
    dump: dict[str, Any] = json.loads(json.dumps(world.lms.dump(), default=str))
    school, physics = (next(row for row in dump["canvas"]["accounts"] if row["id"] == number) for number in (1, 2))
    school["settings"] = {"decimal_separator": {"value": "period"}, "thousand_separator": {"value": "comma"}}
    physics["settings"] = {"decimal_separator": {"value": "comma"}, "horizon_account": {"value": True}}
    world.lms.load(dump)
    found = custom(world, tool, f"{OPEN}?com_instructure_course_canvas_resource_id=7")
    assert [found[name] for name in ("decimal", "thousand", "resource_id")] == ["comma", "comma", "7"]
    assert found["horizon"] == found["horizon_course"] == "true"
    world.lms.settings["canvas.tells_number_separators"] = False
    found = custom(world, tool)
    assert [found[name] for name in ("decimal", "thousand")] == [FIELDS["decimal"], FIELDS["thousand"]]
    of_school = custom(world, tool, "/groups/1/external_tools/77/resource_selection")
    assert [of_school[name] for name in ("horizon", "horizon_course", "decimal")] == [
        "false",
        FIELDS["horizon_course"],
        FIELDS["decimal"],
    ]


def test_the_address_that_a_sis_import_gave_goes_to_tools_that_prefer_it(world: Site, tool: Tool) -> None:
    """canvas-lms lib/lti/substitutions_helper.rb, email, sis_email; lib/sis/user_importer.rb (2024-04)."""

    def basic() -> list[str]:
        fields = form(signed_in(world, "other_student").get(BASIC).text)[1]
        names = ("lis_person_contact_email_primary", "custom_email", "custom_sis_email")
        return [fields[name] for name in names]

    person, unset = world.info.other_student, FIELDS["sis_email"]
    assert [custom(world, tool)[name] for name in ("email", "sis_email")] == [person.email, unset]
    assert basic() == [person.email, person.email, unset]
    assert send(world.admin, f"{USERS}S-102,{person.login},Sam,sam@sis.example,active\n")["progress"] == 100
    assert basic() == [person.email, person.email, "sam@sis.example"]
    prefers = {"tool_configuration": {"prefer_sis_email": True, "enabled": True}}
    answer = world.teacher.put("/api/v1/courses/1/external_tools/78", json=prefers)
    assert answer.json()["tool_configuration"]["prefer_sis_email"] is True
    assert basic() == ["sam@sis.example"] * 3
    others = claims(world, tool, OPEN)
    assert (others["email"], others[f"{lti13.CLAIM}custom"]["sis_email"]) == (person.email, "sam@sis.example")
    login = next(row for row in world.lms.dump()["canvas"]["pseudonyms"] if row["user_id"] == 102)
    assert world.admin.delete(f"/api/v1/users/102/communication_channels/{login['sis_channel_id']}").status_code == 200
    assert basic() == ["sam@sis.example"] * 3, "Canvas does not look whether it was deleted"


def test_variables_of_copies_and_permissions(world: Site, tool: Tool) -> None:
    found = custom(world, tool)
    second, third = "c0002b0000000000000000000000000000000002", "c0003c0000000000000000000000000000000003"
    assert (found["before"], found["before_ids"], found["history"]) == ("2", second, f"{third},{second}")
    assert found["permissions"] == "manage_grades,read,manage_wiki_create"
    assert found["sections"] == "1"
    assert found["metrics"] == "false"
    assert (found["observees"], found["sis"]) == (world.info.student.lti_id, "S-101")
    assert TA in found["roles"].split(",")
    assert found["roster"].endswith("/api/lti/courses/1/membership_service")
    assert (found["account"], found["contents"], found["selection"]) == (
        "2",
        FIELDS["contents"],
        FIELDS["selection"],
    )


def test_numbers_booleans_and_null_keep_their_type_in_the_older_behaviour(world: Site, tool: Tool) -> None:
    world.lms.settings["canvas.variables_as_text"] = False
    found = custom(world, tool)
    assert [found.get(name) for name in ("account", "metrics", "accepted")] == [2, False, None]


def test_groups_have_no_course_and_no_roles(world: Site, tool: Tool) -> None:
    found = custom(world, tool, "/groups/1/external_tools/77/resource_selection")
    for name in ("roles", "permissions", "sections", "observees", "history", "before"):
        assert found[name] == FIELDS[name], name
    assert "membership#" not in found["all_roles"]
    assert found["account"] == "1"
    assert found["roster"].endswith("/api/lti/groups/1/membership_service")


def test_variables_from_an_editor(world: Site, tool: Tool) -> None:
    assignment = world.teacher.get("/api/v1/courses/1/assignments/2").json()
    sealed, page = assignment["secure_params"], f"{OPEN}/resource_selection?placement=editor_button"
    said = claims(world, tool, f"{page}&editor_contents=all&selection=some&secure_params={sealed}")
    found = said[f"{lti13.CLAIM}custom"]
    assert (found["contents"], found["selection"], found["text"]) == ("all", "some", "What can an engine do?")
    assert found["assignment"] == assignment["lti_context_id"] == ESSAY
    back = said["https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"]["deep_link_return_url"]
    assert jwt.read(back.rpartition("data=")[2]).claims["assignment_id"] == 2
    found = custom(world, tool, f"{page}&selection=some&secure_params={sealed[:-8]}AAAAAAAA")
    assert [found[name] for name in ("selection", "text", "assignment")] == [
        FIELDS[name] for name in ("selection", "text", "assignment")
    ]


def test_lti_1_1_tools_get_their_own_forms(world: Site) -> None:
    browser = signed_in(world, "other_student")
    _, fields = form(browser.get(BASIC).text)
    assert fields["custom_start"] == "2026-09-01 02:00:00 -0600"
    assert fields["custom_observees"] == "ada0010100000000000000000000000000000101"
    assert OLDER_TA in fields["custom_roles"].split(",")
    assert OLDER_TA in fields["custom_all_roles"].split(",")
    assert fields["custom_metrics"] == "false"


def test_menu_selections_are_sent_as_in_the_url_or_by_name(world: Site, tool: Tool) -> None:
    asked = "com_instructure_course_"
    offered = f"{asked}available_canvas_resources[0]"
    query = f"?{asked}accept_canvas_resource_types[]=page&{asked}accept_canvas_resource_types[]=module"
    found = custom(world, tool, f"{OPEN}{query}&{offered}[course_id]=1&{offered}[type]=assignment_group")
    groups = world.teacher.get("/api/v1/courses/1/assignment_groups").json()
    assert found["accepted"] == "page,module"
    assert json.loads(found["offered"]) == [{"id": group["id"], "name": group["name"]} for group in groups]
    found = custom(world, tool, f"{OPEN}?{offered}[course_id]=1&{offered}[type]=quiz")
    assert (found.get("accepted"), json.loads(found["offered"])) == (
        FIELDS["accepted"],
        [{"course_id": "1", "type": "quiz"}],
    )


def test_an_assignment_has_the_due_dates_of_its_assignees(world: Site, tool: Tool) -> None:
    tag = {
        "url": LAUNCH,
        "content_type": "ContextExternalTool",
        "content_id": 77,
        "line_item": {"resourceId": "lab"},
    }
    said = {"name": "Lab", "submission_types": ["external_tool"], "external_tool_tag_attributes": tag}
    later, early = "2027-03-01T10:00:00Z", "2027-02-01T10:00:00Z"
    sent = {"assignment": {**said, "points_possible": 5, "due_at": later, "published": True}}
    lab = world.teacher.post("/api/v1/courses/1/assignments", json=sent).json()["id"]
    path = f"/courses/1/assignments/{lab}"
    found = custom(world, tool, path)
    assert [found.get(name) for name in ("titled", "due", "all_due", "group")] == ["Lab", later, later, FIELDS["group"]]
    assert found["resource"] == claims(world, tool, path)[f"{lti13.CLAIM}resource_link"]["id"]
    world.lms.settings["canvas.changed_variables"] = False
    assert custom(world, tool, path)["resource"] == "lab", "before, it was the tool's resource id"
    world.lms.settings["canvas.changed_variables"] = True
    assert (found["team"], found["participants"], found["quiz_type"]) == ("", "false", FIELDS["quiz_type"])
    assert (found["opens"], found["closes"]) == (FIELDS["opens"], FIELDS["closes"])
    own = {"student_ids": [world.info.student.id], "unlock_at": early, "lock_at": later, "due_at": early}
    world.teacher.post(f"/api/v1{path}/overrides", json={"assignment_override": own})
    found = custom(world, tool, path, "student")
    assert (found["opens"], found["closes"], found["earliest"]) == (early, later, early)
    assert set(found["all_due"].split(",")) == {later, early}
    other = {"assignment_override": {"student_ids": [102], "due_at": "2027-04-01T10:00:00Z", "lock_at": later}}
    world.teacher.post(f"/api/v1{path}/overrides", json=other)
    assert custom(world, tool, path, "student")["earliest"] == early
    found = custom(world, tool, path)
    assert (found["closes"], found["earliest"]) == (FIELDS["closes"], early), "who is a TA too has those of staff"


def test_staff_get_the_latest_due_date_of_the_students(world: Site, tool: Tool) -> None:
    tag = {"url": LAUNCH, "content_type": "ContextExternalTool", "content_id": 77}
    due, late = "2027-02-01T10:00:00Z", "2027-03-01T10:00:00Z"
    body = {"name": "Lab", "submission_types": ["external_tool"], "external_tool_tag_attributes": tag, "due_at": due}
    lab = world.teacher.post("/api/v1/courses/1/assignments", json={"assignment": body | {"published": True}}).json()
    path = f"/courses/1/assignments/{lab['id']}"

    def date_for(who: str) -> Any:
        return custom(world, tool, path, who)["due"]

    empty = world.teacher.post("/api/v1/courses/1/sections", json={"course_section": {"name": "Empty"}}).json()["id"]
    override = {"course_section_id": empty, "due_at": "2027-05-01T10:00:00Z"}
    world.teacher.post(f"/api/v1{path}/overrides", json={"assignment_override": override})
    assert date_for("teacher") == due, "nobody is in that section"
    own = {"student_ids": [102], "due_at": late}
    world.teacher.post(f"/api/v1{path}/overrides", json={"assignment_override": own})
    assert (date_for("teacher"), date_for("student"), date_for("other_student")) == (late, due, late)


def test_a_link_of_a_module_has_an_id_and_a_title(world: Site, tool: Tool) -> None:
    module = world.teacher.post("/api/v1/courses/1/modules", json={"module": {"name": "M"}}).json()["id"]
    items = f"/api/v1/courses/1/modules/{module}/items"
    item = {"type": "ExternalTool", "content_id": 77, "external_url": LAUNCH, "title": "Item"}
    made = world.teacher.post(items, json={"module_item": item}).json()["id"]
    world.teacher.put(f"/api/v1/courses/1/modules/{module}", json={"module": {"published": True}})
    world.teacher.put(f"{items}/{made}", json={"module_item": {"published": True}})
    said = claims(world, tool, f"/courses/1/modules/items/{made}")
    link, found = said[f"{lti13.CLAIM}resource_link"], said[f"{lti13.CLAIM}custom"]
    assert (found["resource"], found["titled"]) == (link["id"], link["title"]) == (link["id"], "Item")
    found = custom(world, tool)
    assert (found["resource"], found["titled"]) == (FIELDS["resource"], FIELDS["titled"]), "no link was opened"
    world.lms.settings["canvas.changed_variables"] = False
    found = custom(world, tool, f"/courses/1/modules/items/{made}")
    assert (found["resource"], found["titled"]) == (FIELDS["resource"], FIELDS["titled"])


def test_variables_of_a_person(world: Site, tool: Tool) -> None:
    """Names are parts of the name that lists are sorted by; who was merged has former ids."""
    dump: dict[str, Any] = json.loads(json.dumps(world.lms.dump(), default=str))
    person = next(user for user in dump["canvas"]["users"] if user["id"] == 102)
    person["sortable_name"] = "von Babbage, Charles"
    world.lms.load(dump)
    found = custom(world, tool)
    assert (found["given"], found["family"]) == ("Charles", "von Babbage")
    assert json.loads(found["scheme"])[0] == {"name": "A", "value": 0.94}
    assert (found["pretends"], found["acts"]) == ("false", FIELDS["acts"])
    assert found["section_names"].count("[") == 1
    assert len(set(json.loads(found["section_names"]))) == len(json.loads(found["section_names"]))
    own = found["ids"]
    assert own == person["lti_user_id"]
    assert custom(world, tool, "/groups/1/external_tools/77/resource_selection")["pretends"] == "false"
    assert len(custom(world, tool, "/groups/1/external_tools/77/resource_selection")["context"]) == 40
    assert world.admin.put("/api/v1/users/103/merge_into/102").status_code == 200
    assert custom(world, tool)["ids"].split(",") == ["94ace10300000000000000000000000000000103", own]


def test_student_view_is_that_of_a_test_student_with_the_teacher_behind(world: Site, tool: Tool) -> None:
    browser = signed_in(world, "teacher")
    csrf = unescape(re.findall(r'name="authenticity_token" value="([^"]+)"', browser.get("/courses/1").text)[0])
    assert browser.http.post("/courses/1/student_view", data={"authenticity_token": csrf}).status_code == 302

    def variables() -> dict[str, Any]:
        _, fields = posted(browser, tool.login(initiation(browser, OPEN)))
        return dict(jwt.read(fields["id_token"]).claims[f"{lti13.CLAIM}custom"])

    found = variables()
    assert (found["pretends"], found["acts"]) == ("true", world.info.teacher.lti_id)
    world.lms.settings["canvas.changed_variables"] = False
    assert variables()["acts"] == "94ace10300000000000000000000000000000103", "before, it was the id for LTI 1.1"


def test_menus_export_files_and_content_to_lti_1_1_tools(world: Site) -> None:
    spots = {"file_menu": {"message_type": "ContentItemSelection"}, "assignment_menu": {"message_type": "Older"}}
    spots["assignment_menu"]["message_type"] = "ContentItemSelectionResponse"
    dump: dict[str, Any] = json.loads(json.dumps(world.lms.dump(), default=str))
    basic = next(tool for tool in dump["canvas"]["tools"] if tool["id"] == 78)
    basic["settings"] = spots
    file = {"id": 801, "context_id": 1, "display_name": "talk.mp4", "content_type": "video/mp4", "uuid": "f801"}
    times = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
    rights = {"license": "cc_by", "legal_copyright": "Ada"}
    elsewhere = {**file, "id": 802, "context_id": 2, **times}
    dump["canvas"]["attachments"] += [{**file, **times, "usage_rights": rights}, elsewhere]
    dump["canvas"]["attachments"].append({**file, "id": 803, **times, "locked": True})
    talk = {"id": 1, "media_id": "m-talk", "title": "Talk", "duration": 63, "attachment_id": 801, "context_id": 1}
    dump["canvas"]["media_objects"] = [{**talk, "user_id": 101, **times}]
    world.lms.load(dump)
    browser = signed_in(world)
    fields = form(browser.get(f"{BASIC}?launch_type=file_menu&files[]=801").text)[1]
    graph = json.loads(fields["content_items"])["@graph"]
    address = f"{world.url}/files/801/download?download=1&download_frd=1&verifier=f801"
    assert graph == [
        {"@type": "FileItem", "url": address, "mediaType": "video/mp4", "title": "talk.mp4", "copyAdvice": True}
    ]
    wanted = ("media", "media_title", "media_length", "license", "license_url", "owner")
    expected = ["m-talk", "Talk", "63", "CC Attribution", "http://creativecommons.org/licenses/by/4.0", "Ada"]
    assert [fields[f"custom_{name}"] for name in wanted] == expected
    assert fields["lti_message_type"] == "ContentItemSelection"
    assert "lis_person_name_full" not in fields
    assert browser.get("/files/801/download?download=1&download_frd=1&verifier=f801").status_code == 200
    older = form(browser.get(f"{BASIC}?launch_type=assignment_menu&assignments[]=1").text)[1]
    placed = json.loads(older["content_items"])["@graph"][0]["placementOf"]
    assert placed["@id"].endswith("/content_exports?export_type=common_cartridge&select%5Bassignments%5D%5B%5D=1")
    assert placed["mediaType"] == "application/vnd.instructure.api.content-exports.assignment"
    assert older["custom_media"] == FIELDS["media"]
    assert browser.http.get(f"{BASIC}?launch_type=file_menu&files[]=999", follow_redirects=False).status_code == 302
    assert browser.http.get(f"{BASIC}?launch_type=file_menu&files[]=802").status_code == 404
    assert browser.http.get(f"{BASIC}?launch_type=file_menu&files[]=803").status_code == 403
