"""The rules of the course-facing APIs: visibility, enrolment, grades. No HTTP."""
