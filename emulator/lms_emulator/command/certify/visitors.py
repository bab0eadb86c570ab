"""Visitors that open the tool: the base class, and one that speaks plain HTTP and fills in forms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import httpx

from lms_emulator.command.certify.cookies import CookieJar
from lms_emulator.core.clock import monotonic
from lms_emulator.core.http.cookie_policies import Policy
from lms_emulator.lti.seats import Person

MOST_STEPS = 12
MOST_BYTES = 5_000_000
"""How much of a tool's answer is read."""
PATIENCE = 15.0
"""How many seconds one launch may take from its first request to the last page, unless somebody says otherwise."""
UNNAMED = ("content-encoding", "content-length", "transfer-encoding")
"""Headers of a body as it was sent."""
AGENT = {"User-Agent": "lms-emulator certify", "Accept": "text/html,*/*;q=0.8", "Sec-CH-UA": '"lms-emulator";v="1"'}


class Landing(NamedTuple):
    """Where a launch ended.

    Attributes:
        status, url, text: of the last page; status 0 if none came.
        posted: the fields posted to the tool's launch URL; None if it was never reached.
        note: what stopped it, in words.
    """

    status: int
    url: str
    text: str
    posted: tuple[str, dict[str, str]] | None = None
    note: str = ""


def is_launch(fields: Iterable[str]) -> bool:
    """Whether a form with fields of these names launches a tool: it has a token, or is signed by OAuth 1.0."""
    return any(name == "id_token" or name.startswith("oauth_") for name in fields)


class Visitor(ABC):
    """Opens tools as various people.

    Attributes: `patience`, how many seconds one launch may take.
    """

    name: str
    patience: float = PATIENCE

    @abstractmethod
    def open(self, page: str, person: Person) -> Landing:
        """Open a platform's page with a tool on it, and sign in if required."""

    @abstractmethod
    def post_again(self, landing: Landing) -> Landing:
        """Post the same launch to the tool again."""

    @abstractmethod
    def close(self) -> None:
        """Close whatever is open."""


@dataclass
class Form:
    """A form of a page."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    text: str = ""
    password: str = ""


class Page(HTMLParser):
    """A page's forms and text, and whether a script submits a form or redirects."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.words: list[str] = []
        self.frames: list[str] = []
        self.scripts = ""
        self._within = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._within = tag if tag in ("script", "style", "title") else self._within
        if tag == "iframe" and given.get("src", "").startswith("http"):
            self.frames.append(given["src"])
        elif tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").lower()))
        elif tag == "input" and self.forms and given.get("name"):
            form, kind = self.forms[-1], given.get("type", "text")
            form.fields[given["name"]] = given.get("value", "")
            if kind == "password":
                form.password = given["name"]
            elif kind in ("text", "email") and not form.text:
                form.text = given["name"]

    def handle_endtag(self, tag: str) -> None:
        self._within = "" if tag == self._within else self._within

    def handle_data(self, data: str) -> None:
        if self._within == "script":
            self.scripts += data
        elif self._within != "style":
            self.words += data.split()

    @property
    def submitted(self) -> Form | None:
        """The form that a script submits."""
        return next((form for form in self.forms if not form.password), None) if ".submit()" in self.scripts else None


class HttpVisitor(Visitor):
    """Plain HTTP: follows redirects, and forms that a script submits; runs no other script."""

    name = "plain HTTP"

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._jar = CookieJar(policy)
        self._person: Person | None = None
        self._http = httpx.Client(transport=_Loopback(), headers=AGENT)
        self._top = ""
        self._end = 0.0

    def open(self, page: str, person: Person) -> Landing:
        self._top, self._end = page, monotonic() + self.patience
        if person != self._person:
            self._jar, self._person = CookieJar(self._policy), person
            self._sign_in_as_a_script(page, person)
        answer = self._get(page, page)
        shown = Page(answer.text)
        sign_in = next((form for form in shown.forms if form.password), None)
        if sign_in is not None:
            fields = sign_in.fields | {sign_in.text: person.login, sign_in.password: person.password}
            self._top = urljoin(str(answer.url), sign_in.action)
            answer = self._follow(self._send("POST", self._top, self._top, fields))
            self._top = page
            if str(answer.url) != page:  # where signing in led to it, a second look would be another launch
                answer = self._get(page, page)
            shown = Page(answer.text)
        form = shown.submitted
        if form is None and shown.frames:
            form = Form(shown.frames[0], "get")
        if form is None:
            return Landing(answer.status_code, str(answer.url), " ".join(shown.words), note="the page opens no tool")
        return self._walk(form, page)

    def _sign_in_as_a_script(self, page: str, person: Person) -> None:
        script = person.script
        if script is None:
            return
        self._get(urljoin(page, script.token), page)
        url = urljoin(page, script.path)
        headers = {script.header: self._jar.value(url, script.cookie), "Referer": page}
        self._send("POST", url, page, {script.login_field: person.login, "password": person.password}, headers)

    def _walk(self, form: Form | None, led_by: str) -> Landing:
        """Submit a form and follow redirects and auto-submitted forms to the final page."""
        posted = None
        answer, shown = None, None
        for _ in range(MOST_STEPS):
            if form is None:
                break
            target = urljoin(led_by, form.action)
            if is_launch(form.fields):
                posted = target, form.fields
            try:
                answer = self._send(form.method.upper(), target, led_by, form.fields)
                answer = self._follow(answer)
            except httpx.HTTPError as error:
                return Landing(0, _asked(error) or target, "", posted, _why_no_answer(error))
            except (httpx.InvalidURL, ValueError) as error:
                return Landing(0, target, "", posted, f"led to no address of the web: {error}")
            shown = Page(answer.text)
            led_by, form = str(answer.url), shown.submitted
        assert answer is not None
        assert shown is not None
        note = ""
        if answer.is_redirect:
            note = f"still redirects after {MOST_STEPS} steps"
        elif posted is None and shown.scripts:
            note = "a script of the tool's leads on; that needs a browser"
        return Landing(answer.status_code, str(answer.url), " ".join(shown.words), posted, note)

    def post_again(self, landing: Landing) -> Landing:
        assert landing.posted is not None
        action, fields = landing.posted
        self._end = monotonic() + self.patience
        return self._walk(Form(action, "post", dict(fields)), self._top)

    def _get(self, url: str, led_by: str) -> httpx.Response:
        return self._follow(self._send("GET", url, led_by, {}))

    def _send(
        self, method: str, url: str, led_by: str, fields: dict[str, str], more: dict[str, str] | None = None
    ) -> httpx.Response:
        headers = dict(more or {})
        if cookies := self._jar.header(url, self._top, led_by=led_by):
            headers["Cookie"] = cookies
        sent = {"data": fields} if method == "POST" else {"params": fields or None}
        seconds_left = max(self._end - monotonic(), 0.05)
        request = self._http.build_request(method, url, headers=headers, timeout=seconds_left, **sent)
        answer = _read(self._http, request, self._end)
        self._jar.keep(url, answer.headers.get_list("set-cookie"), self._top)
        return answer

    def _follow(self, answer: httpx.Response) -> httpx.Response:
        for _ in range(MOST_STEPS):
            if not answer.is_redirect:
                break
            target = urljoin(str(answer.url), answer.headers["location"])
            answer = self._send("GET", target, str(answer.url), {})
        return answer

    def close(self) -> None:
        self._http.close()


def _asked(error: httpx.HTTPError) -> str:
    """The URL that did not answer, possibly after redirects."""
    try:
        return str(error.request.url)
    except RuntimeError:
        return ""


def _why_no_answer(error: httpx.HTTPError) -> str:
    why = str(error) or type(error).__name__
    if isinstance(error, httpx.TimeoutException):
        return f"no answer in time: {why}"
    advice = "; SSL_CERT_FILE names the file of a certificate to trust" if "CERTIFICATE_VERIFY" in why else ""
    return f"no answer: {why}{advice}"


def _read(http: httpx.Client, request: httpx.Request, end: float) -> httpx.Response:
    """The response to a request. Raises httpx.ReadError for an endless one."""
    body = b""
    answer = http.send(request, stream=True)
    try:
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > MOST_BYTES or monotonic() > end:
                raise httpx.ReadError(f"the answer has no end: {len(body)} bytes so far")
    finally:
        answer.close()
    headers = [(name, value) for name, value in answer.headers.multi_items() if name.lower() not in UNNAMED]
    return httpx.Response(answer.status_code, headers=headers, content=body, request=answer.request)


class _Loopback(httpx.HTTPTransport):
    """Resolves names under `.localhost` to loopback, as browsers do whatever the system resolver says."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        if host.endswith(".localhost"):
            request.url = request.url.copy_with(host="127.0.0.1")
        try:
            return super().handle_request(request)
        finally:
            request.url = request.url.copy_with(host=host)


def host_of(url: str) -> str:
    """Host and port of an address."""
    return urlsplit(url).netloc
