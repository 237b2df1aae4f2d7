"""The persons of the sample, with passwords that are made anew each time."""

from dataclasses import dataclass

from exchange.context import Context
from exchange.demo.sample.places import COMMUNE, FINANCE
from exchange.ids import new_secret
from exchange.ledger.people import ADMINISTRATOR, AUDITOR, CLERK
from exchange.people.accounts import Wanted, create

PASSWORD_CHARACTERS = 14
PERSONS = (
    ("quantri", ADMINISTRATOR, "Nguyễn Thị Hạnh", ""),
    ("kiemtra", AUDITOR, "Trần Văn Minh", ""),
    ("vanthu", CLERK, "Lê Thị Thu", COMMUNE),
    ("vanthu.stc", CLERK, "Phạm Văn Bình", FINANCE),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in to the sample."""

    login: str
    password: str
    role: str
    agency: str


def persons(context: Context) -> list[Person]:
    """Make the accounts; each password is said here and nowhere else."""
    made = []
    for login, role, name, agency in PERSONS:
        password = new_secret()[:PASSWORD_CHARACTERS]
        create(context, Wanted(login=login, role=role, name=name, agency=agency), password)
        made.append(Person(login, password, role, agency))
    return made
