"""What the methods answer from."""

from __future__ import annotations

from dataclasses import dataclass, field

from lru import LRU

from node.chain.chain import Chain
from node.chain.errors import NotKnown
from node.chain.mempool import Mempool
from node.rpc.views import BlockView, open_block

CLIENT_VERSION = "vostro-node/0.1.0/py-evm"


@dataclass(frozen=True, slots=True)
class Context:
    """The chain, the pool, and a few blocks already decoded."""

    chain: Chain
    pool: Mempool
    blocks: LRU[int, BlockView] = field(default_factory=lambda: LRU(16))

    def block(self, height: int) -> BlockView:
        """Return the final block at ``height``, decoded."""
        if height > self.chain.head.height:
            raise NotKnown(f"no block at height {height}")
        view: BlockView | None = self.blocks.get(height)
        if view is None:
            view = open_block(self.chain.block(height))
            self.blocks[height] = view
        return view
