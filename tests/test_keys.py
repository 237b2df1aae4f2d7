"""The broker's key is made once, however many processes start together."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from exchange.keys import broker_key

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
