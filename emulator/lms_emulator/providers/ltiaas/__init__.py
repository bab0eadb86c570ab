"""LTIAAS (LTI as a Service): launches, services and OAuth2 in front of an LMS."""
