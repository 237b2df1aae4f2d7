"""docs/axis.md: its commands run as they stand, and it names every call and every number."""

import re
from pathlib import Path

from typer.testing import CliRunner

from exchange.api.axis_calls import CALLS
from exchange.cli.root import root
from exchange.core import vxp
from exchange.core.refusal_texts import CATALOGUE
from tests.client_broker import running
from tests.province import FINANCE
from tests.test_time_document import run

PAGE = (Path(__file__).parents[1] / "docs" / "axis.md").read_text(encoding="utf-8")


def test_a_key_is_made_shown_once_used_by_the_example_and_revoked(tmp_path: Path) -> None:
    [commands] = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    [answer] = re.findall(r"```json\n(.*?)\n```", PAGE, re.DOTALL)
    with running(tmp_path) as site:
        settings = site.broker.context.settings
        environment = {
            "EXCHANGE_DATA": str(settings.data),
            "EXCHANGE_DATABASE_URL": settings.resolved_database_url,
        }

        def command(*words: str) -> str:
            result = CliRunner().invoke(root, ["axis", *words], env=environment)
            assert result.exit_code == 0, result.output
            return result.output.strip()

        key = command("create", "H45.VOFFICE", FINANCE)
        told = {"EXCHANGE_URL": site.url, "SYSTEM": "H45.VOFFICE", "KEY": key}
        assert run(commands, tmp_path, **told).stdout == answer
        listed = command("list")
        assert FINANCE in listed
        assert key not in listed
        [identity] = re.findall(r"\b[0-9a-f-]{32,36}\b", listed)
        command("revoke", identity)
        assert '"ErrorCode":"15"' in run(commands, tmp_path, **told).stdout


def test_every_call_and_every_number_is_described() -> None:
    for name in (*CALLS, "sendEdoc", "downloadEdoc"):
        assert f"`/{name}`" in PAGE
    numbers = {vxp.code_of(code) for code in CATALOGUE} | {vxp.OK}
    assert set(re.findall(r"^\| `(\d+)` \|", PAGE, re.MULTILINE)) == numbers
