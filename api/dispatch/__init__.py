"""Carries out what was recorded: payments and commands to the signer, and the signer's transactions to the chain."""
