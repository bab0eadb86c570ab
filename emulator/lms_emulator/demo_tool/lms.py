"""The LMS's own REST API, with the token of the user who consented."""

from __future__ import annotations

from typing import Any, NamedTuple

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
    """One LMS. Parameters: `url`, of its REST API; `family`, the `productFamilyCode` of the launch."""

    def __init__(self, http: httpx.AsyncClient, url: str, family: str) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._canvas = family == "canvas"

    async def me(self, token: str) -> Person:
        """The owner of the token: the person who was signed in to the LMS in that browser."""
        if self._canvas:
            found = await self._get("/api/v1/users/self/profile", token)
            return Person(
                str(found["id"]), found["name"], found.get("primary_email") or "", found.get("lti_user_id") or ""
            )
        found = await self._get("/d2l/api/lp/1.31/users/whoami", token)
        return Person(found["Identifier"], f"{found['FirstName']} {found['LastName']}", found.get("UniqueName") or "")

    async def courses(self, token: str) -> list[Course]:
        """The user's courses, every page of them."""
        if self._canvas:
            return [
                Course(str(course["id"]), course["name"], course.get("course_code", ""))
                for course in await self._linked_pages("/api/v1/courses?per_page=50", token)
            ]
        return [
            Course(str(item["OrgUnit"]["Id"]), item["OrgUnit"]["Name"], item["OrgUnit"].get("Code") or "")
            for item in await self._bookmarked("/d2l/api/lp/1.31/enrollments/myenrollments/?orgUnitTypeId=3", token)
        ]

    async def _get(self, path: str, token: str) -> Any:
        return (await self._answer(self._url + path, token)).json()

    async def _linked_pages(self, path: str, token: str) -> list[Any]:
        items: list[Any] = []
        url: str | None = self._url + path
        while url:
            answer = await self._answer(url, token)
            items += answer.json()
            url = answer.links.get("next", {}).get("url")
        return items

    async def _bookmarked(self, path: str, token: str) -> list[Any]:
        items: list[Any] = []
        bookmark = ""
        while True:
            page = await self._get(f"{path}&bookmark={bookmark}" if bookmark else path, token)
            items += page["Items"]
            if not page["PagingInfo"]["HasMoreItems"]:
                return items
            bookmark = page["PagingInfo"]["Bookmark"]

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


def same_person(launch: dict[str, Any], person: Person) -> bool:
    """Is the owner of the token the user of the launch?

    The OAuth2 flow does not ensure it: the token belongs to the person who was signed in to the LMS in that browser.

    - Brightspace's LTI user id ends in `_<API user id>`.
    - Canvas's LTI user id is opaque. A custom parameter `canvas_user_id=$Canvas.user.id` of the launch carries the API
      id. The profile's `lti_user_id` is the id of LTI 1.1 launches, which is not that of LTI 1.3. Without the custom
      parameter, only the e-mail address is left to compare.

    Parameters: `launch`, the id token as LTIAAS formats it; `person`, whose token it is.
    """
    user = launch["user"]
    if launch["platform"].get("productFamilyCode") != "canvas":
        return str(user["id"]).rpartition("_")[2] == person.id
    custom = launch["launch"].get("custom") or {}
    if "canvas_user_id" in custom:
        return str(custom["canvas_user_id"]) == person.id
    if person.lti_user_id and str(user["id"]) == person.lti_user_id:
        return True
    return bool(person.email) and str(user.get("email", "")).lower() == person.email.lower()
