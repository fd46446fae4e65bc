"""What a dishonest party can do to a bundle, each with the fact that must catch it.

Every forgery is finished with the digest its new content has: whoever forges can compute it too.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import chain_builder as builder
import rlp
from chain_builder import ALPHA, BETA, EUR, GAMMA, USD, Bundle, Chain
from eth_hash.auto import keccak
from eth_keys import keys

from wallet.domain.instructions import PaymentInstruction

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
PROOFS = ("account_proof", "record_proof", "head_proof", "policy_proof", "token_proof")


@dataclass(frozen=True)
class Scene:
    """A chain, an honest statement of ALPHA on it, and what a forger may also have at hand."""

    chain: Chain
    opening: int
    closing: int
    rng: random.Random

    def honest(self) -> Bundle:
        return copy.deepcopy(self.chain.statement(ALPHA, self.opening, self.closing))

    def side(self) -> str:
        return self.rng.choice(("opening", "closing"))

    def height(self, side: str) -> int:
        return self.opening if side == "opening" else self.closing


Forged = tuple[Bundle, set[str]]
"""The bundle, and the names of the facts one of which must fail, each as ``name`` or ``name@point``."""
Forgery = Callable[[Scene], Forged]
FORGERIES: dict[str, Forgery] = {}


def forgery(make: Forgery) -> Forgery:
    FORGERIES[make.__name__] = make
    return make


# --- entries ---


@forgery
def entry_removed(scene: Scene) -> Forged:
    bundle = scene.honest()
    del bundle["entries"][scene.rng.randrange(len(bundle["entries"]))]
    return bundle, {"sequence"}


@forgery
def entry_removed_and_count_lowered(scene: Scene) -> Forged:
    bundle = scene.honest()
    del bundle["entries"][scene.rng.randrange(len(bundle["entries"]))]
    _renumber(bundle)
    bundle["closing"]["entries"] = str(int(bundle["closing"]["entries"]) - 1)
    return bundle, {"record@closing"}


@forgery
def last_entries_removed_with_an_older_closing_count(scene: Scene) -> Forged:
    bundle = scene.honest()
    dropped = bundle["entries"].pop()
    bundle["closing"] |= {
        "entries": str(int(bundle["closing"]["entries"]) - 1),
        "balance": str(int(dropped["balance_after"]) - int(dropped["amount"])),
    }
    return bundle, {"record@closing"}


@forgery
def entry_repeated_at_the_end(scene: Scene) -> Forged:
    bundle = scene.honest()
    bundle["entries"].append(copy.deepcopy(bundle["entries"][-1]))
    return bundle, {"sequence"}


@forgery
def entry_replaced_by_a_copy_of_another(scene: Scene) -> Forged:
    bundle = scene.honest()
    target, source = scene.rng.sample(range(len(bundle["entries"])), 2)
    seq = bundle["entries"][target]["seq"]
    bundle["entries"][target] = {**copy.deepcopy(bundle["entries"][source]), "seq": seq}
    _rebalance(bundle)
    return bundle, {"sequence", "detail", "format"}


@forgery
def entries_swapped(scene: Scene) -> Forged:
    bundle = scene.honest()
    left, right = scene.rng.sample(range(len(bundle["entries"])), 2)
    entries = bundle["entries"]
    entries[left], entries[right] = entries[right], entries[left]
    return bundle, {"sequence"}


@forgery
def entries_swapped_and_renumbered(scene: Scene) -> Forged:
    bundle = scene.honest()
    at = scene.rng.randrange(len(bundle["entries"]) - 1)
    entries = bundle["entries"]
    entries[at], entries[at + 1] = entries[at + 1], entries[at]
    _renumber(bundle)
    _rebalance(bundle)
    return bundle, {"sequence", "running_hash", "format"}


@forgery
def entries_invented(scene: Scene) -> Forged:
    """A credit nobody made, consistent in itself, in place of a real one."""
    bundle = scene.honest()
    entry = scene.rng.choice([one for one in bundle["entries"] if one["kind"] == 1])
    entry["detail"]["uetr"] = "0e0e0e0e-0e0e-4e0e-8e0e-0e0e0e0e0e0e"
    _reauthorise(bundle, entry)
    return bundle, {"running_hash"}


@forgery
def amount_altered_throughout(scene: Scene) -> Forged:
    """Another amount, with detail, reference and all later balances to match."""
    bundle = scene.honest()
    entry = scene.rng.choice([one for one in bundle["entries"] if one["kind"] != 2])
    amount = int(entry["detail"]["amount"]) + scene.rng.choice((-1, 1, 7))
    entry["detail"]["amount"] = str(amount)
    entry["amount"] = str(-amount if entry["amount"].startswith("-") else amount)
    _reauthorise(bundle, entry)
    _rebalance(bundle)
    return bundle, {"running_hash"}


@forgery
def counterparty_altered_throughout(scene: Scene) -> Forged:
    bundle = scene.honest()
    entry = scene.rng.choice([one for one in bundle["entries"] if one["kind"] == 1])
    side = "creditor" if entry["amount"].startswith("-") else "debtor"
    entry["detail"][side] = entry["counterparty"] = GAMMA
    _reauthorise(bundle, entry)
    return bundle, {"running_hash"}


@forgery
def remittance_altered_throughout(scene: Scene) -> Forged:
    bundle = scene.honest()
    entry = scene.rng.choice([one for one in bundle["entries"] if one["kind"] != 2])
    entry["detail"]["remittance_hash"] = "0x" + scene.rng.randbytes(32).hex()
    _reauthorise(bundle, entry)
    return bundle, {"running_hash"}


@forgery
def entry_field_altered(scene: Scene) -> Forged:
    bundle = scene.honest()
    entry = scene.rng.choice(bundle["entries"])
    name, facts = scene.rng.choice(
        (
            ("seq", {"sequence"}),
            ("amount", {"detail", "format"}),
            ("balance_after", {"arithmetic"}),
            ("timestamp", {"sequence", "running_hash"}),
        )
    )
    entry[name] = str(int(entry[name]) + 1)
    return bundle, facts


@forgery
def balance_after_altered(scene: Scene) -> Forged:
    bundle = scene.honest()
    entry = scene.rng.choice(bundle["entries"])
    entry["balance_after"] = str(int(entry["balance_after"]) + scene.rng.choice((-1, 1, 100)))
    return bundle, {"arithmetic"}


@forgery
def ledger_that_does_not_add_up(scene: Scene) -> Forged:
    """Sealed by the true validators: a balance that is not what the entries come to."""
    chain = builder.story(len(scene.chain.keys))
    chain.holdings[ALPHA].balance += 1
    chain.seal_block()
    bundle = chain.statement(ALPHA, scene.opening, len(chain.blocks) - 1)
    return copy.deepcopy(bundle), {"balance"}


@forgery
def entry_reference_altered(scene: Scene) -> Forged:
    bundle = scene.honest()
    scene.rng.choice(bundle["entries"])["reference"] = "0x" + scene.rng.randbytes(32).hex()
    return bundle, {"detail"}


@forgery
def entry_counterparty_altered(scene: Scene) -> Forged:
    bundle = scene.honest()
    scene.rng.choice(bundle["entries"])["counterparty"] = GAMMA
    return bundle, {"detail"}


@forgery
def business_day_altered(scene: Scene) -> Forged:
    bundle = scene.honest()
    scene.rng.choice(bundle["entries"])["business_day"] += scene.rng.choice((-1, 1))
    return bundle, {"sequence", "running_hash"}


@forgery
def all_business_days_altered(scene: Scene) -> Forged:
    bundle = scene.honest()
    for entry in bundle["entries"]:
        entry["business_day"] += 1
    return bundle, {"running_hash"}


@forgery
def kind_altered(scene: Scene) -> Forged:
    bundle = scene.honest()
    entry = scene.rng.choice(bundle["entries"])
    kind = scene.rng.choice([kind for kind in (0, 1, 2, 3, 4, 5, 6, 255) if kind != entry["kind"]])
    entry["kind"] = kind
    return bundle, {"detail", "running_hash"} if kind in (1, 3) else {"format"}


@forgery
def detail_altered(scene: Scene) -> Forged:
    bundle = scene.honest()
    detail = scene.rng.choice(bundle["entries"])["detail"]
    name = scene.rng.choice(sorted(detail))
    value = detail[name]
    if name == "priority":
        detail[name] = (value + 1) % 256
    elif name == "uetr":
        detail[name] = ("0" if value[0] != "0" else "1") + value[1:]
    elif value.startswith("0x"):
        detail[name] = "0x" + scene.rng.randbytes(len(value) // 2 - 1).hex()
    else:
        detail[name] = str(int(value) + 1)
    return bundle, {"detail"}


@forgery
def detail_withheld(scene: Scene) -> Forged:
    bundle = scene.honest()
    scene.rng.choice(bundle["entries"])["detail"] = None
    return bundle, {"detail"}


@forgery
def debit_shown_as_credit(scene: Scene) -> Forged:
    bundle = scene.honest()
    entry = scene.rng.choice(bundle["entries"])
    entry["amount"] = entry["amount"][1:] if entry["amount"].startswith("-") else "-" + entry["amount"]
    return bundle, {"detail"}


@forgery
def entries_of_another_account(scene: Scene) -> Forged:
    bundle = scene.honest()
    bundle["entries"] = scene.chain.statement(BETA, scene.opening, scene.closing)["entries"]
    return bundle, {"sequence"}


# --- the account's numbers ---


@forgery
def number_altered(scene: Scene) -> Forged:
    bundle = scene.honest()
    side = scene.side()
    name = scene.rng.choice(("balance", "held", "frozen", "entries"))
    bundle[side][name] = str(int(bundle[side][name]) + scene.rng.choice((1, 1_000)))
    return bundle, {f"record@{side}"}


@forgery
def head_altered(scene: Scene) -> Forged:
    bundle = scene.honest()
    side = scene.side()
    bundle[side]["head"] = "0x" + scene.rng.randbytes(32).hex()
    return bundle, {f"record@{side}"}


@forgery
def currency_altered(scene: Scene) -> Forged:
    bundle = scene.honest()
    bundle["currency"] = scene.rng.choice(("USD", "CHF", "EUS"))
    return bundle, {"record@opening"}


@forgery
def exponent_altered(scene: Scene) -> Forged:
    bundle = scene.honest()
    bundle["exponent"] = scene.rng.choice((0, 1, 3, 18))
    return bundle, {"record@opening"}


@forgery
def another_token(scene: Scene) -> Forged:
    bundle = scene.honest()
    bundle["token"] = USD
    return bundle, {"storage_proof@opening"}


@forgery
def another_token_with_its_proof(scene: Scene) -> Forged:
    bundle = scene.honest()
    bundle |= {"token": USD, "currency": "USD"}
    for side in ("opening", "closing"):
        point = scene.chain.point(GAMMA, USD, scene.height(side))
        bundle[side]["token_proof"] = point["token_proof"]
    return bundle, {"record@opening", "record@closing"}


@forgery
def points_swapped(scene: Scene) -> Forged:
    bundle = scene.honest()
    bundle["opening"], bundle["closing"] = bundle["closing"], bundle["opening"]
    return bundle, {"order", "record@closing"}


# --- proofs ---


@forgery
def account_renamed(scene: Scene) -> Forged:
    bundle = scene.honest()
    bundle["account"] = BETA
    return bundle, {"storage_proof@opening", "storage_proof@closing"}


@forgery
def account_renamed_to_a_stranger(scene: Scene) -> Forged:
    bundle = scene.honest()
    bundle["account"] = "0x" + scene.rng.randbytes(20).hex()
    return bundle, {"storage_proof@opening", "storage_proof@closing"}


@forgery
def proof_of_another_account(scene: Scene) -> Forged:
    bundle = scene.honest()
    name = scene.rng.choice(("record_proof", "head_proof", "policy_proof"))
    bundle["closing"][name] = scene.chain.point(BETA, EUR, scene.closing)[name]
    return bundle, {"storage_proof@closing"}


@forgery
def account_proven_absent_by_another_key(scene: Scene) -> Forged:
    """Hide an open account behind a true proof that some other slot is empty."""
    bundle = scene.honest()
    absent = scene.chain.point("0x" + scene.rng.randbytes(20).hex(), EUR, scene.closing)
    names = ("record_proof", "head_proof", "policy_proof", "balance", "held", "frozen", "entries", "head")
    bundle["closing"] |= {name: absent[name] for name in names}
    return bundle, {"storage_proof@closing", "record@closing"}


@forgery
def older_proof(scene: Scene) -> Forged:
    bundle = scene.honest()
    older = scene.chain.point(ALPHA, EUR, scene.opening)
    name = scene.rng.choice(("record_proof", "head_proof"))
    bundle["closing"][name] = older[name]
    return bundle, {"storage_proof@closing"}


@forgery
def older_account_proof(scene: Scene) -> Forged:
    bundle = scene.honest()
    bundle["closing"]["account_proof"] = bundle["opening"]["account_proof"]
    return bundle, {"account_proof@closing"}


@forgery
def older_closing(scene: Scene) -> Forged:
    bundle = scene.honest()
    bundle["closing"] = scene.chain.point(ALPHA, EUR, scene.closing - 3)
    return bundle, {"sequence"}


@forgery
def storage_root_altered(scene: Scene) -> Forged:
    bundle = scene.honest()
    side = scene.side()
    bundle[side]["storage_root"] = "0x" + scene.rng.randbytes(32).hex()
    return bundle, {f"account_proof@{side}"}


def _proof_fact(name: str, side: str) -> set[str]:
    return {f"{'account_proof' if name == 'account_proof' else 'storage_proof'}@{side}"}


@forgery
def proof_truncated(scene: Scene) -> Forged:
    bundle, side, name = scene.honest(), scene.side(), scene.rng.choice(PROOFS)
    del bundle[side][name][scene.rng.randrange(len(bundle[side][name]))]
    return bundle, _proof_fact(name, side)


@forgery
def proof_with_a_node_too_many(scene: Scene) -> Forged:
    bundle, side, name = scene.honest(), scene.side(), scene.rng.choice(PROOFS)
    nodes = bundle[side][name]
    extra = scene.rng.choice((*nodes, "0x", "0x80", "0xc0", "0x" + scene.rng.randbytes(40).hex()))
    nodes.insert(scene.rng.randrange(len(nodes) + 1), extra)
    return bundle, _proof_fact(name, side)


@forgery
def proof_node_altered(scene: Scene) -> Forged:
    bundle, side, name = scene.honest(), scene.side(), scene.rng.choice(PROOFS)
    nodes = bundle[side][name]
    at = scene.rng.randrange(len(nodes))
    nodes[at] = _flip_byte(nodes[at], scene.rng)
    return bundle, _proof_fact(name, side)


@forgery
def proof_reordered(scene: Scene) -> Forged:
    bundle, side = scene.honest(), scene.side()
    name = scene.rng.choice([name for name in PROOFS if len(bundle[side][name]) > 1])
    bundle[side][name].reverse()
    return bundle, _proof_fact(name, side)


@forgery
def proof_emptied(scene: Scene) -> Forged:
    bundle, side, name = scene.honest(), scene.side(), scene.rng.choice(PROOFS)
    bundle[side][name] = []
    return bundle, _proof_fact(name, side)


# --- headers and seals ---


@forgery
def header_byte_altered(scene: Scene) -> Forged:
    bundle, side = scene.honest(), scene.side()
    bundle[side]["header"] = _flip_byte(bundle[side]["header"], scene.rng)
    return bundle, {f"{fact}@{side}" for fact in ("header", "validators", "seals")}


@forgery
def state_root_invented(scene: Scene) -> Forged:
    bundle, side = scene.honest(), scene.side()
    fields, extra, seals = _open_header(bundle[side]["header"])
    fields[3] = scene.rng.randbytes(32)
    bundle[side]["header"] = _close_header(fields, extra, seals)
    return bundle, {f"seals@{side}"}


@forgery
def header_of_shanghai(scene: Scene) -> Forged:
    """A seventeenth field, sealed by the true validators: another rule set's header."""
    bundle, side = scene.honest(), scene.side()
    block = scene.chain.blocks[scene.height(side)]
    header = builder.seal([*block.fields, keccak(b"\x80")], block.extra, scene.chain.keys)
    bundle[side]["header"] = "0x" + header.hex()
    return bundle, {f"header@{side}"}


@forgery
def header_of_another_kind(scene: Scene) -> Forged:
    """The right seals on a header that is not QBFT's."""
    bundle, side = scene.honest(), scene.side()
    block = scene.chain.blocks[scene.height(side)]
    position, value = scene.rng.choice(((1, b"\1" * 32), (7, 2), (13, bytes(32)), (14, b"\0" * 7 + b"\1")))
    fields = [*block.fields[:position], value, *block.fields[position + 1 :]]
    bundle[side]["header"] = "0x" + builder.seal(fields, block.extra, scene.chain.keys).hex()
    return bundle, {f"header@{side}"}


@forgery
def header_of_another_height(scene: Scene) -> Forged:
    bundle = scene.honest()
    bundle["closing"]["header"] = "0x" + scene.chain.blocks[scene.closing - 3].header.hex()
    return bundle, {"account_proof@closing"}


@forgery
def genesis_as_opening(scene: Scene) -> Forged:
    bundle = scene.honest()
    bundle["opening"]["header"] = "0x" + scene.chain.blocks[0].header.hex()
    return bundle, {"seals@opening"}


@forgery
def header_of_a_chain_with_other_validators(scene: Scene) -> Forged:
    other = builder.story(len(scene.chain.keys), name="impostor")
    return copy.deepcopy(other.statement(ALPHA, scene.opening, scene.closing)), {"validators@opening"}


@forgery
def header_of_another_chain_of_the_same_validators(scene: Scene) -> Forged:
    bundle, side = scene.honest(), scene.side()
    other = builder.story(len(scene.chain.keys), chain_id=scene.chain.chain_id + 1)
    bundle[side]["header"] = "0x" + other.blocks[scene.height(side)].header.hex()
    return bundle, {f"account_proof@{side}"}


@forgery
def statement_of_another_chain_of_the_same_validators(scene: Scene) -> Forged:
    other = builder.story(len(scene.chain.keys), chain_id=scene.chain.chain_id + 1)
    return copy.deepcopy(other.statement(ALPHA, scene.opening, scene.closing)), {"expectations"}


@forgery
def statement_of_another_chain_under_this_chain_id(scene: Scene) -> Forged:
    """Caught by the running hash wherever it starts at the account's first entry."""
    other = builder.story(len(scene.chain.keys), chain_id=scene.chain.chain_id + 1)
    bundle = copy.deepcopy(other.statement(ALPHA, 1, scene.closing))
    bundle["chain_id"] = str(scene.chain.chain_id)
    return bundle, {"running_hash"}


@forgery
def ledger_altered(scene: Scene) -> Forged:
    bundle = scene.honest()
    bundle["ledger"] = "0x" + scene.rng.randbytes(20).hex()
    return bundle, {"expectations"}


@forgery
def too_few_seals(scene: Scene) -> Forged:
    bundle, side = scene.honest(), scene.side()
    fields, extra, seals = _open_header(bundle[side]["header"])
    kept = scene.rng.sample(seals, scene.rng.randrange(quorum(len(seals))))
    bundle[side]["header"] = _close_header(fields, extra, kept)
    return bundle, {f"seals@{side}"}


@forgery
def seal_twice(scene: Scene) -> Forged:
    bundle, side = scene.honest(), scene.side()
    fields, extra, seals = _open_header(bundle[side]["header"])
    kept = seals[: quorum(len(seals)) - 1] or seals
    bundle[side]["header"] = _close_header(fields, extra, [*kept, kept[0]])
    return bundle, {f"seals@{side}"}


@forgery
def seal_by_a_stranger(scene: Scene) -> Forged:
    """Also beside a full quorum: a header with a seal that means nothing is refused."""
    bundle, side = scene.honest(), scene.side()
    block = scene.chain.blocks[scene.height(side)]
    stranger = keys.PrivateKey(scene.rng.randbytes(32))
    sealers = [*scene.chain.keys[scene.rng.randrange(2) :], stranger]
    bundle[side]["header"] = "0x" + builder.seal(block.fields, block.extra, sealers).hex()
    return bundle, {f"seals@{side}"}


@forgery
def seals_of_another_block(scene: Scene) -> Forged:
    bundle, side = scene.honest(), scene.side()
    fields, extra, _ = _open_header(bundle[side]["header"])
    other = "closing" if side == "opening" else "opening"
    bundle[side]["header"] = _close_header(fields, extra, _open_header(bundle[other]["header"])[2])
    return bundle, {f"seals@{side}"}


@forgery
def seal_with_its_high_twin(scene: Scene) -> Forged:
    """(r, n - s, v ^ 1) is a second signature by the same key, which anybody can make of the first."""
    bundle, side = scene.honest(), scene.side()
    fields, extra, seals = _open_header(bundle[side]["header"])
    seal = seals[0]
    twin = seal[:32] + (ORDER - int.from_bytes(seal[32:64], "big")).to_bytes(32, "big") + bytes([seal[64] ^ 1])
    bundle[side]["header"] = _close_header(fields, extra, [twin, *seals[1:]])
    return bundle, {f"seals@{side}"}


@forgery
def seal_round_altered(scene: Scene) -> Forged:
    bundle, side = scene.honest(), scene.side()
    fields, extra, seals = _open_header(bundle[side]["header"])
    bundle[side]["header"] = _close_header(fields, [*extra[:3], b"\x07"], seals)
    return bundle, {f"seals@{side}"}


@forgery
def validator_list_altered(scene: Scene) -> Forged:
    """Names a stranger as validator and lets him seal."""
    bundle, side = scene.honest(), scene.side()
    block = scene.chain.blocks[scene.height(side)]
    stranger = keys.PrivateKey(scene.rng.randbytes(32))
    members = sorted([*block.extra[1][1:], stranger.public_key.to_canonical_address()])
    extra = [block.extra[0], members, []]
    header = builder.seal(block.fields, extra, [*scene.chain.keys[1:], stranger])
    bundle[side]["header"] = "0x" + header.hex()
    return bundle, {f"validators@{side}"}


@forgery
def validator_list_shortened(scene: Scene) -> Forged:
    """A smaller list needs fewer seals: even true validators may not leave one out."""
    bundle, side = scene.honest(), scene.side()
    block = scene.chain.blocks[scene.height(side)]
    header = builder.seal(block.fields, [block.extra[0], block.extra[1][1:], []], scene.chain.keys[1:])
    bundle[side]["header"] = "0x" + header.hex()
    return bundle, {f"validators@{side}"}


@forgery
def validator_list_in_another_order(scene: Scene) -> Forged:
    bundle, side = scene.honest(), scene.side()
    block = scene.chain.blocks[scene.height(side)]
    members = block.extra[1][::-1] if len(block.extra[1]) > 1 else block.extra[1] * 2
    header = builder.seal(block.fields, [block.extra[0], members, []], scene.chain.keys)
    bundle[side]["header"] = "0x" + header.hex()
    return bundle, {f"header@{side}"}


@forgery
def two_blocks_of_one_height(scene: Scene) -> Forged:
    """A split view, sealed by the true validators: opening and closing at one height, of two histories."""
    bundle = copy.deepcopy(scene.chain.statement(ALPHA, scene.closing, scene.closing))
    block = scene.chain.blocks[scene.closing]
    fields = [b"\7" * 32, *block.fields[1:]]
    bundle["opening"]["header"] = "0x" + builder.seal(fields, block.extra, scene.chain.keys).hex()
    return bundle, {"order"}


@forgery
def time_runs_backwards(scene: Scene) -> Forged:
    bundle = scene.honest()
    block = scene.chain.blocks[scene.closing]
    fields = [*block.fields]
    fields[11] = scene.chain.blocks[scene.opening].fields[11] + scene.closing - scene.opening - 1
    bundle["closing"]["header"] = "0x" + builder.seal(fields, block.extra, scene.chain.keys).hex()
    return bundle, {"order"}


# --- the file's form ---


@forgery
def field_added(scene: Scene) -> Forged:
    bundle = scene.honest()
    _any_object(bundle, scene.rng)[scene.rng.choice(("note", "", "header2", "ä"))] = scene.rng.choice(
        (None, 1, "x", [])
    )
    return bundle, {"format"}


@forgery
def field_removed(scene: Scene) -> Forged:
    bundle = scene.honest()
    target = _any_object(bundle, scene.rng)
    del target[scene.rng.choice(sorted(target.keys() - {"digest"}))]
    return bundle, {"format"}


@forgery
def field_of_another_type(scene: Scene) -> Forged:
    bundle = scene.honest()
    target = _any_object(bundle, scene.rng)
    name = scene.rng.choice(sorted(target.keys() - {"digest", "detail"}))
    others = [
        value for value in (None, True, -1, 2**62, "", "0X00", [[]], {"a": {}}) if type(value) is not type(target[name])
    ]
    target[name] = scene.rng.choice(others)
    return bundle, {"format"}


@forgery
def hex_in_upper_case(scene: Scene) -> Forged:
    bundle = scene.honest()
    bundle["ledger"] = "0x" + bundle["ledger"][2:].upper()
    return bundle, {"format"}


@forgery
def number_with_a_second_form(scene: Scene) -> Forged:
    bundle = scene.honest()
    side, name = scene.side(), scene.rng.choice(("balance", "held", "frozen", "entries"))
    value = bundle[side][name]
    forms = ("0" + value, "+" + value, value + " ", value + ".0", "-0", value + "\n", "٣", str(2**64), "1" * 5_000)
    bundle[side][name] = scene.rng.choice(forms)
    return bundle, {"format"}


@forgery
def witnesses_claimed(scene: Scene) -> Forged:
    bundle = scene.honest()
    bundle["witnesses"] = [{"address": BETA, "signature": "0x" + "11" * 65}]
    return bundle, {"format"}


@forgery
def version_altered(scene: Scene) -> Forged:
    bundle = scene.honest()
    name, value = scene.rng.choice((("version", 2), ("version", 0), ("format", "vostro-payment")))
    bundle[name] = value
    return bundle, {"format"}


# --- a forger's tools ---


def quorum(validators: int) -> int:
    return -(-2 * validators // 3)


def _renumber(bundle: Bundle) -> None:
    for seq, entry in enumerate(bundle["entries"], int(bundle["opening"]["entries"]) + 1):
        entry["seq"] = str(seq)


def _rebalance(bundle: Bundle) -> None:
    balance = int(bundle["opening"]["balance"])
    for entry in bundle["entries"]:
        balance += int(entry["amount"])
        entry["balance_after"] = str(balance)


def _reauthorise(bundle: Bundle, entry: dict[str, Any]) -> None:
    """Give an entry the reference its detail now has."""
    detail = entry["detail"]
    order = PaymentInstruction(
        detail["uetr"],
        detail["debtor"],
        detail["creditor"],
        bundle["token"],
        int(detail["amount"]),
        int(detail["valid_after"]),
        int(detail["valid_until"]),
        detail["priority"],
        bytes.fromhex(detail["remittance_hash"][2:]),
    )
    entry["reference"] = "0x" + order.struct_hash().hex()


def _open_header(header: str) -> tuple[list[Any], list[Any], list[bytes]]:
    fields = list(rlp.decode(bytes.fromhex(header[2:])))
    extra = list(rlp.decode(fields[12]))
    return fields, extra[:4], list(extra[4])


def _close_header(fields: list[Any], extra: list[Any], seals: list[bytes]) -> str:
    return "0x" + rlp.encode([*fields[:12], rlp.encode([*extra, seals]), *fields[13:]]).hex()


def _flip_byte(text: str, rng: random.Random) -> str:
    raw = bytearray.fromhex(text[2:])
    raw[rng.randrange(len(raw))] ^= rng.randrange(1, 256)
    return "0x" + raw.hex()


def _any_object(bundle: Bundle, rng: random.Random) -> dict[str, Any]:
    entry = rng.choice(bundle["entries"])
    chosen: dict[str, Any] = rng.choice((bundle, bundle["opening"], bundle["closing"], entry, entry["detail"]))
    return chosen
