"""The offline verifier of statements.

Imports nothing else of this project: a proof checked by its prover proves nothing.
"""
