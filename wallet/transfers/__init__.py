"""Transactions on their way: signed once, sent until they arrive, followed until their outcome is known."""
