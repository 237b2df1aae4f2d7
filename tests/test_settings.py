"""Settings: files and environment, in order, and wrong ones named."""

import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from exchange import resources
from exchange.core.note import is_name
from exchange.settings import Settings, load


def test_every_setting_has_its_default_in_the_shipped_file_and_none_elsewhere() -> None:
    shipped = tomllib.loads(resources.read("config", "default.toml").decode())
    assert set(shipped) == set(Settings.model_fields)
    assert all(field.is_required() for field in Settings.model_fields.values())


def test_the_site_s_file_wins_over_the_defaults_and_the_environment_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site.toml"
    site.write_text('port = 9000\nbroker_name = "Trục Phú Yên"\n', encoding="utf-8")
    monkeypatch.setenv("EXCHANGE_CONFIG", str(site))
    monkeypatch.setenv("EXCHANGE_PORT", "9001")
    chosen = load()
    assert (chosen.port, chosen.broker_name, chosen.verifier) == (9001, "Trục Phú Yên", "signxml")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("log_origin", "a blank"),
        ("log_origin", "a+plus"),
        ("sequence_seconds", 0),
        ("port", 0),
        ("verifier", "none"),
        ("backoff_jitter", 1.5),
        ("expiry_hours", -1),
        ("nonsense", 1),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: object) -> None:
    with pytest.raises(ValidationError, match=name):
        load(**{name: value})


KEY = "w.vn+4aaf1c83+BAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"


@pytest.mark.parametrize(
    ("witnesses", "why"),
    [
        (["w.vn http://127.0.0.1"], "name.hash.key"),
        ([f"{KEY} nowhere"], "not an address"),
        ([f"{KEY} http://a", f"{KEY} http://b"], "two witnesses have one name"),
    ],
)
def test_a_witness_that_cannot_be_asked_is_named(witnesses: list[str], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        load(witnesses=witnesses)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({}, "exchange/ledger"),
        ({"broker_name": "Trục  Phú Yên + 2"}, "Trục-Phú-Yên-2/ledger"),
        ({"broker_name": "x", "log_origin": "phuyen.gov.vn/ledger"}, "phuyen.gov.vn/ledger"),
    ],
)
def test_the_log_has_a_name_that_a_key_may_have(given: dict[str, str], name: str) -> None:
    assert load(**given).resolved_log_origin == name
    assert is_name(name)
