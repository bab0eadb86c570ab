"""Canvas: OAuth2, the REST API, and the platform side of LTI 1.3."""

from lms_emulator.providers.canvas.provider import Canvas

provider = Canvas()
