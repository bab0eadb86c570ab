"""What a LearningStudio system knows. No HTTP."""
