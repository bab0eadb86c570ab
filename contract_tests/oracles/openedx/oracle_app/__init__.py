"""The glue between the libraries that the LMS writes itself: validator, JWT answers, bearer authentication, `me`."""
