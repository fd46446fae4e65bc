"""Banks: admission to the network, and the access tokens of their people."""
