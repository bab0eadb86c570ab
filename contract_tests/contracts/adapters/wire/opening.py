"""Opening an LTI tool from an LMS's course page, as a person does."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urljoin, urlsplit

from ...http import Answer, Browser
from ...outcomes import Form, Refused
from .openedx import hidden_fields
from .pages import Person, submit


class Place(NamedTuple):
    """Where people find a tool at an LMS.

    Attributes: `course`, the page of the course; `opens` and `chooses`, patterns of its links to the tool, without
    `opens` the page opens the tool itself.
    """

    course: str
    opens: str | None
    chooses: str


PLACES = {
    "canvas": Place(
        "/courses/{course_id}", r'href="([^"]*/external_tools/\d+)"', r'href="([^"]*/resource_selection[^"]*)"'
    ),
    "brightspace": Place(
        "/d2l/home/{org_unit_id}", r'href="([^"]*/launch/[^"]+)"', r'href="([^"]*/deeplinking/[^"]+)"'
    ),
    "openedx": Place("/xblock/{lti_block}", None, r'href="([^"]*deep_linking=1[^"]*)"'),
}
"""A platform of the contracts about LTI is a row here, and a machine that says who its people are."""


def open_tool(
    browser: Browser, lms: str, base: str, facts: Mapping[str, Any], person: Person, *, choosing: bool = False
) -> Form:
    """The login initiation that the LMS has the browser post to the tool.

    Parameters: `choosing`, whether the tool is to choose content.
    """
    place = PLACES[lms]
    url = base + place.course.format(**facts)
    page = browser.open(url)
    if 'type="password"' in page.text:
        submit(browser, page, person, True, lambda location: False)
        page = browser.open(url)
    wanted = place.chooses if choosing else place.opens
    if wanted is not None:
        link = re.search(wanted, page.text)
        assert link is not None, f"no tool on the course page: {page.status} {page.text[:300]}"
        page = browser.open(urljoin(page.url, html.unescape(link[1])))
    return _initiation(browser, page)


def _initiation(browser: Browser, page: Answer) -> Form:
    """The login initiation that a page sends the browser to: a form, or the address of a frame, perhaps in a frame,
    or of a link to content that was chosen, which opens in a new tab."""
    form = page_form(page)
    frame = re.search(r'<iframe[^>]* src="([^"]+)"|<a href="([^"]+)" target="_blank"', page.text)
    if frame is None or "login_hint" in dict(form.fields):
        return form
    url = urlsplit(urljoin(page.url, html.unescape(frame[1] or frame[2])))
    if "client_id=" in url.query:
        return Form(url=url._replace(query="").geturl(), fields=tuple(parse_qsl(url.query)))
    return _initiation(browser, browser.open(url.geturl()))


def authenticate(browser: Browser, url: str, base: str) -> Form | Refused:
    """Where the tool sent the browser: the form with the id_token, or why there is none. It stays at the LMS."""
    answer = browser.open(url, until=lambda location: not location.startswith(f"{base}/"))
    found = page_form(answer)
    if answer.status == 200 and "id_token" in dict(found.fields):
        return found
    return Refused(status=answer.status, detail=answer.location or answer.text[:300])


def page_form(page: Answer) -> Form:
    """A page's first form."""
    opening = re.search(r"<form\b[^>]*>", page.text)
    action = dict(re.findall(r'([\w-]+)="([^"]*)"', opening[0]))["action"] if opening else ""
    fields = tuple(hidden_fields(page.text).items())
    return Form(url=urljoin(page.url, html.unescape(action)) if action else "", fields=fields)
