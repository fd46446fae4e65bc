"""Blocks: execution, headers, seals and the store. It knows nothing of its wire."""
