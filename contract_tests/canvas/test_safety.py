"""Safety of schools: content security, portfolios, messages sent to people, bouncing addresses."""

from __future__ import annotations

import json

from contract_tests.canvas.support import Site

API = "/api/v1"


def test_content_security_is_taken_from_above(canvas: Site) -> None:
    csp = f"{API}/accounts/1/csp_settings"
    assert canvas.teacher.get(csp).status_code == 403
    assert canvas.admin.put(f"{csp}/lock", json={"settings_locked": True}).status_code == 400
    assert canvas.admin.put(csp, json={"status": "perhaps"}).status_code == 400
    assert canvas.admin.put(csp, json={"status": "enabled"}).json()["enabled"] is True
    assert canvas.admin.post(f"{csp}/domains", json={"domain": "not a domain"}).status_code == 400
    added = canvas.admin.post(f"{csp}/domains/batch_create", json={"domains": ["b.example.test", "A.example.test"]})
    assert added.json()["current_account_whitelist"] == ["a.example.test", "b.example.test"]
    left = canvas.admin.request("DELETE", f"{csp}/domains", params={"domain": "b.example.test"})
    assert left.json()["current_account_whitelist"] == ["a.example.test"]
    course = f"{API}/courses/1/csp_settings"
    shown = canvas.admin.get(course).json()
    assert (shown["enabled"], shown["inherited"], shown["settings_locked"]) == (True, True, False)
    assert "a.example.test" in shown["effective_whitelist"]
    assert canvas.teacher.get(course).status_code == 200
    assert canvas.teacher.put(course, json={"status": "disabled"}).status_code == 403, "the account's settings decide"
    assert canvas.admin.put(course, json={"status": "disabled"}).json()["enabled"] is False
    assert canvas.admin.put(f"{csp}/lock").json()["errors"][0]["message"] == "settings_locked is missing"
    assert canvas.admin.put(f"{csp}/lock", json={"settings_locked": True}).json()["settings_locked"] is True
    shown = canvas.admin.get(course).json()
    assert (shown["enabled"], shown["inherited"], shown["settings_locked"]) == (True, True, True)
    below = canvas.admin.post(f"{API}/accounts/1/sub_accounts", data={"account[name]": "College"}).json()["id"]
    refused = canvas.admin.put(f"{API}/accounts/{below}/csp_settings", json={"status": "disabled"})
    assert refused.json() == {"message": "cannot set when locked by parent account"}
    assert canvas.admin.put(csp, json={"status": "inherited"}).json()["settings_locked"] is False
    assert canvas.admin.put(course, json={"status": "enabled"}).json()["message"].startswith("must be enabled")


def test_portfolios_are_their_owners_and_moderators(canvas: Site) -> None:
    student = canvas.student.get(f"{API}/users/self").json()["id"]
    theirs = f"{API}/users/{student}/eportfolios"
    assert canvas.student.get(theirs).json() == canvas.admin.get(theirs).json() == []
    assert canvas.teacher.get(theirs).status_code == 403
    assert canvas.teacher.put(theirs, json={"spam_status": "marked_as_spam"}).status_code == 403
    assert canvas.admin.put(theirs, json={"spam_status": "marked_as_safe"}).status_code == 200
    assert canvas.admin.put(theirs, json={"spam_status": "lovely"}).status_code == 400
    assert canvas.admin.get(f"{API}/eportfolios/7").status_code == 404


def test_administrative_reports_are_not_for_teachers(canvas: Site) -> None:
    student = canvas.student.get(f"{API}/users/self").json()["id"]
    messages, views = f"{API}/comm_messages?user_id={student}", f"{API}/users/{student}/page_views"
    assert canvas.teacher.get(messages).status_code == 403
    assert canvas.admin.get(views).json() == []
    assert canvas.student.get(views).status_code == 403, "statistics are the admins', one's own too"
    assert canvas.student.get(f"{API}/users/self/history").json() == []
    assert canvas.teacher.get(f"{API}/users/{student}/history").status_code == 403
    assert canvas.teacher.get(f"{API}/accounts/1/unconfirmed_communication_channels").status_code == 403
    assert canvas.student.post(f"{API}/courses/1/ping").json() == {"success": True}
    assert canvas.student.get(f"{API}/conferences").json() == {"conferences": []}


def test_no_theme_is_there_to_be_saved(canvas: Site) -> None:
    saved = f"{API}/accounts/1/shared_brand_configs"
    theme = {"shared_brand_config": {"name": "Blue", "brand_config_md5": "none"}}
    assert canvas.teacher.post(saved, json=theme).status_code == 403
    assert canvas.admin.post(saved, json=theme).json()["errors"]["brand_config"][0]["type"] == "blank"
    assert canvas.admin.put(f"{saved}/1", json=theme).status_code == 404


def test_a_school_without_portfolios_shows_none_even_to_their_owners(canvas: Site) -> None:
    world = json.loads(json.dumps(canvas.lms.dump(), default=str))
    student = canvas.student.get(f"{API}/users/self").json()["id"]
    times = dict.fromkeys(("created_at", "updated_at"), "2026-01-01T00:00:00Z")
    world["canvas"]["eportfolios"] = [{"id": 7, "user_id": student, "name": "P", "public": True, **times}]
    for served, shown in ((True, [200, 200]), (False, [403, 403])):
        school = next(account for account in world["canvas"]["accounts"] if account["id"] == 1)
        school["settings"] = school.get("settings", {}) | {"enable_eportfolios": served}
        canvas.lms.load(world)
        path = f"{API}/eportfolios/7"
        assert [who.get(path).status_code for who in (canvas.student, canvas.teacher)] == shown
        assert canvas.admin.get(path).status_code == 200, "moderators see it all the same"


def test_a_feed_is_added_once_for_each_way_to_read_it(canvas: Site) -> None:
    feeds = f"{API}/courses/1/external_feeds"
    made = canvas.teacher.post(feeds, json={"url": "news.example.test/a.xml", "header_match": " x "}).json()
    assert (made["url"], made["header_match"]) == ("http://news.example.test/a.xml", "x")
    again = canvas.teacher.post(feeds, json={"url": made["url"], "header_match": "x"})
    assert (again.status_code, again.json()["errors"]["url"][0]["type"]) == (400, "taken")
    assert canvas.teacher.post(feeds, json={"url": made["url"], "verbosity": "truncate"}).status_code == 200
    assert canvas.teacher.post(feeds, json={"url": made["url"]}).status_code == 200
    long = canvas.teacher.post(feeds, json={"url": f"http://news.example.test/{'x' * 256}"})
    assert long.json()["errors"]["url"][0]["type"] == "too_long"


def test_what_is_sent_about_themes_and_tokens_is_read_first(canvas: Site) -> None:
    themes = f"{API}/accounts/1/shared_brand_configs"
    missing = canvas.teacher.post(themes, json={})
    assert (missing.status_code, missing.json()["errors"][0]["message"]) == (400, "shared_brand_config is missing")
    assert canvas.teacher.post(themes, json={"shared_brand_config": {"name": "Blue"}}).status_code == 403
    renew = f"{API}/jwts/refresh"
    assert canvas.teacher.post(renew, json={}).json() == {"errors": {"jwt": "required"}}
    assert canvas.teacher.post(renew, json={"jwt": ""}).json() == {"errors": {"jwt": "invalid refresh"}}
    assert canvas.client().post(f"{API}/error_reports", json={"error": {"username": "bot"}}).status_code == 500
    assert canvas.client().post(f"{API}/error_reports", json={"error": {"subject": "It broke"}}).json()["logged"]
