"""Is what stands on the chain what was meant? Asked of the chain itself, fact by fact, by anybody: no key is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from eth_abi.exceptions import DecodingError

from wallet.deployment.code import describe_code
from wallet.deployment.contracts import ARTIFACTS, is_created_as_meant
from wallet.deployment.facts import settlement_token, view_name
from wallet.deployment.holders import DEPLOYER
from wallet.deployment.reading import ChainReader
from wallet.domain.errors import IntegrityBroken
from wallet.ledger.abi import event_topic, function
from wallet.ledger.calls import ROLES as ROLE_IDS
from wallet.ledger.records import TokenKind
from wallet.ledger.storage import administration_role_slot, issuer_slot, role_slot
from wallet.network import Network

LEDGER_ROLES: Final = {
    "OPERATOR": ("operator",),
    "COMPLIANCE": ("compliance",),
    "CALENDAR": ("calendar", "second_calendar"),
    "GUARDIAN": ("guardian",),
    "ENFORCER": ("enforcer",),
}
"""Who holds each role of the ledger."""
ADMINISTRATION_ROLES: Final = {
    "DEFAULT_ADMIN_ROLE": ("administration",),
    "PROPOSER_ROLE": ("admin",),
    "EXECUTOR_ROLE": ("compliance",),
    "CANCELLER_ROLE": ("admin", "guardian"),
}
"""Who holds each role of the administration; it administers itself."""
_ANYBODY: Final = "0x" + "00" * 20
"""Under OpenZeppelin's timelock a role of the zero address is everybody's."""


@dataclass(frozen=True, slots=True)
class Check:
    """One fact: what it is about, what is meant, and what was found."""

    what: str
    meant: str
    found: str

    @property
    def holds(self) -> bool:
        """Tell whether the fact is as it is meant to be."""
        return self.meant == self.found


def all_checks(reader: ChainReader, network: Network) -> Iterator[Check]:
    """Return every fact about a network, asked one after another while it is iterated."""
    for checks in (chain_checks, code_checks, wiring_checks, role_checks, token_checks):
        yield from checks(reader, network)


def require(checks: Iterable[Check]) -> None:
    """Raise IntegrityBroken with the first fact that differs."""
    for check in checks:
        if not check.holds:
            raise IntegrityBroken(f"{check.what}: found {check.found}, meant {check.meant}")


def chain_checks(reader: ChainReader, network: Network) -> Iterator[Check]:
    """Return whether this is the chain; validators are compared where both the node and the network name them."""
    yield Check("chain id", str(network.chain_id), str(reader.chain_id()))
    yield Check("genesis", network.genesis_hash, reader.genesis_hash())
    validators = reader.validators()
    if validators and network.validators:
        yield Check("validators", _listed(network.validators), _listed(validators))


def code_checks(reader: ChainReader, network: Network) -> Iterator[Check]:
    """Return whether every contract was created by our code with the arguments that are meant, and has that code."""
    for name, address in network.contracts().items():
        found = _describe_creation(reader, network, name, address)
        yield Check(f"creation of {name} at {address}", "as meant", found)
    for name, address in network.contracts().items():
        found = describe_code(ARTIFACTS[name], reader.code(address), network)
        yield Check(f"code of {name} at {address}", "as built", found)
    for currency, token in network.tokens.items():
        found = describe_code("TokenView", reader.code(token.view), network, token.token)
        yield Check(f"code of the {currency} view at {token.view}", "as built", found)


def wiring_checks(reader: ChainReader, network: Network) -> Iterator[Check]:
    """Return whether the contracts know one another, both ways, and have the terms and the signing domain."""
    asked = _Asker(reader)
    for name in ("registry", "clearing", "reserves", "administration"):
        yield asked.one(f"{name} of the ledger", network.contracts()[name], network.ledger, "Ledger", name)
    for name in ("registry", "clearing", "reserves", "timelock"):
        address = network.contracts()[name]
        yield asked.one(f"ledger of {name}", network.ledger, address, ARTIFACTS[name], "ledger")
    domain = "0x" + network.domain().separator().hex()
    yield asked.one("signing domain", domain, network.ledger, "Ledger", "domainSeparator")
    delay, max_age = network.administration_delay_s, network.reserves_max_age_s
    yield asked.one("delay of role changes, s", delay, network.administration, "Administration", "getMinDelay")
    yield asked.one("oldest reserves to issue upon, s", max_age, network.ledger, "Ledger", "reservesMaxAge")


def role_checks(reader: ChainReader, network: Network) -> Iterator[Check]:
    """Return whether each holder has its role, and nobody else does: no address known here, none that ever had one."""
    asked = _Asker(reader)
    known = {**network.roles, DEPLOYER: network.deployer, **network.contracts()}
    for contract, address, roles, slot_of in (
        ("Ledger", network.ledger, LEDGER_ROLES, role_slot),
        ("Administration", network.administration, ADMINISTRATION_ROLES, administration_role_slot),
    ):
        given = _ever_given(reader, address, event_topic(contract, "RoleGranted"), topic=2)
        for role, holders in roles.items():
            role_id = ROLE_IDS[role] if role in ROLE_IDS else asked.raw(address, contract, role)
            slots = {holder: slot_of(role_id, holder) for holder in {*known.values(), *given, _ANYBODY}}
            found = reader.holders(address, slots)
            yield Check(f"{role} on {contract}", _listed(known[name] for name in holders), _listed(found))
    attestor, anchorer = network.roles["attestor"], network.roles["anchorer"]
    yield asked.one("attestor of reserves", attestor, network.reserves, "ReserveAttestation", "attestor")
    yield asked.one("anchorer", anchorer, network.anchor, "Anchor", "anchorer")


def token_checks(reader: ChainReader, network: Network) -> Iterator[Check]:
    """Return whether each token is its currency's settlement asset, with this issuer and no other, and its view."""
    asked = _Asker(reader)
    issuer = network.roles["issuer"]
    known = {*network.roles.values(), network.deployer, *network.contracts().values()}
    for currency, token in network.tokens.items():
        meant = settlement_token(network.chain_id, network.ledger, currency)
        yield Check(f"id of the {currency} token", meant, token.token)
        yield Check(f"{currency} token", _asset(currency, token.exponent), _token(asked, network.ledger, token.token))
        topic = event_topic("Ledger", "IssuerChanged")
        given = _ever_given(reader, network.ledger, topic, topic=2, narrowed=_topic_of(token.token))
        slots = {holder: issuer_slot(token.token, holder) for holder in {*known, *given}}
        found = reader.holders(network.ledger, slots)
        yield Check(f"issuer of the {currency} token", issuer, _listed(found))
        for name, told in (
            ("ledger", network.ledger),
            ("token", token.token),
            ("name", view_name(currency)),
            ("symbol", currency),
            ("decimals", token.exponent),
        ):
            yield asked.one(f"{name} of the {currency} view", told, token.view, "TokenView", name)


class _Asker:
    """Asks views; what has no such view is a finding, not an error."""

    def __init__(self, reader: ChainReader) -> None:
        self._reader = reader

    def one(self, what: str, meant: object, to: str, contract: str, view: str) -> Check:
        """Compare what a view without arguments answers."""
        return Check(what, _shown(meant), _found(lambda: self.raw(to, contract, view)))

    def raw(self, to: str, contract: str, view: str, *arguments: object) -> Any:
        """Return a view's only value; IntegrityBroken when there is none."""
        called = function(contract, view)
        try:
            (value,) = called.decode_output(self._reader.view(to, called.encode(*arguments)))
        except DecodingError:
            raise IntegrityBroken(f"{to} does not answer {view} of {contract}") from None
        return value


def _describe_creation(reader: ChainReader, network: Network, name: str, address: str) -> str:
    """Return ``as meant``, or what is wrong with the transaction that is said to have created a contract.

    An address follows from the sender and nonce of the transaction, and code, immutable values and first storage
    follow from its data: so nothing about a contract can be other than meant.
    """
    transaction_hash = network.creations.get(name)
    if transaction_hash is None:
        return "by no transaction that is named"
    creation = reader.creation(transaction_hash)
    if creation is None or creation.address != address:
        return "not by the transaction that is named"
    as_meant = is_created_as_meant(name, creation.data, network)
    return "as meant" if as_meant else "by other code or with other arguments"


def _found(ask: Callable[[], object]) -> str:
    try:
        return _shown(ask())
    except IntegrityBroken as error:
        return error.detail


def _token(asked: _Asker, ledger: str, token: str) -> str:
    def ask() -> str:
        _, issuer, kind, exponent, currency = asked.raw(ledger, "Ledger", "token", token)
        found = _asset(currency.rstrip(b"\0").decode("ascii", "replace"), exponent)
        return found if (kind, issuer) == (TokenKind.SETTLEMENT_ASSET, 0) else f"kind {kind}, issuer {issuer}"

    return _found(ask)


def _asset(currency: str, exponent: int) -> str:
    return f"settlement asset in {currency} with {exponent} decimals" if currency else "no such token"


def _ever_given(reader: ChainReader, address: str, event: str, topic: int, narrowed: str | None = None) -> set[str]:
    """Return every address that was ever named in an event of this kind, in the topic with this position."""
    return {"0x" + log["topics"][topic][-40:].lower() for log in reader.logs(address, [event, narrowed])}


def _topic_of(address: str) -> str:
    return "0x" + address[2:].rjust(64, "0")


def _listed(addresses: Iterable[str]) -> str:
    return ", ".join(sorted(address.lower() for address in addresses)) or "nobody"


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    text = str(value)
    return text.lower() if text.startswith("0x") else text
