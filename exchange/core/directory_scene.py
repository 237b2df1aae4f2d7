"""The directory as it would be after an import: the lines' agencies among those that are there already."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property

from exchange.core.directory import Agency, Directory
from exchange.core.directory_problems import Row, Words


class Scene:
    """What is judged, and the lines of each agency that the file names."""

    def __init__(self, rows: Sequence[Row], existing: Directory, unread: frozenset[str]) -> None:
        self._rows = {row.agency.code: row for row in rows}
        self.agencies: Mapping[str, Agency] = {agency.code: agency for agency in existing} | {
            row.agency.code: row.agency for row in rows
        }
        self.unread = unread  # nobody is an orphan for want of these

    def line(self, agency: Agency, standing: int = -1) -> int:
        """The line of one of an agency's ``standings``, of the newest if not told; 0: the file has none."""
        row = self._rows.get(agency.code)
        return row.lines[standing] if row is not None else 0

    def touched(self, *agencies: Agency) -> bool:
        """Whether the file has a part in it: what was wrong before is not held against it."""
        return any(agency.code in self._rows for agency in agencies)

    def missing(self, code: str, on: date) -> tuple[Words, Words]:
        """Why ``code`` is no key, and what to write in its place."""
        key = self._key_of_alias.get(code)
        if key is not None:
            alias = Words("is an alias", "là mã phụ")
            return alias, Words(f"Write the key {key}.", f"Ghi mã chính {key}.")
        lacks = Words("is not in the directory", "không có trong danh bạ")
        near = self._directory.nearest(code, on, most=1)
        if not near:
            return lacks, Words("Correct it, or add a line for it.", "Sửa lại, hoặc thêm dòng cho mã này.")
        meant = self.agencies[self._key_of_alias.get(near[0], near[0])]
        named = f"{meant.code} ({meant.name})"
        return lacks, Words(f"Write {named}, if that is meant.", f"Nếu đúng ý thì ghi {named}.")

    @cached_property
    def _directory(self) -> Directory:
        return Directory(self.agencies.values())

    @cached_property
    def _key_of_alias(self) -> Mapping[str, str]:
        return {alias.code: agency.code for agency in self.agencies.values() for alias in agency.aliases}
