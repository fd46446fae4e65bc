"""Text from callers goes into ISO 20022 messages, and so must be what XML can carry."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from api.wire import Max140Text

TEXT: TypeAdapter[str] = TypeAdapter(Max140Text)


@pytest.mark.parametrize("text", ["a\x00b", "\x00", "a\x1b", "\x7fa", "a\ufffeb", "\uffff", " ", ""])
def test_what_xml_cannot_carry_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        TEXT.validate_python(text)


@pytest.mark.parametrize("text", ["a", " a b ", "Müller & Söhne <AG>", "東京", "😀"])
def test_other_text_is_taken_as_it_is(text: str) -> None:
    assert TEXT.validate_python(text) == text
