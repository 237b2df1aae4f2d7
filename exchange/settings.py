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
from urllib.parse import urlsplit

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
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
from exchange.core.mail import is_address
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
    second_factor_roles: tuple[Literal["administrator", "auditor", "clerk"], ...]
    sign_ins_free: PositiveInt
    person_rate_per_minute: PositiveInt
    drafts_max: PositiveInt
    sign_in_lock_minutes_most: PositiveFloat
    oidc_issuer: str
    oidc_client_id: str
    oidc_client_secret: SecretStr
    oidc_client_secret_file: Path | None
    oidc_claim: str
    oidc_label: str
    desk_keys: Path | None
    # storage
    payload_inline_bytes_max: NonNegativeInt
    payload_unreferred_hours: NonNegativeInt
    commit_batch_max: PositiveInt
    commit_queue_max: PositiveInt
    database_statement_seconds: PositiveFloat
    database_lock_seconds: PositiveFloat
    # by what figures are measured
    holidays: Path | None
    targets: Path | None
    recount_hour: Annotated[int, Field(ge=0, le=23)]
    # alarms
    alarm_every_seconds: PositiveFloat
    alarm_raise_seconds: NonNegativeFloat
    alarm_end_minutes: NonNegativeFloat
    alarm_reminder_hours: PositiveFloat
    alarm_mail_to: tuple[str, ...]
    alarm_webhook_url: str
    alarm_webhook_secret: SecretStr
    alarm_webhook_secret_file: Path | None
    alarm_message_minutes: NonNegativeFloat
    alarm_unreachable_minutes: PositiveFloat
    alarm_late_hours: tuple[PositiveFloat, PositiveFloat, PositiveFloat, PositiveFloat, PositiveFloat]
    alarm_witness_minutes: PositiveFloat
    alarm_queue_max: NonNegativeInt
    alarm_queue_minutes: PositiveFloat
    alarm_disk_free_percent: Annotated[float, Field(ge=0, lt=80)]
    alarm_sign_ins_max: NonNegativeInt
    alarm_account_sign_ins_max: NonNegativeInt
    alarm_dead_letters_max: NonNegativeInt
    alarm_process_minutes: PositiveFloat
    # e-mail, and notices to agencies
    mail_host: str
    mail_port: PositiveInt
    mail_security: Literal["starttls", "tls", "none"]
    mail_ca_file: Path | None
    mail_user: str
    mail_password: SecretStr
    mail_password_file: Path | None
    mail_from: str
    mail_timeout_seconds: PositiveFloat
    notice_hours_max: PositiveFloat
    notice_days_kept: PositiveFloat
    notice_waiting_after_minutes: NonNegativeFloat
    notice_waiting_every_minutes: PositiveFloat
    daily_list_hour: Annotated[int, Field(ge=0, le=23)]
    # delivery
    workers: PositiveInt
    agency_concurrency: PositiveInt
    adapter_timeout_seconds: PositiveFloat
    backoff_first_seconds: PositiveFloat
    backoff_most_seconds: PositiveFloat
    backoff_jitter: Share
    breaker_failures: PositiveInt
    breaker_open_seconds_most: PositiveFloat
    expiry_hours: PositiveFloat
    receipt_expiry_hours: PositiveFloat
    head_start_seconds: PositiveFloat
    lease_seconds_max: PositiveFloat
    axis_window_seconds: PositiveFloat
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

    @model_validator(mode="after")
    def _notices_can_be_sent(self) -> "Settings":
        wrong = [each for each in self.alarm_mail_to if not is_address(each)]
        if wrong:
            raise ValueError(f"alarm_mail_to: {wrong[0]!r} is no e-mail address")
        if self.alarm_mail_to and not self.mail_host:
            raise ValueError("alarm_mail_to needs mail_host: a server that takes the mails")
        if self.mail_host and not is_address(self.mail_from):
            raise ValueError("mail_host needs mail_from: the e-mail address that notices come from")
        if self.mail_user and self.mail_security == "none":
            raise ValueError(
                "mail_user needs mail_security starttls or tls: no password goes out in the clear"
            )
        return self

    @model_validator(mode="after")
    def _webhook_can_be_called(self) -> "Settings":
        if not self.alarm_webhook_url:
            return self
        if not self.alarm_webhook_url.startswith(("http://", "https://")):
            raise ValueError("alarm_webhook_url must begin with http:// or https://")
        if self.alarm_webhook_secret_file is None and not self.alarm_webhook_secret.get_secret_value():
            raise ValueError("alarm_webhook_url needs alarm_webhook_secret_file: what it gets is signed")
        return self

    @model_validator(mode="after")
    def _persons_can_come_from_elsewhere(self) -> "Settings":
        if not self.oidc_issuer:
            return self
        if not self.oidc_client_id:
            raise ValueError("oidc_issuer needs oidc_client_id, as the provider registered this exchange")
        if not self.web_address:
            raise ValueError("oidc_issuer needs web_address: the provider sends browsers back there")
        local = urlsplit(self.oidc_issuer).hostname in ("127.0.0.1", "::1", "localhost")
        if not self.oidc_issuer.startswith("https://") and not local:
            raise ValueError("oidc_issuer must begin with https://")
        return self

    @field_validator("web_address")
    @classmethod
    def _an_address_without_a_path(cls, address: str) -> str:
        parts = urlsplit(address)
        if address and (parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/")):
            raise ValueError("must be like https://exchange.example, without a path")
        return address.rstrip("/")

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
    def resolved_oidc_client_secret(self) -> str:
        """The one given, or the file's; raises ``OSError`` when that cannot be read."""
        if self.oidc_client_secret_file is None:
            return self.oidc_client_secret.get_secret_value()
        return self.oidc_client_secret_file.read_text().strip()

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


_FILES = {
    *("authorities", "desk_keys", "holidays", "pdf_authorities", "targets", "tsa_certificates"),
    *("alarm_webhook_secret_file", "mail_ca_file", "mail_password_file", "oidc_client_secret_file"),
}  # "" is none


class _Defaults(PydanticBaseSettingsSource):
    """``config/default.toml``, wherever the package carries it."""

    def get_field_value(self, field: object, field_name: str) -> tuple[object, str, bool]:  # noqa: ARG002
        return None, field_name, False

    def __call__(self) -> dict[str, object]:
        values = defaults()
        return {key: (None if value == "" and key in _FILES else value) for key, value in values.items()}


def defaults() -> dict[str, object]:
    """What ``config/default.toml`` says of each setting."""
    return tomllib.loads(resources.read("config", "default.toml").decode())


def load(**overrides: object) -> Settings:
    """Read all sources; raises pydantic's ``ValidationError`` naming each wrong or missing setting."""
    return Settings(**overrides)  # type: ignore[arg-type]
