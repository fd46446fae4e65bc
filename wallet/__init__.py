"""Money and authority: domain rules, keys, signing, payment preparation, proofs and their verification."""
