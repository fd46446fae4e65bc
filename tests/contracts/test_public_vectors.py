"""Published vectors, through the same reference code that hashes our own types: EIP-712's Mail, ERC-165, ERC-7943."""

from __future__ import annotations

from functools import reduce
from operator import xor

from coincurve import PrivateKey
from eth_hash.auto import keccak
from ledger_reference import address_of, hash_words, recover, separator_of, sign, typed_digest_of

from wallet.ledger.abi import function

# --- EIP-712, "Example" (Example.js of the EIP's assets): a Mail from Cow to Bob on chain 1 ---

PERSON = b"Person(string name,address wallet)"
MAIL = b"Mail(Person from,Person to,string contents)" + PERSON
COW = "0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826"
BOB = "0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
CONTRACT = "0xcccccccccccccccccccccccccccccccccccccccc"
COWS_KEY = PrivateKey(keccak(b"cow"))


def person(name: bytes, wallet: str) -> bytes:
    return hash_words(keccak(PERSON), keccak(name), wallet)


def mail() -> bytes:
    return hash_words(keccak(MAIL), person(b"Cow", COW), person(b"Bob", BOB), keccak(b"Hello, Bob!"))


def test_the_mail_of_eip_712() -> None:
    assert keccak(MAIL).hex() == "a0cedeb2dc280ba39b857546d74f5549c3a1d7bdc2dd96bf881f76108e23dac2"
    assert mail().hex() == "c52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e"
    domain = separator_of(b"Ether Mail", b"1", 1, CONTRACT)
    assert domain.hex() == "f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f"
    digest = typed_digest_of(domain, mail())
    assert digest.hex() == "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2"


def test_the_signature_of_the_mail_is_cows() -> None:
    """The EIP's v, r and s; and the same by our own signing, which is RFC 6979's too."""
    digest = typed_digest_of(separator_of(b"Ether Mail", b"1", 1, CONTRACT), mail())
    r = "4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d"
    s = "07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b91562"
    raw = bytes.fromhex(r + s) + bytes([28])
    assert address_of(COWS_KEY) == COW == recover(digest, raw)
    assert sign(digest, COWS_KEY).raw == raw


# --- ERC-165 and ERC-7943 ---


def selector(signature: str) -> int:
    return int.from_bytes(keccak(signature.encode())[:4], "big")


ERC7943_FUNGIBLE = (
    "forcedTransfer(address,address,uint256)",
    "setFrozenTokens(address,uint256)",
    "canSend(address)",
    "canReceive(address)",
    "getFrozenTokens(address)",
    "canTransfer(address,address,uint256)",
)


def test_interface_ids_follow_from_their_selectors() -> None:
    assert selector("supportsInterface(bytes4)") == 0x01FFC9A7
    assert reduce(xor, map(selector, ERC7943_FUNGIBLE)) == 0x3EDBB4C4


def test_the_view_has_the_selectors_of_what_it_answers() -> None:
    for signature in ("supportsInterface(bytes4)", *ERC7943_FUNGIBLE[2:]):
        name = signature.split("(")[0]
        assert int.from_bytes(function("TokenView", name).selector, "big") == selector(signature)
