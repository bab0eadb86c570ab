"""Imports of what a student information system (SIS) knows."""
