"""Settings: the only reader of configuration files and of the environment.

Order, later wins: ``config/default.toml``, the file named by ``EXCHANGE_CONFIG``, then variables
``EXCHANGE_<NAME>``. Nothing has a default here that is not said in ``config/default.toml``.
"""

import os
import re
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from exchange import resources
from exchange.core.note import NotANote
from exchange.core.standing import Mode
from exchange.core.witnessing import Cosigner

Share = Annotated[float, Field(ge=0, le=1)]
KeyName = Annotated[str, Field(pattern=r"^[^\s+\x00-\x1f]*$")]  # of a signed note (C2SP); "" is none


class Settings(BaseSettings):
    """Everything that a site may choose; each is explained in ``config/default.toml``."""

    model_config = SettingsConfigDict(env_prefix="EXCHANGE_", extra="forbid", frozen=True)

    # where things are
    data: Path
    database_url: str
    queue_url: str
    host: str
    port: PositiveInt
    metrics_port: NonNegativeInt
    api_processes: PositiveInt
    # who the broker is
    broker_name: str
    authorities: Path | None
    # the ledger's tree
    log_origin: KeyName
    sequence_seconds: PositiveFloat
    sequence_batch_max: PositiveInt
    # time-stamps over it
    tsa_url: str
    tsa_certificates: Path | None
    stamp_every_seconds: PositiveFloat
    stamp_timeout_seconds: PositiveFloat
    stamp_age_alarm_hours: PositiveFloat
    stamp_age_refuse_hours: NonNegativeFloat
    # witnesses of it
    witnesses: tuple[str, ...]
    cosign_every_seconds: PositiveFloat
    witness_timeout_seconds: PositiveFloat
    # signatures
    verifier: Literal["signxml", "bergshamra", "both"]
    schema_name: Literal["edxml-strict.xsd", "edxml-lenient.xsd"]
    clock_skew_seconds: PositiveFloat
    signing_age_days_max: PositiveInt
    # revocation of certificates, and their end
    revocation: Mode
    revocation_hosts: tuple[str, ...]
    revocation_proxy: str
    revocation_every_hours: PositiveFloat
    revocation_timeout_seconds: PositiveFloat
    revocation_bytes_max: PositiveInt
    certificate_warning_days: PositiveInt
    # signatures in attached PDFs
    pdf_authorities: Path | None
    pdf_findings: bool
    findings_at_intake_bytes_max: NonNegativeInt
    pdf_processes: PositiveInt
    pdf_seconds_max: PositiveFloat
    pdf_memory_bytes_max: PositiveInt
    # limits at the door
    document_bytes_max: PositiveInt
    body_seconds: PositiveFloat
    receiving_bytes_max: PositiveInt
    depth_max: PositiveInt
    attachments_max: PositiveInt
    receivers_max: PositiveInt
    rate_per_minute: PositiveInt
    secret_marks: tuple[str, ...]
    # pages
    web_address: str
    proxy_addresses: tuple[str, ...]
    session_idle_minutes: PositiveFloat
    session_hours: PositiveFloat
    # storage
    payload_inline_bytes_max: NonNegativeInt
    payload_unreferred_hours: NonNegativeInt
    commit_batch_max: PositiveInt
    commit_queue_max: PositiveInt
    database_statement_seconds: PositiveFloat
    database_lock_seconds: PositiveFloat
    # by what time is measured
    holidays: Path | None
    # delivery
    workers: PositiveInt
    agency_concurrency: PositiveInt
    adapter_timeout_seconds: PositiveFloat
    backoff_first_seconds: PositiveFloat
    backoff_most_seconds: PositiveFloat
    backoff_jitter: Share
    expiry_hours: PositiveFloat
    receipt_expiry_hours: PositiveFloat
    head_start_seconds: PositiveFloat
    lease_seconds_max: PositiveFloat
    poll_seconds: PositiveFloat
    sweep_seconds: PositiveFloat
    stop_seconds: PositiveFloat

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then environment, then the site's file, then the defaults."""
        site = os.environ.get("EXCHANGE_CONFIG")
        files = [TomlConfigSettingsSource(settings_cls, Path(site))] if site else []
        return (init_settings, env_settings, *files, _Defaults(settings_cls))

    @model_validator(mode="after")
    def _time_can_be_proven(self) -> "Settings":
        if self.tsa_url and not self.tsa_url.startswith(("http://", "https://")):
            raise ValueError("tsa_url must begin with http:// or https://")
        if self.tsa_url and self.tsa_certificates is None:
            raise ValueError("tsa_url needs tsa_certificates: a time-stamp must lead to a trusted root")
        if 0 < self.stamp_age_refuse_hours <= self.stamp_age_alarm_hours:
            raise ValueError(
                "stamp_age_refuse_hours must be above stamp_age_alarm_hours: the alarm comes first"
            )
        return self

    @field_validator("witnesses")
    @classmethod
    def _witnesses_can_be_asked(cls, witnesses: tuple[str, ...]) -> tuple[str, ...]:
        try:
            known = [Cosigner.parse(each) for each in witnesses]
        except NotANote as error:
            raise ValueError(f"each must be '<key> <address>': {error}") from None
        if len({each.vkey.name for each in known}) != len(known):
            raise ValueError("two witnesses have one name")
        return witnesses

    @cached_property
    def secure_cookies(self) -> bool:
        """Whether browsers come over https: always, but where the broker answers this machine alone."""
        if self.web_address:
            return self.web_address.startswith("https://")
        return self.host not in ("127.0.0.1", "::1", "localhost")

    @cached_property
    def resolved_database_url(self) -> str:
        """The database to use: the one given, or SQLite in the data folder."""
        return self.database_url or f"sqlite:///{self.data / 'exchange.sqlite'}"

    @cached_property
    def resolved_log_origin(self) -> str:
        """The log's name: the one given, or the broker's without what no key's name may have."""
        name = re.sub(r"[\s+]+", "-", self.broker_name)
        return self.log_origin or f"{name}/ledger"


_FILES = {"authorities", "holidays", "pdf_authorities", "tsa_certificates"}  # "" is none


class _Defaults(PydanticBaseSettingsSource):
    """``config/default.toml``, wherever the package carries it."""

    def get_field_value(self, field: object, field_name: str) -> tuple[object, str, bool]:  # noqa: ARG002
        return None, field_name, False

    def __call__(self) -> dict[str, object]:
        values = tomllib.loads(resources.read("config", "default.toml").decode())
        return {key: (None if value == "" and key in _FILES else value) for key, value in values.items()}


def load(**overrides: object) -> Settings:
    """Read all sources; raises pydantic's ``ValidationError`` naming each wrong or missing setting."""
    return Settings(**overrides)  # type: ignore[arg-type]
