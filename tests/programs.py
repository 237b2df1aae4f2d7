"""Programs of others that tests ask for a second opinion: without one a test is left out, but not in CI."""

import os
import shutil

import pytest

PACKAGES = {"xmlsec1": "xmlsec1", "pdfsig": "poppler-utils", "chromium": "chromium"}  # of Debian


def needs(program: str) -> pytest.MarkDecorator:
    """Leave the test out where the program is missing. In CI it runs, and fails."""
    missing = shutil.which(program) is None and not os.environ.get("CI")
    return pytest.mark.skipif(missing, reason=f"{program} is missing: apt-get install {PACKAGES[program]}")
