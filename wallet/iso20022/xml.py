"""XML from strangers: parsed without entities, network or surprises, and held against the message's schema."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from lxml import etree

from wallet.domain.errors import InvalidInput

SIZE_MAX: Final = 20_000_000
"""Bytes of a message that are looked at, unless the caller says otherwise."""

_NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:"
_BOM: Final = b"\xef\xbb\xbf"
_DECLARED_ENCODING: Final = re.compile(rb"""<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([^"']{0,40})""")
_QUALIFIED: Final = re.compile(r"\{[^}]*\}")
_BLOCK: Final = 65_536
"""Bytes parsed between two looks for faults."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message definition: its name, and the one child that ``Document`` has."""

    name: str
    """Such as ``pain.001.001.09``."""
    root: str
    """Such as ``CstmrCdtTrfInitn``."""

    @property
    def namespace(self) -> str:
        """Return the target namespace of its schema."""
        return _NAMESPACE + self.name


PAIN_001: Final = Message("pain.001.001.09", "CstmrCdtTrfInitn")
PAIN_002: Final = Message("pain.002.001.12", "CstmrPmtStsRpt")


def parse_message(raw: bytes, message: Message, size_max: int = SIZE_MAX) -> etree._Element:
    """Return the message's root (the child of ``Document``), well-formed and schema-valid; nothing else is read.

    No entity is expanded, no DTD or schema that the file names is opened, no address is contacted.

    Raises
    ------
    InvalidInput
        Reason FF01; ``field`` says which demand failed: size, encoding, doctype, xml, namespace or schema.
    """
    require_plain(raw, size_max)
    content = raw.removeprefix(_BOM)
    try:
        if _feed_until_fault(_parser(message), content) is None:
            return etree.fromstring(content, _parser(message))[0]
    except etree.XMLSyntaxError:
        pass  # malformed or invalid: told apart below
    raise _fault(content, message)


def require_plain(raw: bytes, size_max: int) -> None:
    """Refuse, before any parser sees it, what is too large, not UTF-8, or brings a document type."""
    if len(raw) > size_max:
        raise _unreadable(f"the file has {len(raw)} bytes, at most {size_max} are taken", "size")
    if not raw.strip():
        raise _unreadable("the file is empty", "xml")
    declared = _DECLARED_ENCODING.match(raw.removeprefix(_BOM))
    if declared and declared[1].lower() not in (b"utf-8", b"us-ascii"):
        name = declared[1].decode("ascii", "replace")
        raise _unreadable(f"the file declares encoding {name}, ISO 20022 files are UTF-8", "encoding")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _unreadable(f"the file is not UTF-8 (byte {error.start})", "encoding") from None
    if b"\0" in raw:
        raise _unreadable("the file is not UTF-8 text (it holds NUL bytes)", "encoding")
    # Anywhere, also in a comment: no payment file has a use for these words, and a search cannot be argued with.
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise _unreadable("the file has a DOCTYPE or an entity declaration, which is refused unread", "doctype")


@cache
def compiled_schema(message: Message) -> etree.XMLSchema:
    """Return the message's schema, compiled once per process from the copy in this package."""
    source = resources.files("wallet.iso20022").joinpath("schemas", f"{message.name}.xsd").read_bytes()
    return etree.XMLSchema(etree.fromstring(source, etree.XMLParser(no_network=True, resolve_entities=False)))


def _parser(message: Message | None) -> etree.XMLParser:
    """Return a parser that follows nothing, and checks the message's schema as it goes, if one is given."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        dtd_validation=False,
        remove_comments=True,
        remove_pis=True,
        schema=None if message is None else compiled_schema(message),
    )


def _feed_until_fault(parser: Any, content: bytes) -> int | None:
    """Feed the parser block by block; return where the first block with a schema fault starts, or None.

    This screening stops at the first fault: a file made of a million faults costs no more than a good one. It is not
    the verdict, since a parser fed in blocks does not tell a truncated file once it has a schema to check.
    """
    for start in range(0, len(content), _BLOCK):
        parser.feed(content[start : start + _BLOCK])
        if len(parser.feed_error_log):
            return start
    return None


def _fault(content: bytes, message: Message) -> InvalidInput:
    """Return what is wrong with a file that could not be taken: its form, its name, or else its first schema fault."""
    try:
        name = etree.QName(etree.fromstring(content, _parser(None)))
    except etree.XMLSyntaxError as error:
        fault = str(error.msg).rsplit(", line ", 1)[0]
        return _unreadable(f"not well-formed XML: {fault}"[:200], "xml", line=error.lineno or 1)
    if name.localname != "Document" or name.namespace != message.namespace:
        found = f"{name.localname} in namespace {name.namespace or '(none)'}"
        detail = f"the root is {found}, expected Document in namespace {message.namespace}"
        return _unreadable(detail[:400], "namespace", line=1)
    line, fault = _locate(content, message)
    return _unreadable(f"not valid {message.name}: {_QUALIFIED.sub('', fault)}"[:400], "schema", line=line)


def _locate(content: bytes, message: Message) -> tuple[int, str]:
    """Return line and text of the first schema fault. The parser tells no line, so near it it is fed line by line."""
    start = _feed_until_fault(_parser(message), content) or 0
    parser: Any = _parser(message)
    _feed_until_fault(parser, content[:start])
    line = content.count(b"\n", 0, start)
    for piece in content[start : start + _BLOCK].splitlines(keepends=True):
        line += 1
        parser.feed(piece)
        if len(parser.feed_error_log):
            return line, str(parser.feed_error_log[0].message)
    return line, "it cannot be judged"


def _unreadable(detail: str, field: str, line: int | None = None) -> InvalidInput:
    where = f"line {line}: " if line else ""
    return InvalidInput(where + detail, field=field, reason="FF01", **({"line": line} if line else {}))
