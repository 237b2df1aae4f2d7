"""The form of a crash: before what the process was at took effect, or after."""

import pytest

from tests.thorough import THOROUGH

FORMS = ("did nothing", "took effect")


@pytest.fixture(params=FORMS if THOROUGH else ["each on one database"])
def form(request: pytest.FixtureRequest, fatal: int, database_url: str) -> str:
    """At every point both, one on SQLite and the other on PostgreSQL, by turns; both on both if thorough."""
    if request.param in FORMS:
        return str(request.param)
    return FORMS[(fatal + database_url.startswith("postgresql")) % 2]
