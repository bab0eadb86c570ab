"""LTI 1.3 between an LMS and LTIAAS, which is the tool: launches, deep linking, registration, services."""
