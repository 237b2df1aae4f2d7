"""The README and the pages in docs/ speak of what is there, and their examples run."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.client_broker import running
from tests.province import FINANCE, OFFICE

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def test_the_example_for_developers_runs(tmp_path: Path) -> None:
    [example] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    with running(tmp_path) as site:
        names = {
            "token": site.province.secrets[OFFICE],
            "signed_document": site.province.document(OFFICE, FINANCE, at=datetime.now(UTC)),
        }
        code = "\n".join(line.removeprefix("  ") for line in example.splitlines())
        exec(code.replace("http://127.0.0.1:8080", site.url), names)
        assert names["acceptance"].id  # type: ignore[attr-defined]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_everything_on_the_code_map_is_there() -> None:
    code_map = README.split("## Code map")[1].split("```")[1]
    names = re.findall(r"(?:^|\s)((?:exchange|adapters|schemas|config)/[\w/.]*|\w+\.py)", code_map)
    assert len(names) > 12
    for name in names:
        assert (ROOT / name).exists() or (ROOT / "exchange" / name).exists(), name


def test_the_tests_that_the_promises_name_are_there() -> None:
    promises = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/.]+)`", promises)
    assert len(named) > 5
    for name in named:
        assert (ROOT / name).exists(), name


def test_every_make_target_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for page in PAGES:
        for target in re.findall(r"`make (\w+)", page.read_text(encoding="utf-8")):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
