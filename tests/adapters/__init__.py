"""Tests of the adapters; the shared suite's assertions explain themselves like those of a test file."""

import pytest

pytest.register_assert_rewrite("tests.adapters.conformance")
