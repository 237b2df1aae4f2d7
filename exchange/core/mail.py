"""E-mail addresses: which ones notices can be sent to."""

import re

# RFC 5321 4.1.2 without quoted local parts and address literals, and without what some servers take for
# more than one address; lengths by 4.5.3.1.
_ADDRESS = re.compile(
    r"(?=.{3,254}$)[A-Za-z0-9_+'-]+(\.[A-Za-z0-9_+'-]+)*@"
    r"([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
_LOCAL_MAX = 64


def is_address(text: str) -> bool:
    """Whether it is one plain e-mail address, such as ``vanthu@phuyen.gov.vn``."""
    return _ADDRESS.fullmatch(text) is not None and len(text.partition("@")[0]) <= _LOCAL_MAX
