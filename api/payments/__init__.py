"""Payments: taking them, alone or by the file, and telling what became of them."""
