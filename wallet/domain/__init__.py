"""The words and rules of payments. Imports nothing else of this project, does no input or output."""
