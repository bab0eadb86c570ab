"""The example scenario of the vendor's guide, step by step, by each way of reaching the emulator."""

from __future__ import annotations

import pytest

from contract_tests.openlearning.site import Site
from lms_emulator.client.emulator import Emulator


@pytest.mark.parametrize("way", ["port", "prefix"])
@pytest.mark.parametrize("version", ["v2.1", "v2.2"])
def test_the_seven_steps(lms: Emulator, way: str, version: str) -> None:
    site = Site(lms, lms.openlearning.base_urls[way])
    ol = site.info

    # Before: the institution and the class are found by the API.
    institutions = site.get("/users/me/institutions/", version=version).json()["data"]
    institution = institutions[0]["id"]
    courses = site.get("/courses/", params={"url": ol.course_url}, version=version).json()["data"]
    classes = site.get(f"/courses/{courses[0]['id']}/classes/", version=version).json()["data"]
    class_id = classes[0]["id"]

    # 1 and 2: a person registers with the application, which notes the class. 3: an account is provisioned.
    profile = {
        "full_name": "Mary Somerville",
        "external_institution_id": "account-1780",
        "primary_email_address": "mary@app.example",
        "send_password_email": "false",
        "send_welcome_email": "false",
    }
    created = site.post(f"/institutions/{institution}/managed-users/", profile, version=version)
    assert created.status_code == 200
    user_id = created.json()["data"]["id"]
    assert not lms.outbox.emails
    # ... which has no effect when the account exists.
    again = site.post(f"/institutions/{institution}/managed-users/", profile, version=version)
    assert again.json() == created.json()

    # 4 and 5: the person wants to start; the server asks for a launch link.
    path = f"/institutions/{institution}/managed-users/{user_id}/sign-on/"
    launch = site.post(path, {"class_id": class_id}, version=version).json()["data"]
    assert list(launch) == ["url", "method", "params"]
    assert launch["method"] == "POST"
    assert site.get(f"/users/{user_id}/enrolments/", version=version).json()["data"] == []

    # 6: the person's browser posts the form. 7: and is taken to the class, signed in.
    with site.browser() as browser:
        arrived = browser.post(launch["url"], data=launch["params"], follow_redirects=True)
        assert [step.status_code for step in arrived.history] == [302]
        assert arrived.status_code == 200
        assert "Analytical Engines" in arrived.text
        assert "Class of 2020" in arrived.text
        assert "Signed in as" in arrived.text
        assert "Mary Somerville" in arrived.text
        assert str(arrived.url).startswith(f"{lms.openlearning.base_urls[way]}/{institution}/courses/")
    enrolments = site.get(f"/users/{user_id}/enrolments/", version=version).json()["data"]
    assert [enrolment["class"] for enrolment in enrolments] == [class_id]
    assert not lms.requests.refused
    site.close()


def test_the_seven_steps_by_real_host_names(lms: Emulator) -> None:
    """With a resolver or proxy in front, the real names work; the launch goes to the web site's."""
    site = Site(lms, lms.url)
    api = {"Host": "api.openlearning.com"}
    path = f"{site.managed_users()}{site.info.managed_user.id}/sign-on/"
    launch = site.post(path, {"class_id": site.info.class_id}, headers=api).json()["data"]
    assert launch["url"] == "http://www.openlearning.com/lti/launch/"
    arrived = site.http.post("/lti/launch/", data=launch["params"], headers={"Host": "www.openlearning.com"})
    assert arrived.status_code == 302
    assert arrived.headers["location"].startswith("http://www.openlearning.com/lakeside/courses/analytical-engines/")
    site.close()
