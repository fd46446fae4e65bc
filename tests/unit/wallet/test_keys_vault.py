"""The key store: one passphrase, encrypted files, nothing in clear, nothing replaced."""

from __future__ import annotations

import copy
import json
import os
import stat
from pathlib import Path

import pytest
from coincurve import PrivateKey
from eth_account import Account

from wallet.domain.errors import Conflict, IntegrityBroken, InvalidInput
from wallet.domain.words import keccak256
from wallet.keys.passphrase import read_passphrase
from wallet.keys.vault import ScryptCost, Vault, address_of

CHEAP = ScryptCost(n=2**4)
PASSPHRASE = b"correct horse battery staple"


def opened(directory: Path, passphrase: bytes = PASSPHRASE) -> Vault:
    return Vault.open(directory, passphrase, CHEAP)


def test_default_cost_is_the_strong_one() -> None:
    assert ScryptCost() == ScryptCost(2**18, 8, 1)


def test_keys_are_there_again_after_reopening(tmp_path: Path) -> None:
    made = opened(tmp_path).create([("a", "treasury:DEUTDEFF"), ("b", "role:operator")])
    again = opened(tmp_path)
    assert {info.address for info in again.key_list()} == {info.address for info in made}
    digest = keccak256(b"x")
    key = again.find(made[0].address)
    assert key is not None
    recovered = Account._recover_hash(digest, signature=key.sign(digest))
    assert recovered.lower() == made[0].address


def test_creation_is_idempotent_by_key_id(tmp_path: Path) -> None:
    vault = opened(tmp_path)
    first = vault.create([("a", "treasury:DEUTDEFF")])
    assert vault.create([("a", "treasury:DEUTDEFF")]) == first
    assert opened(tmp_path).create([("a", "treasury:DEUTDEFF")]) == first
    assert len(list((tmp_path / "keys").iterdir())) == 1


def test_another_purpose_is_a_conflict_and_makes_nothing(tmp_path: Path) -> None:
    vault = opened(tmp_path)
    vault.create([("a", "treasury:DEUTDEFF")])
    with pytest.raises(Conflict):
        vault.create([("b", "role:operator"), ("a", "role:operator")])
    assert [info.key_id for info in vault.key_list()] == ["a"]


@pytest.mark.parametrize(
    ("key_id", "purpose"),
    [("", "role:operator"), ("../x", "role:operator"), ("a/b", "role:operator"), ("a" * 81, "role:operator"),
     ("a", "treasury:deutdeff"), ("a", "treasury:DEUT"), ("a", "role:"), ("a", ""), ("a\n", "role:operator")],
)  # fmt: skip
def test_ids_and_purposes_have_a_form(tmp_path: Path, key_id: str, purpose: str) -> None:
    with pytest.raises(InvalidInput):
        opened(tmp_path).create([("fine", "role:operator"), (key_id, purpose)])
    assert list((tmp_path / "keys").iterdir()) == []


def test_wrong_passphrase_is_one_clear_error(tmp_path: Path) -> None:
    opened(tmp_path).create([("a", "role:operator")])
    with pytest.raises(InvalidInput, match="does not open this key store"):
        opened(tmp_path, b"another")


def test_files_are_for_the_owner_only(tmp_path: Path) -> None:
    directory = tmp_path / "signer"
    mask = os.umask(0)
    try:
        opened(directory).create([("a", "role:operator")])
    finally:
        os.umask(mask)
    for path in directory.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize("field", ["key_id", "address", "purpose", "nonce", "ciphertext"])
def test_a_changed_key_file_is_refused(tmp_path: Path, field: str) -> None:
    opened(tmp_path).create([("a", "treasury:DEUTDEFF"), ("b", "treasury:DEUTDEFF")])
    path = tmp_path / "keys" / "a.json"
    fields = json.loads(path.read_text())
    other = json.loads((tmp_path / "keys" / "b.json").read_text())
    fields[field] = "role:operator" if field == "purpose" else other[field]
    path.write_text(json.dumps(fields))
    with pytest.raises(IntegrityBroken, match=r"a\.json"):
        opened(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"n":1}'])
def test_a_damaged_head_is_told_from_a_wrong_passphrase(tmp_path: Path, content: bytes) -> None:
    opened(tmp_path)
    (tmp_path / "vault.json").write_bytes(content)
    with pytest.raises(IntegrityBroken):
        opened(tmp_path)


@pytest.mark.parametrize(("name", "value"), [("n", 2**40), ("r", 10**6), ("n", 3), ("p", 0)])
def test_a_head_cannot_ask_for_any_amount_of_work(tmp_path: Path, name: str, value: int) -> None:
    opened(tmp_path)
    head = json.loads((tmp_path / "vault.json").read_text())
    (tmp_path / "vault.json").write_text(json.dumps(head | {name: value}))
    with pytest.raises(IntegrityBroken):
        opened(tmp_path)


def test_a_cost_that_was_lowered_does_not_open(tmp_path: Path) -> None:
    opened(tmp_path)
    head = json.loads((tmp_path / "vault.json").read_text())
    (tmp_path / "vault.json").write_text(json.dumps(head | {"n": 2}))
    with pytest.raises(InvalidInput):
        opened(tmp_path)


def test_keys_without_their_head_are_never_given_a_new_one(tmp_path: Path) -> None:
    opened(tmp_path).create([("a", "role:operator")])
    (tmp_path / "vault.json").unlink()
    with pytest.raises(IntegrityBroken, match=r"vault\.json"):
        opened(tmp_path)
    assert not (tmp_path / "vault.json").exists()


def test_what_a_crash_left_half_written_is_removed(tmp_path: Path) -> None:
    opened(tmp_path).create([("a", "role:operator")])
    (tmp_path / "keys" / ".b.json.tmp").write_bytes(b"{")
    assert [info.key_id for info in opened(tmp_path).key_list()] == ["a"]
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["a.json"]


def test_no_key_and_no_passphrase_in_files_or_repr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = bytes(range(1, 33))
    monkeypatch.setattr("wallet.keys.vault.PrivateKey", lambda given=secret: PrivateKey(given))
    vault = opened(tmp_path)
    info = vault.create([("a", "treasury:DEUTDEFF")])[0]
    assert info.address == address_of(PrivateKey(secret))  # the planted key is the one in use
    key = vault.find(info.address)
    shown = repr(vault) + str(vault) + repr(key) + repr(info)
    for path in tmp_path.rglob("*.json"):
        shown += path.read_text()
    for needle in (
        secret.hex(),
        str(int.from_bytes(secret, "big")),
        repr(secret),
        PASSPHRASE.decode(),
        PASSPHRASE.hex(),
    ):
        assert needle.lower() not in shown.lower()


def test_a_key_is_not_copied(tmp_path: Path) -> None:
    vault = opened(tmp_path)
    key = vault.find(vault.create([("a", "role:operator")])[0].address)
    with pytest.raises(TypeError):
        copy.deepcopy(key)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_passphrase_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "passphrase"
    path.write_text("secret words\n")
    path.chmod(mode)
    with pytest.raises(InvalidInput, match="0600") as caught:
        read_passphrase(path)
    assert "secret words" not in str(caught.value)


def test_a_passphrase_file_is_read_without_its_line_end(tmp_path: Path) -> None:
    path = tmp_path / "passphrase"
    path.write_bytes(b"secret words \r\n")
    path.chmod(0o600)
    assert read_passphrase(path) == b"secret words "


@pytest.mark.parametrize("content", [b"", b"\n", b"x" * 5000])
def test_an_empty_or_endless_passphrase_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "passphrase"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(InvalidInput):
        read_passphrase(path)


def test_a_missing_passphrase_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_passphrase(tmp_path / "none")
