"""How the form of an LTI 1.1 launch is altered: the building blocks of `signed_misbehaviour.NextSignedLaunch`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from lms_emulator.signing import lti11, oauth1


@dataclass(kw_only=True)
class SignedDraft:
    """A form before it is signed.

    Attributes:
        fields: the form's fields; the signature in it is replaced.
        secret: signs.
        earlier: the form of the tool's last launch; None before the first.
        signature: how the signature is made of URL and draft; None leaves it out.
        later: fields that are changed after signing; None removes one.
        again: a form that is posted as it is, instead of this one.
    """

    fields: dict[str, str]
    secret: str
    earlier: dict[str, str] | None = None
    signature: Callable[[str, SignedDraft], str | None] = field(default=lambda url, draft: draft.signed(url))
    later: dict[str, str] = field(default_factory=dict)
    again: dict[str, str] | None = None

    def signed(self, url: str) -> str:
        """The signature of the fields."""
        method = self.fields.get("oauth_signature_method", lti11.SIGNATURE_METHOD)
        return lti11.signature("POST", url, self.fields.items(), self.secret, method)

    def form(self, url: str) -> dict[str, str]:
        """The fields that the browser posts."""
        if self.again is not None:
            return self.again
        self.fields.pop(oauth1.SIGNATURE_FIELD, None)
        made = self.signature(url, self)
        return self.fields | ({oauth1.SIGNATURE_FIELD: made} if made is not None else {}) | self.later


AlterForm: TypeAlias = Callable[[SignedDraft], None]


def fields(**values: str | None) -> AlterForm:
    """Fields with other values; None leaves one out."""
    return replacing(values)


def replacing(values: Mapping[str, str | None]) -> AlterForm:
    def alter(draft: SignedDraft) -> None:
        kept = {**draft.fields, **values}
        draft.fields = {name: value for name, value in kept.items() if value is not None}

    return alter


def without(*names: str) -> AlterForm:
    return replacing(dict.fromkeys(names))


def only(values: Mapping[str, str]) -> AlterForm:
    """These fields alone, in this order, and those of OAuth, which are the launch's own."""

    def alter(draft: SignedDraft) -> None:
        own = {name: value for name, value in draft.fields.items() if name.startswith("oauth_")}
        draft.fields = dict(values) | own

    return alter


def other_secret(draft: SignedDraft) -> None:
    draft.secret = f"{draft.secret}-of-a-stranger"


def tampered(draft: SignedDraft) -> None:
    draft.later |= {"user_id": f"{draft.fields.get('user_id', '')}0", "roles": "Instructor"}


def unsigned(draft: SignedDraft) -> None:
    draft.signature = lambda _, __: None


def plaintext(draft: SignedDraft) -> None:
    """A signature that anybody can make, as it contains no secret."""
    draft.fields["oauth_signature_method"] = "PLAINTEXT"
    draft.signature = lambda _, __: "&"


def shifted(seconds: int) -> AlterForm:
    def alter(draft: SignedDraft) -> None:
        at = draft.fields.get("oauth_timestamp", "")
        if at.isdecimal():
            draft.fields["oauth_timestamp"] = str(max(1, int(at) + seconds))

    return alter


def replayed(draft: SignedDraft) -> None:
    draft.again = draft.earlier
    old_nonce(draft)


def old_nonce(draft: SignedDraft) -> None:
    if draft.earlier is not None:
        names = ("oauth_nonce", "oauth_timestamp")
        draft.fields |= {name: draft.earlier[name] for name in names if name in draft.earlier}
