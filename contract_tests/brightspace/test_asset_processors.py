"""Asset processors at Brightspace: chosen by deep linking, told of work, reporting on it, with terms."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Any

import httpx
import pytest

from contract_tests.brightspace import processing
from contract_tests.brightspace.lti import ADA, CLIENT, DEPLOYMENT, signed_in
from contract_tests.brightspace.processing import FOLDER, ONE, PAGE, REPORT, TERMS, caller, message, notices_of
from contract_tests.brightspace.support import Site
from contract_tests.lms_site import form
from contract_tests.lti_tool import LAUNCH, KeySite, Tool, initiation, posted
from lms_emulator.signing import jwk, jwt, lti13

DL = lti13.DL_CLAIM
CHOOSE = f"/d2l/le/lti/6836/deeplinking/{DEPLOYMENT}?spot=assetprocessor&folder=701"
FILE = b"--x\r\n\r\n%s\r\n--x\r\nContent-Type: %s\r\n\r\nsteam\r\n--x--\r\n"
HERE = b'{"Text": "Here", "Html": null}'
NESTED = b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(1500))


@pytest.fixture
def site(brightspace: Site, tool: Tool) -> Site:
    return processing.with_processor(brightspace)


@pytest.fixture
def notice(site: Site, tool: Tool, keys: KeySite) -> dict[str, Any]:
    """The notice of a text."""
    processing.subscribe(site, tool, f"{keys.url}/told")
    assert processing.submit_text(site, "<p>Steam</p>").status_code == 302
    (only,) = notices_of(site)
    return only


def asset_of(notice: dict[str, Any]) -> dict[str, Any]:
    (asset,) = notice["assetservice"]["assets"]
    return dict(asset)


def reported(site: Site, tool: Tool, notice: dict[str, Any], **changes: Any) -> httpx.Response:
    sent = REPORT | {"assetId": asset_of(notice)["asset_id"]} | changes
    sent = {name: value for name, value in sent.items() if value is not ...}
    return caller(site, tool).post(notice["assetreport"]["report_url"], json=sent)


def test_a_processor_is_told_of_a_text_and_reads_it(
    site: Site, tool: Tool, keys: KeySite, notice: dict[str, Any]
) -> None:
    sent = site.lms.outbox.webhooks[-1].data["notices"][0]["jwt"]
    public = jwk.KeySet.from_jwks(httpx.get(tool.seat.keys_url).json())
    now = site.lms.clock.now.timestamp()
    jwt.verify(sent, public, algorithms=["RS256"], now=now, issuer=site.url, audience=CLIENT)
    assert sent.encode() in keys.posted[-1]
    assert notice["notice"]["type"] == "LtiAssetProcessorSubmissionNotice"
    assert (notice["context"]["id"], notice["activity"]) == ("6836", {"id": "701", "title": "Essay"})
    assert notice["for_user"] == {"user_id": ADA}
    assert notice["custom"] == {"a": "b", "mode": "ada.lovelace"}
    assert notice["assetreport"]["scope"] == [lti13.SCOPE_REPORTS]
    asset, data = asset_of(notice), b"<p>Steam</p>"
    assert (asset["size"], asset["sha256_checksum"]) == (len(data), b64encode(sha256(data).digest()).decode())
    answer = caller(site, tool).get(asset["url"])
    assert (answer.content, answer.headers["content-type"].partition(";")[0]) == (data, "text/html")


def test_a_processor_is_told_of_files(site: Site, tool: Tool, keys: KeySite) -> None:
    processing.subscribe(site, tool, f"{keys.url}/told")
    answer = processing.submit_file(site, b"\x00\xffsteam")
    assert answer.status_code == 200, answer.text
    (only,) = notices_of(site)
    asset = asset_of(only)
    assert (asset["filename"], asset["content_type"], asset["size"]) == ("essay.txt", "text/plain", 7)
    assert caller(site, tool).get(asset["url"]).content == b"\x00\xffsteam"
    teacher = site.api(site.tokens("instructor", scope="dropbox:folders:*")["access_token"])
    rows = {row["Entity"]["EntityId"]: row for row in teacher.get(f"{FOLDER}/submissions/").json()}
    assert (rows[169]["Status"], rows[170]["Status"]) == (1, 0)
    (work,) = rows[169]["Submissions"]
    assert (work["Files"][0]["FileName"], work["Comment"]["Text"], str(work["Id"])) == (
        "essay.txt",
        "Here",
        only["submission"]["id"],
    )
    assert teacher.get(FOLDER).json()["TotalUsersWithSubmissions"] == 1
    assert [row["Name"] for row in teacher.get(FOLDER.removesuffix("701")).json()] == ["Essay"]
    assert teacher.get(FOLDER.replace("701", "702")).status_code == 404
    learner = site.api(site.tokens("student", scope="dropbox:folders:*")["access_token"])
    assert learner.get(f"{FOLDER}/submissions/").status_code == 403


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"file": False}, "file_missing"),
        ({"comment": {"Text": "x" * 4001, "Html": None}}, "comment_invalid"),
        ({"comment": ["Here"]}, "comment_invalid"),
        ({"comment": {}}, "comment_invalid"),
        ({"body": FILE % (b"[" * 100_000, b"text/plain")}, "comment_invalid"),
        ({"body": b"--x\r\n" + NESTED + b"--x--\r\n"}, "submission_invalid"),
        ({"kind": "application/json"}, "submission_invalid"),
        ({"kind": "multipart/mixed; boundary=y"}, "submission_invalid"),
        ({"kind": "multipart/mixed"}, "submission_invalid"),
    ],
)
def test_wrong_submissions_are_refused(site: Site, change: dict[str, Any], reason: str) -> None:
    assert (processing.submit_file(site, b"steam", **change).status_code, site.reason) == (400, reason)
    assert processing.submit_file(site, b"steam", who="instructor").status_code == 403
    assert site.lms.dump()["brightspace"].get("dropbox_submissions", []) == []


@pytest.mark.parametrize(("sent", "served"), [(b"text/x-\xff", "application/octet-stream"), (b"text/csv", "text/csv")])
def test_a_type_that_no_header_carries_is_not_told(
    site: Site, tool: Tool, keys: KeySite, sent: bytes, served: str
) -> None:
    processing.subscribe(site, tool, f"{keys.url}/told")
    assert processing.submit_file(site, b"", body=FILE % (HERE, sent)).status_code == 200
    asset = asset_of(notices_of(site)[0])
    answer = caller(site, tool).get(asset["url"])
    assert (answer.status_code, answer.content) == (200, b"steam")
    assert [item.partition(";")[0] for item in (asset["content_type"], answer.headers["content-type"])] == [served] * 2


def asked_to_choose(site: Site, tool: Tool) -> dict[str, Any]:
    """The claims of the message that asks for a processor of the essay."""
    browser = signed_in(site, "instructor")
    _, fields = posted(browser, tool.login(initiation(browser, CHOOSE)))
    return jwt.read(fields["id_token"]).claims


def choose(site: Site, tool: Tool, settings: dict[str, Any], **changes: Any) -> httpx.Response:
    """The tool's answer to that message. Parameters: `changes`, of the content item."""
    now = int(site.lms.clock.now.timestamp())
    item = {"type": "ltiAssetProcessor", "title": "Originality", "url": f"{LAUNCH}?settings=2", "custom": {"x": "1"}}
    item |= changes
    claims = {
        "iss": CLIENT, "aud": site.url, "iat": now, "exp": now + 60, "nonce": "n",
        f"{lti13.CLAIM}message_type": lti13.DEEP_LINKING_RESPONSE, f"{lti13.CLAIM}version": "1.3.0",
        f"{lti13.CLAIM}deployment_id": DEPLOYMENT, f"{DL}data": settings["data"],
        f"{DL}content_items": [item, {"type": "ltiResourceLink", "title": "No"}],
    }  # fmt: skip
    return httpx.post(settings["deep_link_return_url"], data={"JWT": tool.sign(claims)})


@pytest.mark.parametrize("report", ["x", [1], {"custom": "x"}, {"custom": [1]}])
def test_a_processor_whose_report_cannot_be_read_is_refused(site: Site, tool: Tool, report: Any) -> None:
    settings = asked_to_choose(site, tool)[f"{DL}deep_linking_settings"]
    answer = choose(site, tool, settings, report=report)
    name = "report.custom" if isinstance(report, dict) else "report"
    assert (answer.status_code, site.reason) == (400, f"content_item_{name}_invalid")
    assert len(site.lms.dump()["brightspace"]["asset_processors"]) == 1


def test_a_processor_of_an_assignment_that_is_gone_is_refused(site: Site, tool: Tool) -> None:
    settings = asked_to_choose(site, tool)[f"{DL}deep_linking_settings"]
    world = site.lms.dump()
    section = world["brightspace"]
    section["dropbox_folders"], section["asset_processors"] = [], []
    site.lms.load(world)
    assert choose(site, tool, settings).status_code == 400
    assert site.reason == "deep_linking_context"
    assert site.lms.dump()["brightspace"]["asset_processors"] == []


def test_a_tool_is_chosen_as_a_processor(site: Site, tool: Tool) -> None:
    page, browser = CHOOSE, signed_in(site, "instructor")
    assert page.replace("&", "&amp;") in browser.get(PAGE).text
    asked = asked_to_choose(site, tool)
    settings = asked[f"{DL}deep_linking_settings"]
    assert settings["accept_types"] == ["ltiAssetProcessor"]
    assert asked[f"{lti13.CLAIM}activity"] == {"id": "701", "title": "Essay"}
    answer = choose(site, tool, settings, report={"custom": {"seen": "yes"}})
    assert answer.status_code == 200, answer.text
    made = site.lms.dump()["brightspace"]["asset_processors"][-1]
    assert (made["title"], made["folder_id"], made["custom"]) == ("Originality", 701, {"x": "1"})
    assert "items_not_taken" in [warning.code for warning in site.lms.requests.last.warnings]
    opened = message(site, tool, f"/d2l/le/lti/6836/assetprocessor/{made['id']}/settings")
    assert opened["target_link_uri"] == f"{LAUNCH}?settings=2"
    assert browser.get(page.replace("701", "702")).status_code == 404
    assert signed_in(site).get(page).status_code == 403


def test_settings_are_opened_by_who_places_tools(site: Site, tool: Tool) -> None:
    said = message(site, tool, f"{ONE}/settings")
    assert said["message_type"] == "LtiAssetProcessorSettingsRequest"
    assert said["target_link_uri"] == f"{LAUNCH}?settings=1"
    assert (said["activity"]["id"], said["custom"]["mode"]) == ("701", "grace.hopper")
    assert signed_in(site).get(f"{ONE}/settings").status_code == 403
    assert signed_in(site, "instructor").get(f"{ONE[:-1]}9/settings").status_code == 404


def test_a_report_is_shown_to_those_who_may_see_it(site: Site, tool: Tool, notice: dict[str, Any]) -> None:
    answer = reported(site, tool, notice, title="Original", result="97 %", visibleToOwner=False)
    assert (answer.status_code, answer.json()["title"]) == (201, "Original")
    number = site.lms.dump()["brightspace"]["asset_reports"][0]["id"]
    page = f"{ONE}/reports/{number}"
    assert page in signed_in(site, "instructor").get(PAGE).text
    said = message(site, tool, page)
    assert (said["message_type"], said["target_link_uri"]) == ("LtiReportReviewRequest", f"{LAUNCH}?report=1")
    assert (said["asset"]["id"], said["assetreport_type"]) == (asset_of(notice)["asset_id"], "originality")
    assert (said["for_user"], said["custom"]["seen"]) == ({"user_id": ADA}, "yes")
    assert said["submission"] == notice["submission"]
    assert page not in signed_in(site).get(PAGE).text
    assert signed_in(site).get(page).status_code == 403
    reported(site, tool, notice, timestamp="2026-11-02T10:00:00Z", visibleToOwner=True)
    page = f"{ONE}/reports/{site.lms.dump()['brightspace']['asset_reports'][0]['id']}"
    assert "originality</a>" in signed_in(site).get(PAGE).text
    assert message(site, tool, page, "student")["for_user"] == {"user_id": ADA}
    assert signed_in(site, "other_student").get(page).status_code == 403


def test_only_the_newest_report_of_a_type_is_kept(site: Site, tool: Tool, notice: dict[str, Any]) -> None:
    assert reported(site, tool, notice, timestamp="2026-11-02T10:00:00Z").status_code == 201
    assert reported(site, tool, notice, timestamp="2026-11-01T10:00:00Z").status_code == 409
    assert reported(site, tool, notice, type="ai", timestamp="2026-11-01T10:00:00Z").status_code == 201
    assert reported(site, tool, notice, timestamp="2026-11-02T10:00:00Z", title="Again").status_code == 201
    kept = site.lms.dump()["brightspace"]["asset_reports"]
    assert sorted(item["report_type"] for item in kept) == ["ai", "originality"]


@pytest.mark.parametrize(
    "change",
    [
        {"assetId": "none"},
        {"type": ""},
        {"type": ...},
        {"timestamp": "soon"},
        {"timestamp": ...},
        {"priority": 6},
        {"priority": "3"},
        {"processingProgress": ...},
        {"indicationColor": "green"},
        {"title": ""},
        {"title": 5},
        {"visibleToOwner": "yes"},
    ],
)
def test_wrong_reports_are_refused(site: Site, tool: Tool, notice: dict[str, Any], change: dict[str, Any]) -> None:
    assert (reported(site, tool, notice, **change).status_code, site.reason) == (400, "asset_report_invalid")
    assert site.lms.dump()["brightspace"].get("asset_reports", []) == []


def test_scopes_and_owners_of_the_services(site: Site, tool: Tool, notice: dict[str, Any]) -> None:
    asset = asset_of(notice)
    reads, writes = (caller(site, tool, scope) for scope in (lti13.SCOPE_ASSETS, lti13.SCOPE_REPORTS))
    assert writes.get(asset["url"]).status_code == 403
    body = REPORT | {"assetId": asset["asset_id"]}
    assert reads.post(notice["assetreport"]["report_url"], json=body).status_code == 403
    assert reads.get(asset["url"]).status_code == 200
    assert reads.get(asset["url"][:-1] + "x").status_code == 404
    assert reads.get(asset["url"].replace(processing.PROCESSOR, "none")).status_code == 404
    processing.with_processor(site, enabled=False)
    assert reads.get(asset["url"]).status_code == 404


@pytest.mark.parametrize(
    "off", [{"extensions": ["notices"]}, {"enabled": False}, {"notice_types": ["LtiContextCopyNotice"]}], ids=str
)
def test_what_is_switched_off_is_not_told(site: Site, tool: Tool, keys: KeySite, off: dict[str, Any]) -> None:
    processing.subscribe(site, tool, f"{keys.url}/told")
    processing.with_processor(site, **off)
    assert processing.submit_text(site, "Steam").status_code == 302
    assert notices_of(site) == []


def test_an_anonymous_deployment_is_not_told_who(site: Site, tool: Tool, keys: KeySite) -> None:
    processing.subscribe(site, tool, f"{keys.url}/told")
    processing.with_processor(site, anonymous=True, send_org_unit=False)
    processing.submit_text(site, "Steam")
    (only,) = notices_of(site)
    assert ADA not in str(only)
    assert "lovelace" not in str(only).lower()  # `ada` alone may be part of a random id
    assert ("context" in only, only["roles"]) == (False, [])


def test_terms_are_asked_for_until_they_are_accepted(site: Site, tool: Tool) -> None:
    said = message(site, tool, TERMS, "student")
    assert (said["message_type"], said["target_link_uri"]) == ("LtiEulaRequest", f"{LAUNCH}?terms=1")
    service, api = said["eulaservice"]["url"], caller(site, tool)

    def asked(who: str = "student") -> bool:
        return TERMS in signed_in(site, who).get(PAGE).text

    assert (asked(), asked("instructor")) == (True, False)
    sent = {"userId": ADA, "accepted": True, "timestamp": "2026-11-02T10:00:00Z"}
    answer = api.post(f"{service}/user", json=sent)
    assert (answer.status_code, answer.json()) == (201, sent | {"timestamp": "2026-11-02T10:00:00.000Z"})
    assert not asked()
    assert asked("other_student")
    assert api.post(f"{service}/user", json=sent).status_code == 409
    assert api.post(f"{service}/user", json=sent | {"userId": "nobody"}).status_code == 404
    for change in ({"accepted": "yes"}, {"timestamp": "now"}):
        assert api.post(f"{service}/user", json=sent | change).status_code == 400
    assert api.delete(f"{service}/user").status_code == 204
    assert asked()
    assert api.put(f"{service}/deployment", json={"eulaRequired": False}).json() == {"eulaRequired": False}
    assert not asked()
    assert api.put(f"{service}/deployment", json={"eulaRequired": "no"}).status_code == 400
    other = caller(site, tool, lti13.SCOPE_ASSETS)
    assert other.delete(f"{service}/user").status_code == 403


def test_a_page_asks_only_what_it_takes(site: Site) -> None:
    world = site.lms.dump()
    world["brightspace"]["dropbox_folders"].append(
        {"id": 702, "org_unit_id": 6836, "name": "Hidden", "is_hidden": True, "submission_type": 0}
    )
    site.lms.load(world)
    hidden = PAGE.replace("701", "702")
    assert signed_in(site).get(hidden).status_code == 404
    assert "Text submission" not in signed_in(site, "instructor").get(hidden).text
    assert "Hidden" not in signed_in(site).get("/d2l/home/6836").text
    assert form(signed_in(site).get(PAGE).text)[0].endswith(PAGE)


def test_what_processors_left_is_deleted_with_their_deployment(site: Site, tool: Tool, notice: dict[str, Any]) -> None:
    reported(site, tool, notice)
    admin = site.api(site.tokens("administrator", scope="ltiadvantage:*:*")["access_token"])
    assert admin.delete(f"/d2l/api/le/1.79/ltiadvantage/deployment/{DEPLOYMENT}").status_code == 200
    site.lms.load(site.lms.dump())
    assert [site.lms.dump()["brightspace"][table] for table in ("asset_processors", "asset_reports")] == [[], []]
