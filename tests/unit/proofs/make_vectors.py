"""Write the proof vectors: honest and forged statements, and the verdict a verifier must reach on each.

Deterministic: run it again and nothing changes, unless the format did.
"""

from __future__ import annotations

import json
import random
import sys
from functools import cache
from pathlib import Path
from typing import Any

from chain_builder import ALPHA, BUY, GAMMA, X_SETTLES, XAVER, YVES, Chain, finish, render, seal, story, story_2
from forgeries import FORGERIES, Scene
from forgeries_2 import FORGERIES_2

FOLDER = Path(__file__).parents[2] / "golden" / "proofs"
PAYMENTS = 1
CROWD = 4

HONEST = {
    "one-validator": (1, 3, 6, "one validator; an issue before, payments and a redemption within"),
    "four-validators": (4, 3, 6, "four validators, all sealed"),
    "seven-validators": (7, 3, 6, "seven validators, all sealed"),
    "not-open-at-opening": (1, 1, 6, "the account is proven absent at the opening block; replay from the first head"),
    "open-without-entries": (1, 2, 2, "an open account without entries, at one block"),
    "same-block": (4, 6, 6, "opening and closing at one block: a balance, and no entries"),
    "idle": (1, 5, 6, "two blocks and nothing between them"),
}
CAST_2 = {
    "customer-with-every-kind": ALPHA,
    "settlement-account-in-the-middle": X_SETTLES,
    "debtor-on-a-deposit-token": XAVER,
    "creditor-on-a-deposit-token": YVES,
    "provider-of-an-exchange": BUY,
    "creditor-in-another-currency": GAMMA,
}
AS_FILES: dict[str, str] = {
    "blank-added": "a blank after the first colon",
    "line-feed-missing": "no line feed at the end",
    "carriage-return": "CR LF at the end",
    "key-twice": "a field that stands twice",
    "keys-unsorted": "fields in another order",
    "escaped-letter": "a letter written as an escape",
    "float": "a number written as a float",
    "byte-order-mark": "a byte order mark",
    "nested-bomb": "brackets five thousand deep",
    "empty": "nothing",
    "digest-wrong": "the digest of other content",
}


@cache
def chain_of(validators: int) -> Chain:
    return story(validators, payments=PAYMENTS, crowd=CROWD)


def vectors() -> dict[str, tuple[bytes, dict[str, Any]]]:
    """Return each vector's bytes and its line in the index, by file name."""
    made: dict[str, tuple[bytes, dict[str, Any]]] = {}
    for name, (validators, opening, closing, about) in HONEST.items():
        chain = chain_of(validators)
        made[f"{name}.json"] = finish(chain.statement(ALPHA, opening, closing)), _line(chain, about)
    made["quorum-of-seven.json"] = _quorum_of_seven()
    for name, about in AS_FILES.items():
        fact = "digest" if name == "digest-wrong" else "canonical_form"
        chain = chain_of(1)
        made[f"forged-file-{name}.json"] = _as_file(name), _line(chain, about, {fact})
    for name, forge in sorted(FORGERIES.items()):
        rng = random.Random(name)
        chain = chain_of(rng.choice((1, 4, 4, 7)))
        bundle, facts = forge(Scene(chain, 2, 6, rng))
        about = (forge.__doc__ or name.replace("_", " ")).split("\n")[0]
        made[f"forged-{name.replace('_', '-')}.json"] = finish(bundle), _line(chain, about, facts)
    return made


def vectors_2() -> dict[str, tuple[bytes, dict[str, Any]]]:
    """Return the vectors of version 2: a statement of each account, and forgeries of ALPHA's."""
    chain = story_2(1, crowd=CROWD)
    made: dict[str, tuple[bytes, dict[str, Any]]] = {}
    for name, account in CAST_2.items():
        about = f"version 2: {name.replace('-', ' ')}"
        made[f"version-2-{name}.json"] = finish(chain.statement(account, 1, 9)), _line(chain, about)
    for name, (fact, forge) in FORGERIES_2.items():
        bundle = chain.statement(ALPHA, 1, 9)
        forge(bundle)
        about = f"version 2: {name.replace('-', ' ')}"
        made[f"forged-2-{name}.json"] = finish(bundle), _line(chain, about, {fact})
    return made


def _line(chain: Chain, about: str, facts: set[str] | None = None) -> dict[str, Any]:
    return {
        "about": about,
        "validators": chain.validators,
        "chain_id": str(chain.chain_id),
        "ledger": chain.ledger,
        "ok": facts is None,
        "facts": sorted(facts or ()),
    }


def _quorum_of_seven() -> tuple[bytes, dict[str, Any]]:
    chain = chain_of(7)
    bundle = chain.statement(ALPHA, 3, 6)
    block = chain.blocks[6]
    bundle["closing"]["header"] = "0x" + seal(block.fields, block.extra, chain.keys[2:], 3).hex()
    return finish(bundle), _line(chain, "seven validators, five sealed the closing block in round 3")


def _as_file(name: str) -> bytes:
    """Return the honest file spoilt as a file."""
    bundle = chain_of(1).statement(ALPHA, 2, 6)
    raw = finish(bundle)
    spoilt = {
        "blank-added": raw.replace(b":", b": ", 1),
        "line-feed-missing": raw[:-1],
        "carriage-return": raw[:-1] + b"\r\n",
        "key-twice": raw.replace(b'"currency":"EUR"', b'"currency":"USD","currency":"EUR"', 1),
        "keys-unsorted": (json.dumps(dict(reversed(bundle.items())), separators=(",", ":")) + "\n").encode(),
        "escaped-letter": raw.replace(b'"EUR"', b'"\\u0045UR"', 1),
        "float": raw.replace(b'"version":1', b'"version":1.0', 1),
        "byte-order-mark": b"\xef\xbb\xbf" + raw,
        "nested-bomb": b"[" * 5_000 + b"]" * 5_000 + b"\n",
        "empty": b"",
        "digest-wrong": render({**bundle, "digest": "0x" + "00" * 32}),
    }
    return spoilt[name]


def write(folder: Path) -> None:
    """Write all vectors and the index into ``folder``."""
    # The fact that fails is written down as the verifier finds it, and must be among those the forger expects.
    from wallet.proofs.verify import verify_statement

    index = []
    for name, (raw, line) in (vectors() | vectors_2()).items():
        verdict = verify_statement(raw, line["validators"], chain_id=int(line["chain_id"]), ledger=line["ledger"])
        failure = verdict.failure
        expected = set(line.pop("facts"))
        fact, point = (failure.name, failure.point) if failure else (None, "")
        assert verdict.ok == line["ok"] and (verdict.ok or {fact, f"{fact}@{point}"} & expected), (name, failure)
        (folder / name).write_bytes(raw)
        index.append({"file": name, **line, "fact": fact, "point": point})
    (folder / "index.json").write_text(json.dumps(index, indent=1) + "\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
