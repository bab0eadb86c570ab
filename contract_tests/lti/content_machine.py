"""A machine for what tools keep of a course: Canvas has them export it, and gives it to the tool of the copy.

The tool is one of our own on a free port. The model is Canvas's documentation of `content_migration` and its source:
nobody runs a Canvas beside the tests.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from contract_tests.canvas.support import Site
from contract_tests.canvas.test_tool_content import SOURCE, TARGET, Answer, Quill, finished, installed
from contract_tests.lti.service_machines import PICK
from lms_emulator.providers.canvas.lti.tool_content import NOT_FOUND

ASSIGNMENTS = f"/api/v1/courses/{SOURCE}/assignments"
MIGRATIONS = f"/api/v1/courses/{TARGET}/content_migrations"
EXPORTS = f"/api/v1/courses/{SOURCE}/content_exports"
NAMES = st.text("ab é日", min_size=1, max_size=6).map(lambda text: f"x{text}x")
FAULTS: dict[str, dict[str, Answer]] = {
    "refuses": {"/export": (500, {})},
    "has nothing": {"/export": (404, {})},
    "answers with an empty object": {"/export": (200, {})},
    "never ends": {"/exported": (200, {"status": "running"})},
    "fails": {"/exported": (200, {"status": "failed"})},
    "gives no JSON": {"/fetch": (200, b"<p>")},
    "does not import": {"/import": (400, {})},
    "fails to import": {"/imported": (200, {"status": "failed"})},
}
SILENT = ("has nothing", "answers with an empty object")


def given(answer: Answer, _times: int) -> Answer:
    """An answer that is always the same."""
    return answer


@dataclass(kw_only=True)
class Sent:
    """What the tool was asked for: the selection of its export, and the data to import; None where it was not."""

    export: Any = None
    selected: list[str] | None = None
    imported: Any = None


class ContentMachine(RuleBasedStateMachine):
    """Attributes, of the model:

    names: of the assignments of the source, by id; those that were deleted have none.
    copied: the ids of those that were ever copied, whose copies the tool can be told of.
    noted: the ids in the tool's content.
    """

    site: ClassVar[Site]

    @initialize(form=st.sampled_from(["json", ""]))
    def begin(self, form: str) -> None:
        self.quill = Quill()
        self.site.lms.load("demo")
        installed(self.site, self.quill, **({"export_format": form, "import_format": form} if form else {}))
        self.form = form
        self.names: dict[int, str | None] = {}
        for row in self.site.teacher.get(f"{ASSIGNMENTS}?per_page=100").json():
            self.names[row["id"]] = row["name"]
        self.copied, self.noted = set[int](), [next(iter(self.names))]
        self.copy(0, everything=True)

    def teardown(self) -> None:
        if hasattr(self, "quill"):
            self.quill.close()

    @rule(name=NAMES)
    def make_an_assignment(self, name: str) -> None:
        sent = {"assignment": {"name": name, "published": True, "submission_types": ["online_text_entry"]}}
        made = self.site.teacher.post(ASSIGNMENTS, json=sent)
        self.names[made.json()["id"]] = name

    @rule(number=PICK, name=NAMES)
    def rename(self, number: int, name: str) -> None:
        assignment = self.some(number)
        if assignment is not None:
            self.site.teacher.put(f"{ASSIGNMENTS}/{assignment}", json={"assignment": {"name": name}})
            self.names[assignment] = name

    @precondition(lambda self: sum(name is not None for name in self.names.values()) > 1)
    @rule(number=PICK)
    def remove(self, number: int) -> None:
        assignment = self.some(number)
        assert self.site.teacher.delete(f"{ASSIGNMENTS}/{assignment}").status_code == 200
        self.names[assignment or 0] = None

    def some(self, number: int) -> int | None:
        there = [assignment for assignment, name in self.names.items() if name is not None]
        return there[number % len(there)] if there else None

    @rule(numbers=st.lists(PICK, max_size=3), unknown=st.booleans())
    def note(self, numbers: list[int], unknown: bool) -> None:
        """The tool has content about assignments."""
        known = list(self.names)
        self.noted = [known[number % len(known)] for number in numbers] + [99999] * unknown

    # copies

    @rule(number=PICK, everything=st.booleans())
    def copy(self, number: int, everything: bool) -> None:
        assignment = self.some(number)
        chosen = {} if everything or assignment is None else {"select": {"assignments": [assignment]}}
        sent = self.migrated({"migration_type": "course_copy_importer", **self.of(SOURCE), **chosen}, [])
        self.copied |= {assignment} if chosen and assignment is not None else self.living
        assert (sent.selected is None) is not bool(chosen)
        assert not chosen or f"assignment_{assignment}" in (sent.selected or [])
        self.took(sent, assignment if chosen else None)

    @staticmethod
    def of(course: int) -> dict[str, Any]:
        return {"settings": {"source_course_id": course}}

    @property
    def living(self) -> set[int]:
        return {assignment for assignment, name in self.names.items() if name is not None}

    @rule()
    def export_and_import(self) -> None:
        self.prepare()
        made = self.site.teacher.post(EXPORTS, json={"export_type": "common_cartridge"}).json()["id"]
        assert finished(self.site, f"{EXPORTS}/{made}") == []
        assert self.quill.paths == ["/export", "/exported", "/fetch"]
        body = {"migration_type": "canvas_cartridge_importer", "settings": {"content_export_id": made}}
        sent = self.migrated(body, [], exports=False)
        self.copied |= self.living
        self.took(sent)

    @rule(turns=st.integers(2, 6))
    def copy_with_a_slow_tool(self, turns: int) -> None:
        """Canvas asks six times whether an export is complete."""
        self.quill.answers["/exported"] = lambda times: (200, {"status": "completed" if times >= turns else "running"})
        sent = self.migrated({"migration_type": "course_copy_importer", **self.of(SOURCE)}, [])
        assert self.quill.paths.count("/exported") == turns
        self.copied |= self.living
        self.took(sent)

    @rule(fault=st.sampled_from(sorted(FAULTS)))
    def copy_with_a_bad_tool(self, fault: str) -> None:
        """The rest is copied all the same; only the emulator says what was left out."""
        for path, answer in FAULTS[fault].items():
            self.quill.answers[path] = partial(given, answer)
        sent = self.migrated({"migration_type": "course_copy_importer", **self.of(SOURCE)}, None)
        self.copied |= self.living
        assert (sent.imported is None) is ("import" not in fault)
        assert len(self.left_out) == int(fault not in SILENT)

    @rule()
    def copy_where_tools_are_not_asked(self) -> None:
        self.site.lms.settings["canvas.tool_content"] = False
        sent = self.migrated({"migration_type": "course_copy_importer", **self.of(SOURCE)}, [])
        self.site.lms.settings["canvas.tool_content"] = True
        self.copied |= self.living
        assert (sent.export, sent.imported) == (None, None)

    def prepare(self) -> None:
        self.quill.heard.clear()
        self.quill.content = {
            "pages": [{"$canvas_assignment_id": assignment, "note": f"n{assignment}"} for assignment in self.noted]
        }

    def migrated(self, body: dict[str, Any], left_out: list[str] | None, *, exports: bool = True) -> Sent:
        """A migration, and what the tool was asked. Parameters: `left_out`, the warnings; None for any."""
        if exports:
            self.prepare()
        made = self.site.teacher.post(MIGRATIONS, json=body)
        assert made.status_code == 200, made.text
        self.left_out = finished(self.site, f"{MIGRATIONS}/{made.json()['id']}")
        assert left_out is None or self.left_out == left_out
        self.quill.answers.clear()
        found = {path: self.read(body) for path, _, body in self.quill.heard}
        export, given = found.get("/export"), found.get("/import")
        assets = [value for name, value in export or [] if name.startswith("custom_exported_assets")]
        return Sent(export=export, selected=assets or None, imported=given)

    def read(self, body: str) -> list[tuple[str, Any]]:
        """The fields of a form, or of JSON the same way."""
        if not self.form:
            return parse_qsl(body, keep_blank_values=True)
        pairs: list[tuple[str, Any]] = []
        for name, value in (json.loads(body) if body else {}).items():
            pairs += [(name, inner) for inner in value] if isinstance(value, list) else [(name, value)]
        return pairs

    def took(self, sent: Sent, chosen: int | None = None) -> None:
        """The tool gets its content with the ids of the copies. Parameters: `chosen`, what alone was copied."""
        assert sent.imported is not None
        if self.form:
            pages = dict(sent.imported)["data"].get("pages", [])
            pairs = [(page["note"], page["$canvas_assignment_id"]) for page in pages]
        else:
            ids = [value for name, value in sent.imported if name == "data[pages][][$canvas_assignment_id]"]
            pairs = list(zip([v for n, v in sent.imported if n == "data[pages][][note]"], ids, strict=True))
        assert [note for note, _ in pairs] == [f"n{assignment}" for assignment in self.noted]
        for assignment, (_, became) in zip(self.noted, pairs, strict=True):
            if assignment not in self.copied:
                assert became == NOT_FOUND
                continue
            copy = self.site.teacher.get(f"/api/v1/courses/{TARGET}/assignments/{became}")
            assert copy.status_code == 200, copy.text
            if assignment in self.living and chosen in (None, assignment):
                assert copy.json()["name"] == self.names[assignment]
