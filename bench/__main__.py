"""``python -m bench``: measure, print the tables, and write ``docs/performance.md``."""

import argparse
import signal
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from bench import evidence, ledger_report, machine, measure, report, share_report
from bench.sink import Sink

_ROOT = Path(__file__).parent.parent
_DOCUMENT = _ROOT / "docs" / "performance.md"
_RUNS = _ROOT / "var" / "bench"  # on the disk that a broker would use: memory would make syncing free


def main() -> int:
    """Run the benchmark; the exit code is 0 when it ran, whatever the figures."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # servers and folders go with it
    chosen = _arguments()
    scale = measure.QUICK if chosen.quick else measure.FULL
    _RUNS.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()

    def say(line: str) -> None:
        sys.stderr.write(f"[{time.monotonic() - started:4.0f} s] {line}\n")

    with tempfile.TemporaryDirectory(dir=_RUNS) as name:
        seen = machine.look(Path(name))
        with Sink() as sink:
            bench = measure.Bench(Path(name), scale, sink, say)
            if chosen.part == ["ledger"]:
                sys.stdout.write(ledger_report.section(bench.ledger()) + "\n")
                return 0
            if chosen.part == ["report"]:
                sys.stdout.write(share_report.section(bench.share()) + "\n")
                return 0
            if chosen.part == ["evidence"]:
                sys.stdout.write(evidence.section(bench.evidence()) + "\n")
                return 0
            results = bench.run(chosen.part or measure.PARTS, broker=not chosen.baseline_alone)
    text = report.write(results, seen, datetime.now(UTC).date())
    sys.stdout.write(text)
    if not (chosen.quick or chosen.part or chosen.baseline_alone):
        _DOCUMENT.parent.mkdir(exist_ok=True)
        _DOCUMENT.write_text(text, encoding="utf-8")
        say(f"written to {_DOCUMENT.relative_to(_ROOT)}")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round; prints, writes nothing")
    parser.add_argument(
        "--part", action="append", choices=get_args(measure.Part), help="only this part (may be repeated)"
    )
    parser.add_argument(
        "--baseline-alone", action="store_true", help="measure the plain stack without the broker"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
