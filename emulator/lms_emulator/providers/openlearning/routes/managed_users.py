"""Managed accounts: creation, lists, and single sign-on."""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.core.http.urls import parts_of
from lms_emulator.providers.openlearning import credentials, lti, refusals, rules, shapes, wire
from lms_emulator.providers.openlearning.call import (
    Call,
    api,
    boolean,
    declare_fields,
    request_body,
    required,
    sent_fields,
    was_sent,
)
from lms_emulator.providers.openlearning.model import Class, Institution, Membership, User
from lms_emulator.providers.openlearning.paging import paged
from lms_emulator.providers.openlearning.settings import CORRECT_SERVICE, GUIDE, STATUS_REPORT

_CREATE_FIELDS = (
    "full_name",
    "external_institution_id",
    "primary_email_address",
    "profile_image",
    "send_password_email",
    "send_welcome_email",
)
_SIGN_ON_FIELDS = ("class_id", "context_id", "return_url", "roles", "context_title", "resource_link_id")


def create(call: Call) -> Response:
    """Create a managed account, or return the institution's existing account with this e-mail, unchanged."""
    me = credentials.caller(call)
    institution = credentials.administered(call, me)
    values = sent_fields(call)
    profile, mails = _profile(call, values)
    _warn_about_create(call, values, institution)
    user, membership, created = rules.provision(call.store, call.ids, call.clock, institution, profile)
    if created:
        _send_mails(call, user, institution, mails)
    else:
        _warn_about_ignored(call, user, membership, profile)
    shown = shapes.user(call, user, me)
    if membership.external_institution_id is not None:
        shown["external_institution_id"] = membership.external_institution_id
    return wire.data(shown)


def _profile(call: Call, values: dict[str, str]) -> tuple[rules.Profile, dict[str, bool]]:
    full_name = required(call, values, "full_name")
    hint = "the API calls it external_institution_id" if was_sent(values, "external_id") else None
    external_id = required(call, values, "external_institution_id", hint)
    email = required(call, values, "primary_email_address")
    local, at, domain = email.strip().rpartition("@")
    if call.settings.check_email_format and not (local and at and domain):
        raise refusals.field_error(
            call,
            "primary_email_address",
            "primary_email_address must be an e-mail address",
            got=email,
            diagnosis="nothing stands before or behind its @" if at else f"`{email}` has no @",
        )
    default = call.settings.send_mail_by_default
    mails = {kind: boolean(call, values, f"send_{kind}", default) for kind in ("password_email", "welcome_email")}
    return rules.Profile(full_name, external_id, email, values.get("profile_image") or None), mails


def _warn_about_create(call: Call, values: dict[str, str], institution: Institution) -> None:
    if values["external_institution_id"] in (institution.id, institution.object_id):
        call.warn(
            "external_id_is_institution",
            "external_institution_id contains the institution's id; it is meant for your own key of the user",
        )
    image = values.get("profile_image", "")
    if image and parts_of(image).scheme not in ("http", "https"):
        call.warn("profile_image_is_no_url", f"profile_image is the address of a picture; {image[:100]!r} is none")
    unsent = [name for name in ("send_password_email", "send_welcome_email") if not values.get(name, "").strip()]
    if unsent and call.settings.send_mail_by_default:
        call.warn("mail_not_switched_off", f"{', '.join(unsent)} not sent as false: the user gets e-mail")
    declare_fields(call, *_CREATE_FIELDS)


def _warn_about_ignored(call: Call, user: User, membership: Membership, profile: rules.Profile) -> None:
    """Warn about fields that differ from those of the existing account, and were ignored."""
    if membership.external_institution_id != profile.external_institution_id:
        call.warn(
            "external_id_ignored",
            f"the account exists with external id {membership.external_institution_id!r}; "
            f"{profile.external_institution_id!r} was ignored",
        )
    other: dict[str, tuple[str, str | None]] = {"full_name": (profile.full_name, user.full_name)}
    if profile.image is not None:
        other["profile_image"] = (profile.image, user.image)
    for name, (sent, has) in other.items():
        if sent != has:
            call.warn("profile_ignored", f"the account exists with {name} {has!r}; {sent!r} was ignored")


def _send_mails(call: Call, user: User, institution: Institution, mails: dict[str, bool]) -> None:
    subjects = {
        "password_email": "Your OpenLearning password",
        "welcome_email": f"Welcome to OpenLearning, {user.full_name}",
    }
    for kind, wanted in mails.items():
        if wanted:
            call.outbox.add(
                "email",
                provider=call.provider,
                kind=kind,
                to=user.primary_email_address,
                at=call.clock.now(),
                subject=subjects[kind],
                body=f"{user.full_name}, {institution.name} has created an OpenLearning account for you.",
                data={"user_id": user.id, "institution_id": institution.id},
            )


def listing(call: Call) -> Response:
    """The institution's managed accounts: all, or the one with an `external_institution_id`."""
    me = credentials.caller(call)
    institution = credentials.administered(call, me)
    wanted = call.query.get("external_institution_id")
    if wanted is None:
        users = call.store.users.find("managed_by", institution.id)
    else:
        found = call.store.user_by_external_id(institution.id, wanted)
        users = [found] if found is not None and found.managed_by == institution.id else []
        if not users:
            call.warn("no_match", f"no managed user has the external id {wanted!r}; the list is empty")
    rows = [(user, place) for user in users if (place := call.store.membership(institution.id, user.id)) is not None]
    return paged(call, rows, lambda row: shapes.managed_user(call, row[0], row[1], me))


def detail(call: Call) -> Response:
    """One managed account."""
    me = credentials.caller(call)
    institution = credentials.administered(call, me)
    user = credentials.user_in_path(call, me)
    if user.managed_by != institution.id:
        raise refusals.not_found("user", user.id)
    return wire.data(shapes.user(call, user, me))


# --- single sign-on ---
def sign_on(call: Call) -> Response:
    """Create a launch for an account: `url`, `method` and the signed `params` to post."""
    me = credentials.caller(call)
    institution = credentials.administered(call, me)
    user, external_id = _linked_user(call, institution)
    values = sent_fields(call)
    custom = {name: value for name, value in dict.items(values) if name.startswith("custom_")}
    declare_fields(call, *_SIGN_ON_FIELDS, *custom)
    if "class_id" in values and not values["class_id"]:
        call.warn("empty_class_id", "class_id is empty: the launch leads to no class")
    klass = _class(call, institution, values.get("class_id", ""))
    registration = call.store.institution_registration(institution.id)
    if registration is None:
        raise refusals.not_found("registration", institution.id)
    fields = _message(values, user, external_id, institution, klass) | custom
    issued = lti.issue(call, institution, registration, fields)
    return wire.data({"url": issued.url, "method": "POST", "params": issued.params})


def _linked_user(call: Call, institution: Institution) -> tuple[User, str]:
    reference = call.path_params["user_id"]
    user = call.store.users.get(reference)
    if user is None:
        raise refusals.not_found("user", reference, call.store.kind_of(reference))
    membership = call.store.membership(institution.id, user.id)
    if membership is None:
        raise refusals.not_found("user", reference, "user")
    if membership.external_institution_id is None:
        raise refusals.no_external_id(reference)
    return user, membership.external_institution_id


def _class(call: Call, institution: Institution, class_id: str) -> Class | None:
    if not class_id:
        return None
    klass = call.store.classes.get(class_id)
    if klass is None:
        raise refusals.not_found("class", class_id, call.store.kind_of(class_id))
    if call.store.institution_of_class(klass) != institution.id:
        raise refusals.not_found("class", class_id, "class")
    return klass


def _message(
    values: dict[str, str], user: User, external_id: str, institution: Institution, klass: Class | None
) -> dict[str, str | None]:
    context = klass.id if klass else values.get("context_id") or None
    title = klass.title if klass else values.get("context_title") or None
    roles = [role.strip() for role in values.get("roles", "").split(",") if role.strip()]
    return {
        "resource_link_id": values.get("resource_link_id") or (klass.id if klass else institution.id),
        "user_id": external_id,
        "lis_person_sourcedid": external_id,
        "lis_person_name_full": user.full_name,
        "lis_person_contact_email_primary": user.primary_email_address or None,
        "user_image": user.image,
        "roles": ",".join(roles) or "Learner",
        "context_id": context,
        "context_title": title if context else None,
        "context_type": "CourseSection" if context else None,
        "tool_consumer_instance_guid": institution.id,
        "tool_consumer_info_product_family_code": lti.PRODUCT_FAMILY,
        "launch_presentation_return_url": values.get("return_url") or None,
    }


ROUTES: tuple[Route, ...] = (
    *api(
        ("POST",),
        "/institutions/{institution_id}/managed-users/",
        create,
        evidence="documented",
        source=f"{GUIDE} (1.2); {CORRECT_SERVICE} (`data.id`)",
        summary="Create or find a managed account",
        body=request_body(
            {
                "full_name!": "the person's name",
                "external_institution_id!": "your own key of the user",
                "primary_email_address!": "e-mail address",
                "profile_image": "URL of a picture",
                "send_password_email": "false, or the user gets an e-mail with a password",
                "send_welcome_email": "false, or the user gets a welcome e-mail",
            }
        ),
    ),
    *api(
        ("GET",),
        "/institutions/{institution_id}/managed-users/",
        listing,
        evidence="observed",
        source=f"{STATUS_REPORT} (members of an item are chosen)",
        summary="Managed accounts, also by `external_institution_id`",
        query={
            "external_institution_id": "your own key of the user",
            "page": "from 1",
            "itemsPerPage": "items per page",
        },
    ),
    *api(
        ("GET",),
        "/institutions/{institution_id}/managed-users/{user_id}/",
        detail,
        evidence="chosen",
        source="",
        summary="One managed account",
    ),
    *api(
        ("POST",),
        "/institutions/{institution_id}/managed-users/{user_id}/sign-on/",
        sign_on,
        evidence="documented",
        source=f"{GUIDE} (2)",
        summary="Create a signed launch",
        body=request_body(
            {
                "class_id": "class to launch and enrol in",
                "context_id": "LTI context, used without a class_id",
                "context_title": "title of that context",
                "return_url": "where the class page may link back to",
                "roles": "comma-separated LTI roles (Learner)",
                "resource_link_id": "LTI resource link",
            }
        ),
    ),
)
