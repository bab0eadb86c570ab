"""What `GET /_emulator/info` returns for OpenLearning."""

from __future__ import annotations

import msgspec

from lms_emulator.core.info import ProviderInfo
from lms_emulator.providers.openlearning.call import LAUNCH_PATH
from lms_emulator.providers.openlearning.model import Class, Course, OpenLearningStore
from lms_emulator.providers.openlearning.settings import OpenLearningSettings


class Account(msgspec.Struct, kw_only=True):
    """An account with an external id in the institution."""

    id: str = ""
    external_institution_id: str = ""
    email: str = ""
    full_name: str = ""


class V1(msgspec.Struct, kw_only=True):
    """Credentials for HTTP Basic, and the path of an existing course."""

    username: str = ""
    password: str = ""
    course_path: str = ""


class Info(ProviderInfo, kw_only=True):
    """Credentials and ids for tests; those that the world lacks are empty.

    Attributes:
        api_key: of an administrator of `institution_id` without permissions in `other_institution_id`.
        member_api_key: of an account that administers nothing.
        other_api_key: of the administrator of `other_institution_id`.
        class_id, other_class_id: two classes of `course_id`.
        foreign_class_id: a class of the other institution.
        managed_user: managed by the institution, enrolled nowhere.
        staff_user: holds Institution Staff.
        unmanaged_email: of an account outside the institution.
        context_id: an LTI context mapped to `other_class_id`.
        consumer_key, consumer_secret, launch_url: to sign a launch oneself.
    """

    api_key: str = ""
    member_api_key: str = ""
    other_api_key: str = ""
    institution_id: str = ""
    other_institution_id: str = ""
    course_url: str = ""
    course_id: str = ""
    class_id: str = ""
    other_class_id: str = ""
    foreign_class_id: str = ""
    program_id: str = ""
    context_id: str = ""
    managed_user: Account = msgspec.field(default_factory=Account)
    staff_user: Account = msgspec.field(default_factory=Account)
    unmanaged_email: str = ""
    consumer_key: str = ""
    consumer_secret: str = ""
    launch_url: str = ""
    v1: V1 = msgspec.field(default_factory=V1)


def describe(store: OpenLearningStore, settings: OpenLearningSettings, bases: dict[str, str]) -> Info:
    """Describe the first institution that has an administrator with an API key."""
    info = Info(base_urls=bases)
    info.launch_url = (settings.web_base_url.rstrip("/") or info.url) + LAUNCH_PATH
    for key in store.api_keys:
        administered = [m.institution for m in store.memberships.find("user", key.user) if m.role == "administrator"]
        if not administered:
            info.member_api_key = info.member_api_key or key.key
        elif not info.institution_id:
            info.api_key, info.institution_id = key.key, administered[0]
        elif not info.other_institution_id and info.institution_id not in administered:
            info.other_api_key, info.other_institution_id = key.key, administered[0]
    if info.institution_id:
        _add_courses(store, info)
        _add_people(store, info)
        _add_registration(store, info)
    return info


def _add_courses(store: OpenLearningStore, info: Info) -> None:
    course, classes = _first_course(store, info.institution_id)
    if course is not None:
        info.course_url = f"https://www.openlearning.com/{course.institution}/courses/{course.slug}/"
        info.course_id = course.id
        info.v1.course_path = course.slug
        info.class_id, info.other_class_id = ([klass.id for klass in classes] + ["", ""])[:2]
    _, foreign = _first_course(store, info.other_institution_id)
    info.foreign_class_id = foreign[0].id if foreign else ""
    info.program_id = next((p.id for p in store.programs if p.institution == info.institution_id), "")
    mappings = (m.context_id for m in store.context_mappings if m.institution == info.institution_id)
    info.context_id = next(mappings, "")


def _first_course(store: OpenLearningStore, institution: str) -> tuple[Course | None, list[Class]]:
    course = store.courses.first("institution", institution)
    return course, store.classes_of(course.id) if course else []


def _add_people(store: OpenLearningStore, info: Info) -> None:
    for membership in store.memberships:
        user = store.users.get(membership.user)
        if membership.institution != info.institution_id or user is None:
            continue
        if user.username and user.password and membership.role == "administrator" and not info.v1.username:
            info.v1.username, info.v1.password = user.username, user.password
        if membership.external_institution_id is None:
            continue
        account = Account(
            id=user.id,
            external_institution_id=membership.external_institution_id,
            email=user.primary_email_address,
            full_name=user.full_name,
        )
        if membership.role != "member":
            info.staff_user = info.staff_user if info.staff_user.id else account
        elif user.managed_by == info.institution_id and not info.managed_user.id:
            info.managed_user = account
    outside = (
        user.primary_email_address
        for user in store.users
        if user.primary_email_address and store.membership(info.institution_id, user.id) is None
    )
    info.unmanaged_email = next(outside, "")


def _add_registration(store: OpenLearningStore, info: Info) -> None:
    registration = store.institution_registration(info.institution_id)
    if registration is not None:
        info.consumer_key, info.consumer_secret = registration.consumer_key, registration.secret
