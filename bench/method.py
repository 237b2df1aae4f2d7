"""How the figures were made: what a reader needs to believe or to repeat them."""

import statistics

from bench.documents import Size
from bench.machine import Machine
from bench.results import Results

BUSY = 0.10  # above this share of the machine used by others, a figure is marked

_DOCUMENTS = """\
Documents: edXML of 48 elements with one base64 attachment, enveloped RSA-2048/SHA-256, exclusive C14N,
signed before the clock runs, each with its own id and content."""

_DURABILITY = """\
Durability: every `202` follows a commit in SQLite, WAL, `synchronous=FULL`. After each run the rows in
the database are counted against the answers, and what the sink took where the plain stack delivers;
what is missing is "lost"."""

_PLAIN_STACK = """\
Plain stack: FastAPI on uvicorn (uvloop, httptools), signxml, xmlschema, lxml, one SQLModel commit for
each document, an acceptance signed by signxml; key, certificate, schema and client in memory. "Delivers",
as one would write it: the schema types the attachment as xs:base64Binary, and after the commit the document
is posted to the sink by a kept httpx client, before the answer. "Accept only", as kind as we could make it:
the broker's own schema, where the attachment is a string, and no delivery."""

_LOAD = """\
Load: one process on the same cores, {generator_us:.0f} us of processor time for each post of 2 KB. Closed
loop for documents a second; open loop for the answer's time, counted from when each document was due.
Each server is driven by as many connections as suit it best: more make the plain stack's threads wait for
each other. They are opened one by one under load, so that they spread over a server's processes; documents
a second are counted from when all are open."""

_ROUNDS = """\
Rounds: {rounds}. The servers take turns, each on an empty database; ratios are formed within a round.
Figures are medians, with the lowest and the highest round. "Others' load" is the largest share of all
cores that neither server, load nor sink used in a run; above {busy:.0%} it is marked with `!`."""

_BUDGET = """\
Where the time goes: each step by itself over 640 documents in one process, 16 in a transaction. Reports over
ten million exchanges are measured by `python -m bench --part report` alone: filling a database takes long."""

_JOURNEY = """\
To the receipt: from the first post until every document was delivered by webhook to a sink on the same
cores and its receipt was committed, as seen in the database. 8 receivers in turn."""


def write(results: Results, machine: Machine) -> str:
    """The method as a list in Markdown."""
    lines = [
        f"Machine: {machine.cores} cores ({machine.processor}), {machine.memory_gib} GiB,"
        f" Linux {machine.kernel}, {machine.file_system}.",
        f"Disk: appending 8 KB with fdatasync takes {machine.sync_us} us, in the middle of 200.",
        f"Software: Python {machine.python}, SQLite {machine.sqlite}, {machine.packages}.",
        _DOCUMENTS,
        _DURABILITY,
        _PLAIN_STACK,
        _LOAD.format(generator_us=generator_us(results)),
        _JOURNEY,
        _BUDGET,
        _ROUNDS.format(rounds=results.scale.rounds, busy=BUSY),
    ]
    return "\n".join("- " + line.replace("\n", "\n  ") for line in lines)


def generator_us(results: Results) -> float:
    """Processor time of the load generator for each small document, in the middle of all runs."""
    samples = [sample for accept in results.accepts if accept.size is Size.SMALL for sample in accept.samples]
    return statistics.median(
        sample.load.generator_seconds / max(1, sample.load.posted) * 1e6 for sample in samples
    )
