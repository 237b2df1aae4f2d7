"""Fixtures of the pages' tests."""

from tests.web.browser import browser_page, chromium, sample_site, site

__all__ = ["browser_page", "chromium", "sample_site", "site"]
