"""LTIAAS (LTI as a Service): launches, services and OAuth2 in front of an LMS."""

from lms_emulator.providers.ltiaas.provider import Ltiaas

provider = Ltiaas()
