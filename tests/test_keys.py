"""The broker's key is made once, however many processes start together."""

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from exchange.core.note import Checkpoint, NotANote, read, verify
from exchange.keys import LOG_KEY_FILE, broker_key, log_key

START = (
    "import sys; from pathlib import Path; from exchange.keys import broker_key;"
    "sys.stdin.readline();"
    "from cryptography.hazmat.primitives.serialization import Encoding as E;"
    "print(broker_key(Path(sys.argv[1]), 'x').certificate.public_bytes(E.PEM).decode())"
)


def test_threads_that_start_together_have_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: broker_key(tmp_path, "x"), range(8)))
    assert len({key.certificate.public_bytes(Encoding.PEM) for key in keys}) == 1
    assert broker_key(tmp_path, "x").certificate == keys[0].certificate


def test_processes_that_start_together_have_one_key(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", START, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    told = {process.communicate(timeout=30)[0].partition("-----BEGIN")[2] for process in processes}
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(told) == 1
    assert told.pop().strip() in (tmp_path / "broker-certificate.pem").read_text()


def test_the_log_s_key_is_made_once_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: log_key(tmp_path, "exchange/ledger"), range(8)))
    assert len({key.vkey for key in keys}) == 1
    assert stat.S_IMODE((tmp_path / LOG_KEY_FILE).stat().st_mode) == 0o600
    text = Checkpoint("exchange/ledger", 0, bytes(32)).text
    verify(read(f"{text}\n{log_key(tmp_path, 'exchange/ledger').sign(text)}"), keys[0].vkey)


def test_the_log_s_key_has_the_log_s_name(tmp_path: Path) -> None:
    first, other = log_key(tmp_path, "exchange/ledger"), log_key(tmp_path, "another/ledger")
    assert first.vkey.key == other.vkey.key
    assert (first.vkey.name, other.vkey.name) == ("exchange/ledger", "another/ledger")
    with pytest.raises(NotANote):
        log_key(tmp_path, "a name with blanks")
