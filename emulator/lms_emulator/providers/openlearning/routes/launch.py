"""Where launches arrive: signing in, enrolling, and the set-up page for staff."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

from starlette.responses import RedirectResponse, Response

from lms_emulator.core.http.exchange import decode_pairs
from lms_emulator.core.http.pages import page
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.openlearning import accounts, credentials, launches, refusals, views, wire
from lms_emulator.providers.openlearning.accounts import Profile, Role
from lms_emulator.providers.openlearning.launches import Launch
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
from lms_emulator.providers.openlearning.wire import Call
from lms_emulator.signing import lti11

SETUP_PATH = "/lti/setup/"
_FORM = "application/x-www-form-urlencoded"


def launch(x: Call) -> Response:
    """Judge a launch; on success sign the person in, enrol them, and send the browser to the class."""
    pairs = _pairs(x)
    if "text/html" not in x.headers.get("accept", "text/html"):
        x.warn(
            "launch_not_from_browser",
            "the Accept header is not a browser's; posted by a server, the session ends up in the wrong place",
        )
    base = x.settings.web_base_url.rstrip("/") or x.base_url
    accepted = launches.accept(x, pairs, x.method, base + x.raw_path.decode("latin-1"))
    institution = x.store.institutions.get(accepted.registration.institution)
    assert institution is not None  # a world whose registrations name no institution is refused
    person = _person(x, institution, accepted.fields)
    klass = _class(x, institution, accepted, person)
    user = _account(x, institution, person)
    session = _sign_in(x, user)
    if isinstance(klass, ClassSetup):
        return _with_cookie(x, _ask_for_class(x, institution, klass, session), session)
    target = f"{wire.web_base(x)}/{institution.id}/"
    if klass is not None:
        target = _enter(x, user, klass, "instructor" if lti11.is_staff(accepted.fields.get("roles", "")) else "learner")
    x.notes["signed_in"] = user.id
    return _with_cookie(x, RedirectResponse(target, 302), session)


def _pairs(x: Call) -> list[tuple[str, str]]:
    """The decoded fields of body and query. Raises a 405, 415 or 400."""
    if not x.check("method", x.method == "POST" or x.settings.allow_get_launch, expected="POST", got=x.method):
        raise refusals.launch_method(x.method)
    body = b"" if x.method == "GET" else x.body
    if x.method == "POST" and not x.check("content type", x.content_type == _FORM, expected=_FORM, got=x.content_type):
        raise refusals.launch_content_type(x.content_type)
    try:
        return [
            pair
            for data in (body, x.query_string)
            for pair in parse_qsl(data.decode("utf-8"), keep_blank_values=True, errors="strict")
        ]
    except UnicodeDecodeError as error:
        raise refusals.launch_unreadable(f"not UTF-8: {error.reason} at {error.start}") from None


# who


def _person(x: Call, institution: Institution, fields: dict[str, str]) -> User | Profile:
    """The account that the launch names, or the profile of the one to be made. Raises a 403."""
    external_id = fields.get("user_id", "")
    if not x.check("user_id is in the launch", bool(external_id)):
        raise refusals.launch_user("the launch has a user_id", None)
    user = x.store.user_by_external_id(institution.id, external_id)
    if x.check("user_id is an external id of the institution", user is not None, got=external_id) and user is not None:
        return user
    kind = x.store.kind_of(external_id)
    hint = f"user_id is the external institution id; this is the id of a {kind}" if kind == "user" else None
    if not x.settings.launch_creates_user or hint:
        raise refusals.launch_user(f"user_id is an external id in {institution.id}", external_id, hint)
    email = fields.get("lis_person_contact_email_primary", "").strip()
    wanted = folded(email)
    if wanted and x.store.users.first("email", wanted) is not None:
        raise refusals.launch_user(
            "the launch's e-mail address is not another account's",
            email,
            "an account with this e-mail exists; its owner would be asked to associate it",
        )
    given = " ".join(fields.get(f"lis_person_name_{part}", "") for part in ("given", "family")).strip()
    name = fields.get("lis_person_name_full", "").strip() or given or external_id
    return Profile(name, external_id, email, fields.get("user_image") or None)


def _account(x: Call, institution: Institution, person: User | Profile) -> User:
    if isinstance(person, User):
        return person
    x.notes["account"] = "created by the launch"
    return accounts.provision(x.store, x.ids, x.clock, institution, person).user


def _sign_in(x: Call, user: User) -> Session:
    until = x.clock.now() + timedelta(seconds=x.settings.session_seconds)
    return x.store.sessions.put(Session(id=x.ids.alnum(32), user=user.id, expires_at=until))


def _with_cookie(x: Call, response: Response, session: Session) -> Response:
    """Set the session cookie; `SameSite=None`, as a page in another site's frame needs it, wherever TLS allows it."""
    address = urlsplit(wire.web_base(x))
    secure = address.scheme == "https"
    response.set_cookie(
        credentials.SESSION_COOKIE,
        session.id,
        max_age=x.settings.session_seconds,
        path=f"{address.path}/",
        secure=secure,
        httponly=True,
        samesite="none" if secure else "lax",
    )
    return response


# where


def _class(x: Call, institution: Institution, accepted: Launch, person: User | Profile) -> Class | ClassSetup | None:
    """The class that the launch leads to, None for the portal, or a set-up to be asked of staff. Raises a 403."""
    if accepted.registration.class_id is not None:
        return x.store.classes.get(accepted.registration.class_id)
    context_id = accepted.fields.get("context_id", "")
    if not context_id:
        return None
    klass = mapped_class(x, institution, context_id)
    if x.check("context_id leads to a class", klass is not None, got=context_id) and klass is not None:
        return klass
    staff = isinstance(person, User) and x.store.is_staff(person.id, institution.id)
    if staff and lti11.is_staff(accepted.fields.get("roles", "")):
        return ClassSetup(
            token=x.ids.alnum(32),
            session="",
            institution=institution.id,
            context_id=context_id,
            context_title=accepted.fields.get("context_title", ""),
            expires_at=x.clock.now() + timedelta(hours=1),
        )
    raise refusals.class_not_set_up(context_id, _why_not_set_up(x, institution, context_id))


def mapped_class(x: Call, institution: Institution, context_id: str) -> Class | None:
    """The class of an LTI context: a mapped one, or the class of that id when it is the institution's."""
    mapping = x.store.context_mappings.get((institution.id, context_id))
    klass = x.store.classes.get(mapping.class_id if mapping else context_id)
    if klass is None or x.store.institution_of_class(klass) != institution.id:
        return None
    return klass


def _why_not_set_up(x: Call, institution: Institution, context_id: str) -> str | None:
    kind = x.store.kind_of(context_id)
    if kind == "class":
        return f"that class belongs to another institution than {institution.id}"
    if kind is not None:
        return f"context_id is the id of a {kind}; a class id, or a context mapped to a class, is needed"
    return "an Instructor or Administrator who holds Institution Staff can set the class up by launching into it"


def _enter(x: Call, user: User, klass: Class, role: Role) -> str:
    """Enrol the person and give the address of the class."""
    accounts.enrol(x.store, x.ids, x.clock, user, klass, role)
    course = x.store.courses.get(klass.course)
    assert course is not None  # as above
    return views.class_url(x, course, klass)


# set-up by staff


def _ask_for_class(x: Call, institution: Institution, setup: ClassSetup, session: Session) -> Response:
    import msgspec

    x.store.class_setups.put(msgspec.structs.replace(setup, session=session.id))
    courses = x.store.courses.find("institution", institution.id)
    choices = [(course, klass) for course in courses for klass in x.store.classes_of(course.id)]
    return page(
        wire.PACKAGE,
        "setup.html",
        institution=institution,
        setup=setup,
        choices=choices,
        action=f"{wire.web_base(x)}{SETUP_PATH}",
    )


def set_up(x: Call) -> Response:
    """Store the choice of a staff member: an existing class, or a new course with its first class."""
    fields = dict(decode_pairs(x.body)) if x.content_type == _FORM else {}
    setup = x.store.class_setups.get(fields.get("token", ""))
    session = credentials.session(x)
    if setup is None or session is None or setup.session != session.id or setup.expires_at <= x.clock.now():
        raise refusals.setup_not_open(fields.get("token", ""))
    institution = x.store.institutions.get(setup.institution)
    user = x.store.users.get(session.user)
    assert institution is not None  # as above: a world's references are checked when it is loaded
    assert user is not None
    klass = _chosen(x, institution, user, fields)
    x.store.class_setups.delete(setup.token)
    x.store.context_mappings.put(
        ContextMapping(institution=institution.id, context_id=setup.context_id, class_id=klass.id)
    )
    return RedirectResponse(_enter(x, user, klass, "instructor"), 302)


def _chosen(x: Call, institution: Institution, user: User, fields: dict[str, str]) -> Class:
    class_id, title = fields.get("class_id", ""), fields.get("title", "").strip()
    if class_id:
        klass = x.store.classes.get(class_id)
        if klass is None or x.store.institution_of_class(klass) != institution.id:
            raise refusals.setup_choice(class_id)
        return klass
    if not title:
        raise refusals.setup_choice("neither")
    course_id = x.ids.object_id(x.clock.timestamp())
    course = Course(
        id=course_id,
        institution=institution.id,
        slug=f"course-{course_id[-8:]}",
        title=title,
        created_by=user.id,
    )
    return accounts.create_course(x.store, x.ids, x.clock, course)


ROUTES: tuple[Route, ...] = (
    Route(
        methods=("POST", "GET"),
        path=wire.LAUNCH_PATH,
        handler=launch,
        evidence="documented",
        source="SSO guide 2.2 and 3 (that it exists and what it does); address, checks and statuses chosen",
        summary="Take an LTI 1.1 launch",
        tag="web",
    ),
    Route(
        methods=("POST",),
        path=SETUP_PATH,
        handler=set_up,
        evidence="documented",
        source="LTI provisioning help page (that staff set classes up); the form chosen",
        summary="Choose the class of an LTI context",
        tag="web",
    ),
)
