"""The ledger's tree in the report."""

import statistics
from collections.abc import Sequence

from bench.ledger import BATCH, SEQUENCE_BATCH, SEQUENCE_SECONDS, Accepting, Figures

_LINES = """\
- T1 alone, {batch} documents in each, without HTTP and signatures: {alone} documents/s.
- T1 with sequencing in a thread beside it, every {every:g} s, up to {most:,} entries at once:
  {beside} documents/s; the longest T1 took {beside_most:.0f} ms, {alone_most:.0f} ms alone.
- T4: {sequence_us:.1f} us of processor time for an entry, of {sequenced:,}.
- A proof out of {tree:,} entries ({tiles:,.0f} MiB of tiles, {hashes} hashes): {proof_ms:.2f} ms in the
  middle of 200, {proof_most_ms:.2f} ms at most.
- Offline: {rehashed:,} entries taken out of their bundles, hashed and put into one tree:
  {rate:,.0f} a second."""


def section(found: Figures) -> str:
    """What was measured, as a list in Markdown."""
    return _LINES.format(
        batch=BATCH,
        every=SEQUENCE_SECONDS,
        most=SEQUENCE_BATCH,
        alone=_rates(found.alone),
        beside=_rates(found.beside),
        alone_most=max(each.most_ms for each in found.alone),
        beside_most=max(each.most_ms for each in found.beside),
        sequence_us=found.sequence_us,
        sequenced=found.sequenced,
        tree=found.scale.tree,
        tiles=found.tiles_bytes / 2**20,
        hashes=found.proof_hashes,
        proof_ms=found.proof_ms,
        proof_most_ms=found.proof_most_ms,
        rehashed=found.scale.rehashed,
        rate=found.rehashed_rate,
    )


def _rates(rounds: Sequence[Accepting]) -> str:
    rates = [each.rate for each in rounds]
    return f"{statistics.median(rates):,.0f} ({min(rates):,.0f}-{max(rates):,.0f})"
