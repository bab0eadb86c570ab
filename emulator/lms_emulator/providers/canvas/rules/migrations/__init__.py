"""Content migrations, exports and imports."""
