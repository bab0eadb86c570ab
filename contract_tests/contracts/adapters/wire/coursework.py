"""Work in a course of Canvas by plain HTTP: assignments, grades, enrolments, modules, files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from ...http import Answer, Http, send_json
from ...outcomes import Refused

API = "/api/v1"


class Coursework:
    """The port's part about courses, request by request."""

    http: Http
    base: str

    def _ask(self, token: str, method: str, path: str, fields: Mapping[str, Any] | None = None) -> Any | Refused:
        headers = [("Authorization", f"Bearer {token}")]
        url = f"{self.base}{API}{path}"
        if fields is None:
            answer = self.http.send(method, url, headers)
        else:
            answer = send_json(self.http, method, url, fields, headers)
        return answer.json() if answer.status < 300 else _refused(answer)

    def make_assignment(self, token: str, course: int, name: str, points: float) -> int | Refused:
        fields = {"name": name, "points_possible": points, "published": True, "submission_types": ["online_text_entry"]}
        return _id(self._ask(token, "POST", f"/courses/{course}/assignments", {"assignment": fields}))

    def delete_assignment(self, token: str, course: int, assignment: int) -> Any:
        return self._ask(token, "DELETE", f"/courses/{course}/assignments/{assignment}")

    def hand_in(self, token: str, course: int, assignment: int, text: str) -> int | Refused:
        fields = {"submission": {"submission_type": "online_text_entry", "body": text}}
        found = self._ask(token, "POST", f"/courses/{course}/assignments/{assignment}/submissions", fields)
        return found if isinstance(found, Refused) else int(found["attempt"])

    def give_grade(self, token: str, course: int, assignment: int, user: int, points: float | None) -> Any:
        path = f"/courses/{course}/assignments/{assignment}/submissions/{user}"
        return self._ask(token, "PUT", path, {"submission": {"posted_grade": "" if points is None else str(points)}})

    def submission(self, token: str, course: int, assignment: int, user: int) -> Any:
        return self._ask(token, "GET", f"/courses/{course}/assignments/{assignment}/submissions/{user}")

    def current_score(self, token: str, course: int, user: int) -> float | Refused | None:
        found = self._ask(token, "GET", f"/courses/{course}/enrollments?user_id={user}&type[]=StudentEnrollment")
        return found if isinstance(found, Refused) else found[0]["grades"]["current_score"]

    def make_section(self, token: str, course: int, name: str) -> int | Refused:
        return _id(self._ask(token, "POST", f"/courses/{course}/sections", {"course_section": {"name": name}}))

    def delete_section(self, token: str, section: int) -> Any:
        return self._ask(token, "DELETE", f"/sections/{section}")

    def enrol(self, token: str, section: int, user: int) -> int | Refused:
        fields = {"user_id": user, "type": "StudentEnrollment", "enrollment_state": "active"}
        return _id(self._ask(token, "POST", f"/sections/{section}/enrollments", {"enrollment": fields}))

    def change_enrolment(self, token: str, course: int, enrolment: int, task: str) -> Any:
        path = f"/courses/{course}/enrollments/{enrolment}"
        if task == "reactivate":
            return self._ask(token, "PUT", f"{path}/reactivate")
        return self._ask(token, "DELETE", f"{path}?{urlencode({'task': task})}")

    def enrolments(self, token: str, section: int) -> dict[int, str] | Refused:
        states = "&".join(f"state[]={state}" for state in ("active", "inactive", "completed"))
        found = self._ask(token, "GET", f"/sections/{section}/enrollments?per_page=50&{states}")
        return found if isinstance(found, Refused) else {item["id"]: item["enrollment_state"] for item in found}

    def make_module(self, token: str, course: int, name: str, after: int | None, assignment: int) -> int | Refused:
        needed = [] if after is None else [after]
        fields = {"name": name, "prerequisite_module_ids": needed}
        made = _id(self._ask(token, "POST", f"/courses/{course}/modules", {"module": fields}))
        if isinstance(made, Refused):
            return made
        item = {"type": "Assignment", "content_id": assignment, "completion_requirement": {"type": "must_submit"}}
        self._ask(token, "POST", f"/courses/{course}/modules/{made}/items", {"module_item": item})
        self._ask(token, "PUT", f"/courses/{course}/modules/{made}", {"module": {"published": True}})
        return made

    def delete_module(self, token: str, course: int, module: int) -> Any:
        return self._ask(token, "DELETE", f"/courses/{course}/modules/{module}")

    def module_state(self, token: str, course: int, module: int) -> str | Refused:
        found = self._ask(token, "GET", f"/courses/{course}/modules/{module}")
        return found if isinstance(found, Refused) else found["state"]

    def upload(self, token: str, course: int, name: str, content: bytes) -> int | Refused:
        fields = {"name": name, "size": len(content), "on_duplicate": "overwrite"}
        begun = self._ask(token, "POST", f"/courses/{course}/files", fields)
        if isinstance(begun, Refused):
            return begun
        stored = self._send_file(begun["upload_url"], begun["upload_params"], name, content)
        location = next((value for key, value in stored.headers if key.lower() == "location"), None)
        if location is None:
            return int(stored.json()["id"]) if stored.status < 300 else _refused(stored)
        answer = self.http.send("GET", location, [("Authorization", f"Bearer {token}")])
        return int(answer.json()["id"]) if answer.status < 300 else _refused(answer)

    def _send_file(self, url: str, params: Mapping[str, Any], name: str, content: bytes) -> Answer:
        edge = "lms-contract"
        parts = [f'--{edge}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{params[key]}\r\n' for key in params]
        head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = "".join([*parts, head]).encode() + content + f"\r\n--{edge}--\r\n".encode()
        return self.http.send("POST", url, [("Content-Type", f"multipart/form-data; boundary={edge}")], body)

    def contents(self, token: str, course: int, file: int) -> bytes | Refused:
        found = self._ask(token, "GET", f"/courses/{course}/files/{file}")
        if isinstance(found, Refused):
            return found
        answer = self.http.send("GET", found["url"])
        return answer.body if answer.status == 200 else _refused(answer)

    def delete_file(self, token: str, file: int) -> Any:
        return self._ask(token, "DELETE", f"/files/{file}")


def _id(found: Any) -> int | Refused:
    return found if isinstance(found, Refused) else int(found["id"])


def _refused(answer: Answer) -> Refused:
    code = re.search(r'"(?:status|message|error)":"([^"]+)"', answer.text)
    return Refused(status=answer.status, code=code[1] if code else None, detail=answer.text[:200])
