"""E-mail addresses that notices can be sent to."""

import pytest

from exchange.core.mail import is_address


@pytest.mark.parametrize("text", ["a@b", "vanthu@phuyen.gov.vn", "van-thu.2+truc@xa-1.h45.gov.vn"])
def test_a_plain_address_is_one(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "a@", "@b.vn", "a@b.vn,c@d.vn", "a b@c.vn", "a@b@c.vn", ".a@b.vn", "a..b@c.vn"),
        *("a@b.vn\n", "a@b.vn\nBcc: c@d.vn", "<a@b.vn>", '"a"@b.vn', "a@[127.0.0.1]", "a@-b.vn", "a@b..vn"),
        *("ă@b.vn", "a@b.vn;", "a" * 65 + "@b.vn", "a@" + "b." * 130 + "vn"),
    ],
    ids=repr,
)
def test_anything_else_is_none(text: str) -> None:
    assert not is_address(text)
