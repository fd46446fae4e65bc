"""Walking a schema-valid message by local names: quick, since it only ever looks at direct children."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree


def child(element: etree._Element, *names: str) -> etree._Element | None:
    """Return the first child of that name, and so on down the names; None where the path ends early."""
    found: etree._Element | None = element
    for name in names:
        if found is None:
            return None
        found = next(found.iterchildren("{*}" + name), None)
    return found


def children(element: etree._Element, name: str) -> Iterator[etree._Element]:
    """Yield the children of that name, in order."""
    return element.iterchildren("{*}" + name)


def text(element: etree._Element, *names: str) -> str | None:
    """Return the text at a path without surrounding blanks; None if it is absent or blank."""
    found = child(element, *names)
    if found is None or found.text is None:
        return None
    return found.text.strip() or None
