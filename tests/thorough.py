"""How many examples: enough for every class of cases, or as many as a night allows.

``make test`` draws few examples; with ``EXCHANGE_TEST_THOROUGH=1`` every test that draws them draws many,
and every crash is tried in both forms on both databases.
"""

import os

THOROUGH = bool(os.environ.get("EXCHANGE_TEST_THOROUGH"))


def examples(few: int, many: int) -> int:
    """One of the two, as the run is to be."""
    return many if THOROUGH else few
