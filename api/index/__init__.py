"""Follows the chain into the database: final blocks, one transaction each, and what they mean for our payments."""
