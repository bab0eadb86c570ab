"""Walks through a site's pages as a person would: signing in and consenting where asked, until a redirect leads
away."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

from ...http import Answer, Browser
from ...outcomes import Code, Refused

Person = Mapping[str, Any]


def walk(browser: Browser, url: str, person: Person, *, agree: bool, until: str, param: str = "code") -> Code | Refused:
    """Open a URL and continue until a redirect leads to one that begins with `until`; returns the code in it."""

    def arrived(location: str) -> bool:
        return location.split("?")[0] == until.split("?")[0]

    answer = browser.open(url, until=arrived)
    asked = signed_in = False
    for _ in range(4):
        if answer.status != 200 or _asking(answer) is None:
            break
        if 'type="password"' in answer.text:
            if signed_in:
                return Refused(status=answer.status, code="login_failed")
            signed_in = True
        else:
            asked = True
        answer = submit(browser, answer, person, agree, arrived)
    if answer.status not in (302, 303) or not arrived(answer.location):
        body = answer.json()
        code = body.get("error") if isinstance(body, dict) else None
        details = body.get("details") if isinstance(body, dict) else None
        code = details.get("message") if isinstance(details, dict) else code
        return Refused(status=answer.status, code=code, detail=answer.location or answer.text[:300])
    query = {name: values[-1] for name, values in parse_qs(urlsplit(answer.location).query).items()}
    if param not in query:
        return Refused(status=answer.status, code=query.get("error"), detail=answer.location)
    return Code(code=query[param], state=query.get("state"), asked=asked)


def submit(
    browser: Browser, page: Answer, person: Person, agree: bool, arrived: Callable[[str], bool]
) -> Answer:  # fmt: skip
    """Fill in and submit the page's sign-in or consent form."""
    text = _asking(page) or ""
    action = urljoin(page.url, html.unescape(_attributes(text[: text.index(">")])["action"]))
    fields = {}
    for tag in re.findall(r"<input\b[^>]*>", text):
        given = _attributes(tag)
        kind = given.get("type", "text")
        if kind == "hidden":
            fields[given["name"]] = html.unescape(given.get("value", ""))
        elif kind == "password":
            fields[given["name"]] = person["password"]
        elif kind == "text":
            fields[given["name"]] = person.get("login") or person["username"]
    if 'type="password"' not in text and not agree:
        link = re.search(r'<a [^>]*href="([^"]*deny[^"]*)"', text)
        if link is not None:
            return browser.follow(browser.send("GET", urljoin(page.url, html.unescape(link[1]))), until=arrived)
    for tag in re.findall(r"<button\b[^>]*>", text):
        given = _attributes(tag)
        if "name" in given and (given.get("value") == "allow") == agree:
            fields[given["name"]] = given.get("value", "")
    return browser.follow(browser.form(action, fields), until=arrived)


def _asking(page: Answer) -> str | None:
    """The form that asks for a password or for consent."""
    forms = re.findall(r"<form\b.*?</form>", page.text, re.S)
    return next((form for form in forms if re.search(r'oauth2/(accept|consent)|type="password"', form)), None)


def _attributes(tag: str) -> dict[str, str]:
    return dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
