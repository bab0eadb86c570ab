"""`python -m lms_emulator`."""

import sys

from lms_emulator.cli import main

sys.exit(main())
