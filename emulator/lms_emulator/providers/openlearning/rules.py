"""Rules for provisioning accounts, enrolments, courses and classes."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from msgspec.structs import replace

from lms_emulator.core.clock import Clock
from lms_emulator.core.ids import Ids
from lms_emulator.providers.openlearning import refusals
from lms_emulator.providers.openlearning.model import (
    Class,
    Course,
    Enrolment,
    Institution,
    Membership,
    OpenLearningStore,
    Program,
    User,
    folded,
)


class Profile(NamedTuple):
    """A user's details as the integrator sent them."""

    full_name: str
    external_institution_id: str
    primary_email_address: str
    image: str | None = None


class Provisioned(NamedTuple):
    """The result of provisioning. `created` is False if the account already existed; it is unchanged then."""

    user: User
    membership: Membership
    created: bool


def provision(
    store: OpenLearningStore, ids: Ids, clock: Clock, institution: Institution, profile: Profile
) -> Provisioned:
    """Create the managed account, or find the one with this e-mail address.

    An existing account of the institution is not changed (the guide: "this operation has no effect"). An address that
    belongs to an account elsewhere is refused (observed), and so is an external id in use (chosen).
    """
    wanted = folded(profile.primary_email_address)
    existing = store.users.first("email", wanted) if wanted else None
    if existing is not None:
        membership = store.membership(institution.id, existing.id)
        if membership is None:
            raise refusals.email_not_managed(profile.primary_email_address)
        return Provisioned(existing, membership, created=False)
    holder = store.user_by_external_id(institution.id, profile.external_institution_id)
    if holder is not None:
        raise refusals.external_id_in_use(profile.external_institution_id, institution.id, holder.id)
    user = store.users.put(
        User(
            id=ids.object_id(clock.timestamp()),
            full_name=profile.full_name,
            profile_name=free_profile_name(store, ids, profile.full_name),
            primary_email_address=profile.primary_email_address,
            image=profile.image,
            managed_by=institution.id,
        )
    )
    membership = store.memberships.put(
        Membership(institution=institution.id, user=user.id, external_institution_id=profile.external_institution_id)
    )
    return Provisioned(user, membership, created=True)


def free_profile_name(store: OpenLearningStore, ids: Ids, full_name: str) -> str:
    """An unused profile name: the letters and digits of the name, with a number if that is in use."""
    from unicodedata import normalize

    stem = re.sub(r"[^a-z0-9]+", "", normalize("NFKD", full_name).lower())[:24] or "user"
    name = stem
    while store.users.first("profile_name", name) is not None:
        name = f"{stem}{ids.digits(6)}"
    return name


Role = Literal["learner", "instructor"]


def enrol(store: OpenLearningStore, ids: Ids, clock: Clock, user: User, klass: Class, role: Role) -> Enrolment:
    """Enrol the user in the class, or change the role of an existing enrolment."""
    enrolment = store.enrolment(user.id, klass.id)
    if enrolment is None:
        now = clock.now()
        enrolment = Enrolment(
            id=ids.object_id(now.timestamp()),
            user=user.id,
            course=klass.course,
            class_id=klass.id,
            role=role,
            created_at=now,
        )
    elif enrolment.role == role:
        return enrolment
    return store.enrolments.put(replace(enrolment, role=role))


def enrol_in_program(store: OpenLearningStore, ids: Ids, clock: Clock, user: User, program: Program) -> Enrolment:
    """Enrol the user in the program."""
    now = clock.now()
    return store.enrolments.put(
        Enrolment(id=ids.object_id(now.timestamp()), user=user.id, program=program.id, created_at=now)
    )


def create_course(store: OpenLearningStore, ids: Ids, clock: Clock, course: Course) -> Class:
    """Add a course with the default class that every course gets. Returns the class.

    In both captured examples that class is titled `Class of <year>` and was created a few seconds after its course.
    """
    store.courses.put(course)
    now = clock.now()
    title = f"Class of {now.year}"
    return store.classes.put(
        Class(
            id=ids.object_id(now.timestamp() + 3),
            course=course.id,
            title=title,
            path=class_path(title),
            created_by=course.created_by,
        )
    )


def class_path(title: str) -> str:
    """A class's name in v1 paths: its title without white space (`First Class` becomes `FirstClass`)."""
    return "".join(title.split())
