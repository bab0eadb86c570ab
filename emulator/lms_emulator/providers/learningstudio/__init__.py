"""Pearson LearningStudio (eCollege): POST /token, OAuth 1.0a with CMAC-AES, and the resources around them."""

from lms_emulator.providers.learningstudio.provider import LearningStudio

provider = LearningStudio()
