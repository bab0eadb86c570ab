"""Tokens of Pearson's eventing, which authenticate subscribers and deliveries.

    token = principalId "|" timestamp "|" hex(CMAC-AES(secret, timestamp data))

`data` is the concatenated values of a subscription, its id, or the parts of a message.
Source: PearsonDevelopersNetwork/LearningStudio-Libraries-Eventing-Java, EventingClient.
"""

from lms_emulator.signing.cmac import cmac_aes
from lms_emulator.signing.pearson import Malformed

SIGNED_FIELDS = ("CLIENT", "CLIENT-STRING", "SYSTEM", "SUB-SYSTEM", "CALLBACK-URL", "TAGS", "MESSAGE-TYPE")
"""The fields of a new subscription, in signing order."""


def token(principal_id: str, secret: str, timestamp: str, data: str) -> str:
    """The token for `data`. Raises ValueError for a secret that is not an AES key."""
    return f"{principal_id}|{timestamp}|{cmac_aes(secret.encode(), (timestamp + data).encode()).hex()}"


def parse(text: str) -> tuple[str, str]:
    """The principal and the timestamp of a token. Raises Malformed."""
    parts = text.split("|")
    if len(parts) != 3 or not all(parts):
        raise Malformed("a token has three parts between pipes: principal, timestamp, MAC")
    return parts[0], parts[1]
