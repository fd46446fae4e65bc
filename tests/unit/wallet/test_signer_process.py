"""The signer as a process: its socket, its errors on the wire, its end, and what it never says."""

from __future__ import annotations

import http.client
import json
import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from wallet.domain.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    JournalBehind,
    NotFound,
    SigningConflict,
    Unavailable,
)
from wallet.domain.identifiers import AccountId, new_uetr
from wallet.domain.instructions import PaymentInstruction
from wallet.keys.client import Seen, SignerClient, SigningOrder, Submission
from wallet.keys.vault import ScryptCost, Vault

PASSPHRASE = b"planted-passphrase-2209"
LEDGER, REGISTRY = "0x" + "c3" * 20, "0x" + "d4" * 20


class SignerProcess:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.socket = directory / "run" / "signer.sock"
        self.network = directory / "network.json"
        self.passphrase = directory / "passphrase"
        self.log = directory / "signer.log"
        self.passphrase.write_bytes(PASSPHRASE + b"\n")
        self.passphrase.chmod(0o600)
        Vault.open(directory / "signer", PASSPHRASE, ScryptCost(n=2**4))  # a cheap store: the cost has its own test
        self.client = SignerClient(self.socket)
        self.process: subprocess.Popen[bytes] | None = None

    def launch(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [
                    sys.executable, "-m", "wallet.keys", "--data", self.directory / "signer", "--socket", self.socket,
                    "--passphrase-file", self.passphrase, "--network", self.network,
                ],
                stdout=log, stderr=log,
            )  # fmt: skip

    def start(self) -> None:
        self.process = self.launch()
        end = time.monotonic() + 30
        while True:
            try:
                self.client.health()
                return
            except Unavailable:
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < end
                time.sleep(0.05)

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        code = self.process.wait(timeout=20)
        self.client.close()
        return code

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, dict[str, object]]:
        """Speak to the socket directly, as a careless client would."""
        connection = http.client.HTTPConnection("signer")
        connection.sock = socket.socket(socket.AF_UNIX)
        try:
            connection.sock.connect(str(self.socket))
            connection.request(method, path, body)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignerProcess]:
    signer = SignerProcess(tmp_path_factory.mktemp("s"))
    signer.network.write_text(json.dumps({"chain_id": 20022, "ledger": LEDGER, "registry": REGISTRY}))
    signer.start()
    yield signer
    if signer.process is not None and signer.process.poll() is None:
        signer.stop()


def treasury(signer: SignerProcess) -> str:
    return signer.client.create_keys([("t1", "treasury:DEUTDEFF")])[0].address


def order(address: str, **changes: object) -> SigningOrder:
    plain = PaymentInstruction(
        new_uetr(), AccountId("0x" + "11" * 20), AccountId("0x" + "22" * 20), "0x" + "33" * 20, 4_242_424_242, 0,
        int(time.time()) + 600, 0, os.urandom(32),
    )  # fmt: skip
    return SigningOrder(replace(plain, **changes), (address,))


def test_the_socket_is_for_its_owner_only(signer: SignerProcess) -> None:
    assert stat.S_IMODE(signer.socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(signer.socket.parent.stat().st_mode) & 0o077 == 0


def test_errors_come_back_as_their_own_class(signer: SignerProcess) -> None:
    client, address = signer.client, treasury(signer)
    role = client.create_keys([("role:operator", "role:operator")])[0].address
    with pytest.raises(Conflict):
        client.create_keys([("t1", "role:operator")])
    with pytest.raises(InvalidInput):
        client.create_keys([("t2", "nonsense")])
    with pytest.raises(JournalBehind):
        client.sign_instructions([order(address)], Seen("0" * 32, 0))
    with pytest.raises(Forbidden):
        client.sign_submissions([Submission("f", role, "0x" + "99" * 20, b"", 21_000, 0)], None)
    with pytest.raises(NotFound):
        client.sign_submissions([Submission("n", "0x" + "99" * 20, LEDGER, b"", 21_000, 0)], None)
    client.sign_submissions([Submission("c", role, LEDGER, b"", 21_000, 0)], None)
    with pytest.raises(SigningConflict):
        client.sign_submissions([Submission("c", role, LEDGER, b"\x01", 21_000, 0)], None)
    with pytest.raises(InvalidInput):
        client.sign_submissions([Submission("g", role, LEDGER, b"", 20_999, 0)], None)


def test_each_item_has_its_own_answer(signer: SignerProcess) -> None:
    address = treasury(signer)
    orders = [
        order(address),
        order(address, valid_until=1),
        order(address, amount_minor=0),
        order(address, amount_minor=2**63),
        order(address, priority=256),
        order("0x" + "99" * 20),
        order(address),
    ]
    before = signer.client.health().sequence
    answer = signer.client.sign_instructions(orders, None)
    codes = [None if one.error is None else one.error.code for one in answer.items]
    assert codes == [None, *["invalid_input"] * 4, "not_found", None]
    assert [len(one.signatures) for one in answer.items] == [1, 0, 0, 0, 0, 0, 1]
    assert answer.seen.sequence == before + 2
    assert signer.client.sign_instructions(orders, answer.seen).items[0] == answer.items[0]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/api/v1/instructions", b"", 400),
        ("POST", "/api/v1/instructions", b"[]", 400),
        ("POST", "/api/v1/instructions", b"{}", 400),
        ("POST", "/api/v1/instructions", b'{"items": []}', 400),
        ("POST", "/api/v1/instructions", b'{"items": [1]}', 400),
        ("POST", "/api/v1/instructions", b'{"items": [{}], "seen": 3}', 400),
        ("POST", "/api/v1/instructions", b'{"items": [{}], "seen": {"epoch": "x"}}', 400),
        ("POST", "/api/v1/submissions", b'{"items": [{}]}', 400),
        ("POST", "/api/v1/submissions", b'{"items": [{"submission_id": "a b"}]}', 400),
        ("POST", "/api/v1/keys", b'{"keys": [{"key_id": 1, "purpose": "role:x"}]}', 400),
        ("POST", "/api/v1/keys", b"\xff\xfe", 400),
        ("GET", "/api/v1/journal?after=-1", b"", 400),
        ("GET", "/api/v1/journal?after=x", b"", 400),
    ],
)  # fmt: skip
def test_malformed_requests_are_told_so(
    signer: SignerProcess, method: str, path: str, body: bytes, status: int
) -> None:
    before = signer.client.health()
    answered, document = signer.ask(method, path, body)
    assert answered == status, document
    assert set(document) == {"code", "detail"}
    assert document["code"] == "invalid_input"
    assert signer.client.health() == before


@pytest.mark.parametrize("item", [{}, {"uetr": 5}, {"uetr": "x", "signers": "0x"}, {"signers": ["0x" + "11" * 20] * 2}])
def test_malformed_items_are_told_so(signer: SignerProcess, item: dict[str, object]) -> None:
    status, document = signer.ask("POST", "/api/v1/instructions", orjson.dumps({"items": [item]}))
    assert status == 200
    assert document["items"][0]["error"]["code"] == "invalid_input"


def test_a_body_without_end_is_refused(signer: SignerProcess) -> None:
    status, document = signer.ask("POST", "/api/v1/instructions", b" " * (8 * 1024 * 1024 + 1))
    assert (status, document["code"]) == (400, "invalid_input")


def test_the_journal_can_be_read_in_pages(signer: SignerProcess) -> None:
    seen = signer.client.sign_instructions([order(treasury(signer)) for _ in range(5)], None).seen
    found: list[int] = []
    while True:
        at, records = signer.client.journal(len(found), limit=2)
        if not records:
            break
        found += [record["sequence"] for record in records]
    assert found == list(range(1, seen.sequence + 1))
    assert at == seen


def test_no_content_and_no_secret_in_the_log(signer: SignerProcess) -> None:
    address = treasury(signer)
    paid = order(address)
    signer.client.sign_instructions([paid], None)
    signer.ask("POST", "/api/v1/keys", orjson.dumps({"keys": [{"key_id": PASSPHRASE.decode(), "purpose": "x"}]}))
    log = signer.log.read_text().lower()
    assert "/api/v1/instructions 200" in log
    for hidden in (PASSPHRASE.decode(), paid.instruction.uetr, "4242424242", address, address[2:]):
        assert hidden not in log
    for lines in log.splitlines():
        assert len(lines) < 200


def test_250_instructions_with_two_signers_are_signed_quickly(signer: SignerProcess) -> None:
    keys = signer.client.create_keys([("t1", "treasury:DEUTDEFF"), ("t2", "treasury:DEUTDEFF")])
    signers = tuple(key.address for key in keys)
    orders = [replace(order(signers[0]), signers=signers) for _ in range(250)]
    began = time.monotonic()
    answer = signer.client.sign_instructions(orders, None)
    took = time.monotonic() - began
    assert all(one.error is None for one in answer.items)
    print(f"{250 / took:.0f} instructions a second, two signatures each")
    assert took < 2  # an order of magnitude of room for a busy machine: 23 ms is usual


def test_a_second_signer_on_the_directory_gives_up(signer: SignerProcess) -> None:
    second = signer.launch()
    assert second.wait(timeout=30) == 1
    assert "another signer is running" in signer.log.read_text()
    assert signer.client.health().sequence >= 0


def test_it_stops_cleanly_and_comes_back(signer: SignerProcess) -> None:
    seen = signer.client.health()
    assert signer.stop() == 0
    assert not signer.socket.exists()
    with pytest.raises(Unavailable, match="not there"):
        signer.client.health()
    signer.start()
    assert signer.client.health() == seen


def test_killed_it_leaves_a_socket_that_is_replaced(signer: SignerProcess) -> None:
    seen = signer.client.health()
    assert signer.process is not None
    signer.process.kill()
    signer.process.wait()
    assert signer.socket.exists()
    with pytest.raises(Unavailable):
        signer.client.health()
    signer.start()
    assert signer.client.health() == seen


@pytest.mark.parametrize(
    ("passphrase", "mode", "says"),
    [(b"wrong", 0o600, "does not open this key store"), (PASSPHRASE, 0o644, "0600"), (b"", 0o600, "empty")],
)
def test_it_does_not_start_with_a_bad_passphrase(tmp_path: Path, passphrase: bytes, mode: int, says: str) -> None:
    signer = SignerProcess(tmp_path)
    signer.passphrase.write_bytes(passphrase)
    signer.passphrase.chmod(mode)
    assert signer.launch().wait(timeout=30) == 1
    lines = signer.log.read_text().splitlines()
    assert len(lines) == 1
    assert says in lines[0]
    assert PASSPHRASE.decode() not in lines[0]
    assert "wrong" not in lines[0]


def test_a_file_in_the_way_of_the_socket_is_not_removed(tmp_path: Path) -> None:
    signer = SignerProcess(tmp_path)
    signer.socket.parent.mkdir()
    signer.socket.write_text("precious")
    assert signer.launch().wait(timeout=30) == 1
    assert signer.socket.read_text() == "precious"


def test_a_path_too_long_for_a_socket_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="shorter data directory"):
        SignerClient(tmp_path / ("x" * 120) / "signer.sock")
