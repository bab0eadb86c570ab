"""The LMS's own REST API, with the token of the user who consented."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import quote

import httpx


class TokenRefusedError(Exception):
    """The LMS refused the access token: refresh it, or connect again."""


class LmsError(Exception):
    """The LMS did not answer, or answered with an error."""


class Person(NamedTuple):
    """The owner of the access token."""

    id: str
    name: str
    email: str
    lti_user_id: str = ""


class Course(NamedTuple):
    """A course as the list of courses shows it."""

    id: str
    name: str
    code: str


class Lms:
    """One LMS's REST API. Parameters: `url`, where it is."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http = http
        self._url = url.rstrip("/")

    async def me(self, token: str) -> Person:
        """The owner of the token: the person who was signed in to the LMS in that browser."""
        raise NotImplementedError

    async def courses(self, token: str) -> list[Course]:
        """The user's courses, every page of them."""
        raise NotImplementedError

    async def _get(self, path: str, token: str) -> Any:
        return (await self._answer(self._url + path, token)).json()

    async def _answer(self, url: str, token: str) -> httpx.Response:
        try:
            answer = await self._http.get(url, headers={"Authorization": f"Bearer {token}"})
        except httpx.HTTPError as error:
            raise LmsError(f"{self._url} does not answer") from error
        if answer.status_code == 401:
            raise TokenRefusedError
        if not answer.is_success:
            raise LmsError(f"{self._url} answered {answer.status_code}")
        return answer


class Canvas(Lms):
    """Pages are linked by the `Link` header."""

    async def me(self, token: str) -> Person:
        found = await self._get("/api/v1/users/self/profile", token)
        return Person(str(found["id"]), found["name"], found.get("primary_email") or "", found.get("lti_user_id") or "")

    async def courses(self, token: str) -> list[Course]:
        items: list[Any] = []
        url: str | None = f"{self._url}/api/v1/courses?per_page=50"
        while url:
            answer = await self._answer(url, token)
            items += answer.json()
            url = answer.links.get("next", {}).get("url")
        return [Course(str(course["id"]), course["name"], course.get("course_code", "")) for course in items]


class Brightspace(Lms):
    """Pages are asked for by bookmark."""

    async def me(self, token: str) -> Person:
        found = await self._get("/d2l/api/lp/1.31/users/whoami", token)
        return Person(found["Identifier"], f"{found['FirstName']} {found['LastName']}", found.get("UniqueName") or "")

    async def courses(self, token: str) -> list[Course]:
        path = "/d2l/api/lp/1.31/enrollments/myenrollments/?orgUnitTypeId=3"
        items: list[Any] = []
        bookmark = ""
        while True:
            page = await self._get(f"{path}&bookmark={bookmark}" if bookmark else path, token)
            items += (item["OrgUnit"] for item in page["Items"])
            if not page["PagingInfo"]["HasMoreItems"]:
                return [Course(str(item["Id"]), item["Name"], item.get("Code") or "") for item in items]
            bookmark = page["PagingInfo"]["Bookmark"]


class OpenEdx(Lms):
    """The list of one's own enrollments has no pages."""

    async def me(self, token: str) -> Person:
        name = (await self._get("/api/user/v1/me", token))["username"]
        found = await self._get(f"/api/user/v1/accounts/{quote(name, safe='')}", token)
        return Person(name, found.get("name") or name, found.get("email") or "")

    async def courses(self, token: str) -> list[Course]:
        found = await self._get("/api/enrollment/v1/enrollment", token)
        courses = [item["course_details"] for item in found if item["is_active"]]
        return [Course(row["course_id"], row["course_name"] or row["course_id"], row["course_id"]) for row in courses]


FAMILIES: dict[str, type[Lms]] = {"canvas": Canvas, "desire2learn": Brightspace}
"""By the `productFamilyCode` of the launch. Open edX's launches have none."""


def lms_of(family: str) -> type[Lms]:
    """How to speak with an LMS of that family."""
    return FAMILIES.get(family, OpenEdx)


def same_person(launch: dict[str, Any], person: Person) -> bool:
    """Is the owner of the token the user of the launch?

    The OAuth2 flow does not ensure it: the token belongs to the person who was signed in to the LMS in that browser.

    - Open edX's LTI user id is opaque, and its API does not tell it. The e-mail address is left, if the block sends it.
    - Brightspace's LTI user id ends in `_<API user id>`.
    - Canvas's LTI user id is opaque. A custom parameter `canvas_user_id=$Canvas.user.id` of the launch carries the API
      id. The profile's `lti_user_id` is the id of LTI 1.1 launches, which is not that of LTI 1.3. Without the custom
      parameter, only the e-mail address is left to compare.

    Parameters: `launch`, the id token as LTIAAS formats it; `person`, whose token it is.
    """
    user = launch["user"]
    family = launch["platform"].get("productFamilyCode")
    if family == "desire2learn":
        return str(user["id"]).rpartition("_")[2] == person.id
    custom = launch["launch"].get("custom") or {}
    if family == "canvas" and "canvas_user_id" in custom:
        return str(custom["canvas_user_id"]) == person.id
    if person.lti_user_id and str(user["id"]) == person.lti_user_id:
        return True
    return bool(person.email) and str(user.get("email", "")).lower() == person.email.lower()
