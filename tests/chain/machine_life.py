"""A chain that does what the machine can: precompiles, creation, destruction, failures, fees, block facts, any code.

Contracts are written in bytecode here, so that no compiler stands between a rule and its test.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

from coincurve import PrivateKey
from eth_hash.auto import keccak
from node_chains import Node, address_of, busy_chain, invoke, open_node, sign, wallet
from py_ecc.optimized_bn128 import FQ2, G1, G2, add, b2, curve_order, field_modulus, is_inf, multiply, neg, normalize

from node.rpc.views import contract_address

GAS = 3_000_000
ZERO_WORD = "0x" + "00" * 32

RELAY = bytes.fromhex("6020 36 03 80 6020 6000 37 6000 6000 82 6000 34 6000 35 5a f1 3d 6000 6000 3e 3d 6000 a1 00")
"""Calls the address in the first word with the rest of the data, and logs what came back under its success."""
FACTORY = bytes.fromhex("36 6000 6000 37 6000 36 6000 34 f5 6000 6000 a1 00")
"""Creates what the data says with CREATE2 and salt 0, and logs the address."""
PHOENIX = bytes.fromhex(
    "602a 6001 55 6013 80 6010 6000 39 6000 f3"  # init: slot 1 is 42
    "36 600e 57 6001 54 6001 01 6001 55 00 5b 6000 35 ff"
)
"""Its slot 1 begins at 42 and counts calls; called with a word, it destroys itself in favour of that address."""
WITNESS = bytes.fromhex(
    "6001 43 03 40 6000 55 44 6001 55 41 6002 55 42 6003 55 46 6004 55 48 6005 55 47 6006 55 43 6007 55 00"
)
"""Keeps BLOCKHASH of the parent, DIFFICULTY, COINBASE, TIMESTAMP, CHAINID, BASEFEE, SELFBALANCE and NUMBER."""


def word(value: int | bytes) -> bytes:
    return value.to_bytes(32, "big") if isinstance(value, int) else value.rjust(32, b"\0")


def runs(code: bytes) -> bytes:
    """Init code that leaves ``code``."""
    return b"\x61" + len(code).to_bytes(2, "big") + bytes.fromhex("80 600c 6000 39 6000 f3") + code


class Sender:
    """A key that signs its next transaction, of each type in turn unless told which."""

    def __init__(self, node: Node, name: str) -> None:
        self.account = wallet(name)
        self.nonce = node.chain.sender_state(address_of(self.account)).nonce

    def sends(self, to: bytes | None, data: bytes = b"", *, kind: int | None = None, **over: object) -> bytes:
        chosen = self.nonce % 3 if kind is None else kind
        signed = sign(self.account, self.nonce, to, data, kind=chosen, **{"gas": GAS, **over})
        self.nonce += 1
        return signed

    @property
    def next_contract(self) -> bytes:
        return contract_address(address_of(self.account), self.nonce)


def live(directory: Path) -> Node:
    """Make such a chain, reopening its store on the way."""
    node = open_node(directory)
    probe = busy_chain(node)
    for step in (calls_precompiles, creates_and_destroys, lists_what_it_touches, pays_fees, fails_in_every_way):
        step(node)
    node = witnesses_across_reopening(node, directory, probe)
    runs_random_programs(node, random.Random(7), 6)
    return node


def deployed(node: Node, sender: Sender, code: bytes) -> bytes:
    address = sender.next_contract
    node.make_block(sender.sends(None, runs(code)))
    account = node.chain.account(node.chain.head.state_root, address)
    assert node.receipts()[0].succeeded and node.chain.code(account) == code
    return address


# --- precompiles ---


def calls_precompiles(node: Node) -> None:
    sender = Sender(node, "machinist")
    relay = deployed(node, sender, RELAY)
    cases = list(precompile_inputs())
    assert {number for number, _ in cases} == set(range(1, 10))
    sent = [sender.sends(relay, word(number) + data, gas=600_000) for number, data in cases]
    for start in range(0, len(sent), 10):
        node.make_block(*sent[start : start + 10])
        assert all(receipt.succeeded for receipt in node.receipts())


def precompile_inputs() -> Iterator[tuple[int, bytes]]:
    """Every precompile of London with inputs it answers, and with some it must refuse."""
    yield from ((1, data) for data in recoveries())
    for number in (2, 3, 4):
        yield from ((number, data) for data in (b"", b"abc", bytes(range(256)) * 3))
    yield from ((5, data) for data in powers())
    yield from curve_points()
    yield from ((9, data) for data in compressions())


def recoveries() -> Iterator[bytes]:
    digest = keccak(b"message")
    seal = PrivateKey(hashlib.sha256(b"signer").digest()).sign_recoverable(digest, hasher=None)
    yield digest + word(27 + seal[64]) + seal[:64]
    yield digest + word(28 - seal[64]) + seal[:64]
    yield digest + word(29) + seal[:64]
    yield digest + word(27) + bytes(64)
    yield b"short"


def powers() -> Iterator[bytes]:
    def power(base: bytes, exponent: bytes, modulus: bytes) -> bytes:
        sizes = b"".join(word(len(part)) for part in (base, exponent, modulus))
        return sizes + base + exponent + modulus

    prime = (2**256 - 2**32 - 977).to_bytes(32, "big")
    yield power(b"\3", (2**256 - 2**32 - 978).to_bytes(32, "big"), prime)
    yield power(b"\2" * 70, b"\0" * 20 + b"\1" * 20, b"\xfb" * 65)
    yield power(b"", b"", b"\5")
    yield power(b"\3", b"\0", b"\0")
    yield power(b"\3", b"\5", b"")
    yield word(1) + word(2**20) + word(1) + b"\3"  # more gas than there is
    yield b""


def point(value: tuple[object, ...]) -> bytes:
    x, y = normalize(value)
    return word(int(x)) + word(int(y))


def twisted_point(value: tuple[object, ...]) -> bytes:
    x, y = normalize(value)
    return b"".join(word(int(part)) for part in (x.coeffs[1], x.coeffs[0], y.coeffs[1], y.coeffs[0]))


def curve_points() -> Iterator[tuple[int, bytes]]:
    seven = multiply(G1, 7)
    off_curve = word(1) + word(3)
    yield from (
        (6, data) for data in (point(G1) + point(seven), point(G1) + point(neg(G1)), off_curve + point(G1), b"")
    )
    yield from ((7, data) for data in (point(seven) + word(curve_order - 2), point(G1) + word(0), off_curve + word(1)))
    balanced = point(seven) + twisted_point(G2) + point(neg(G1)) + twisted_point(multiply(G2, 7))
    unbalanced = point(add(seven, G1)) + twisted_point(G2) + point(neg(G1)) + twisted_point(multiply(G2, 7))
    yield from (
        (8, data)
        for data in (b"", balanced, unbalanced, balanced[:-1], off_curve + twisted_point(G2), point(G1) + OUTSIDE)
    )


def compressions() -> Iterator[bytes]:
    state = bytes.fromhex("48c9bdf267e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5") + bytes(range(32))
    message = b"abc".ljust(128, b"\0")
    for rounds, final in ((0, 1), (12, 1), (12, 0), (1_000, 1), (12, 2)):
        yield rounds.to_bytes(4, "big") + state + message + (3).to_bytes(8, "little") + bytes(8) + bytes([final])
    yield b"\0" * 212


def random_precompile_input(dice: random.Random) -> tuple[int, bytes]:
    """An input that is nearly right: lengths that do not fit, numbers at their limits, points off the curve."""
    number = dice.choice([1, 1, 2, 3, 4, 5, 5, 5, 5, 6, 6, 7, 7, 8, 9])
    if number == 1:
        data = _nearly_a_seal(dice)
    elif number == 5:
        data = _nearly_a_power(dice)
    elif number in (6, 7):
        data = b"".join(_nearly_a_point(dice) for _ in range(2))
    elif number == 8:
        pairs = [_nearly_a_point(dice) + _nearly_a_twisted_point(dice) for _ in range(dice.randrange(3))]
        data = b"".join(pairs)
    elif number == 9:
        data = dice.choice([0, 1, 9, 300]).to_bytes(4, "big") + dice.randbytes(208) + bytes([dice.choice([0, 1, 1, 2])])
    else:
        data = dice.randbytes(dice.randrange(200))
    return number, data if dice.random() < 0.8 else data[: dice.randrange(len(data) + 1)] + dice.randbytes(3)


def _nearly_a_seal(dice: random.Random) -> bytes:
    digest = dice.randbytes(32)
    seal = PrivateKey(b"\7" * 32).sign_recoverable(digest, hasher=None)
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    s = int.from_bytes(seal[32:64], "big")
    r_word = dice.choice([seal[:32], seal[:32], bytes(32), word(order), word(order - 1), word(5), dice.randbytes(32)])
    s_word = dice.choice([word(s), word(order - s), bytes(32), word(order), word(1)])
    return digest + word(dice.choice([26, 27, 28, 27, 28, 29, 0, 1, 27 + 2**64])) + r_word + s_word


def _nearly_a_power(dice: random.Random) -> bytes:
    base, exponent, modulus = (
        dice.choice([b"", b"\0", b"\1", bytes(33), dice.randbytes(dice.randrange(70))]) for _ in range(3)
    )
    lengths = [max(0, len(part) + dice.choice([0, 0, 0, 0, 1, -1, 40])) for part in (base, exponent, modulus)]
    if dice.random() < 0.05:
        lengths[dice.randrange(3)] = dice.choice([2**32, 2**64, 2**255])
    return b"".join(map(word, lengths)) + base + exponent + modulus


def _nearly_a_point(dice: random.Random) -> bytes:
    good = point(multiply(G1, dice.randrange(1, 50)))
    x, y = good[:32], good[32:]
    beyond = word(int.from_bytes(x, "big") + field_modulus)
    return dice.choice(
        [good, good, good, bytes(64), x + word(1), beyond + y, word(field_modulus) + word(field_modulus)]
    )


def _nearly_a_twisted_point(dice: random.Random) -> bytes:
    good = twisted_point(multiply(G2, dice.randrange(1, 50)))
    swapped = good[32:64] + good[:32] + good[64:]
    beyond = word(int.from_bytes(good[:32], "big") + field_modulus) + good[32:]
    return dice.choice([good, good, good, bytes(128), swapped, beyond, OUTSIDE])


def calls_random_precompiles(node: Node, dice: random.Random, blocks: int, per_block: int = 30) -> None:
    """Call them with what is nearly right."""
    sender = Sender(node, "prober")
    relay = deployed(node, sender, RELAY)
    for _ in range(blocks):
        cases = [random_precompile_input(dice) for _ in range(per_block)]
        gas = dice.choice([100_000, 300_000, 300_000])
        node.make_block(*(sender.sends(relay, word(number) + data, gas=gas) for number, data in cases))


def _twisted_point_outside() -> bytes:
    """A point on the twisted curve that is not of G2's order: a pairing must refuse it."""
    for start in range(1, 100):
        x = FQ2([start, 0])
        y = _root(x * x * x + b2)
        if y is not None and not is_inf(multiply((x, y, FQ2.one()), curve_order)):
            return twisted_point((x, y, FQ2.one()))
    raise AssertionError("there is none so near")


def _root(square: FQ2) -> FQ2 | None:
    """The square root in the field of two dimensions, by its norm, if there is one."""
    real, imaginary = (int(part) for part in square.coeffs)
    norm = pow(real * real + imaginary * imaginary, (field_modulus + 1) // 4, field_modulus)
    for sign_of_norm in (norm, -norm):
        half = (real + sign_of_norm) * pow(2, -1, field_modulus) % field_modulus
        a = pow(half, (field_modulus + 1) // 4, field_modulus)
        if a and a * a % field_modulus == half:
            root = FQ2([a, imaginary * pow(2 * a, -1, field_modulus) % field_modulus])
            if root * root == square:
                return root
    return None


OUTSIDE = _twisted_point_outside()


# --- creation and destruction ---


def creates_and_destroys(node: Node) -> None:
    sender = Sender(node, "founder")
    factory = deployed(node, sender, FACTORY)
    phoenix = keccak(b"\xff" + factory + bytes(32) + keccak(PHOENIX))[12:]
    heir = word(b"\x66" * 20)
    node.make_block(sender.sends(factory, PHOENIX), sender.sends(phoenix), sender.sends(phoenix))
    assert slot(node, phoenix, 1) == 44
    node.make_block(sender.sends(phoenix), sender.sends(phoenix, heir))
    assert slot(node, phoenix, 1) == 0
    node.make_block(sender.sends(factory, PHOENIX), sender.sends(factory, PHOENIX))  # the second finds it taken
    assert slot(node, phoenix, 1) == 42
    # Created again in the very block in which it was destroyed, and once more in favour of itself.
    node.make_block(sender.sends(phoenix, heir), sender.sends(factory, PHOENIX), sender.sends(phoenix))
    assert slot(node, phoenix, 1) == 43
    node.make_block(sender.sends(phoenix, word(phoenix)), sender.sends(phoenix))
    node.make_block(sender.sends(None, b"\xfe"), sender.sends(None, runs(b"\xef\x00")), sender.sends(None, b""))
    node.make_block(sender.sends(None, bytes.fromhex("616001 6000 f3"), gas=16_000_000))  # more code than allowed
    assert [receipt.succeeded for receipt in node.receipts()] == [False]


def slot(node: Node, address: bytes, number: int) -> int:
    return node.chain.storage(node.chain.account(node.chain.head.state_root, address), number)


# --- access lists, fees, failures ---


def lists_what_it_touches(node: Node) -> None:
    sender = Sender(node, "lister")
    witness = deployed(node, sender, WITNESS)
    address = "0x" + witness.hex()
    lists: list[list[dict[str, object]]] = [
        [],
        [{"address": address, "storageKeys": []}],
        [{"address": address, "storageKeys": [f"0x{number:064x}" for number in range(8)]}],
        [{"address": address, "storageKeys": [ZERO_WORD, ZERO_WORD]}, {"address": address, "storageKeys": []}],
        [{"address": "0x" + "99" * 20, "storageKeys": [ZERO_WORD]}],
    ]
    node.make_block(*(sender.sends(witness, kind=kind, accessList=one) for one in lists for kind in (1, 2)))
    used = [receipt.cumulative_gas_used for receipt in node.receipts()]
    assert len({later - earlier for earlier, later in zip([0, *used], used, strict=False)}) > 4


def pays_fees(node: Node) -> None:
    """Who has money pays the proposer, whose account so comes to be; a fee cap above the tip costs no more."""
    rich = Sender(node, "rich")
    price = 10**9
    node.make_block(
        rich.sends(b"\x31" * 20, value=1, gas=21_000, kind=0, gasPrice=price),
        rich.sends(b"\x32" * 20, value=2, gas=50_000, kind=1, gasPrice=price),
        rich.sends(b"\x33" * 20, gas=50_000, kind=2, maxFeePerGas=5 * price, maxPriorityFeePerGas=price),
        rich.sends(b"\x34" * 20, gas=50_000, kind=2, maxFeePerGas=price),
    )
    coinbase = node.chain.head.header.coinbase
    assert node.chain.sender_state(coinbase).balance == (21_000 + 21_000 + 21_000) * price
    node.make_block(rich.sends(coinbase, value=5, gas=21_000, kind=0, gasPrice=price))


def fails_in_every_way(node: Node) -> None:
    sender = Sender(node, "clumsy")
    codes = {
        "revert with a reason": "6000 35 6000 52 6020 6000 fd",
        "no such instruction": "0c",
        "too few on the stack": "01",
        "a jump to nowhere": "6002 56",
        "beyond what was returned": "6001 6000 6000 3e",
        "for ever": "5b 6000 56",
        "memory for all": "63ffffffff 51",
        "writes where it may not": "36 15 6011 57 6000 6000 6000 6000 30 5a fa 00 5b 6001 6000 55",
        "calls itself till it ends": "6000 6000 6000 6000 6000 30 5a f1 6000 55",
    }
    addresses = [deployed(node, sender, bytes.fromhex(code)) for code in codes.values()]
    node.make_block(*(sender.sends(address, word(7), gas=200_000) for address in addresses))
    assert [receipt.succeeded for receipt in node.receipts()] == [False] * 7 + [True, False]
    node.make_block(sender.sends(addresses[0], gas=21_064), sender.sends(addresses[-1], gas=16_000_000))


# --- what a contract is told of its block ---


def witnesses_across_reopening(node: Node, directory: Path, probe: bytes) -> Node:
    """BLOCKHASH, DIFFICULTY and COINBASE before and after the store is opened again, as deep as they reach."""
    sender = Sender(node, "witness")
    witness = deployed(node, sender, WITNESS)
    for _ in range(3):
        parent = node.chain.head
        clock = node.clock
        node.close()
        node = open_node(directory, clock)
        head = node.make_block(sender.sends(witness), sender.sends(probe, invoke("look", 5)))
        told = [slot(node, witness, number) for number in range(8)]
        header = head.header
        coinbase = int.from_bytes(header.coinbase, "big")
        parent_hash = int.from_bytes(parent.hash, "big")
        assert told == [parent_hash, 1, coinbase, header.timestamp, node.chain.chain_id, 0, 0, head.height]
    return node


# --- anything ---

_FROM_STATE = [0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x38, 0x3A, 0x3B, 0x3D, 0x3F, 0x40, 0x41, 0x42, 0x43, 0x44]
_FROM_STATE += [0x45, 0x46, 0x47, 0x48, 0x58, 0x59, 0x5A]
_EFFECTS = [0x20, 0x37, 0x39, 0x3C, 0x3E, 0x51, 0x52, 0x53, 0x54, 0x55, 0x55, 0xA0, 0xA1, 0xA2, 0xF0, 0xF1, 0xF2, 0xF4]
_EFFECTS += [0xF5, 0xFA]


def random_program(dice: random.Random) -> bytes:
    """Code that mostly does something: small numbers on the stack, arithmetic, state, calls to whatever is there."""
    parts = []
    for _ in range(dice.randrange(5, 60)):
        kind = dice.random()
        if kind < 0.5:
            parts.append(b"\x60" + bytes([dice.choice([0, 1, 2, 3, 8, 9, 32, 64, dice.randrange(256)])]))
        elif kind < 0.55:
            parts.append(b"\x7f" + dice.randbytes(32))
        elif kind < 0.6:
            parts.append(b"\x73" + bytes(19) + bytes([dice.randrange(1, 12)]))
        elif kind < 0.72:
            parts.append(bytes([dice.choice([*range(0x01, 0x0C), *range(0x10, 0x1E)])]))
        elif kind < 0.8:
            parts.append(bytes([dice.choice([0x80, 0x81, 0x82, 0x85, 0x90, 0x91, 0x92, 0x50, 0x5B])]))
        else:
            parts.append(bytes([dice.choice(_FROM_STATE if kind < 0.87 else _EFFECTS)]))
    return b"".join(parts)


def runs_random_programs(node: Node, dice: random.Random, blocks: int, per_block: int = 40) -> None:
    """Deploy random programs and call them, and each other by chance; half of the init code is random itself."""
    sender = Sender(node, "gambler")
    known: list[bytes] = []
    for _ in range(blocks):
        sent = []
        for _ in range(per_block):
            if not known or dice.random() < 0.4:
                known.append(sender.next_contract)
                program = random_program(dice)
                sent.append(sender.sends(None, program if dice.random() < 0.3 else runs(program), gas=300_000))
            else:
                data = dice.randbytes(dice.choice([0, 4, 32, 70]))
                sent.append(sender.sends(dice.choice(known), data, gas=dice.choice([40_000, 120_000, 400_000])))
        node.make_block(*sent)
