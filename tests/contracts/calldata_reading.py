"""What an operator sent, read back from the bytes of his call by decisions 3 and 9 to 11."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from eth_abi.abi import decode
from eth_hash.auto import keccak
from ledger_reference import Order
from typed_reference import BY_ORDER, ExchangeOrder, HoldOrder, Line, Part


@dataclass
class Reader:
    """Fields one after another, big-endian."""

    data: bytes
    at: int = 0

    def take(self, size: int) -> bytes:
        self.at += size
        assert self.at <= len(self.data)
        return self.data[self.at - size : self.at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def address(self) -> str:
        return "0x" + self.take(20).hex()

    def skip_signatures(self) -> None:
        self.take(65 * self.number(1))

    @property
    def is_at_end(self) -> bool:
        return self.at == len(self.data)


def _fields(reader: Reader) -> tuple[object, ...]:
    parties = (reader.take(16), reader.address(), reader.address(), reader.address())
    return *parties, reader.number(8), reader.number(8), reader.number(8), reader.number(1), reader.take(32)


def _payment(reader: Reader) -> Order:
    order = Order(*_fields(reader))
    reader.skip_signatures()
    return order


def _hold(reader: Reader) -> Order:
    order = HoldOrder(*_fields(reader), reader.number(8), reader.address(), reader.take(32))
    reader.skip_signatures()
    return order


def _interbank(reader: Reader) -> Order:
    order = _payment(reader)
    reader.take(8)
    reader.skip_signatures()
    return order


def _exchange(reader: Reader) -> Order:
    fields = _fields(reader)
    more = (reader.take(16), reader.address(), reader.number(8), reader.number(8), reader.take(32))
    for behind in (0, 80, 8):
        reader.take(behind)
        reader.skip_signatures()
    return ExchangeOrder(*fields, *more)


_BATCHES: dict[bytes, Callable[[Reader], Order]] = {
    keccak(b"settle(bytes)")[:4]: _payment,
    keccak(b"redeem(bytes)")[:4]: _payment,
    keccak(b"placeHolds(bytes)")[:4]: _hold,
    keccak(b"settleInterbank(bytes)")[:4]: _interbank,
    keccak(b"settleExchange(bytes)")[:4]: _exchange,
}
_STAGE, _ABORT = (keccak(one)[:4] for one in (b"stageRun(bytes16,address,bytes)", b"abortRun(bytes16,bytes)"))


def read_orders(data: bytes) -> list[Order]:
    """The instructions of a batch; none for any other call."""
    read = _BATCHES.get(data[:4])
    if read is None:
        return []
    reader, found = Reader(decode(["bytes"], data[4:])[0]), []
    while not reader.is_at_end:
        found.append(read(reader))
    return found


def read_chunk(data: bytes, token: str) -> tuple[bytes, list[Part]]:
    """The chunk's hash and its parts, from the call that stages it or takes it back."""
    types = {_STAGE: ["bytes16", "address", "bytes"], _ABORT: ["bytes16", "bytes"]}[data[:4]]
    run, *_, chunk = decode(types, data[4:])
    reader = Reader(chunk)
    table = [reader.address() for _ in range(reader.number(2))]
    parts = []
    while not reader.is_at_end:
        parts.append(_part(reader, run, token, table))
    return keccak(chunk), parts


def _part(reader: Reader, run: bytes, token: str, table: list[str]) -> Part:
    debtor, mode, sequence, valid_until = table[reader.number(2)], reader.number(1), reader.number(8), reader.number(8)
    lines = []
    for _ in range(reader.number(4)):
        uetr = b"" if mode == BY_ORDER else reader.take(16)
        creditor, amount, remittance = reader.address(), reader.number(8), reader.take(32)
        lines.append(Line(creditor, amount, remittance, uetr))
    assert [table[reader.number(2)] for _ in lines] == [line.creditor for line in lines]
    reader.skip_signatures()
    return Part(run, debtor, token, mode, sequence, tuple(lines), valid_until)
