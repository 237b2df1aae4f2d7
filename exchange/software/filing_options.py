"""Options of adapters for document-management systems: the account, the fields, the states.

The names of fields that stand here are what docs/adapters.md tells administrators to prepare; software with
other names is told so in the options, field by field.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from exchange.adapter import Options
from exchange.core.filed import FiledName, LetterName, StatusCode, with_defaults
from exchange.http_client import checked_url
from exchange.secret import SecretSource

FILED: Final[Mapping[FiledName, str]] = {
    "code": "so_ky_hieu",
    "promulgated_on": "ngay_ban_hanh",
    "type_name": "loai_van_ban",
    "sender_code": "ma_noi_gui",
    "sender_name": "noi_gui",
    "receivers": "noi_nhan",
    "signer": "nguoi_ky",
}
LETTERS: Final[Mapping[LetterName, str]] = {
    "code": "so_ky_hieu",
    "promulgated_on": "ngay_ban_hanh",
    "type_name": "loai_van_ban",
    "receivers": "noi_nhan",
    "signer_name": "nguoi_ky",
}

# Our field's name: their field's; single ones are changed, and an empty one is left out.
FiledFields = Annotated[
    Mapping[FiledName, str],
    AfterValidator(lambda given: with_defaults(given, FILED)),
    Field(default=FILED, validate_default=True),
]
States = Mapping[str, StatusCode]  # their state: the business status that it means


class LettersOptions(BaseModel):
    """What marks a document that is to be sent."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    title: ClassVar[str]  # what the software calls a document's title
    fields: Mapping[LetterName, str] = Field(default={})

    @property
    def names(self) -> dict[LetterName, str]:
        """Our fields' names, and theirs."""
        return with_defaults(self.fields, {**LETTERS, "subject": self.title})


class FilingOptions(Options):
    """One installation, and what the broker reads and writes there."""

    url: Annotated[str, AfterValidator(checked_url)]
    fields: FiledFields
    states: States
    reported: str = "Liên thông: đã báo {code}"  # what marks a document whose status was sent
    days: int = Field(default=90, ge=1)  # so far back states are looked at after a start
    ca_file: Path | None = None  # CAs to trust instead of the system's, PEM
    connections: int = Field(default=4, ge=1, le=10)  # kept open, and used at the same time
    bytes_max: int = Field(default=100_000_000, gt=0)  # of one file that is collected


class AccountOptions(FilingOptions):
    """The account that the broker works as."""

    user: str
    password: SecretSource
