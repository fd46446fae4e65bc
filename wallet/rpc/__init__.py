"""The wire to a chain: JSON-RPC over HTTP, new heads over WebSocket. It does not know which chain is behind."""
