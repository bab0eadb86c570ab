"""The rules of the course-facing APIs: who may see what, what an enrolment does, what a grade is. No HTTP."""
