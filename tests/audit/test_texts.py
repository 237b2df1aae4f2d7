"""The findings and docs/audit.md say the same. ``python -m tests.audit.test_texts`` writes the table anew."""

import re
import string
from pathlib import Path

from exchange.audit.finding import Exit
from exchange.audit.output import VERDICTS
from exchange.audit.texts import TEXTS
from exchange.audit.wording import PROVEN, REFUSED, UNCHECKED

FILE = Path(__file__).parents[2] / "docs" / "audit.md"
TABLE = re.compile(r"^\| code \| result \|.*\Z", re.MULTILINE | re.DOTALL)


def table() -> str:
    lines = ["| code | result | English | Tiếng Việt |", "|---|---|---|---|"]
    for code, text in TEXTS.items():
        english, vietnamese = f"{text.en} {text.remedy}".strip(), f"{text.vi} {text.remedy_vi}".strip()
        lines.append(f"| `{code}` | {text.status} | {english} | {vietnamese} |")
    return "\n".join([*lines, ""])


def test_the_table_of_findings_is_that_of_the_code() -> None:
    written = TABLE.search(FILE.read_text(encoding="utf-8"))
    up_to_date = written is not None and written[0] == table()
    assert up_to_date, "write it anew: python -m tests.audit.test_texts"


def test_the_exit_codes_are_documented() -> None:
    page = FILE.read_text(encoding="utf-8")
    for exit_ in Exit:
        assert f"| {exit_.value} | {VERDICTS[exit_][1]} |" in page


def test_both_languages_say_the_same_things_and_what_to_do() -> None:
    for code, text in TEXTS.items():
        assert places(text.vi) == places(text.en), code
        assert places(text.remedy_vi) == places(text.remedy), code
        assert bool(text.remedy_vi) == bool(text.remedy), code
        assert (text.status in (REFUSED, UNCHECKED)) <= bool(text.remedy), f"{code} says not what to do"
        assert text.status is not PROVEN or not text.remedy, code


def places(text: str) -> set[str]:
    """What is filled in, whatever the language of the value."""
    return {name.removesuffix("_vi") for _, name, _, _ in string.Formatter().parse(text) if name}


if __name__ == "__main__":
    FILE.write_text(TABLE.sub(lambda _: table(), FILE.read_text(encoding="utf-8")), encoding="utf-8")
