"""The web process: composition of the routes, and what stands before all of them."""
