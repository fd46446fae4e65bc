"""Statements: all entries of an account between two final blocks, as JSON and as a bundle that proves itself."""
