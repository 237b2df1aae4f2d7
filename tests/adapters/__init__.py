"""Tests of the adapters; the shared suite's assertions explain themselves like those of a test file."""

import pytest

for module in ("conformance", "drop_folder", "lines"):
    pytest.register_assert_rewrite(f"tests.adapters.{module}")
