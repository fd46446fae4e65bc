"""What the methods answer from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from lru import LRU

from node.chain.chain import Chain, Head
from node.chain.errors import NotKnown
from node.chain.mempool import Mempool
from node.rpc.access import ANYBODY, Caller
from node.rpc.filters import Filters
from node.rpc.forms import find_block
from node.rpc.views import BlockView, open_block

CLIENT_VERSION = "vostro-node/0.1.0/py-evm"


@dataclass(frozen=True, slots=True)
class Context:
    """The chain, the pool, a few blocks already decoded, the filters that are polled, and who asks."""

    chain: Chain
    pool: Mempool
    caller: Caller = ANYBODY
    filters: Filters = field(default_factory=Filters)
    blocks: LRU[int, BlockView] = field(default_factory=lambda: LRU(16))

    def of(self, caller: Caller) -> Context:
        """Return the same for another caller."""
        return replace(self, caller=caller)

    def block(self, height: int) -> BlockView:
        """Return the final block at ``height``, decoded."""
        if height > self.chain.head.height:
            raise NotKnown(f"no block at height {height}")
        view: BlockView | None = self.blocks.get(height)
        if view is None:
            view = open_block(self.chain.block(height))
            self.blocks[height] = view
        return view

    def state_of(self, selector: Any) -> Head:
        """Return the block whose state is asked for, if this caller may see state of its age."""
        found = find_block(self.chain, selector)
        self.caller.require_age(self.chain.head.height - found.height)
        return found
