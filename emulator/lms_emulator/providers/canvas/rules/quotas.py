"""How many bytes of files a context may hold, and how many of its files count.

Source: canvas-lms app/models/attachment.rb, get_quota, and the `quota` of account.rb, course.rb, group.rb and user.rb.
"""

from __future__ import annotations

from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, CanvasStore, Course, Group
from lms_emulator.providers.canvas.rules import files, groups
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.permissions import chain

DEFAULTS = {
    "default_storage_quota_mb": 500,
    "default_user_storage_quota_mb": 50,
    "default_group_storage_quota_mb": 50,
}
INHERITED = ("default_storage_quota_mb", "default_group_storage_quota_mb")
LEAST = 512
"""The minimum size with which a file counts against the quota."""


def default(api: Api, account: Account, name: str) -> int:
    """A default quota of an account in MB; most are inherited."""
    levels = chain(api.store, account.id) if name in INHERITED else [account]
    found: int = next((value for level in levels if (value := getattr(level, name)) is not None), DEFAULTS[name])
    return found


def of_course(api: Api, course: Course) -> int:
    """The course's own quota in MB, else that of its account."""
    account = api.store.accounts.get(course.account_id)
    assert account is not None, "the world file's references are checked when it is loaded"
    return course.storage_quota_mb or default(api, account, "default_storage_quota_mb")


def of_group(api: Api, group: Group) -> int:
    """The group's own quota in MB, else that of its account, or of its course's."""
    place = groups.home(api, groups.category_of(api, group))
    account = identifiers.account(api, place.account_id) if isinstance(place, Course) else place
    return group.storage_quota_mb or default(api, account, "default_group_storage_quota_mb")


def granted(api: Api, context: Context) -> int:
    """The quota of a context in bytes."""
    record = context.record
    if isinstance(record, Course):
        megabytes = of_course(api, record)
    elif isinstance(record, Group):
        megabytes = of_group(api, record)
    else:
        kind = "default_storage_quota_mb" if isinstance(record, Account) else "default_user_storage_quota_mb"
        megabytes = default(api, api.root, kind)
    return megabytes * 1024**2


def used(store: CanvasStore, context: Context, *, copies: bool = False) -> int:
    """The bytes that count against a context's quota: hidden files do not, nor what was submitted.

    Parameters: `copies`, whether to add those of copied files, which do not count either.
    """
    found = (file for file in files.files_of(store, context) if not file.hidden and (copies or not file.copied))
    sizes = (file.bytes_count for file in found if not files.submitted(store, file))
    return sum(max(LEAST, size) for size in sizes if size is not None)
