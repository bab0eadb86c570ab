"""The launch endpoint: signing in, enrolling, and the set-up page for staff."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace
from starlette.responses import RedirectResponse, Response

from lms_emulator.core.access.bodies import why_no_form
from lms_emulator.core.http.forms import decode_pairs
from lms_emulator.core.http.pages import page
from lms_emulator.core.http.routing import Route
from lms_emulator.core.http.urls import parts_of
from lms_emulator.providers.openlearning import credentials, lti, refusals, rules, shapes, wire
from lms_emulator.providers.openlearning.call import FORM, LAUNCH_PATH, Call, ensure, web_base
from lms_emulator.providers.openlearning.lti import Launch
from lms_emulator.providers.openlearning.model import (
    Class,
    ClassSetup,
    ContextMapping,
    Course,
    Institution,
    Session,
    User,
    folded,
)
from lms_emulator.providers.openlearning.rules import Profile, Role
from lms_emulator.providers.openlearning.settings import GUIDE, LTI_PROVISIONING
from lms_emulator.signing import lti11

_NO_USER = "no user_id was sent, or it is empty: a launch names the external institution id of its user"
SETUP_PATH = "/lti/setup/"


def launch(call: Call) -> Response:
    """Check a launch; if it is valid, sign the user in, enrol them, and redirect the browser to the class."""
    pairs = _pairs(call)
    if "text/html" not in call.headers.get("accept", "text/html"):
        call.warn(
            "launch_not_from_browser",
            "the Accept header is not a browser's; a server that posts the launch gets the session instead of the user",
        )
    base = call.settings.web_base_url.rstrip("/") or call.base_url
    accepted = lti.accept(call, pairs, call.method, base + call.raw_path.decode("latin-1"))
    institution = call.store.institutions.get(accepted.registration.institution)
    assert institution is not None  # a world whose registrations name no institution is refused
    person = _person(call, institution, accepted.fields)
    klass = _class(call, institution, accepted, person)
    user = _account(call, institution, person)
    session = _sign_in(call, user)
    if isinstance(klass, ClassSetup):
        return _with_cookie(call, _ask_for_class(call, institution, klass, session), session)
    target = f"{web_base(call)}/{institution.id}/"
    if klass is not None:
        target = _enter(
            call, user, klass, "instructor" if lti11.is_staff(accepted.fields.get("roles", "")) else "learner"
        )
    call.notes["signed_in"] = user.id
    return _with_cookie(call, RedirectResponse(target, 302), session)


def _why_not_posted(call: Call) -> str:
    before = call.world.journal.latest
    if before is not None and before.method == "POST" and before.status == 301 and before.provider == call.provider:
        return (
            f"the launch was posted to {LAUNCH_PATH.rstrip('/')} without its trailing slash; browsers follow the "
            "resulting 301 with GET and without the form"
        )
    return "the launch was followed as a link; post its params as a form instead"


def _pairs(call: Call) -> list[tuple[str, str]]:
    """The decoded fields of body and query. Raises a 405, 415 or 400."""
    posted = call.method == "POST"
    ensure(
        call,
        "the method is POST",
        posted or call.settings.allow_get_launch,
        refusals.launch_method,
        expected="POST",
        got=call.method,
        diagnosis=lambda: _why_not_posted(call),
    )
    call.reads.whole()  # every field is signed
    body = b"" if call.method == "GET" else call.body
    if posted:
        ensure(
            call,
            "the body is a URL-encoded form",
            call.content_type == FORM,
            refusals.launch_content_type,
            expected=FORM,
            got=call.content_type,
            diagnosis=lambda: (
                "the fields were sent in the URL's query; post them as a form"
                if "oauth_consumer_key" in call.query and not call.body
                else why_no_form(call)
            ),
        )
    try:
        return [pair for data in (body, call.query_string) for pair in decode_pairs(data, "strict")]
    except UnicodeDecodeError as error:
        got = f"not UTF-8: {error.reason} at {error.start}"
        why = why_no_form(call)
        raise refusals.launch_unreadable(check="the form decodes as UTF-8", got=got, diagnosis=why) from None


# --- who ---
def _person(call: Call, institution: Institution, fields: dict[str, str]) -> User | Profile:
    """The account that the launch identifies, or the profile for a new one. Raises a 403."""
    external_id = ensure(
        call, "user_id is in the launch", fields.get("user_id"), refusals.launch_user, diagnosis=_NO_USER
    )
    user = call.store.user_by_external_id(institution.id, external_id)
    known = f"user_id is an external id in {institution.id}"
    if call.check(known, user is not None, got=external_id) and user is not None:
        return user
    kind = call.store.kind_of(external_id)
    hint = f"user_id is the external institution id; this is the id of a {kind}" if kind == "user" else None
    if not call.settings.launch_creates_user or hint:
        raise refusals.launch_user(check=known, got=external_id, diagnosis=hint)
    email = fields.get("lis_person_contact_email_primary", "").strip()
    wanted = folded(email)
    other = call.store.users.first("email", wanted) if wanted else None
    if other is not None:
        membership = call.store.memberships.get((institution.id, other.id))
        known_as = membership.external_institution_id if membership is not None else None
        owner = f"its user's external id here is {known_as}, which `user_id` has to be" if known_as else ""
        raise refusals.launch_user(
            check="no other account has the launch's e-mail address",
            got=email,
            diagnosis="an account with this e-mail exists; " + (owner or "its owner would be asked to associate it"),
        )
    given = " ".join(fields.get(f"lis_person_name_{part}", "") for part in ("given", "family")).strip()
    name = fields.get("lis_person_name_full", "").strip() or given or external_id
    return Profile(name, external_id, email, fields.get("user_image") or None)


def _account(call: Call, institution: Institution, person: User | Profile) -> User:
    if isinstance(person, User):
        return person
    call.notes["account"] = "created by the launch"
    return rules.provision(call.store, call.ids, call.clock, institution, person).user


def _sign_in(call: Call, user: User) -> Session:
    until = call.clock.now() + timedelta(seconds=call.settings.session_seconds)
    return call.store.sessions.put(Session(id=call.ids.alnum(32), user=user.id, expires_at=until))


def _with_cookie(call: Call, response: Response, session: Session) -> Response:
    """Set the session cookie, with `SameSite=None` where TLS allows it, as pages in other sites' frames need it."""
    address = parts_of(web_base(call))
    secure = address.scheme == "https"
    response.set_cookie(
        credentials.SESSION_COOKIE,
        session.id,
        max_age=call.settings.session_seconds,
        path=f"{address.path}/",
        secure=secure,
        httponly=True,
        samesite="none" if secure else "lax",
    )
    return response


# --- where ---
def _class(call: Call, institution: Institution, accepted: Launch, person: User | Profile) -> Class | ClassSetup | None:
    """The class that the launch leads to, None for the portal, or a set-up for staff to complete. Raises a 403."""
    if accepted.registration.class_id is not None:
        return call.store.classes.get(accepted.registration.class_id)
    context_id = accepted.fields.get("context_id", "")
    if not context_id:
        return None
    klass = lti.class_of(call, institution, context_id)
    check = "context_id is the id of a class of the institution, or mapped to one"
    if call.check(check, klass is not None, got=context_id) and klass is not None:
        return klass
    staff = isinstance(person, User) and call.store.is_staff(person.id, institution.id)
    if staff and lti11.is_staff(accepted.fields.get("roles", "")):
        return ClassSetup(
            token=call.ids.alnum(32),
            session="",
            institution=institution.id,
            context_id=context_id,
            context_title=accepted.fields.get("context_title", ""),
            expires_at=call.clock.now() + timedelta(hours=1),
        )
    diagnosis = lti.why_no_class(call, institution, context_id)
    raise refusals.class_not_set_up(check=check, got=context_id, diagnosis=diagnosis)


def _enter(call: Call, user: User, klass: Class, role: Role) -> str:
    """Enrol the user and return the URL of the class."""
    rules.enrol(call.store, call.ids, call.clock, user, klass, role)
    course = call.store.courses.get(klass.course)
    assert course is not None  # as above
    return shapes.class_url(call, course, klass)


# --- set-up by staff ---
def _ask_for_class(call: Call, institution: Institution, setup: ClassSetup, session: Session) -> Response:
    call.store.class_setups.put(replace(setup, session=session.id))
    courses = call.store.courses.find("institution", institution.id)
    choices = [(course, klass) for course in courses for klass in call.store.classes_of(course.id)]
    return page(
        wire.PACKAGE,
        "setup.html",
        institution=institution,
        setup=setup,
        choices=choices,
        action=f"{web_base(call)}{SETUP_PATH}",
    )


def _why_not_open(call: Call, fields: dict[str, str], setup: ClassSetup | None, session: Session | None) -> str | None:
    """Why no class can be set up; None for a token that nobody knows."""
    if call.content_type != FORM:
        return f"the set-up page sends a form, {FORM}; this says {call.content_type or 'nothing'}"
    if not fields.get("token"):
        return "no `token` was sent: it is a hidden field of the set-up page"
    if setup is None:
        return None
    if setup.expires_at <= call.clock.now():
        return f"the set-up page was to be sent by {setup.expires_at:%Y-%m-%dT%H:%M:%SZ}"
    return "the cookie of the launch's session did not come" if session is None else "another browser made that launch"


def set_up(call: Call) -> Response:
    """Map the context to the class that staff chose: an existing one, or that of a new course."""
    fields = dict(decode_pairs(call.body)) if call.content_type == FORM else {}
    setup = call.store.class_setups.get(fields.get("token", ""))
    session = credentials.session(call)
    if setup is None or session is None or setup.session != session.id or setup.expires_at <= call.clock.now():
        raise refusals.setup_not_open(fields.get("token", ""), _why_not_open(call, fields, setup, session))
    institution = call.store.institutions.get(setup.institution)
    user = call.store.users.get(session.user)
    assert institution is not None  # as above: a world's references are checked when it is loaded
    assert user is not None
    klass = _chosen(call, institution, user, fields)
    call.store.class_setups.delete(setup.token)
    call.store.context_mappings.put(
        ContextMapping(institution=institution.id, context_id=setup.context_id, class_id=klass.id)
    )
    return RedirectResponse(_enter(call, user, klass, "instructor"), 302)


def _chosen(call: Call, institution: Institution, user: User, fields: dict[str, str]) -> Class:
    class_id, title = fields.get("class_id", ""), fields.get("title", "").strip()
    if class_id:
        klass = call.store.classes.get(class_id)
        if klass is None or call.store.institution_of_class(klass) != institution.id:
            raise refusals.setup_choice(class_id)
        return klass
    if not title:
        raise refusals.setup_choice("neither")
    course_id = call.ids.object_id(call.clock.timestamp())
    course = Course(
        id=course_id,
        institution=institution.id,
        slug=f"course-{course_id[-8:]}",
        title=title,
        created_by=user.id,
    )
    return rules.create_course(call.store, call.ids, call.clock, course)


ROUTES: tuple[Route, ...] = (
    Route(
        methods=("POST", "GET"),
        path=LAUNCH_PATH,
        handler=launch,
        evidence="documented",
        source=f"{GUIDE} (2.2 and 3, address, checks and statuses are chosen)",
        summary="Receive an LTI 1.1 launch",
        tag="web",
    ),
    Route(
        methods=("POST",),
        path=SETUP_PATH,
        handler=set_up,
        evidence="documented",
        source=f"{LTI_PROVISIONING} (staff set classes up, the form is chosen)",
        summary="Choose the class of an LTI context",
        tag="web",
    ),
)
