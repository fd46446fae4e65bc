"""What makes new contracts a working ledger: its settlement assets, their views, and the first business day.

What does not depend on another outcome is sent before that is waited for: a block a second is slow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from wallet.deployment.chain import DeploymentChain, Pending
from wallet.deployment.facts import settlement_token, view_name
from wallet.deployment.reading import ChainReader
from wallet.domain.errors import IntegrityBroken
from wallet.domain.money import Currency, parse_currency
from wallet.ledger import calls, creation, views
from wallet.ledger.records import TokenKind
from wallet.network import Network, NetworkToken
from wallet.transfers.outcome import Standing

DAY_S: Final = 86_400
_ASSET: Final = TokenKind.SETTLEMENT_ASSET
Report = Callable[[str], None]


def open_network(
    chain: DeploymentChain,
    reader: ChainReader,
    network: Network,
    planned_day: int,
    currencies: Sequence[Currency],
    report: Report,
) -> dict[str, NetworkToken]:
    """Create what is missing of settlement assets and views, open a first business day, and return all assets."""
    wanted = _all_currencies(network, currencies)
    changes = _missing_assets(reader, network, wanted)
    day = _FirstDay(chain, reader, network.ledger)
    report(f"settlement assets: {', '.join(changes) or 'none'} to be created")
    day.propose(planned_day)
    _decide(chain, network, "propose", "operator", calls.encode_propose, changes)
    day.open()
    _decide(chain, network, "confirm", "compliance", calls.encode_confirm, changes)
    tokens = _show(chain, network, wanted)
    day.require_open()
    return tokens


def _all_currencies(network: Network, wanted: Sequence[Currency]) -> list[Currency]:
    return [parse_currency(code) for code in dict.fromkeys((*network.tokens, *(one.code for one in wanted)))]


def _missing_assets(reader: ChainReader, network: Network, currencies: Sequence[Currency]) -> dict[str, list[bytes]]:
    """Return the registry's change that creates each asset that is not there yet: the token, and who issues it."""
    changes = {}
    for currency in currencies:
        token = settlement_token(network.chain_id, network.ledger, currency.code)
        if not views.decode_token(reader.view(network.ledger, views.encode_token(token))).currency:
            changes[currency.code] = [
                calls.registry_create_token(token, currency.code, currency.exponent, _ASSET, issuer=0),
                calls.registry_set_issuer(token, network.roles["issuer"], authorised=True),
            ]
    return changes


def _decide(
    chain: DeploymentChain,
    network: Network,
    step: str,
    role: str,
    encode: Callable[[Sequence[bytes]], bytes],
    changes: Mapping[str, Sequence[bytes]],
) -> None:
    """Take one of the two persons' steps for all changes, and see that each was taken."""
    chain.require(
        *[
            chain.call(f"deploy:token:{code}:{step}", role, network.registry, encode(change))
            for code, change in changes.items()
        ]
    )


def _show(chain: DeploymentChain, network: Network, currencies: Sequence[Currency]) -> dict[str, NetworkToken]:
    """Return all assets, each with its view, created where there was none."""
    tokens = dict(network.tokens)
    pending = {}
    for currency in currencies:
        if currency.code not in tokens:
            token = settlement_token(network.chain_id, network.ledger, currency.code)
            code = creation.token_view_deployment(network.ledger, token, view_name(currency.code), currency.code)
            pending[currency] = token, chain.create(f"deploy:view:{currency.code}", code)
    for currency, (token, creating) in pending.items():
        (created,) = chain.require(creating)
        tokens[currency.code] = NetworkToken(token, currency.exponent, created.contract or "")
    return tokens


class _FirstDay:
    """The first business day: proposed by one key, opened by another; nothing to do when one was opened before.

    It is the planned day; when that was too long ago for the ledger to take it, today.
    """

    def __init__(self, chain: DeploymentChain, reader: ChainReader, ledger: str) -> None:
        self._chain = chain
        self._reader = reader
        self._ledger = ledger
        self._day = 0
        self._proposal: Pending | None = None
        self._opening: Pending | None = None

    def propose(self, day: int) -> None:
        """Send the proposal of a day, unless one is open."""
        if not self._is_open():
            self._day = day
            data = calls.encode_propose_business_day(day)
            self._proposal = self._chain.call(f"deploy:day:{day}:propose", "calendar", self._ledger, data)

    def open(self) -> None:
        """Send the opening, once the proposal has succeeded."""
        if self._proposal is not None and self._chain.outcome(self._proposal).standing is Standing.SUCCEEDED:
            data = calls.encode_open_business_day(self._day)
            self._opening = self._chain.call(f"deploy:day:{self._day}:open", "second_calendar", self._ledger, data)

    def require_open(self) -> None:
        """See that a day is open, today's if the planned one was refused; else raise IntegrityBroken."""
        if self._opening is not None:
            self._chain.outcome(self._opening)
        if self._is_open():
            return
        self.propose(self._reader.head_timestamp() // DAY_S)
        self.open()
        if self._opening is None or self._chain.outcome(self._opening).standing is not Standing.SUCCEEDED:
            raise IntegrityBroken(f"the ledger takes no business day, not even {self._day}")

    def _is_open(self) -> bool:
        return bool(views.decode_uint(self._reader.view(self._ledger, views.encode_business_day())))
