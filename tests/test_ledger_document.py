"""docs/ledger.md is true: its example runs with the tools that it names, and its values are the product's."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from exchange.core import leaf, merkle, note

PAGE = (Path(__file__).parents[1] / "docs" / "ledger.md").read_text(encoding="utf-8")
EXAMPLE = PAGE.split("## Worked example")[1].split("\n## ")[0]
BLOCKS = re.findall(r"```sh\n(.*?)```(?:\n\n```text\n(.*?)```)?", EXAMPLE, re.DOTALL)
NEXT = "--- next ---"


def run(script: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"},
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_the_example_runs_and_says_what_is_shown(tmp_path: Path) -> None:
    done = run(f"\necho '{NEXT}'\n".join(commands for commands, _ in BLOCKS), tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split(f"{NEXT}\n") == [shown for _, shown in BLOCKS]
    assert len(BLOCKS) == 6


@pytest.mark.parametrize(
    ("before", "after"), [("\n3\n3/9", "\n4\n3/9"), ("yLS+Omv5", "yLS+Omv4"), ("AbcDxdC5", "AbcDxdC6")]
)
def test_a_checkpoint_that_was_changed_does_not_pass_the_example(
    tmp_path: Path, before: str, after: str
) -> None:
    script = "\n".join(commands for commands, _ in BLOCKS)
    assert script.count(before) == 1
    done = run(script.replace(before, after), tmp_path)
    assert done.returncode != 0
    assert "Signature Verified Successfully" not in done.stdout


def test_the_values_of_the_example_are_those_that_the_product_makes() -> None:
    values = dict(re.findall(r"^(\w+)='?(.*?)'?$", EXAMPLE, re.MULTILINE))
    leaves = [values[f"leaf{number}"].encode() for number in range(3)]
    first = leaf.decode(leaves[0])
    leaf.check_details(first, bytes.fromhex(values["salt"]), json.loads(values["details"]))
    hashes = [merkle.leaf_hash(each) for each in leaves]
    growing = merkle.Growing()
    for each in hashes:
        growing.add(each)
    [written] = re.findall(r"<<'END'\n(.*?)END\n", EXAMPLE, re.DOTALL)
    signed = note.read(written)
    note.verify(signed, note.Vkey.parse(values["vkey"]))
    assert note.Checkpoint.parse(signed.text).root == growing.root
    merkle.verify_inclusion(hashes[0], 0, 3, hashes[1:], growing.root)
    merkle.verify_inclusion(hashes[2], 2, 3, [merkle.node_hash(*hashes[:2])], growing.root)


def test_the_table_of_keys_is_that_of_the_leaf() -> None:
    section = PAGE.split("## Leaf, version 1")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == sorted(leaf._KEYS)
