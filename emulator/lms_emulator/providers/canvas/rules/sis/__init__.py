"""SIS imports."""
