"""The meeting point of the API's slices: tables, and the unit of work around them."""
