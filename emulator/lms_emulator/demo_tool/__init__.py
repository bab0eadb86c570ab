"""A tiny application behind LTIAAS, as an integrator would write it: launched from an LMS, it shows who came, and
connects to the LMS's own API to list that user's courses. Run it with `lms-emulator demo-tool`.

It knows nothing of the emulator but addresses and an API key (`config.py`), so it would work against the real sites.
"""
