"""The code in docs/adapters.md, for tests that run it."""

import re
from pathlib import Path

DOCUMENT = Path(__file__).parents[1] / "docs" / "adapters.md"


def block(section: str, language: str) -> str:
    """The one block in this language of one section."""
    _, _, rest = DOCUMENT.read_text("utf-8").partition(f"\n## {section}\n")
    [found] = re.findall(rf"^```{language}\n(.*?)^```$", rest.partition("\n## ")[0], re.DOTALL | re.MULTILINE)
    return str(found)
