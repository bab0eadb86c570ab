"""Quiz statistics and reports as Canvas's JSON.

Fields: canvas-lms app/serializers/quizzes/quiz_statistics_serializer.rb and quiz_report_serializer.rb (2023-06), and
the recorded exchanges of `content-quizzes2` 37-43.
"""

from __future__ import annotations

from collections.abc import Collection

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import Course, Quiz, QuizReport
from lms_emulator.providers.canvas.paging import per_page
from lms_emulator.providers.canvas.rules import quiz_statistics, quizzes
from lms_emulator.providers.canvas.rules.quiz_reports import NAMES
from lms_emulator.providers.canvas.shapes import Json, files
from lms_emulator.providers.canvas.shapes.progress import progress as shown


def survey(quiz: Quiz) -> bool:
    """Whether the quiz is a survey, without right answers."""
    return quiz.quiz_type in quizzes.SURVEYS


def statistics(api: Api, quiz: Quiz, course: Course, report: QuizReport, people: Collection[int] | None = None) -> Json:
    """The statistics of a quiz. Parameters: `people`, whose attempts count; by default everybody's."""
    every = report.includes_all_versions
    rows = quiz_statistics.attempts(api, quiz, every=every, people=people)
    page = f"/courses/{course.id}/quizzes/{quiz.id}"
    speed = f"/courses/{course.id}/gradebook/speed_grader?assignment_id={quiz.assignment_id}"
    return {
        "id": str(report.id),
        "url": api.url(f"/api/v1{page}/statistics"),
        "html_url": api.url(f"{page}/statistics"),
        "multiple_attempts_exist": any((attempt.attempt or 0) > 1 for attempt in rows),
        "generated_at": when(report.created_at),
        "includes_all_versions": every,
        "includes_sis_ids": report.includes_sis_ids,
        "points_possible": quiz.points_possible,
        "anonymous_survey": quiz_statistics.anonymous(quiz),
        "speed_grader_url": api.url(speed) if quiz.assignment_id is not None and quizzes.published(quiz) else None,
        "quiz_submissions_zip_url": api.url(f"{page}/submissions?zip=1"),
        "question_statistics": quiz_statistics.by_question(api, quiz, every=every, people=people),
        "submission_statistics": quiz_statistics.by_attempt(api, quiz, rows),
        "links": {"quiz": api.url(f"/api/v1{page}")},
    }


def report(api: Api, record: QuizReport, quiz: Quiz, course: Course, *, progress: bool = False) -> Json:
    """A report on a quiz, with its file. Lists include the progress; `include` is for JSON:API only."""
    whole = record.report_type == "student_analysis"
    body: Json = {
        "id": record.id,
        "report_type": record.report_type,
        "readable_type": NAMES[record.report_type],
        "includes_all_versions": record.includes_all_versions,
        "includes_sis_ids": record.includes_sis_ids,
        "generatable": whole or not survey(quiz),
        "anonymous": quiz_statistics.anonymous(quiz),
        "url": api.url(f"/api/v1/courses/{course.id}/quizzes/{quiz.id}/reports/{record.id}"),
        "created_at": when(record.created_at),
        "updated_at": when(record.updated_at),
        "quiz_id": quiz.id,
    }
    job = api.store.progresses.get(record.progress_id or 0)
    if job is not None:
        body["progress_url"] = api.url(f"/api/v1/progress/{job.id}")
        if progress:
            body["progress"] = shown(api, job)
    file = api.store.attachments.get(record.attachment_id or 0)
    if file is not None:
        body["file"] = files.file(api, file)
    return body


def linked(api: Api, record: QuizReport, quiz: Quiz, course: Course, includes: Collection[str]) -> Json:
    """A report in JSON API style."""
    body = report(api, record, quiz, course, progress="progress" in includes)
    hidden = {"quiz_id", "progress_url"} | ({"file"} if "file" not in includes else set())
    kept = {name: value for name, value in body.items() if name not in hidden}
    address = api.url(f"/api/v1/courses/{course.id}/quizzes/{quiz.id}")
    return kept | {"id": str(record.id), "links": {"quiz": address}}


def pagination(api: Api, path: str, count: int) -> Json:
    """Pagination in the quizzes' own format."""
    size = per_page(api, 30)
    last = max(1, -(-count // size))
    number = api.params.whole("page") or 1

    def url(page: int | str) -> str:
        return api.url(f"{path}?page={page}&per_page={size}")

    body: Json = {"per_page": size, "page": number, "count": count, "page_count": last, "template": url("{page}")}
    body |= {"current": url(number), "first": url(1), "last": url(last)}
    body |= {"next": url(number + 1)} if number < last else {}
    return body | ({"prev": url(number - 1)} if number > 1 else {})
