"""A learner's life at Open edX by plain HTTP: enrolments, grades, accounts, discussions, retirement."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

from ...http import Answer, Http, form
from ...outcomes import Refused

ACCOUNTS = "/api/user/v1/accounts"
DISCUSSION = "/api/discussion/v1"
MERGE_PATCH = "application/merge-patch+json"


class Learning:
    """The port's part about learners, request by request."""

    http: Http
    base: str

    def enroll(self, token: str, username: str, course: str, active: bool) -> Refused | None:
        document = {"user": username, "course_details": {"course_id": course}, "is_active": active}
        return nothing(self.call(f"Bearer {token}", "POST", "/api/enrollment/v1/enrollment", document))

    def enrolled(self, token: str, username: str, course: str) -> bool | Refused | None:
        found = self.call(f"Bearer {token}", "GET", f"/api/enrollment/v1/enrollment/{username},{quote(course)}")
        return found if isinstance(found, Refused) or found is None else bool(found["is_active"])

    def course_grade(self, token: str, username: str, course: str) -> float | Refused:
        path = f"/api/grades/v1/courses/{quote(course)}/?{urlencode({'username': username})}"
        found = self.call(f"Bearer {token}", "GET", path)
        return found if isinstance(found, Refused) else float(found[0]["percent"])

    def full_name(self, token: str, username: str) -> str | Refused | None:
        found = self.call(f"Bearer {token}", "GET", f"{ACCOUNTS}/{username}")
        return found if isinstance(found, Refused) else found.get("name")

    def rename(self, token: str, username: str, name: str) -> Refused | None:
        path = f"{ACCOUNTS}/{username}"
        return nothing(self.call(f"Bearer {token}", "PATCH", path, {"name": name}, kind=MERGE_PATCH))

    def topic(self, token: str, course: str) -> str | Refused:
        """The id of a course's first own topic."""
        found = self.call(f"Bearer {token}", "GET", f"{DISCUSSION}/course_topics/{quote(course)}")
        return found if isinstance(found, Refused) else str(found["non_courseware_topics"][0]["id"])

    def post(self, token: str, course: str, title: str) -> str | Refused:
        topic = self.topic(token, course)
        if isinstance(topic, Refused):
            return topic
        document = {"course_id": course, "topic_id": topic, "type": "discussion", "title": title, "raw_body": title}
        found = self.call(f"Bearer {token}", "POST", f"{DISCUSSION}/threads/", document)
        return found if isinstance(found, Refused) else str(found["id"])

    def delete_thread(self, token: str, thread: str) -> Refused | None:
        return nothing(self.call(f"Bearer {token}", "DELETE", f"{DISCUSSION}/threads/{thread}/"))

    def reply(self, token: str, thread: str, text: str) -> str | Refused:
        document = {"thread_id": thread, "raw_body": text}
        found = self.call(f"Bearer {token}", "POST", f"{DISCUSSION}/comments/", document)
        return found if isinstance(found, Refused) else str(found["id"])

    def replies(self, token: str, thread: str) -> int | Refused:
        found = self.call(f"Bearer {token}", "GET", f"{DISCUSSION}/threads/{thread}/")
        return found if isinstance(found, Refused) else int(found["comment_count"]) - 1  # it counts itself

    def ask_to_retire(self, jwt: str, password: str) -> Refused | None:
        headers = [("Authorization", f"JWT {jwt}")]
        answer = form(self.http, f"{self.base}{ACCOUNTS}/deactivate_logout/", {"password": password}, headers)
        return None if answer.status == 204 else refused(answer)

    def to_retire(self, jwt: str, state: str, cool_off_days: int) -> list[str] | Refused:
        query = urlencode({"cool_off_days": cool_off_days, "states": state})
        found = self.call(f"JWT {jwt}", "GET", f"{ACCOUNTS}/retirement_queue/?{query}")
        return found if isinstance(found, Refused) else [str(item["original_username"]) for item in found]

    def move_retirement(self, jwt: str, username: str, state: str) -> Refused | None:
        document = {"username": username, "new_state": state, "response": "moved"}
        return nothing(self.call(f"JWT {jwt}", "PATCH", f"{ACCOUNTS}/update_retirement_status/", document))

    def retire(self, jwt: str, username: str) -> Refused | None:
        return nothing(self.call(f"JWT {jwt}", "POST", f"{ACCOUNTS}/retire/", {"username": username}))

    def call(
        self, credentials: str, method: str, path: str, document: Any = None, *, kind: str = "application/json"
    ) -> Any | Refused:
        """Send a request with credentials, and with a document if there is one; returns the body of the response."""
        headers = [("Authorization", credentials)]
        if document is not None:
            headers.append(("Content-Type", kind))
        body = b"" if document is None else json.dumps(document).encode()
        answer = self.http.send(method, f"{self.base}{path}", headers, body)
        return answer.json() if answer.status < 300 else refused(answer)


def nothing(found: Any) -> Refused | None:
    """Whether it was refused; the rest of the response is ignored."""
    return found if isinstance(found, Refused) else None


def refused(answer: Answer) -> Refused:
    """A refusal in any of Open edX's error formats."""
    body = answer.json()
    body = body if isinstance(body, dict) else {}
    if isinstance(body.get("developer_message"), dict):
        body = body["developer_message"]
    code = body.get("error") or body.get("error_code") or body.get("detail")
    return Refused(status=answer.status, code=code, detail=answer.text[:200])
