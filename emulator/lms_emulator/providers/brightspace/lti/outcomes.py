"""Basic Outcomes of LTI 1.1 links: result ids, the tool's signature, and the grade item behind a link.

Sources: Brightspace/sample-LTI-WHMIS-quiz gradeSubmit.php (D2L's own tool: what is sent and read, and that a
missing result is an empty text); 1EdTech LTI Implementation Guide 1.1, 6. Order, texts and statuses of failures are
chosen.
"""

from __future__ import annotations

import re
from typing import Any, Literal, NamedTuple

from lms_emulator.core.access.single_use import use_once
from lms_emulator.core.access.slips import how_differs
from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.numbers import parse_integer
from lms_emulator.core.skew import why_off
from lms_emulator.lti import outcomes, signed_services
from lms_emulator.lti.outcomes import Asked
from lms_emulator.providers.brightspace import refusals, rules
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.lti import legacy
from lms_emulator.providers.brightspace.lti.legacy import Signer
from lms_emulator.providers.brightspace.model import GradeObject, LegacyLink, OrgUnit, User
from lms_emulator.signing import lti11, oauth1

_NUMBER = re.compile(r"[+-]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]{1,3})?")
"""As XML Schema writes a double; Python would also take `0_1` and digits of other scripts."""


class Cell(NamedTuple):
    """Whose result of which link, where."""

    link: LegacyLink
    unit: OrgUnit
    user: User


def failed(call: Call, asked: Asked, reason: str, text: str, check: str, **details: Any) -> SiteRefusal:
    """A failure, in the envelope."""
    major: Literal["failure", "unsupported"] = "unsupported" if reason == "operation_unsupported" else "failure"
    body = outcomes.envelope(asked, major, text, identifier=call.ids.uuid())
    return refusals.outcome(f"outcome_{reason}", body, text, check=check, **details)


def require_signed(call: Call) -> Signer:
    """Whoever signed the request: the first key and secret that hold. Raises the refusal."""
    pairs = outcomes.header_fields(call)
    fields = dict(pairs)
    call.reads.add(*lti11.OAUTH_FIELDS, "oauth_body_hash")
    key, sent = fields.get("oauth_consumer_key", ""), fields.get(oauth1.SIGNATURE_FIELD, "")
    known = [signer for signer in legacy.signers(call) if signer.key == key]
    url = call.request_url.partition("?")[0]
    if not call.check("oauth_consumer_key is of a link or a tool provider", bool(known), got=key):
        why = signed_services.why_unsigned(call, pairs, url=url, secret="") if not key else None
        why = why or how_differs([signer.key for signer in legacy.signers(call)], key)
        none = f"no LTI 1.1 link and no tool provider has the key `{key[:100]}`"
        raise _unsigned(call, "consumer_key", "oauth_consumer_key", key, why or none, credential=key or None)
    method = fields.get("oauth_signature_method")
    signed = next((value for value in known if _signature(call, pairs, value, method) == sent), None)
    if not call.check("oauth_signature", signed is not None, got=sent) or signed is None:
        all_pairs = [*oauth1.query_parameters(call.request_url), *pairs]
        sha1 = method != lti11.SHA256
        why = signed_services.why_unsigned(call, all_pairs, url=url, secret=known[0].secret) if sha1 else None
        raise _unsigned(call, "signature", "oauth_signature", sent, why)
    right, got = oauth1.body_hash(call.body), fields.get("oauth_body_hash")
    if not call.check("oauth_body_hash", got == right, expected=right, got=got):
        raise _unsigned(call, "body_hash", "oauth_body_hash", got, signed_services.why_body_hash(call, got))
    most, at = call.settings.outcome_max_age_seconds, parse_integer(fields.get("oauth_timestamp", ""))
    age = call.clock.timestamp() - (at or 0)
    if not call.check(f"oauth_timestamp within {most} s of now", abs(age) <= most, got=fields.get("oauth_timestamp")):
        why = why_off(call.clock, at) if at is not None else "the seconds since 1970 go here"
        raise _unsigned(call, "timestamp", "oauth_timestamp", fields.get("oauth_timestamp"), why)
    nonce = fields.get("oauth_nonce", "")
    fresh = bool(nonce) and use_once(call, "lti11 nonce", key, nonce, most - age)
    if not call.check("oauth_nonce was not used before", fresh, got=nonce):
        why = "each request needs a new nonce, one that is repeated too" if nonce else "no oauth_nonce was sent"
        raise _unsigned(call, "nonce", "oauth_nonce", nonce, why)
    return signed


def _signature(call: Call, pairs: list[tuple[str, str]], signer: Signer, method: str | None) -> str | None:
    if method not in (lti11.SIGNATURE_METHOD, lti11.SHA256):
        return None
    return lti11.signature(call.method, call.request_url, pairs, signer.secret, method)


def _unsigned(call: Call, reason: str, field: str, got: Any, why: Any, **details: Any) -> SiteRefusal:
    text = f"{field} is missing or invalid"
    body = outcomes.envelope(Asked(), "failure", text, identifier=call.ids.uuid())
    status = call.settings.outcome_unsigned_status
    return refusals.outcome(f"outcome_{reason}", body, text, status, check=field, got=got, diagnosis=why, **details)


def cell(call: Call, asked: Asked, signed: Signer) -> Cell:
    """Whose result a sourced id names. Raises a failure if it is not the signer's, or its person cannot be graded."""
    found = call.store.legacy_results.get(asked.sourced_id)
    link = call.store.legacy_links.get(found.link_id) if found is not None else None
    unit = call.store.org_units.get(found.org_unit_id) if found is not None else None
    user = call.store.users.get(found.user_id) if found is not None else None
    check = "sourcedId is of a launch that this key signed"
    own = link is not None and unit is not None and legacy.signer(call, unit, link) == signed
    if not call.check(check, own, got=asked.sourced_id) or link is None or unit is None or user is None:
        why = "send the lis_result_sourcedid of the launch as you received it, signed with the key of that launch"
        raise failed(call, asked, "sourced_id", "Invalid sourcedId", check, got=asked.sourced_id, diagnosis=why)
    role = rules.role_in(call, user, unit.id)
    check = "the person learns in the org unit"
    if not call.check(check, role is not None and "Learner" in role.lis_roles, got=user.username):
        raise failed(call, asked, "no_learner", "User cannot be graded", check, got=user.username)
    return Cell(link, unit, user)


def column(call: Call, asked: Asked, where: Cell, *, create: bool = False) -> GradeObject | None:
    """The grade item of a link in an org unit. Parameters: `create`, where the first score makes one."""
    columns = call.store.grade_objects.find("link", where.link.id)
    found = next((item for item in columns if item.org_unit_id == where.unit.id), None)
    if found is not None or not create:
        return found
    if not call.check("the link has a grade item", call.settings.outcome_grade_item == "create", got=where.link.title):
        raise failed(call, asked, "no_grade_item", "The link has no grade item", "a grade item has the link's id")
    return call.store.grade_objects.put(
        GradeObject(
            id=call.store.next_number("grade_objects"),
            org_unit_id=where.unit.id,
            name=where.link.title,
            max_points=call.settings.outcome_points,
            legacy_link_id=where.link.id,
        )
    )


def score(call: Call, asked: Asked) -> float:
    """The score in a request, from 0 to 1. Raises a failure."""
    text = (asked.score or "").strip()
    found = float(text) if _NUMBER.fullmatch(text) else -1.0
    if not call.check("textString is a number from 0 to 1", 0 <= found <= 1, got=asked.score):
        why = signed_services.why_score(asked.score)
        said, check = "The score is not a number from 0.0 to 1.0", "resultScore/textString"
        raise failed(call, asked, "score", said, check, got=asked.score, diagnosis=why)
    return found
