"""Brightspace: OAuth2 with signed tokens, the REST API, and the platform side of LTI 1.3."""

from lms_emulator.providers.brightspace.provider import Brightspace

provider = Brightspace()
