"""Adapters against the real software that agencies have: ``make test-real``."""
