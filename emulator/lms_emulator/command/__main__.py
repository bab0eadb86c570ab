"""Lets `python -m lms_emulator.command` run `lms-emulator`."""

import sys

from lms_emulator.command.main import main

sys.exit(main())
