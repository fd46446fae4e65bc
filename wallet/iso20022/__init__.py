"""ISO 20022 messages at the edge: payment files in, status reports out, schema-valid both ways."""
