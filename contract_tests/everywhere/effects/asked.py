"""Requests that no recording and no test covers, against a furnished demo world, as its administrator.

A body that goes well is looked for: none, one of all documented parameters with the likeliest value each, or of one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote, urlencode

from contract_tests.everywhere.effects.fitting import Fitting
from contract_tests.everywhere.effects.probe import OF_ALL, Found, Key, Probe, is_about, named, parameters
from contract_tests.everywhere.effects.requests import FORM, Request
from contract_tests.everywhere.existing import DemoWorld, credentials, furnish
from contract_tests.replay.targets import Answer, InProcess
from lms_emulator import Emulator
from lms_emulator.core.catalogue import Operation
from lms_emulator.core.coverage import serves
from lms_emulator.core.http.reads import path_of

RUN = "asked"
"""What the ledger calls it."""
HOST = "127.0.0.1:8082"
AGENT = ("User-Agent", "test")
JSON_KIND = ("Content-Type", "application/json")
COPY = {"migration_type": "course_copy_importer", "settings": {"source_course_id": 2}}
PACKAGE = {"migration_type": "zip_file_importer", "pre_attachment": {"name": "a.zip", "size": 3}}
RUBRIC = {"title": "R", "criteria": {"0": {"description": "C", "ratings": {"0": {"description": "Yes", "points": 5}}}}}
TOOL = {"name": "T", "consumer_key": "k", "shared_secret": "s", "url": "https://tool.example.test/"}
IN_COURSE = {"association_id": 1, "association_type": "Course", "purpose": "bookmark"}
WRITES = ("POST", "PUT", "PATCH")


MADE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("groups/{group_id}/discussion_topics", {"title": "News", "message": "text"}),
    ("groups/{group_id}/discussion_topics/{topic_id}/entries", {"message": "Said"}),
    ("groups/{group_id}/pages", {"wiki_page": {"title": "apples", "body": "text"}}),
    ("groups/{group_id}/external_feeds", {"url": "http://feed.example.test/"}),
    ("courses/{course_id}/rubrics", {"rubric": RUBRIC, "rubric_association": IN_COURSE}),
    ("courses/{course_id}/content_migrations", COPY),
    ("courses/{course_id}/external_tools", TOOL),
    ("groups/{group_id}/folders", {"name": "papers"}),
    ("groups/{group_id}/content_migrations", PACKAGE),
    ("users/{user_id}/folders", {"name": "papers"}),
    ("users/{user_id}/content_migrations", PACKAGE),
)
"""What is made beside what a course is furnished with: the list that it goes into, and the body."""
SOME_FILE = {"display_name": "a.txt", "filename": "a.txt", "content_type": "text/plain", "text": "text"}


class Asked(Probe):
    """Tries out operations of Canvas that have not been reached."""

    def __init__(self, fitting: Fitting) -> None:
        self._lms = lms = Emulator.in_process("demo", seed="effects")
        assert lms.app is not None
        _change(lms)
        furnish(lms, lms.canvas.course_id, lms.canvas.access_tokens.teacher)
        lms.app.addresses.listen("127.0.0.1", 8080, {"canvas": 8082})
        super().__init__(lms.app, "canvas", InProcess(lms.app, server=("127.0.0.1", 8082)), RUN)
        self.fitting = fitting
        self._world.clock.freeze()
        self._headers = (("Host", HOST), AGENT, *credentials(lms, "canvas").items())
        self._cookies = (("Host", HOST), AGENT, *self._signed_in().items())
        self._demo = DemoWorld(lms, "canvas")
        self._demo.made |= dict.fromkeys(("/api/v1/users/", "/users/"), str(lms.canvas.admin.id))
        for path, body in MADE:
            self._make(f"/api/v1/{path}", body)
        for place in ("accounts/1", "global"):
            groups = f"/api/v1/{place}/outcome_groups"
            root = self._inner.send("GET", f"/api/v1/{place}/root_outcome_group", list(self._headers), None)
            self._demo.made[f"{groups}/"] = (root.first("location") or "").rpartition("/")[2]
            self._make(f"{groups}/{{id}}/outcomes", {"title": "Reads"})
        for place in ("groups/1", f"users/{lms.canvas.admin.id}"):
            self._upload(place)
        for place in ("/", "/accounts/1/", "/courses/1/", "/groups/1/", f"/users/{lms.canvas.admin.id}/"):
            self._demo.made[f"{place}external_content/success/"] = "external_tool_dialog"

    def _upload(self, place: str) -> None:
        """Give a group or a user a file, by the three steps of an upload."""
        steps = [("name", "a.txt"), ("size", "4"), ("content_type", "text/plain")]
        begun = self._inner.send(
            "POST", f"/api/v1/{place}/files", [*self._headers, ("Content-Type", FORM)], urlencode(steps).encode()
        )
        upload = json.loads(begun.body)
        parts = [f'name="{name}"\r\n\r\n{value}\r\n' for name, value in upload["upload_params"].items()]
        parts.append('name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\ntext\r\n')
        body = "".join(f"--b\r\nContent-Disposition: form-data; {part}" for part in parts) + "--b--\r\n"
        kind = ("Content-Type", "multipart/form-data; boundary=b")
        target = upload["upload_url"].partition(HOST)[2]
        sent = self._inner.send("POST", target, [("Host", HOST), AGENT, kind], body.encode())
        last = sent.first("location") or ""
        done = self._inner.send("GET", last.partition(HOST)[2], list(self._headers), None)
        number = str(json.loads(done.body)["id"])
        self._demo.made |= {f"/{place}/files/": number, f"/api/v1/{place}/files/": number}

    def _make(self, path: str, body: dict[str, Any]) -> None:
        target = self._demo.filled(path)
        if body is PACKAGE:
            body = {
                **body,
                "settings": {"folder_id": self._demo.made[target.replace("content_migrations", "folders/")]},
            }
        answer = self._inner.send("POST", target, [*self._headers, JSON_KIND], json.dumps(body).encode())
        assert answer.status < 300, (target, answer.body)
        found = json.loads(answer.body)
        number = str(found.get("rubric", found.get("outcome", found)).get("id") or found["url"])
        self._demo.made |= {f"{target}/": number, f"{target.removeprefix('/api/v1')}/": number}

    def _signed_in(self) -> dict[str, str]:
        """Headers of a browser in which the administrator is signed in."""
        admin = self._lms.canvas.admin
        page = self._inner.send("GET", "/login/canvas", [("Host", HOST), AGENT], None)
        cookies = _cookies(page)
        token = {"X-CSRF-Token": unquote(cookies["_csrf_token"])}
        form = {"pseudonym_session[unique_id]": admin.login, "pseudonym_session[password]": admin.password}
        headers = [("Host", HOST), AGENT, ("Cookie", _joined(cookies)), ("Content-Type", FORM), *token.items()]
        answer = self._inner.send("POST", "/login/canvas", headers, urlencode(form).encode())
        assert answer.status == 302, answer.body
        return {"Cookie": _joined(cookies | _cookies(answer)), **token}

    def close(self) -> None:
        """Close the emulator."""
        self._inner.close()

    def ask(self, found: dict[Key, Found]) -> None:
        """Try each operation not reached yet, noting the results in `found`."""
        self.found = found
        for method, operation in self._operations():
            mine = [found[method, operation.path, name] for name in parameters(operation)]
            if mine and not any(effect.outcomes or effect.how for effect in mine):
                request = self._that_goes_well(method, operation)
                if request is not None:
                    self._try_out(request)

    def failing(self, held: list[tuple[Key, str]]) -> list[tuple[Key, str]]:
        """Which ways of changing parameters make no difference."""
        places = {key[:2] for key, _ in held}
        asked = {
            (method, operation.path): self._that_goes_well(method, operation)
            for method, operation in self._operations()
            if (method, operation.path) in places
        }
        return [pair for pair in held if (r := asked.get(pair[0][:2])) is None or not self._holds(r, *pair)]

    def warned_of(self, method: str, operation: Operation, names: Iterable[str]) -> Iterator[tuple[str, bool]]:
        """Which parameters a request that goes well with them is warned of."""
        request = self._that_goes_well(method, operation) if names else None
        for name in names if request is not None else ():
            bare, _, choice = name.partition("=")
            path = named(path_of(bare), request)
            seen = self._sender()(request.having(path, [choice] if choice else "1") or request)
            if not seen.refused:
                yield name, any(is_about(warned, path) for warned in seen.warned)

    def _operations(self) -> Iterator[tuple[str, Operation]]:
        shipped = self._app.providers["canvas"]
        assert shipped.catalogue is not None
        for operation in shipped.catalogue.operations:
            for method in operation.methods:
                if serves(shipped, operation, method):
                    yield method, operation

    def _that_goes_well(self, method: str, operation: Operation) -> Request | None:
        seen = self._sender()
        target = self._demo.filled(operation.path.removesuffix("[/]"))
        headers = self._headers if target.startswith("/api/") else self._cookies
        bare = Request(method, target, headers, None)
        if method in WRITES and target.startswith("/api/"):
            bare = bare._replace(headers=(*headers, JSON_KIND), body=b"{}")
        singles: list[Request] = []
        whole = bare
        store, now = self._world.store("canvas"), self._world.clock.now()
        for name in sorted((operation.parameters or frozenset()) - OF_ALL):
            path = named(path_of(name))
            value = self.fitting.values(operation, bare, name, store, now)[0]
            singles.append(bare.having(path, value) or bare)
            whole = whole.having(path, value) or whole
        return next((request for request in (bare, whole, *singles) if not seen(request).turned_away), None)


def _change(lms: Emulator) -> None:
    """Make the administrator a site admin, and give a file to contexts other than courses."""
    world: dict[str, Any] = json.loads(json.dumps(lms.dump(), default=str))
    world["canvas"]["accounts"].append({"id": 99, "name": "Site Admin", "site_admin": True})
    admin = {"id": 9999, "user_id": lms.canvas.admin.id, "account_id": 99, "role_id": 1}
    world["canvas"].setdefault("account_users", []).append(admin)
    lms.load(world)


def _cookies(answer: Answer) -> dict[str, str]:
    return dict(item.partition(";")[0].split("=", 1) for item in answer.all("set-cookie"))


def _joined(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())
