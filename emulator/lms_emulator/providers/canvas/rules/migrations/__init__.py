"""Content that moves between courses, into them and out of them."""
