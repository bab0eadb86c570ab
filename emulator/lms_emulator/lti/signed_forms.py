"""The form of an LTI 1.1 launch as a platform sends it: right, or altered by what is armed for it.

Source: 1EdTech LTI Implementation Guide 1.1, 4.2.
"""

from __future__ import annotations

from lms_emulator.lti.launches import explain
from lms_emulator.lti.platform import CallT
from lms_emulator.lti.records import LastSignedLaunch
from lms_emulator.lti.signed_altering import SignedDraft


def sent(call: CallT, url: str, fields: dict[str, str], secret: str) -> dict[str, str]:
    """The fields that the browser posts.

    Parameters:
        url: as it was signed.
        fields: a complete, signed form.
    """
    key = fields["oauth_consumer_key"]
    queue = call.store.armed_signed_launches
    armed = next((item for item in queue if item.consumer_key in (None, key)), None)
    if armed is None:
        call.store.last_signed_launches.put(LastSignedLaunch(consumer_key=key, fields=fields))
        return fields
    queue.delete(armed.id)
    explain(call, armed.wrong)
    last = call.store.last_signed_launches.get(key)
    draft = SignedDraft(fields=dict(fields), secret=secret, earlier=last.fields if last is not None else None)
    armed.wrong.alter(draft)
    return draft.form(url)
