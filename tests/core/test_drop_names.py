"""Names of files in a drop folder."""

from hypothesis import given
from hypothesis import strategies as st

from exchange.core.drop_names import file_name


@given(document_id=st.text(max_size=300), key=st.text(min_size=1, max_size=100))
def test_every_name_is_harmless_on_every_file_system(document_id: str, key: str) -> None:
    name = file_name(document_id, key, "document")
    assert len(name) < 200
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")
    assert name[0].isalnum()


def test_keys_that_differ_in_case_are_two_files_everywhere() -> None:
    names = [file_name("x", key, "document").lower() for key in ("AbC", "abc")]
    assert names[0] != names[1]
