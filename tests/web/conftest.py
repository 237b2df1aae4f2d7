"""Fixtures of the pages' tests."""

from tests.web.browser import browser_page, chromium, sample_site, site
from tests.web.stock import stock

__all__ = ["browser_page", "chromium", "sample_site", "site", "stock"]
