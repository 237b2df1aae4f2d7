"""The tour of the pages: its pictures are there, small, and of pages that are there."""

import re
from pathlib import Path

from tests.web.pictures import PICTURES

DOCS = Path(__file__).parents[2] / "docs"
PICTURE_BYTES_MAX = 150_000


def test_every_picture_of_the_tour_is_there_and_small() -> None:
    named = set(re.findall(r"\(pictures/([\w-]+\.png)\)", (DOCS / "pages.md").read_text("utf-8")))
    assert named
    assert named <= {f"{name}.png" for name, *_ in PICTURES} | {"phone.png"}
    for name in named:
        assert 0 < (DOCS / "pictures" / name).stat().st_size < PICTURE_BYTES_MAX, name
