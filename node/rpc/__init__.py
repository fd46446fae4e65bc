"""The JSON-RPC wire of the chain."""
