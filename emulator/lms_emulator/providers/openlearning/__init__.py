"""OpenLearning: API v2.1 and v2.2, single sign-on by LTI 1.1, and the v1 provisioning API."""

from lms_emulator.providers.openlearning.provider import OpenLearningProvider

provider = OpenLearningProvider()
