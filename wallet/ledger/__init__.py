"""The ledger's contracts as Python values: calldata, events, errors, records, storage keys. No wire, no state."""
