"""A world, its file, journal, outbox and faults."""
