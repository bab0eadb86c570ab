"""LearningStudio's records and tables. No HTTP."""
