"""docs/adapters.md says what is so: its examples of options are taken by the adapters."""

import importlib
import json
from pathlib import Path

import pytest

from tests.adapters_document import block


@pytest.mark.parametrize("section", ["Plone"])
def test_the_example_of_options_is_taken(section: str, tmp_path: Path) -> None:
    example = json.loads(block(section, "json"))
    password = tmp_path / "password"
    password.write_text("mat-khau")
    options = {**example["options"], "password": f"file:{password}"}
    importlib.import_module(f"adapters.{example['adapter']}").Adapter(options, 5).close()
