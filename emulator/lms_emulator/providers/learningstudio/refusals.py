"""A named constructor for each refusal, with its reason, status and message.

Only `incorrect_client_credentials` is a word of the real service (PearsonLearningStudio/mobile2-android-api
src/com/ecollege/api/ECollegeHttpResponseHandler.java); the other messages are chosen. `details` are the arguments
`check`, `expected`, `got` and `diagnosis` of `Refusal`, which go into the journal only.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lms_emulator.core.http.refusals import Refusal
from lms_emulator.providers.learningstudio.wire import instant

if TYPE_CHECKING:
    from lms_emulator.providers.learningstudio.call import Call

_NAMED = 5
APPLICATION = "OAuth 1.0a"
"""An application that acts for no user, where only users have a role."""


# --- POST /token: all with the status of the setting `token_error_status` ---
def _token(call: Call, reason: str, message: str, **details: Any) -> Refusal:
    return Refusal(reason, status=call.settings.token_error_status, message=message, **details)


def unsupported_grant_type(call: Call, got: str, diagnosis: str | None) -> Refusal:
    """grant_type is missing or not one of the three."""
    message, three = "Unsupported or missing grant_type.", "assertion, password or refresh_token"
    check = "grant_type is one of the three"
    return _token(call, "unsupported_grant_type", message, check=check, expected=three, got=got, diagnosis=diagnosis)


def missing_parameter(call: Call, name: str) -> Refusal:
    """A parameter that this grant needs is missing or empty."""
    message, check = f"Missing required parameter: {name}.", "required parameters are present"
    return _token(call, "missing_parameter", message, check=check, expected=name, absent=name)


def unsupported_assertion_type(call: Call, got: str, known: tuple[str, ...]) -> Refusal:
    """assertion_type is not one of the two."""
    message, check = "Unsupported assertion_type.", "assertion_type is known"
    return _token(call, "unsupported_assertion_type", message, check=check, expected=list(known), got=got)


def malformed_assertion(call: Call, got: str, diagnosis: str) -> Refusal:
    """Not seven fields, or a malformed timestamp."""
    return _token(
        call,
        "malformed_assertion",
        "Malformed assertion.",
        check="seven fields between pipes, the sixth a UTC timestamp",
        expected="applicationName|consumerKey|applicationId|clientString|userName|YYYY-MM-DDTHH:MM:SSZ|signature",
        got=got,
        diagnosis=diagnosis,
    )


def unknown_keys(call: Call, check: str, got: str, diagnosis: str | None = None) -> Refusal:
    """Application, consumer key and campus are unknown, or do not belong together."""
    message = "Unknown application or campus keys."
    return _token(
        call, "unknown_keys", message, check=check, got=got, diagnosis=diagnosis, credential=None if diagnosis else got
    )


def assertion_signature(call: Call, **details: Any) -> Refusal:
    """The seventh field is not the signature of the first six."""
    return _token(call, "invalid_assertion_signature", "Invalid assertion signature.", **details)


def assertion_time(call: Call, sent: datetime, diagnosis: str) -> Refusal:
    """Signed too long ago, or in the future."""
    return _token(
        call,
        "assertion_expired",
        "Assertion timestamp is expired or not yet valid.",
        check=f"timestamp within {call.settings.assertion_window_seconds} s of the server's clock",
        expected=instant(call.clock.now()),
        got=instant(sent),
        diagnosis=diagnosis,
    )


def assertion_reused(call: Call) -> Refusal:
    """Sent again, under the setting `assertion_reuse = "refuse"`."""
    check = "an assertion is used once (setting assertion_reuse)"
    return _token(call, "assertion_reused", "Assertion has already been used.", check=check)


def unknown_user(call: Call, got: str, diagnosis: str | None = None) -> Refusal:
    """No active user of the campus has this name."""
    message, check = "incorrect_client_credentials: unknown user.", "the user exists in the campus and is active"
    return _token(call, "unknown_user", message, check=check, got=got, diagnosis=diagnosis)


def bad_password(call: Call, check: str, got: str, **why: Any) -> Refusal:
    """Campus, username or password is wrong; the wire does not say which."""
    message = "incorrect_client_credentials: invalid username or password."
    return _token(call, "invalid_password", message, check=check, got=got, **why)


def username_without_client_string(call: Call, got: str, diagnosis: str) -> Refusal:
    """The username of a password grant does not name its campus."""
    return _token(
        call,
        "username_without_client_string",
        "incorrect_client_credentials: username must be clientString\\username.",
        check="username has one backslash",
        expected="clientString\\username (the backslash is %5C in a form)",
        got=got,
        diagnosis=diagnosis,
    )


def bad_refresh_token(call: Call, check: str, diagnosis: str | None = None, credential: str | None = None) -> Refusal:
    """Unknown, used, expired, or another user's."""
    message = "Invalid or expired refresh token."
    return _token(call, "invalid_refresh_token", message, check=check, diagnosis=diagnosis, credential=credential)


def bad_grant(check: str, **details: Any) -> Refusal:
    """400: an access grant of the flow of 2010 that is invalid."""
    message = "Invalid or expired access grant."
    return Refusal("invalid_access_grant", status=400, message=message, check=check, **details)


def placeholder(name: str, got: str) -> Refusal:
    """400: a value still has the curly brackets of the documentation's placeholders."""
    return Refusal(
        "placeholder",
        status=400,
        message=f"Invalid value for {name}: remove the curly brackets.",
        check=f"{name} is a value, not a placeholder",
        got=got,
        diagnosis="the documentation writes {placeholders} in curly brackets; they are not part of the value",
    )


# --- credentials ---
def unauthorized(reason: str, message: str, **details: Any) -> Refusal:
    """401: credentials are missing, wrong or expired."""
    return Refusal(reason, status=401, message=message, **details)


def ambiguous_credentials(headers: int) -> Refusal:
    """Several X-Authorization headers."""
    why = f"{headers} X-Authorization headers were sent; send either an access token or an OAuth 1.0a signature"
    check = "one X-Authorization header"
    return unauthorized("ambiguous_credentials", "Invalid credentials.", check=check, diagnosis=why)


def eventing_token(check: str, **details: Any) -> Refusal:
    """401: the token of a subscription request is invalid."""
    return unauthorized("eventing_token", "Invalid authorization token.", check=check, **details)


def too_many_requests(limit: int, got: int) -> Refusal:
    """429 under the setting `requests_per_second`."""
    check = "requests per second and key (setting requests_per_second)"
    message, most = "Too many requests.", f"at most {limit}"
    return Refusal("rate_limited", status=429, message=message, check=check, expected=most, got=got)


# --- rights ---
def user_context_required(call: Call) -> Refusal:
    """A path below `/me`, called by an application that acts for no user."""
    return Refusal(
        "user_context_required",
        status=call.settings.me_with_oauth1_status,
        message="This resource requires a user context (OAuth 2).",
        check="/me is called with an access token",
        got="OAuth 1.0a",
        diagnosis="name the user (/users/ID), or call with an access token",
    )


def not_enrolled(call: Call, user_id: int, course_id: int) -> Refusal:
    """The user is not in the course."""
    message, got = "You are not allowed to access this course.", f"user {user_id}, course {course_id}"
    status, why = call.settings.not_enrolled_status, courses_instead(call, user_id, course_id)
    check = "the user is in the course"
    return Refusal("not_enrolled", status=status, message=message, check=check, got=got, diagnosis=why)


def courses_instead(call: Call, user_id: int, course_id: int) -> str:
    """The courses of a user who is not in this one, as a sentence."""
    user, course = call.store.users.get(user_id), call.store.courses.get(course_id)
    own = [str(enrolled.id) for enrolled in (call.store.courses_of(user) if user is not None else ())]
    name, title = user.username if user is not None else "", course.title if course is not None else ""
    where = f"the courses {', '.join(own[:_NAMED])}" if len(own) > 1 else f"the course {own[0]}" if own else "no course"
    return f"{name or f'the user {user_id}'} is in {where}, not in {course_id} (`{title}`)"


def students_not_allowed(what: str, why: str | None = None) -> Refusal:
    """403: only staff may see or change this. Parameters: `why`, who the caller is, and who is staff."""
    return Refusal(
        "students_not_allowed",
        status=403,
        message=f"Students are not allowed to access {what}.",
        check="the caller is a professor, teaching assistant, administrator or application (OAuth 1.0a)",
        got="STUD",
        diagnosis=why or "the caller is a student there; call with the token of the course's staff, or with OAuth 1.0a",
    )


def caller_not_allowed(role: str, allowed: Iterable[str], what: str) -> Refusal:
    """403: the operation is not for callers of this kind."""
    if role == "STUD":
        return students_not_allowed(what)
    return Refusal(
        "caller_not_allowed",
        status=403,
        message=f"You are not allowed to access {what}.",
        check="who may call this",
        expected=sorted(allowed),
        got=role,
        diagnosis="call with an access token; OAuth 1.0a has no user" if role == APPLICATION else None,
    )


def item_not_visible(item_id: int) -> Refusal:
    """403: the student does not see the item, or its unit."""
    return Refusal(
        "item_not_visible",
        status=403,
        message="You are not allowed to access this item.",
        check="students see the item now",
        got=item_id,
        diagnosis="it is hidden, out of its dates or for another group; /users/ID/courses/ID/items leaves it out",
    )


def topic_hidden(topic_id: int) -> Refusal:
    """403: a student and a hidden topic."""
    message, check = "You are not allowed to access this topic.", "the topic is not hidden from students"
    return Refusal("topic_hidden", status=403, message=message, check=check, got=topic_id)


def post_first(topic_id: int) -> Refusal:
    """403: a student has to write in the topic before they read it."""
    message, check = "You must post a response to this topic first.", "the student has posted in the topic"
    return Refusal("post_first", status=403, message=message, check=check, got=topic_id)


def other_user(user_id: int) -> Refusal:
    """403: a student asked about another user."""
    return Refusal(
        "other_user",
        status=403,
        message="You are not allowed to access this user.",
        check="a student reads only their own records",
        got=user_id,
        diagnosis="an access token sees what its user may see; use OAuth 1.0a for other users",
    )


# --- exams ---
def not_the_examinee(user_id: int) -> Refusal:
    """403: only the user for whom an exam is provisioned may take it."""
    return Refusal(
        "not_the_examinee",
        status=403,
        message="Only the user of the exam is allowed to do this.",
        check="the access token is the examinee's",
        expected=f"user {user_id}, a student",
    )


def exam_not_open(call: Call, start: datetime | None, end: datetime | None) -> Refusal:
    """Before the exam's scheduled start, or after its end."""
    dates = [None if date is None else instant(date) for date in (start, end)]
    return Refusal(
        "exam_not_open",
        status=call.settings.exam_refusal_status,
        message="The exam is not open.",
        check="now is between the exam's scheduled start and end",
        expected=dates,
        got=instant(call.clock.now()),
    )


def exam_provisioned(exam_id: int) -> Refusal:
    """400: the user has the exam already."""
    message, check = "The exam is already provisioned for this user.", "the exam is provisioned once"
    return bad_request("exam_provisioned", message, check=check, got=exam_id, diagnosis="GET it, or have it reset")


def exam_password(call: Call, got: str) -> Refusal:
    """The exam's password is missing or wrong."""
    message, check = "The exam password is missing or wrong.", "Pearson-Exam-Password"
    return Refusal("exam_password", status=call.settings.exam_refusal_status, message=message, check=check, got=got)


def exam_token(call: Call, got: str | None) -> Refusal:
    """The exam token is missing, or belongs to another attempt."""
    return Refusal(
        "exam_token",
        status=call.settings.exam_refusal_status,
        message="The exam token is missing or wrong.",
        check="Pearson-Exam-Token",
        got=got,
        diagnosis="send the attempt's pearsonExamToken in this header",
    )


def attempt_open(attempt_id: int) -> Refusal:
    """400: the previous attempt is not completed."""
    message, check = "There is an open attempt.", "the attempt before is completed"
    why = "complete it; if its time is over, a teacher has to reset the exam"
    return bad_request("attempt_open", message, check=check, got=attempt_id, diagnosis=why)


def not_retakable(exam_id: int, taken: int) -> Refusal:
    """400: the user has used all attempts that the exam allows."""
    message, check = "The exam cannot be retaken.", "isRetakable of the user's exam"
    return bad_request("not_retakable", message, check=check, got=f"exam {exam_id}, {taken} attempts")


def no_active_attempt(call: Call, exam_id: int, *, completed: bool) -> Refusal:
    """The user has not begun an attempt, or has completed it."""
    return Refusal(
        "no_active_attempt",
        status=call.settings.exam_refusal_status,
        message="There is no active attempt.",
        check="an attempt was begun and not completed",
        got=exam_id,
        diagnosis="the attempt is completed" if completed else "POST to …/attempts begins one",
    )


def attempt_expired(call: Call, attempt_id: int, end: datetime) -> Refusal:
    """The time of the attempt is over; only a reset helps."""
    return Refusal(
        "attempt_expired",
        status=call.settings.exam_refusal_status,
        message="The attempt has expired.",
        check="now is within the attempt's duration",
        expected=f"before {instant(end)}",
        got=instant(call.clock.now()),
        diagnosis=f"attempt {attempt_id} was not completed in time; a teacher has to DELETE the user's exam",
    )


def attempt_not_completed(attempt_id: int) -> Refusal:
    """403: the summary of an attempt in progress."""
    message, check = "The attempt is not completed.", "isCompleted of the attempt"
    return Refusal("attempt_not_completed", status=403, message=message, check=check, got=attempt_id)


def answer_exists(question_id: int) -> Refusal:
    """400: the question has an answer already."""
    message, check = "The question is already answered.", "there is no answer yet"
    return bad_request("answer_exists", message, check=check, got=question_id, diagnosis="change it with PUT")


# --- paths and bodies ---
def not_found(what: str, got: object, diagnosis: str | None = None, status: int = 404) -> Refusal:
    """404: the path or id is unknown, or the child belongs to another parent."""
    message, check = f"{what} not found.", f"{what} exists"
    return Refusal("not_found", status=status, message=message, check=check, got=got, diagnosis=diagnosis)


def method_not_allowed(call: Call, allowed: tuple[str, ...]) -> Refusal:
    """A known path with another method, with `Allow`."""
    names = ", ".join(allowed)
    return Refusal(
        "method_not_allowed",
        status=call.settings.wrong_method_status,
        message="The method is not allowed for this resource.",
        check="the path takes this method",
        expected=names,
        got=call.method,
        headers={"Allow": names},
    )


def bad_request(reason: str, message: str, **details: Any) -> Refusal:
    """400: bad syntax or a missing field."""
    return Refusal(reason, status=400, message=message, **details)


def malformed_body(message: str, **details: Any) -> Refusal:
    """400: the body cannot be read, or an element is missing or of the wrong type."""
    return bad_request("malformed_body", message, **details)


def raw_pipe_in_path(path: str) -> Refusal:
    """400: an unencoded `|`."""
    return bad_request(
        "raw_pipe_in_path",
        "Bad Request.",
        check="no bare | in the path",
        expected="%7C",
        got=path,
        diagnosis="percent-encode the pipe as %7C, in the request and in the signed path",
    )
