"""What the caller of a forbidden request is on the site and in the course that the path names."""

from __future__ import annotations

from lms_emulator.providers.openedx.call import Call, Caller


def why_not(x: Call) -> str | None:
    """For the journal: the platform says only that the caller may not. None for a caller who is nobody."""
    user = x.kept(Caller).user
    if user is None:
        return None
    course = next((str(value) for name, value in x.path_params.items() if name.startswith("course")), None)
    own = [one for one in x.store.course_roles if one.user == user.username]
    roles = [f"{one.role} of {one.course or one.org or 'the site'}" for one in own if one.course in (course, None)]
    flags = [name for name, held in (("staff", user.is_staff), ("superuser", user.is_superuser)) if held]
    site = " and ".join(flags) or "neither staff nor superuser"
    held = (
        f"has the role {', '.join(roles)}" if roles else "has no role" + (f" in {course}" if course else " in a course")
    )
    return f"{user.username} is {site} of the site, and {held}"
