"""A person at a browser: cookies, links and forms, with httpx and nothing else."""

import re
from html import unescape

import httpx


def sign_in_and_consent(page: httpx.Response, browser: httpx.Client, fields: dict[str, str], stop_at: str) -> httpx.URL:
    """Follow redirects and fill in forms until the browser is sent to an address that begins with `stop_at`."""
    for _ in range(12):
        if page.is_redirect:
            target = page.url.join(page.headers["location"])
            if str(target).startswith(stop_at):
                return target
            page = browser.get(target)
        else:
            assert page.status_code == 200, page.text
            page = submit(page, browser, fields)
    raise AssertionError(f"never got to {stop_at}; last at {page.url}")


def submit(page: httpx.Response, browser: httpx.Client, fields: dict[str, str]) -> httpx.Response:
    """Send the first form that is not the one for signing out, with what `fields` has for its inputs."""
    forms = re.findall(r"<form([^>]*)>(.*?)</form>", page.text, re.DOTALL)
    attributes, body = next(form for form in forms if not re.search("logout|inline", form[0]))
    action = re.search(r'action="([^"]*)"', attributes)
    values = {}
    for tag in re.findall(r"<(?:input|button)[^>]*>", body):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name is not None and unescape(name[1]) not in values:
            values[unescape(name[1])] = unescape(value[1]) if value is not None else ""
    values |= {name: value for name, value in fields.items() if name in values}
    return browser.post(page.url.join(unescape(action[1]) if action else ""), data=values)
