"""The tool's side of LTI 1.3 by plain HTTP; JWTs by `cryptography`."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping, MutableMapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urljoin

from ...http import Answer, Browser, Http, Pairs, form
from ...jose import public_key, rs256_holds, rs_token, unb64
from ...outcomes import Launched, Member, Refused, Token

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
DEEP_LINKING = f"{DL}deep_linking_settings"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
ROSTER = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
LINE_ITEM = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
SCORE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
RESULT = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ITEM: dict[str, Any] = {"label": "Contract", "scoreMaximum": 100, "tag": "contract", "resourceId": "contract"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Seat:
    """A tool as registered by an administrator: the LMS's id, the tool's id there, and the tool's own key."""

    issuer: str
    client_id: str
    deployment_id: str
    kid: str
    private_pem: str
    launch_url: str
    auth_url: str
    token_url: str
    keys_url: str
    audience: str = ""
    """What assertions are made out to, where that is not the token endpoint."""


class ToolSide:
    """The port's tool operations. `session` is what the tool keeps in the person's browser; `now` is its clock."""

    http: Http

    def login(self, seat: Seat, initiation: Mapping[str, str], session: MutableMapping[str, str]) -> str:
        state, nonce = f"state-{len(session)}", f"nonce-{len(session)}-{initiation['login_hint'][:8]}"
        session[state] = nonce
        query = {
            "scope": "openid",
            "response_type": "id_token",
            "response_mode": "form_post",
            "prompt": "none",
            "client_id": seat.client_id,
            "redirect_uri": seat.launch_url,
            "state": state,
            "nonce": nonce,
            "login_hint": initiation["login_hint"],
            "lti_message_hint": initiation["lti_message_hint"],
        }
        return f"{seat.auth_url}?{urlencode(query)}"

    def accept(
        self, seat: Seat, fields: Mapping[str, str], session: MutableMapping[str, str], now: int
    ) -> Launched | Refused:
        nonce = session.get(fields["state"])
        parts = fields["id_token"].split(".")
        if nonce is None or len(parts) != 3:
            return Refused(detail="no such state, or no JWT")
        try:
            header, claims = json.loads(unb64(parts[0])), json.loads(unb64(parts[1]))
        except ValueError as error:
            return Refused(detail=str(error))
        keys = self.http.send("GET", seat.keys_url).json()["keys"]
        key = next((key for key in keys if key["kid"] == header.get("kid")), None)
        holds = header.get("alg") == "RS256" and key is not None and rs256_holds(fields["id_token"], public_key(key))
        right = (claims["iss"], claims["aud"], claims["nonce"]) == (seat.issuer, seat.client_id, nonce)
        if not (holds and right and now < claims["exp"] and claims[f"{CLAIM}deployment_id"] == seat.deployment_id):
            return Refused(detail=f"signature {holds}, claims {right}, expires {claims['exp']}, now {now}")
        session[fields["state"]] = ""  # a nonce works once
        context = claims.get(f"{CLAIM}context", {}).get("id", "")
        return Launched(user=claims["sub"], context=context, claims=claims)

    def service_token(self, seat: Seat, scopes: Sequence[str], now: int, jti: str) -> Token | Refused:
        return self.send_assertion(seat, rs_token(assertion(seat, now, jti), seat.private_pem, seat.kid), scopes)

    def send_assertion(self, seat: Seat, signed: str, scopes: Sequence[str]) -> Token | Refused:
        """Send exactly this assertion to the token endpoint."""
        fields = {"grant_type": "client_credentials", "client_assertion_type": JWT_BEARER, "client_assertion": signed}
        answer = form(self.http, seat.token_url, {**fields, "scope": " ".join(scopes)})
        if answer.status != 200:
            return _refused(answer)
        body = answer.json()
        return Token(access=body["access_token"], expires_in=body["expires_in"], kind=body["token_type"])

    def roster(self, seat: Seat, launched: Launched, now: int, jti: str) -> dict[str, Member] | Refused:
        token = self.service_token(seat, [ROSTER], now, jti)
        return token if isinstance(token, Refused) else self.roster_with(token.access, launched)

    def roster_with(self, token: str, launched: Launched) -> dict[str, Member] | Refused:
        """Read the roster with exactly this token."""
        answer = self._call("GET", launched.claims[NRPS]["context_memberships_url"], token)
        return members(answer.json()["members"]) if answer.status == 200 else _refused(answer)

    def choice(self, seat: Seat, launched: Launched, titles: Sequence[str], now: int, jti: str) -> str:
        return rs_token(choice(seat, launched, titles, now, jti), seat.private_pem, seat.kid)

    def send_choice(self, browser: Browser, launched: Launched, signed: str) -> int | Refused:
        """Post exactly this deep linking response; returns how many items were accepted."""
        answer = browser.form(launched.claims[DEEP_LINKING]["deep_link_return_url"], {"JWT": signed})
        found = re.search(r"(\d+) items? received", answer.text)
        return int(found[1]) if answer.status == 200 and found is not None else _refused(answer)

    def grade(self, seat: Seat, launched: Launched, user: str, points: float, now: float, jti: str) -> Refused | None:
        token = self.service_token(seat, [LINE_ITEM, SCORE], int(now), jti)
        return token if isinstance(token, Refused) else self.grade_with(token.access, launched, user, points, now)

    def grade_with(self, token: str, launched: Launched, user: str, points: float, now: float) -> Refused | None:
        """Post a score with exactly this token."""
        item = self._item(token, launched)
        if isinstance(item, Refused):
            return item
        score = {
            "userId": user,
            "scoreGiven": points,
            "scoreMaximum": 100,
            "activityProgress": "Completed",
            "gradingProgress": "FullyGraded",
            "timestamp": datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds"),
        }
        answer = self._call("POST", f"{item}/scores", token, score, "application/vnd.ims.lis.v1.score+json")
        return None if answer.status in (200, 201, 204) else _refused(answer)

    def results(self, seat: Seat, launched: Launched, now: int, jti: str) -> dict[str, float] | Refused:
        token = self.service_token(seat, [LINE_ITEM, RESULT], now, jti)
        item = token if isinstance(token, Refused) else self._item(token.access, launched)
        if isinstance(token, Refused) or isinstance(item, Refused):
            return token if isinstance(token, Refused) else Refused()
        answer = self._call("GET", f"{item}/results", token.access)
        return (
            {entry["userId"]: 100 * entry["resultScore"] / entry["resultMaximum"] for entry in answer.json()}
            if answer.status == 200
            else _refused(answer)
        )

    def remove_items(self, seat: Seat, launched: Launched, now: int, jti: str) -> None:
        """Delete the line item that grading created."""
        token = self.service_token(seat, [LINE_ITEM], now, jti)
        if not isinstance(token, Refused):
            self._call("DELETE", str(self._item(token.access, launched)), token.access)

    def _item(self, token: str, launched: Launched) -> str | Refused:
        """The line item of the launch, if the LMS created one; else one of our own."""
        if launched.claims[AGS].get("lineitem"):
            return str(launched.claims[AGS]["lineitem"])
        url = launched.claims[AGS]["lineitems"]
        found = self._call("GET", f"{url}?tag={ITEM['tag']}", token)
        mine = [item for item in found.json() or [] if isinstance(item, dict) and item.get("tag") == ITEM["tag"]]
        if mine:
            return str(mine[0]["id"])
        made = self._call("POST", url, token, ITEM, "application/vnd.ims.lis.v2.lineitem+json")
        return str(made.json()["id"]) if made.status in (200, 201) else _refused(made)

    def _call(self, method: str, url: str, token: str, document: Any = None, kind: str = "") -> Answer:
        headers: Pairs = [("Authorization", f"Bearer {token}"), *([("Content-Type", kind)] if kind else [])]
        answer = self.http.send(method, url, headers, json.dumps(document).encode() if document is not None else b"")
        if method == "GET" and answer.status == 301:
            return self.http.send(method, urljoin(url, answer.location or ""), headers)
        return answer


def assertion(seat: Seat, now: int, jti: str) -> dict[str, Any]:
    """The claims of a client assertion."""
    return {
        "iss": seat.client_id,
        "sub": seat.client_id,
        "aud": seat.audience or seat.token_url,
        "iat": now,
        "exp": now + 60,
        "jti": jti,
    }


def members(found: Sequence[Mapping[str, Any]]) -> dict[str, Member]:
    """A page of a roster."""
    return {str(item["user_id"]): Member(name=item.get("name", ""), roles=tuple(item["roles"])) for item in found}


def choice(seat: Seat, launched: Launched, titles: Sequence[str], now: int, jti: str) -> dict[str, Any]:
    """The claims of a deep linking response."""
    return {
        "iss": seat.client_id,
        "aud": seat.issuer,
        "iat": now,
        "exp": now + 60,
        "nonce": jti,
        f"{CLAIM}message_type": "LtiDeepLinkingResponse",
        f"{CLAIM}version": "1.3.0",
        f"{CLAIM}deployment_id": seat.deployment_id,
        f"{DL}content_items": [{"type": "ltiResourceLink", "title": title, "url": seat.launch_url} for title in titles],
        **({f"{DL}data": data} if (data := launched.claims[DEEP_LINKING].get("data")) is not None else {}),
    }


def _refused(answer: Answer) -> Refused:
    return Refused(status=answer.status, detail=answer.text[:300])
