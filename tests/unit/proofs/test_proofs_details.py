"""What is behind entries of kinds 4 to 8: each field counts, and no payment of a netting run can be hidden."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from chain_builder import (
    ALPHA,
    BETA,
    BUY,
    CAST,
    GAMMA,
    SELL,
    X_SETTLES,
    XAVER,
    Y_SETTLES,
    YVES,
    Bundle,
    Chain,
    finish,
    story_2,
)

from wallet.proofs.facts import Fact, Verdict
from wallet.proofs.verify import verify_statement

LAST = 9
KINDS = {4: "netting", 5: "forced", 6: "hold", 7: "interbank", 8: "exchange"}
ROLES = [
    (ALPHA, 4), (BETA, 4), (SELL, 4), (ALPHA, 5), (BETA, 5), (ALPHA, 6), (BETA, 6), (XAVER, 7), (X_SETTLES, 7),
    (Y_SETTLES, 7), (YVES, 7), (ALPHA, 7), (ALPHA, 8), (SELL, 8), (BUY, 8), (GAMMA, 8), (XAVER, 8), (X_SETTLES, 8),
]  # fmt: skip
"""Each part that an account can have in an entry of each kind."""


@cache
def chain() -> Chain:
    return story_2()


@cache
def honest(account: str) -> str:
    return finish(chain().statement(account, 1, LAST)).decode()


def bundle_of(account: str) -> Bundle:
    made: Bundle = json.loads(honest(account))
    return made


def verify(bundle: Bundle) -> Verdict:
    return verify_statement(finish(bundle), chain().validators, chain_id=chain().chain_id, ledger=chain().ledger)


def failure(bundle: Bundle) -> Fact:
    found = verify(bundle).failure
    assert found is not None, "nobody noticed"
    return found


def entries(bundle: Bundle, kind: int) -> list[dict[str, Any]]:
    found = [entry for entry in bundle["entries"] if entry["kind"] == kind]
    assert found
    return found


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from leaves(value[key], (*path, key))
    else:
        yield path


def altered(value: Any) -> Any:
    """Return another value of the same form."""
    if isinstance(value, int):
        return value + 1
    if value.startswith("0x"):
        return value[:-1] + ("0" if value[-1] != "0" else "1")
    if value.count("-") > 1:
        return ("0" if value[0] != "0" else "1") + value[1:]
    return str(int(value) + 1)


@pytest.mark.parametrize("account", CAST)
def test_good_statements_of_every_account_verify(account: str) -> None:
    bundle = bundle_of(account)
    verdict = verify(bundle)
    assert verdict.ok, verdict.failure
    assert bundle["version"] == 2
    for opening in range(1, LAST):
        assert verify(chain().statement(account, opening, LAST)).ok


@pytest.mark.parametrize(("account", "kind"), ROLES)
def test_each_field_of_a_detail_counts(account: str, kind: int) -> None:
    for position in range(len(entries(bundle_of(account), kind))):
        for path in leaves(entries(bundle_of(account), kind)[position]["detail"]):
            bundle = bundle_of(account)
            target = entries(bundle, kind)[position]["detail"]
            for step in path[:-1]:
                target = target[step]
            target[path[-1]] = altered(target[path[-1]])
            assert failure(bundle).name == "detail", path


@pytest.mark.parametrize(("account", "kind"), ROLES)
@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("amount", {"detail"}),
        ("counterparty", {"detail", "running_hash"}),
        ("reference", {"detail"}),
        ("balance_after", {"arithmetic"}),
        ("seq", {"sequence"}),
        ("kind", {"format"}),
    ],
)
def test_each_field_of_an_entry_counts(account: str, kind: int, name: str, facts: set[str]) -> None:
    bundle = bundle_of(account)
    entry = entries(bundle, kind)[0]
    entry[name] = 4 + (kind - 3) % 5 if name == "kind" else altered(entry[name])
    assert failure(bundle).name in facts


@pytest.mark.parametrize(("account", "kind"), ROLES)
def test_no_detail_is_withheld_lacks_a_field_or_has_one_more(account: str, kind: int) -> None:
    bundle = bundle_of(account)
    entries(bundle, kind)[0]["detail"] = None
    assert failure(bundle).name == "detail"
    for name in entries(bundle_of(account), kind)[0]["detail"]:
        bundle = bundle_of(account)
        del entries(bundle, kind)[0]["detail"][name]
        assert failure(bundle).name == "format"
    bundle = bundle_of(account)
    entries(bundle, kind)[0]["detail"]["more"] = "0"
    assert failure(bundle).name == "format"


def drop_one(lines: list[dict[str, Any]]) -> None:
    del lines[1]


def drop_a_pair_that_cancels(lines: list[dict[str, Any]]) -> None:
    lines[:] = [line for line in lines if line["amount"] != "4"]


def drop_all(lines: list[dict[str, Any]]) -> None:
    lines.clear()


def add_one(lines: list[dict[str, Any]]) -> None:
    lines.append(copy.deepcopy(lines[0]) | {"id": "0x" + "ab" * 16})


def repeat_one(lines: list[dict[str, Any]]) -> None:
    lines.append(copy.deepcopy(lines[0]))


def add_a_strangers(lines: list[dict[str, Any]]) -> None:
    lines.append(copy.deepcopy(lines[0]) | {"debtor": XAVER, "creditor": YVES})


def swap_two(lines: list[dict[str, Any]]) -> None:
    lines[0], lines[1] = lines[1], lines[0]


def move_money_between_two(lines: list[dict[str, Any]]) -> None:
    """The net stays the same."""
    lines[0]["amount"], lines[4]["amount"] = "11", "9"


def swap_creditors(lines: list[dict[str, Any]]) -> None:
    """The net stays the same."""
    lines[0]["creditor"], lines[2]["creditor"] = lines[2]["creditor"], lines[0]["creditor"]


@pytest.mark.parametrize(
    "change",
    [
        drop_one, drop_a_pair_that_cancels, drop_all, add_one, repeat_one, add_a_strangers, swap_two,
        move_money_between_two, swap_creditors,
    ],
)  # fmt: skip
def test_a_netting_run_shows_exactly_its_payments_in_their_order(
    change: Callable[[list[dict[str, Any]]], None],
) -> None:
    bundle = bundle_of(ALPHA)
    change(entries(bundle, 4)[0]["detail"]["lines"])
    assert failure(bundle).name == "detail"


def test_a_payment_left_out_with_all_numbers_made_to_fit_breaks_the_running_hash() -> None:
    """Lines that cancel are dropped, and the reference is made again: the head still knows of them."""
    bundle = bundle_of(ALPHA)
    entry = entries(bundle, 4)[0]
    drop_a_pair_that_cancels(entry["detail"]["lines"])
    told = failure(bundle)
    entry["reference"] = told.detail.split("gives reference ")[1].split(",")[0]
    assert failure(bundle).name == "running_hash"


def test_one_instruction_makes_one_entry_of_an_account() -> None:
    bundle = bundle_of(ALPHA)
    first, second = entries(bundle, 7)[0], copy.deepcopy(entries(bundle, 7)[0])
    bundle["entries"][bundle["entries"].index(first) + 1] = second | {"seq": str(int(first["seq"]) + 1)}
    assert failure(bundle).name in ("detail", "sequence")


@pytest.mark.parametrize(("opening", "version"), [(1, 1), (3, 1), (1, 3), (8, 2)])
def test_the_version_is_the_one_that_the_kinds_need(opening: int, version: int) -> None:
    bundle = chain().statement(ALPHA, opening, LAST)
    assert bundle["version"] == (2 if opening < 8 else 1)
    bundle["version"] = version
    assert failure(bundle).name == "format"
