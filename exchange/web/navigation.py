"""The menu: which areas there are, and who sees them."""

from dataclasses import dataclass

from exchange.ledger.people import ADMINISTRATOR, AUDITOR, CLERK, ROLES

OVERSEERS = (ADMINISTRATOR, AUDITOR)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the menu: the key of its text, its address, who sees it, and what else belongs there."""

    key: str
    path: str
    roles: tuple[str, ...]
    besides: tuple[str, ...] = ()

    def has(self, path: str) -> bool:
        """Whether a page of this address belongs to the entry."""
        return any(path == each or path.startswith(f"{each}/") for each in (self.path, *self.besides))


# In the order in which they are shown; the first that a role has is its first page.
ENTRIES: tuple[Entry, ...] = (
    Entry("menu.overview", "/web/overview", OVERSEERS),
    Entry("menu.documents", "/web/documents", OVERSEERS),
    Entry("desk.title", "/web/desk", (CLERK,)),
    Entry("menu.incoming", "/web/incoming", (CLERK,), ("/web/register/incoming",)),
    Entry("menu.outgoing", "/web/outgoing", (CLERK,), ("/web/register/outgoing",)),
    Entry("send.title", "/web/send", (CLERK,), ("/web/compose", "/web/groups")),
    Entry("menu.agencies", "/web/agencies", OVERSEERS),
    Entry("menu.failures", "/web/failures", OVERSEERS),
    Entry("menu.reports", "/web/reports", OVERSEERS),
    Entry("menu.paper", "/web/paper", (CLERK,)),
    Entry("menu.ledger", "/web/ledger", OVERSEERS),
    Entry("menu.acts", "/web/acts", OVERSEERS),
    Entry("menu.accounts", "/web/accounts", (ADMINISTRATOR,)),
    Entry("menu.settings", "/web/settings", OVERSEERS),
    Entry("frame.account", "/web/account", ROLES),
)


def entries_for(role: str) -> list[Entry]:
    """What this role sees."""
    return [entry for entry in ENTRIES if role in entry.roles]
