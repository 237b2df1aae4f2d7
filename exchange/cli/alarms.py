"""``exchange alarm``: what is wrong now, and whether those who should hear of it do."""

from typing import Annotated

import typer

from exchange import settings
from exchange.alarms import targets
from exchange.app import build_context, open_database
from exchange.cli.say import console, fail, local, say, table
from exchange.ids import new_id
from exchange.ledger import alarms
from exchange.ledger.alarms import OpenAlarm
from exchange.ledger.notices import Letter, Notice
from exchange.mailing import Undeliverable
from exchange.sending import NotSent, lines

group = typer.Typer(help="Alarms: what is open, and a test of the ways they are told.", no_args_is_help=True)

_SUBJECT = "[{broker}] THỬ CẢNH BÁO / TEST ALARM"
_BODY = """Đây là thư thử: cảnh báo của {broker} tới được địa chỉ này. Không cần làm gì.

------------------------------------------------------------

This is a test: alarms of {broker} reach this address. Nothing is to be done.
"""


@group.command("list")
def list_(
    ended: Annotated[int, typer.Option(min=0, max=1000, help="Also so many of the last that are over.")] = 0,
) -> None:
    """Show what is open: since when, what it is, whether anybody was told, and what to do."""
    database = open_database(settings.load())
    with database.read() as connection:
        found = alarms.open_alarms(connection)
        over = alarms.ended_alarms(connection, ended) if ended else []
    rows = [(each, "told" if each.told else "not told") for each in found]
    rows += [(each, f"over {local(at)}") for each, at in over]
    if console.is_terminal:
        heads = ("severity", "since", "state", "alarm")
        table(heads, ((each.severity.value, local(each.since), state, _told(each)) for each, state in rows))
        return
    table(
        ("severity", "since", "state", "rule", "subject", "what", "do"),
        (
            (
                each.severity.value,
                local(each.since),
                state,
                each.rule.value,
                each.subject,
                f"{each.title_vi} / {each.title_en}. {each.detail_vi} / {each.detail_en}",
                f"{each.remedy_vi} / {each.remedy_en}",
            )
            for each, state in rows
        ),
    )


def _told(alarm: OpenAlarm) -> str:
    """For people at a terminal: what it is and what to do, in either language, below each other."""
    return (
        f"{alarm.rule.value} {alarm.subject}\n"
        f"{alarm.title_vi}. {alarm.detail_vi}\n→ {alarm.remedy_vi}\n"
        f"{alarm.title_en}. {alarm.detail_en}\n→ {alarm.remedy_en}\n"
    )


@group.command()
def test() -> None:
    """Send a test to everybody who is told of alarms, now, and say how each went."""
    chosen = settings.load()
    context = build_context(chosen, open_database(chosen))
    known, failures = targets(context), 0
    if not known:
        fail("nobody is told of alarms: set alarm_mail_to or alarm_webhook_url (docs/alarms.md)")
        raise typer.Exit(1)
    by_channel = {line.channel: line for line in lines(context)}
    body = {"mail": _BODY.format(broker=chosen.broker_name), "webhook": '{"test": true, "alarms": []}'}
    for target in known:
        now = context.now()
        letter = Letter(_SUBJECT.format(broker=chosen.broker_name), body[target.channel])
        notice = Notice(id=new_id(), kind="test", target=target, letter=letter, created_at=now, attempts=1)
        try:
            by_channel[target.channel].send(notice, now)
            say(f"{target.channel} {target.address}: đã gửi / sent")
        except (NotSent, Undeliverable) as error:
            fail(f"{target.channel} {target.address}: không gửi được / not sent: {error}")
            failures += 1
    raise typer.Exit(1 if failures else 0)
