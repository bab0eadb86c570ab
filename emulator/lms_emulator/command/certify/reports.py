"""Results for people and machines: a line per trial, JUnit XML, and an HTML page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from lms_emulator.command.certify.judge import Outcome, Verdict
from lms_emulator.core.http.pages import render

MARKS: dict[Outcome, str] = {
    "passed": "ok", "failed": "FAILED", "warned": "warning", "skipped": "skipped", "cut": "not tried",
}  # fmt: skip
PACKAGE = __package__


def line(verdict: Verdict) -> str:
    """One trial in a line, or in two if it failed."""
    first = f"{verdict.platform:<12} {verdict.trial.name:<22} {MARKS[verdict.outcome]:<8} {verdict.did}"
    if verdict.outcome in ("passed", "skipped", "cut"):
        return first
    return f"{first}\n{'':36} {verdict.trial.what} {verdict.should[0].upper()}{verdict.should[1:]}."


def summary(verdicts: Sequence[Verdict]) -> str:
    """The number of each outcome, by platform."""
    lines = []
    for platform in dict.fromkeys(verdict.platform for verdict in verdicts):
        counted = Counter(verdict.outcome for verdict in verdicts if verdict.platform == platform)
        counts = ", ".join(f"{counted[outcome]} {outcome}" for outcome in MARKS if counted[outcome])
        lines.append(f"{platform}: {counts}")
    return "\n".join(lines)


def junit(verdicts: Sequence[Verdict]) -> bytes:
    """JUnit XML: a suite for each platform. Warnings pass, with their text in `system-out`."""
    root = ElementTree.Element("testsuites", name="lms-emulator certify")
    for platform in dict.fromkeys(verdict.platform for verdict in verdicts):
        cases = [verdict for verdict in verdicts if verdict.platform == platform]
        count = Counter(verdict.outcome for verdict in cases)
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=platform,
            tests=str(len(cases)),
            failures=str(count["failed"]),
            skipped=str(count["skipped"] + count["cut"]),
            time=f"{sum(verdict.seconds for verdict in cases):.3f}",
        )
        for verdict in cases:
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=f"certify.{platform}",
                name=verdict.trial.name,
                time=f"{verdict.seconds:.3f}",
            )
            text = (
                f"{verdict.trial.what}\nThe tool {verdict.did}.\nBy {verdict.trial.section}: {verdict.should}.\n"
                f"Tried by {verdict.visitor}."
            )
            if verdict.outcome == "failed":
                ElementTree.SubElement(case, "failure", message=f"the tool {verdict.did}; {verdict.should}").text = text
            elif verdict.outcome in ("skipped", "cut"):
                ElementTree.SubElement(case, "skipped", message=verdict.did)
            else:
                ElementTree.SubElement(case, "system-out").text = text
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def page(verdicts: Sequence[Verdict], **values: Any) -> str:
    """The page for people. Parameters: `values`, `login` and `launch`, the tool's addresses."""
    return render(PACKAGE, "report.html", verdicts=verdicts, marks=MARKS, summary=summary(verdicts), **values)
