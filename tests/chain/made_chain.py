"""A chain that was made, with its blocks as a file holds them; ways to alter them; and the engine that judges them."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from node_chains import SEALER, Node

from node.chain.block_file import FileBlock, encode_block, read_blocks
from node.chain.chain import Chain, Head
from node.chain.exporting import export_blocks
from node.chain.genesis import Genesis
from node.chain.header import FIELDS, Header

ROOT = Path(__file__).parents[2]
REPLAY = ROOT / "scripts" / "replay" / "replay.mjs"


@dataclass(frozen=True)
class MadeChain:
    """A finished chain on disk."""

    directory: Path
    genesis: Genesis
    blocks: tuple[FileBlock, ...]
    head: Head

    def open(self) -> Chain:
        return Chain(self.directory / "chain.sqlite", self.genesis)


def made_of(directory: Path, genesis: Genesis, node: Node) -> MadeChain:
    """Close the node and keep what it made."""
    exported = b"".join(export_blocks(node.chain, 1, node.chain.head.height))
    head = node.chain.head
    node.close()
    (directory / "genesis.json").write_text(genesis.render())
    return MadeChain(directory, genesis, tuple(read_blocks(io.BytesIO(exported))), head)


def encoded(blocks: Sequence[FileBlock]) -> bytes:
    return b"".join(encode_block(block.header, block.transactions) for block in blocks)


def with_field(header: Header, name: str, value: bytes) -> Header:
    fields = list(header.fields)
    fields[FIELDS.index(name)] = value
    return Header(tuple(fields))


def resealed(block: FileBlock) -> FileBlock:
    """The block sealed by the validator as it is now: a seal says nothing of whether the block is true."""
    return replace(block, header=block.header.with_seals([SEALER.seal(block.header.seal_digest)]))


def replayed(directory: Path, genesis: Genesis, blocks: bytes) -> dict[str, Any] | str:
    """What ethereumjs says of the blocks: its report, or why it refuses."""
    if not (ROOT / "node_modules" / "@ethereumjs" / "vm").exists():
        pytest.fail("ethereumjs is not installed: run `npm ci` in the project's directory first", pytrace=False)
    (directory / "replayed-genesis.json").write_text(genesis.render())
    (directory / "replayed-blocks").write_bytes(blocks)
    command = ["node", REPLAY, directory / "replayed-genesis.json", directory / "replayed-blocks"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        assert not done.stdout
        return done.stderr.strip()
    report: dict[str, Any] = json.loads(done.stdout)
    return report
