"""`python -m lms_emulator.command` is `lms-emulator` too."""

import sys

from lms_emulator.command.main import main

sys.exit(main())
