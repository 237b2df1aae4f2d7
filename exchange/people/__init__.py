"""Persons who use the pages: how they sign in, and what they may."""
