"""Secrets of adapters are read from where the directory says, and named by their option alone."""

from pathlib import Path

import pytest

from exchange.adapter import Options
from exchange.secret import SecretSource, secret, secrets_in


class Account(Options):
    password: SecretSource


def test_a_secret_stands_in_a_file_or_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text("mật khẩu rất dài\n", "utf-8")
    monkeypatch.setenv("STC_PASSWORD", "khác hẳn")
    for source, found in (
        (f"file:{tmp_path / 'password'}", "mật khẩu rất dài"),
        ("env:STC_PASSWORD", "khác hẳn"),
    ):
        assert secret("password", Account.read({"password": source}).password) == found


def test_a_secret_that_stands_in_the_option_itself_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match=r"'password'.*file:PATH or env:NAME") as caught:
        Account.read({"password": "mật khẩu"})
    assert "mật khẩu" not in str(caught.value)


@pytest.mark.parametrize("source", ["file:khong-co", "file:.", "env:EXCHANGE_KHONG_CO"])
def test_a_secret_that_is_not_there_is_told_by_its_option(source: str) -> None:
    with pytest.raises(ValueError, match=r"'password'"):
        secret("password", Account.read({"password": source}).password)


def test_an_empty_secret_is_none(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(" \n")
    with pytest.raises(ValueError, match=r"'password'.*empty"):
        secret("password", Account.read({"password": f"file:{tmp_path / 'password'}"}).password)


def test_an_option_that_is_slightly_wrong_is_answered_with_the_right_one() -> None:
    with pytest.raises(ValueError, match=r"'pasword' is not known.*did you mean 'password'"):
        Account.read({"password": "env:X", "pasword": "y"})


def test_the_secrets_of_options_are_found_however_deep_they_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STC_PASSWORD", "khác hẳn")
    nested = {"url": "http://x", "outgoing": {"accounts": [{"password": "env:STC_PASSWORD"}, "env:KHONG_CO"]}}
    assert secrets_in(nested) == ("khác hẳn",)
