"""OpenLearning over HTTP."""
