"""Keys and what they sign: an encrypted store, two journals, and the process that is the only one to hold both."""
