"""Validation of the links in a course."""

from __future__ import annotations

from contract_tests.canvas.support import Site

API = "/api/v1"
COURSE = f"{API}/courses/1"
LINKS = f"{COURSE}/link_validation"


def test_links_that_lead_nowhere_are_found(canvas: Site) -> None:
    assert canvas.student.post(LINKS).status_code == 403
    assert canvas.teacher.get(LINKS).json() == {}
    hidden = canvas.teacher.post(f"{COURSE}/pages", json={"wiki_page": {"title": "Hidden"}}).json()["url"]
    work = canvas.teacher.post(f"{COURSE}/assignments", json={"assignment": {"name": "Gone"}}).json()["id"]
    canvas.teacher.delete(f"{COURSE}/assignments/{work}")
    targets = [f"pages/{hidden}", "pages/nowhere", f"assignments/{work}", "assignments/99999", "assignments/syllabus"]
    body = "".join(f'<a href="/courses/1/{target}">{target}</a>' for target in targets)
    body += '<a href="/courses/999/pages/x">other</a><img src="/courses/1/files/99999/preview" alt="x">'
    body += '<a href="https://elsewhere.example.test">elsewhere</a>'
    canvas.teacher.post(f"{COURSE}/pages", json={"wiki_page": {"title": "Links", "body": body}})
    assert canvas.teacher.post(LINKS).json() == {"success": True}
    done = canvas.teacher.get(LINKS).json()
    issue = next(result for result in done["results"]["issues"] if result["name"] == "Links")
    assert (issue["type"], issue["content_url"]) == ("wiki_page", "/courses/1/pages/links")
    found = [(link.get("link_text"), link["reason"]) for link in issue["invalid_links"]]
    assert found == [
        (f"pages/{hidden}", "unpublished_item"),
        ("pages/nowhere", "missing_item"),
        (f"assignments/{work}", "deleted"),
        ("assignments/99999", "missing_item"),
        ("other", "course_mismatch"),
        (None, "missing_item"),
    ]
    canvas.teacher.delete(f"{COURSE}/pages/links")
    canvas.teacher.post(LINKS)
    again = canvas.teacher.get(LINKS).json()
    assert again["id"] == done["id"]
    assert all(result["name"] != "Links" for result in again["results"]["issues"])
