"""The embedded chain: a QBFT network of one validator. It knows blocks, not money."""
