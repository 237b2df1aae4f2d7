"""Which way imports run, what the core may touch, and the rules of the house: read from the sources.

Each rule is a function from parsed modules to complaints, and is tried on a small illegal module of
its own: a rule that cannot fail protects nothing. A new room of ``exchange`` gets its place in
``LAYERS`` (or ``APART``) here, in the change that builds it.
"""

import ast
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import FunctionType

import pytest

ROOT = Path(__file__).parents[1]

# Top first. A room imports from its own layer and from those below, never from above.
LAYERS = (
    ("cli", "__main__"),
    ("server",),
    ("app",),
    ("api", "web", "worker"),
    ("sweep",),
    (
        "intake",
        "asking",
        "alarms",
        "noticing",
        "sending",
        "dispatch",
        "evidence",
        "closing",
        "confirm",
        "cosigning",
        "counting",
        "collect",
        "collecting",
        "desk",
        "expiring",
        "knowledge",
        "paper",
        "paper_import",
        "recounting",
        "revocation",
        "tidy",
        "people",
        "pickup",
        "pulse",
        "preflight",
        "retry",
        "sequencing",
        "stamping",
        "timeline",
        "verification",
        "reports",
    ),
    ("checks", "findings", "bringing"),
    (
        *(
            "breakers",
            "context",
            "connections",
            "receipts",
            "receiving",
            "registry",
            "liveness",
            "keys",
            "stamp_age",
        ),
        *("pdfs", "pdf_evidence", "mailing"),
    ),
    ("metrics",),
    ("ledger", "payloads", "queue"),
    ("logs", "version", "dated_files", "targets", "working_days"),
    (
        "tables",
        "alarm_tables",
        "axis_tables",
        "desk_tables",
        "people_tables",
        "share_tables",
        "adapter",
        "settings",
        "resources",
        "ids",
        "posting",
        "http_client",
        "software",
        "secret",
        "conformance",
        "pdf_process",
    ),
    ("core",),
)
TABLES = {"tables", "alarm_tables", "axis_tables", "desk_tables", "people_tables", "share_tables"}
# Rooms beside the layers, and all that each may import of ours; only the top uses them.
APART = {
    "client": {"core"},
    "audit": {"core"},
    "witness": {"core"},
    "migrations": {*TABLES, "settings", "core"},
}
ALSO_USED_BY = {"audit": {"verification"}}  # what an auditor sees, asked of the exchange itself
DEMO = "demo"  # plays every part of the world around the broker: may import anything
TOP = {"cli", "__main__", DEMO}

ADAPTERS_SEE = {"adapter", "core", "http_client", "secret", "software"}

CORE_IMPORTS = {
    # of the standard library: what computes; io for buffers in memory
    *("abc", "base64", "binascii", "bisect", "collections", "contextlib", "copy", "csv", "dataclasses"),
    *("datetime", "decimal", "difflib", "email", "enum", "functools", "hashlib", "heapq", "hmac"),
    *("io", "ipaddress"),
    *("itertools", "json", "math", "operator", "re", "statistics", "string", "struct", "textwrap"),
    *("types", "typing"),
    *("unicodedata", "uuid", "zipfile", "zlib", "__future__"),
    # of others
    *("lxml", "xmlschema", "signxml", "cryptography", "pybergshamra", "pybase64", "rfc3161_client"),
    *("asn1crypto", "pyhanko", "pyhanko_certvalidator"),
}
CORE_CALLS_NEVER = re.compile(
    r"""^(open|print|input|exec|eval|breakpoint|__import__)$
    |^(io\.open|os\..*|sys\..*|time\..*|random\..*|secrets\..*|socket\..*|logging\..*)$
    |^(.*\.)?(uuid1|uuid4|read_bytes|read_text|write_bytes|write_text|generate_private_key)$
    |^etree\.parse$""",
    re.VERBOSE,
)
CLOCK = re.compile(r"(^|\.|_)(date|datetime|dt)\.(now|utcnow|today)$")
CONFIGURATION_READERS = {"tomllib", "configparser", "dotenv", "pydantic_settings", "yaml"}

LINES_MAX = 400
FUNCTION_LINES_MAX = 60
NAMES_NEVER = {"utils", "util", "helpers", "helper", "managers", "manager", "base", "common", "misc"}


@dataclass(frozen=True, slots=True)
class Module:
    """One parsed source file under its dotted name."""

    name: str
    tree: ast.Module
    lines: int = 0
    package: bool = False

    @property
    def room(self) -> str:
        """The part of the house: ``exchange.core.edxml`` is of the room ``core``."""
        return room_of(self.name)

    @property
    def ours(self) -> bool:
        return self.name.split(".")[0] in ("exchange", "adapters")


def room_of(dotted: str) -> str:
    parts = dotted.split(".")
    return parts[1] if parts[0] == "exchange" and len(parts) > 1 else f"{parts[0]}/"


def sample(name: str, source: str) -> Module:
    return Module(name, ast.parse(source))


@cache
def files() -> tuple[Path, ...]:
    """What is tracked or about to be; without git, everything outside hidden folders."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    if not paths:
        paths = [path for path in ROOT.rglob("*") if not hidden(path)]
    return tuple(sorted(path for path in paths if path.is_file()))


def hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(ROOT).parts)


@cache
def modules() -> tuple[Module, ...]:
    return tuple(read(path) for path in files() if path.suffix == ".py")


def read(path: Path) -> Module:
    text = path.read_text(encoding="utf-8")
    parts = path.relative_to(ROOT).with_suffix("").parts
    package = parts[-1] == "__init__"
    name = ".".join(parts[:-1] if package else parts)
    return Module(name, ast.parse(text, str(path)), text.count("\n"), package)


def imports(module: Module) -> Iterator[tuple[int, str]]:
    """Every import, those inside functions too: the line, and the dotted name of what is imported."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = origin(module, node)
            yield from ((node.lineno, f"{start}.{alias.name}") for alias in node.names)


def origin(module: Module, node: ast.ImportFrom) -> str:
    """The absolute name of the module that ``from … import`` names, relative ones resolved."""
    if not node.level:
        return node.module or ""
    up = node.level - 1 if module.package else node.level
    parts = module.name.split(".")
    return ".".join([*parts[: len(parts) - up], *([node.module] if node.module else [])])


def calls(module: Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def attributes(module: Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            yield node.lineno, ast.unparse(node)


# --- the rules ---


def wrong_directions(parsed: Iterable[Module]) -> list[str]:
    """Imports that run upwards, or into a room that the importing one must not see."""
    return [
        f"{module.name}:{line} imports {name}"
        for module in parsed
        if module.ours
        for line, name in imports(module)
        if name.split(".")[0] in ("exchange", "adapters", "tests", "bench") and not may_import(module, name)
    ]


def may_import(module: Module, name: str) -> bool:
    here, there = module.room, room_of(name)
    if there in ("tests/", "bench/", "exchange/") or here == "exchange/":
        return False
    if here == DEMO:
        return True
    if here == "adapters/":
        return there in ADAPTERS_SEE
    if there == "adapters/":
        return here == "app"
    if here in APART:
        return there in APART[here] | {here}
    if there in APART or there == DEMO:
        return here in TOP | ALSO_USED_BY.get(there, set())
    return depth(here) <= depth(there)


def depth(room: str) -> int:
    """The layer's number from the top; a room without a place counts as lowest, ``homeless`` names it."""
    return next((number for number, rooms in enumerate(LAYERS) if room in rooms), len(LAYERS))


def homeless(parsed: Iterable[Module]) -> list[str]:
    """Rooms of ``exchange`` that the table does not place."""
    placed = {room for rooms in LAYERS for room in rooms} | set(APART) | {DEMO}
    rooms = {module.room for module in parsed if module.name.startswith("exchange.")}
    return [f"exchange.{room} has no place in LAYERS" for room in sorted(rooms - placed)]


def circles(parsed: Iterable[Module]) -> list[str]:
    """Modules that import each other in a circle, also where a function hides the import."""
    known = {module.name: module for module in parsed if module.ours}
    graph = {
        name: {nearest(target, known) for _, target in imports(known[name])} - {name, ""} for name in known
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [" -> ".join(reversed(error.args[1]))]
    return []


def nearest(dotted: str, known: dict[str, Module]) -> str:
    """The known module that ``dotted`` lies in: ``exchange.core`` for ``exchange.core.codes``, if need be."""
    while dotted and dotted not in known:
        dotted = dotted.rpartition(".")[0]
    return dotted


def pure(name: str) -> bool:
    """Whether the core may import it; of urllib only what computes."""
    return name.split(".", maxsplit=1)[0] in CORE_IMPORTS or name.startswith("urllib.parse.")


def impurities(parsed: Iterable[Module]) -> list[str]:
    """What the core reaches for outside its arguments."""
    found = []
    for module in parsed:
        if module.room != "core":
            continue
        foreign = [(line, name) for line, name in imports(module) if not name.startswith("exchange.")]
        found += [(module, line, name) for line, name in foreign if not pure(name)]
        found += [(module, line, name) for line, name in calls(module) if CORE_CALLS_NEVER.search(name)]
        found += [(module, line, name) for line, name in attributes(module) if CLOCK.search(name)]
    return [f"{module.name}:{line} uses {name}" for module, line, name in found]


def transactions_elsewhere(parsed: Iterable[Module]) -> list[str]:
    """Transactions begun or committed outside the ledger (and the migrations, which make its tables).

    Those of ``software`` are in other people's databases.
    """
    return [
        f"{module.name}:{line} calls {name}"
        for module in parsed
        if module.ours and module.room not in ("ledger", "migrations", "software")
        for line, name in calls(module)
        if name.endswith((".begin", ".begin_nested", ".commit"))
    ]


def kombu_elsewhere(parsed: Iterable[Module]) -> list[str]:
    return [
        f"{module.name}:{line} imports {name}"
        for module in parsed
        if module.ours and module.room != "queue"
        for line, name in imports(module)
        if name.split(".")[0] in ("kombu", "amqp")
    ]


def settings_elsewhere(parsed: Iterable[Module]) -> list[str]:
    """Readings of the environment or of configuration outside ``settings`` and ``secret``; the demo sets up
    processes.
    """
    found = []
    for module in parsed:
        if not module.ours or module.room in ("settings", "secret", DEMO):
            continue
        found += [(module, line, name) for line, name in imports(module) if reads_configuration(name)]
        found += [(module, line, name) for line, name in attributes(module) if reads_configuration(name)]
    return [f"{module.name}:{line} uses {name}" for module, line, name in found]


def reads_configuration(name: str) -> bool:
    return (
        name in ("os.environ", "os.environb", "os.getenv") or name.partition(".")[0] in CONFIGURATION_READERS
    )


def tables_elsewhere(parsed: Iterable[Module]) -> list[str]:
    return [
        f"{module.name}:{node.lineno} makes the table {node.name}"
        for module in parsed
        if module.ours and module.room not in TABLES
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and any(keyword.arg == "table" for keyword in node.keywords)
    ]


def late_loading(parsed: Iterable[Module]) -> list[str]:
    """Modules loaded by a computed name, which no import rule can see: only ``connections`` may,
    for adapters, and the command, for its own parts."""
    return [
        f"{module.name}:{line} calls {name}"
        for module in parsed
        if module.ours and module.room not in {"connections", "cli"}
        for line, name in calls(module)
        if name.split(".")[-1] in ("import_module", "__import__")
    ]


def too_long(parsed: Iterable[Module]) -> list[str]:
    found = []
    for module in parsed:
        if module.lines > LINES_MAX and not module.name.startswith("tests"):
            found.append(f"{module.name}: {module.lines} lines")
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or node.lineno) - node.lineno + 1
                if size > FUNCTION_LINES_MAX:
                    found.append(f"{module.name}:{node.lineno} {node.name}: {size} lines")
    return found


def empty_names(parsed: Iterable[Module]) -> list[str]:
    """Modules whose name says nothing of what is in them."""
    return [module.name for module in parsed if NAMES_NEVER & set(module.name.split("."))]


def undescribed(parsed: Iterable[Module]) -> list[str]:
    return [
        module.name
        for module in parsed
        if not module.name.startswith("tests") and not ast.get_docstring(module.tree)
    ]


Rule = Callable[[Iterable[Module]], list[str]]

# Each rule with the smallest modules that break it.
BREAKS: tuple[tuple[Rule, str, str], ...] = (
    (wrong_directions, "exchange.core.routing", "from exchange.tables import AgencyRow"),
    (wrong_directions, "exchange.core.routing", "from exchange import adapter"),
    (wrong_directions, "exchange.core.routing", "from ..settings import load"),
    (wrong_directions, "exchange.core.routing", "def plan():\n    import exchange.ledger"),
    (wrong_directions, "exchange.core.routing", "import exchange"),
    (wrong_directions, "exchange", "from exchange.ledger import record"),
    (wrong_directions, "exchange.tables", "from exchange.ledger import record"),
    (wrong_directions, "exchange.ledger.record", "from exchange import intake"),
    (wrong_directions, "exchange.dispatch", "from exchange.worker import run"),
    (wrong_directions, "exchange.api.documents", "if True:\n    from exchange import app"),
    (wrong_directions, "exchange.app", "from exchange.cli import main"),
    (wrong_directions, "exchange.dispatch", "import adapters.webhook"),
    (wrong_directions, "exchange.app", "from exchange.demo.authority import Authority"),
    (wrong_directions, "exchange.client", "from exchange.adapter import Outgoing"),
    (wrong_directions, "exchange.intake", "from tests import conftest"),
    (wrong_directions, "exchange.demo.province", "import tests.conftest"),
    (wrong_directions, "adapters.webhook", "from exchange import ledger"),
    (wrong_directions, "adapters.webhook", "from exchange.settings import Settings"),
    (wrong_directions, "adapters.webhook", "from adapters.folder import FolderAdapter"),
    (homeless, "exchange.cellar", ""),
    (impurities, "exchange.core.codes", "import os"),
    (impurities, "exchange.core.codes", "import requests"),
    (impurities, "exchange.core.codes", "from pathlib import Path"),
    (impurities, "exchange.core.codes", "def now():\n    from time import time"),
    (impurities, "exchange.core.codes", "open('codes.csv')"),
    (impurities, "exchange.core.codes", "print('hello')"),
    (impurities, "exchange.core.codes", "import io\nio.open('codes.csv')"),
    (impurities, "exchange.core.codes", "from datetime import datetime\ndatetime.now(tz)"),
    (impurities, "exchange.core.codes", "import datetime\nx = datetime.datetime.utcnow"),
    (impurities, "exchange.core.codes", "from datetime import date\ndate.today()"),
    (impurities, "exchange.core.codes", "import uuid\nuuid.uuid4()"),
    (impurities, "exchange.core.codes", "from lxml import etree\netree.parse('codes.xml')"),
    (transactions_elsewhere, "exchange.intake", "def submit(engine):\n    with engine.begin() as c: ..."),
    (transactions_elsewhere, "adapters.folder", "session.commit()"),
    (kombu_elsewhere, "exchange.worker", "from kombu import Connection"),
    (settings_elsewhere, "exchange.app", "import os\nos.environ['HOME']"),
    (settings_elsewhere, "exchange.cli", "from os import getenv"),
    (settings_elsewhere, "exchange.cli", "import tomllib"),
    (tables_elsewhere, "exchange.intake", "class Row(SQLModel, table=True): ..."),
    (late_loading, "exchange.dispatch", "import importlib\nimportlib.import_module(name)"),
    (too_long, "exchange.intake", "def submit():\n" + "    pass\n" * FUNCTION_LINES_MAX),
    (empty_names, "exchange.api.utils", ""),
    (empty_names, "tests.helpers", ""),
    (undescribed, "exchange.intake", "import json"),
)


def rule_and_source(case: object) -> str:
    return case.__name__ if isinstance(case, FunctionType) else str(case).partition("\n")[0]


@pytest.mark.parametrize(("rule", "name", "source"), BREAKS, ids=rule_and_source)
def test_a_rule_notices_what_breaks_it(rule: Rule, name: str, source: str) -> None:
    assert rule([sample(name, source)]), f"{rule.__name__} lets {name} do {source!r}"


def test_a_circle_of_imports_is_noticed_even_inside_a_function() -> None:
    dispatch = sample("exchange.dispatch", "def attempt():\n    from exchange.sweep import expire")
    assert circles([dispatch, sample("exchange.sweep", "from exchange import dispatch")])


def test_a_file_that_grew_too_long_is_noticed() -> None:
    assert too_long([Module("exchange.intake", ast.parse(""), LINES_MAX + 1)])


def test_what_the_design_allows_passes_every_rule() -> None:
    allowed = [
        sample(
            "exchange.core.codes", '"""Codes."""\nimport re\nfrom lxml import etree\nfrom . import refusal'
        ),
        sample("exchange.ledger", '"""The ledger."""\nfrom exchange.tables import Entry\nengine.begin()'),
        sample(
            "exchange.intake", '"""Intake."""\nfrom exchange import ledger\nfrom exchange.core import edxml'
        ),
        sample("exchange.queue", '"""Door-bells."""\nfrom kombu import Connection'),
        sample("exchange.cli", '"""Commands."""\nfrom exchange import app, client, demo'),
        sample(
            "exchange.connections",
            '"""Puts it together."""\nimport importlib\nimportlib.import_module("adapters.x")',
        ),
        sample("adapters.folder", '"""Folders."""\nimport os\nfrom exchange.adapter import Outgoing'),
    ]
    for rule in {rule for rule, _, _ in BREAKS} | {circles}:
        assert rule(allowed) == []


# --- the project under the rules ---


def hold(rule: Rule) -> None:
    complaints = rule(modules())
    assert not complaints, "\n".join(complaints)


def test_imports_run_one_way() -> None:
    hold(wrong_directions)


def test_every_room_has_its_place() -> None:
    hold(homeless)


def test_no_modules_import_each_other_in_a_circle() -> None:
    hold(circles)


def test_the_core_is_pure() -> None:
    hold(impurities)


def test_only_the_ledger_begins_and_commits() -> None:
    hold(transactions_elsewhere)


def test_only_the_queue_knows_kombu() -> None:
    hold(kombu_elsewhere)


def test_only_the_settings_read_environment_and_configuration() -> None:
    hold(settings_elsewhere)


def test_only_the_tables_module_defines_tables() -> None:
    hold(tables_elsewhere)


def test_only_the_composition_root_loads_modules_by_name() -> None:
    hold(late_loading)


def test_files_and_functions_stay_short() -> None:
    hold(too_long)


def test_modules_are_named_after_what_is_in_them() -> None:
    hold(empty_names)


def test_every_module_says_what_it_is_for() -> None:
    hold(undescribed)


# Written in pieces, so that this file does not contain what it looks for.
HOSTS = ("py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com", "deb.deb" + "ian.org")
MACHINE_PATH = re.compile(r"(?<![\w./])/(?:wo" + r"rk|t" + r"mp|ho" + r"me/\w+|ro" + r"ot/\.\w+)/")


def machine_traces(text: str) -> list[str]:
    """Names of package registries and paths that exist on one machine only."""
    found = [host for host in HOSTS if host in text]
    found += MACHINE_PATH.findall(text)
    if len(ROOT.parts) > 2 and f"{ROOT}/" in text:
        found.append(str(ROOT))
    return found


def test_traces_of_a_machine_are_noticed() -> None:
    for trace in (
        f"https://{HOSTS[1]}/a",
        'open("/t' + 'mp/a")',
        "cd /wo" + "rk/main",
        f"see {ROOT}/README.md",
    ):
        assert machine_traces(trace)
    for clean in (
        "/v1/wo" + "rk/",
        "https://example.org/tmp/",
        "//wo" + "rk/item",
        "homework/tmp/",
        "/var/lib/exchange",
    ):
        assert not machine_traces(clean)


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    found = {}
    for path in files():
        traces = machine_traces(path.read_bytes().decode("utf-8", errors="ignore"))
        if traces:
            found[str(path.relative_to(ROOT))] = traces
    assert found == {}


@pytest.mark.parametrize("folder", ["schemas", "config"])
def test_the_data_folders_hold_data(folder: str) -> None:
    sizes = {path.name: path.stat().st_size for path in files() if path.is_relative_to(ROOT / folder)}
    assert sizes, f"{folder} holds no file"
    assert all(sizes.values()), f"empty: {[name for name, size in sizes.items() if not size]}"
