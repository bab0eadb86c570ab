"""The differences between a recorded answer and ours. Answers agree only if there are none.

Compared are the status, the headers that clients read, cookies of pages, JSON by value (the order of keys does not
count, that of lists does), text to the byte, pages by their reduction, launches by the order of their fields as well,
JWTs by header, claims, their order and signature. Ids, tokens and uuids must stand for the same thing throughout a run.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from contract_tests.replay.targets import Answer

from . import pages, signing
from .ledger import Ledger
from .recordings import Exchange
from .values import ID, moments_agree, split

_HEADERS = (
    "Content-Type",
    "Location",
    "Link",
    "WWW-Authenticate",
    "Content-Disposition",
    "X-Canvas-User-Id",
    "X-Canvas-Real-User-Id",
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Headers",
)
#: There or not; the figure depends on the machine.
_PRESENT = ("X-Request-Cost", "X-Rate-Limit-Remaining")
#: Every request moves these, the withheld ones too.
_ACTIVITY = {"last_activity_at", "total_activity_time", "last_used_at"}
_UNORDERED = re.compile(r"\.(participating_user_ids|participants|matches|audience|assignment_visibility|linked\.\w+)$")
_NOT_AN_ID = re.compile(r"(score|points|size|count|time)\w*$")
_QUIZ_NUMBER = re.compile(
    r"(answers?\[\d+\]\.(id|match_id|blank_id)|matches\[\d+\]\.match_id|\.answer(_id)?|answer_ids?\[\d+\]"
    r"|answers?\[\d+\]|\.answer\.\w+)$"
)
_SHORT_CODE = re.compile(r"\.(code|anonymous_id)$")
_SEALED = {
    "authenticity_token",
    "lti_message_hint",
    "oauth_signature",
    "oauth_nonce",
    "oauth_timestamp",
    "login_hint_nonce",
}
_OF_SOME = ("lineitem", "resource_link_id", "role_scope_mentor")
_GRADES = "/lti-ags/claim/endpoint"
_PREFIX = "while(1);"
_ENOUGH = 7


class Comparison:
    """Compares answers of one run.

    Parameters: `key_set`, fetches the server's key set; `secret_of`, gives the secret of a consumer key.
    """

    def __init__(self, ledger: Ledger, key_set: Callable[[], dict[str, Any]], secret_of: Callable[[str], str]) -> None:
        self._ledger, self._key_set, self._secret_of = ledger, key_set, secret_of
        self._found: list[str] = []

    def differences(self, recorded: Exchange, answer: Answer) -> tuple[str, ...]:
        """One line for each difference."""
        self._found = []
        if answer.status != recorded.status:
            self._note(f"status {answer.status}, recorded {recorded.status}: {answer.body[:120]!r}")
        self._headers(recorded, answer)
        self._cookies(recorded, answer)
        if recorded.page is not None:
            if _is_page(answer):
                self._page(recorded.page, pages.reduce(answer.body))
            else:
                self._note(f"no page: {answer.body[:80]!r}")
        elif recorded.body is not None:
            self._body(recorded.body, answer.body)
        return tuple(self._found)

    def _note(self, line: str) -> None:
        self._found.append(line)

    # headers

    def _headers(self, recorded: Exchange, answer: Answer) -> None:
        theirs = Answer(recorded.status, recorded.headers, "")
        for name in _HEADERS:
            wanted, got = theirs.first(name), answer.first(name)
            if name == "Content-Type" and wanted and got:
                wanted, got = (value.lower().replace(" ", "") for value in (wanted, got))
            if wanted is None or got is None:
                if wanted != got:
                    self._note(f"{name}: {got}, recorded {wanted}")
            else:
                self._text(wanted, got, name)
        for name in _PRESENT:
            if bool(theirs.first(name)) != bool(answer.first(name)):
                self._note(f"{name}: {answer.first(name)}, recorded {theirs.first(name)}")

    def _cookies(self, recorded: Exchange, answer: Answer) -> None:
        wanted, got = (_cookies(values) for values in (recorded.headers, answer.headers))
        scored = "/api/" not in recorded.target[:6]
        for name, (value, attributes) in wanted.items():
            if name not in got:
                if scored and not name.startswith("_legacy"):
                    self._note(f"no cookie {name}")
                self._carry_on(recorded, name, value)
                continue
            if scored and attributes != got[name][1]:
                self._note(f"cookie {name} {got[name][1]}, recorded {attributes}")
            if len(value) > 10:
                self._ledger.seal(value, got[name][0])
                self._ledger.seal(unquote(value), unquote(got[name][0]))

    def _carry_on(self, recorded: Exchange, name: str, value: str) -> None:
        """Our earlier cookie replaces a recorded one that we did not renew."""
        sent = "; ".join(held for header, held in recorded.request_headers if header.lower() == "cookie")
        earlier = dict(part.partition("=")[::2] for part in sent.split("; ") if part).get(name)
        if earlier:
            ours = self._ledger.value_of(earlier)
            self._ledger.seal(value, ours)
            self._ledger.seal(unquote(value), unquote(ours))

    # bodies

    def _body(self, recorded: str, ours: str) -> None:
        if recorded.startswith(_PREFIX) != ours.startswith(_PREFIX):
            self._note(f"prefix {_PREFIX}")
        wanted, got = (text.removeprefix(_PREFIX) for text in (recorded, ours))
        try:
            document = json.loads(wanted) if wanted[:1] in ("[", "{", '"') else None
        except ValueError:
            document = None
        if document is None:
            self._text(recorded, ours, "body")
            return
        try:
            self._value(document, json.loads(got), "body")
        except ValueError:
            self._note(f"body is not JSON: {ours[:80]!r}, recorded {recorded[:80]!r}")

    def _value(self, wanted: Any, got: Any, where: str) -> None:
        if len(self._found) >= _ENOUGH:
            return
        match wanted, got:
            case dict(), dict():
                self._object(wanted, got, where)
            case list(), list():
                self._list(wanted, got, where)
            case str(), str():
                self._string(wanted, got, where)
            case (bool(), _) | (_, bool()):
                self._same(wanted, got, where)
            case int() | float(), int() | float():
                self._number(wanted, got, where)
            case _:
                self._same(wanted, got, where)

    def _same(self, wanted: Any, got: Any, where: str) -> None:
        if type(wanted) is not type(got) or wanted != got:
            self._note(f"{where}: {json.dumps(got)[:80]}, recorded {json.dumps(wanted)[:80]}")

    def _object(self, wanted: dict[str, Any], got: dict[str, Any], where: str) -> None:
        if any(re.fullmatch(ID, key) for key in wanted):
            wanted = {self._ledger.id_of(key): value for key, value in wanted.items()}
        for key, value in wanted.items():
            place = f"{where}.{key}"
            if key not in got:
                self._note(f"{place}: missing, recorded {json.dumps(value)[:80]}")
            elif key in _ACTIVITY:
                continue
            elif (
                where.endswith("upload_params") and key in ("key", "Policy", "Signature") and isinstance(got[key], str)
            ):
                self._ledger.seal(value, got[key])
            else:
                self._value(value, got[key], place)
        for key in got:
            if key not in wanted:
                self._note(f"{where}.{key}: extra {json.dumps(got[key])[:80]}")

    def _list(self, wanted: list[Any], got: list[Any], where: str) -> None:
        if len(wanted) != len(got):
            self._note(f"{where}: {len(got)} items, recorded {len(wanted)}")
            return
        if _UNORDERED.search(where):
            got = self._reordered(wanted, got)
        for number, (expected, other) in enumerate(zip(wanted, got, strict=True)):
            self._value(expected, other, f"{where}[{number}]")

    def _reordered(self, wanted: list[Any], got: list[Any]) -> list[Any]:
        """Ours in the recorded order, where no order is promised and all ids are known."""
        known = {_identity(value): value for value in got}
        order = [self._ledger.value_of(_identity(value)) for value in wanted]
        return [known[key] for key in order] if len(known) == len(got) and set(order) == set(known) else got

    def _string(self, wanted: str, got: str, where: str) -> None:
        quiz = (
            ("answer" in where or "submission_data" in where) and wanted.isdigit() and got.isdigit() and len(wanted) < 6
        )
        code = _SHORT_CODE.search(where) and all(re.fullmatch(r"\w{5,6}", text) for text in (wanted, got))
        if wanted != got and (quiz or code):
            self._learn("code", wanted, got, where)
        else:
            self._text(wanted, got, where)

    def _number(self, wanted: float, got: float, where: str) -> None:
        if wanted == got:
            if isinstance(wanted, int) and re.fullmatch(ID, str(wanted)):
                self._ledger.ids.setdefault(str(wanted), str(got))
            return
        theirs, ours = (re.fullmatch(rf"(1000000)?({ID})", str(value)) for value in (wanted, got))
        if theirs and isinstance(wanted, int) and isinstance(got, int) and got > 0 and not _NOT_AN_ID.search(where):
            alike = ours is not None and bool(ours.group(1)) == bool(theirs.group(1))
            self._learn("id", theirs.group(2), ours.group(2) if ours and alike else str(got), where)
        elif 1_700_000_000 < wanted < 1_900_000_000 and abs(wanted - got) <= 3:
            return
        elif _QUIZ_NUMBER.search(where) and isinstance(wanted, int) and 0 < wanted < 100_000 and 0 < got < 100_000:
            self._learn("answer", str(wanted), str(got), where)
        elif abs(wanted - got) >= 1e-6:
            self._note(f"{where}: {got}, recorded {wanted}")

    def _learn(self, kind: str, wanted: str, got: str, where: str) -> None:
        wrong = self._ledger.learn(kind, wanted, got)
        if wrong is not None:
            self._note(f"{where}: {wrong}")

    def _text(self, wanted: str, got: str, where: str) -> None:
        if wanted == got:
            return
        (literals, theirs), (our_literals, ours) = split(wanted), split(got)
        if literals != our_literals or [v.kind for v in theirs] != [v.kind for v in ours]:
            pairs = enumerate(zip(literals, our_literals, strict=False))
            at = next((i for i, (a, b) in pairs if a != b), min(len(literals), len(our_literals)))
            around = slice(max(0, at - 40), at + 70)
            self._note(f"{where}: …{our_literals[around]!r}, recorded …{literals[around]!r}")
            return
        for value, other in zip(theirs, ours, strict=True):
            if value.kind == "moment":
                if not moments_agree(value.text, other.text):
                    self._note(f"{where}: time {other.text}, recorded {value.text}")
            elif value.kind == "jwt":
                self._jwt(value.text, other.text, where)
            elif value.kind in ("bookmark", "cursor"):
                self._ledger.seal(value.text, other.text)
            else:
                self._learn(value.kind, value.text, other.text, where)

    def _jwt(self, wanted: str, got: str, where: str) -> None:
        try:
            (their_header, their_claims), (header, claims) = (
                [signing.segment(part) for part in token.split(".")[:2]] for token in (wanted, got)
            )
        except ValueError as error:
            self._note(f"{where}: a JWT that cannot be read: {error}")
            return
        if their_header.get("alg") != header.get("alg"):
            self._note(f"{where}: alg {header.get('alg')}, recorded {their_header.get('alg')}")
        if their_header.get("alg") == "RS256":
            self._value(their_claims, claims, f"{where} jwt")
            self._order(their_claims, claims, f"{where} jwt")
            if not signing.verifies(got, self._key_set()):
                self._note(f"{where}: the JWT's signature is not of a key in the key set")
        self._ledger.seal(wanted, got)

    def _order(self, wanted: dict[str, Any], got: dict[str, Any], where: str) -> None:
        """Claims, and the members of those that are objects, in the recorded order, as far as both have them. Custom
        fields are left out: the database of the run sorts those of a tool."""
        theirs, ours = ([key for key in keys if key in other] for keys, other in ((wanted, got), (got, wanted)))
        if theirs not in (ours, _remembered(ours)):
            self._note(f"{where}: order {ours}, recorded {theirs}")
        for key in theirs:
            if isinstance(wanted[key], dict) and isinstance(got[key], dict) and not key.endswith("/custom"):
                self._order(wanted[key], got[key], f"{where}.{key}")

    # pages

    def _page(self, wanted: dict[str, Any], got: dict[str, Any]) -> None:
        self._text(wanted.get("title", ""), got["title"], "title")
        for part in ("errors", "notices", "deep_link"):
            if wanted.get(part) or got[part]:
                self._value(wanted.get(part) or [], got[part] or [], part)
        for form in wanted["forms"]:
            self._form(form, got["forms"])
        for frame in wanted.get("iframes", []):
            ours = next((iframe for iframe in got["iframes"] if iframe["id"] == frame["id"]), None)
            if frame["id"] and ours is None:
                self._note(f"no iframe {frame['id']}")
            elif frame["id"] and ours is not None:
                self._text(frame["src"], ours["src"], "iframe")

    def _form(self, wanted: dict[str, Any], forms: list[dict[str, Any]]) -> None:
        names = _names(wanted)
        fitting = [form for form in forms if _is_that_form(wanted, names, form)]
        if not fitting:
            self._note(f"no form {wanted['id'] or wanted['action']} with controls {sorted(names)[:8]}")
            return
        size = len(wanted["controls"])
        got = min(fitting, key=lambda f: (f["method"] != wanted["method"], abs(len(f["controls"]) - size)))
        self._text(wanted["action"], got["action"], "form action")
        if wanted["method"] != got["method"]:
            self._note(f"form method {got['method']}, recorded {wanted['method']}")
        seen: Counter[str] = Counter()
        for control in wanted["controls"]:
            name = control["name"]
            ours = [item["value"] for item in got["controls"] if item["name"] == name]
            place, seen[name] = seen[name], seen[name] + 1
            if place >= len(ours):
                self._note(f"form lacks {name}")
            else:
                self._control(control, ours[place])
        if {"oauth_signature", "id_token"} & names:
            ours, theirs = ([item["name"] for item in form["controls"]] for form in (got, wanted))
            if sorted(ours) == sorted(theirs) and ours != theirs:
                self._note(f"form: order {ours}, recorded {theirs}")
        signed = "oauth_signature" in names and self._is_signed(wanted)
        if signed and not self._is_signed(got):
            self._note("oauth_signature does not verify")

    def _control(self, wanted: dict[str, Any], got: str) -> None:
        name, value = wanted["name"], wanted["value"]
        if name in _SEALED or "nonce" in name:
            if bool(value) != bool(got):
                self._note(f"form.{name}: {got!r}")
            elif value:
                self._ledger.seal(value, got)
        elif wanted["type"] in ("hidden", "radio"):
            self._text(value, got, f"form.{name}")

    def _is_signed(self, form: dict[str, Any]) -> bool:
        fields = [(control["name"], control["value"]) for control in form["controls"] if control["name"]]
        secret = self._secret_of(dict(fields).get("oauth_consumer_key", ""))
        signature = signing.oauth1_signature("POST", form["action"], fields, secret)
        return signature == dict(fields).get("oauth_signature")


def _remembered(names: list[str]) -> list[str]:
    """The order in a process that launched something plainer before.

    Ruby 3.1 writes the members of an object in the order in which any object of its class first got them: members that
    only some launches have come after those that all have.
    """
    late = [name for name in names if name.endswith(_OF_SOME)]
    kept = [name for name in names if name not in late and not name.endswith(_GRADES)]
    if grades := [name for name in names if name.endswith(_GRADES)]:
        at = next((i for i, name in enumerate(kept) if name.endswith("/custom")), len(kept) - 1)
        kept[at + 1 : at + 1] = grades
    placed = [name for name in kept if name.endswith("/placement")]
    return [*(name for name in kept if name not in placed), *late, *placed]


def _identity(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    return str(next((value[key] for key in ("id", "user_id", "match_id") if key in value), None))


def _names(form: dict[str, Any]) -> set[str]:
    return {control["name"] for control in form["controls"]}


def _is_that_form(wanted: dict[str, Any], names: set[str], form: dict[str, Any]) -> bool:
    if wanted["id"] and wanted["id"] == form["id"]:
        return True
    return names <= _names(form) and wanted["action"].split("?")[0] == form["action"].split("?")[0]


def _is_page(answer: Answer) -> bool:
    head = answer.body[:400]
    return "html" in (answer.first("Content-Type") or "") and "<html" in head.lower() and "You are being" not in head


def _cookies(headers: tuple[tuple[str, str], ...]) -> dict[str, tuple[str, list[str]]]:
    """Cookies of an answer: name to value and attributes, without their lifetime."""
    found: dict[str, tuple[str, list[str]]] = {}
    for name, header in headers:
        if name.lower() == "set-cookie":
            first, *attributes = header.split(";")
            cookie, _, value = first.strip().partition("=")
            kept = sorted(attribute.strip().lower() for attribute in attributes)
            found[cookie] = value, [item for item in kept if not item.startswith(("expires", "max-age"))]
    return found
