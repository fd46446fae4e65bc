"""Puts a network's contracts on the chain, once, whatever dies in between, and checks that they are what was meant."""
