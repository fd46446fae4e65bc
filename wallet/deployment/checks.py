"""Is what stands on the chain what was meant? Asked of the chain itself, after every deployment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from contracts import artifact
from wallet.deployment.chain import DeploymentChain
from wallet.deployment.plan import Plan
from wallet.domain.errors import IntegrityBroken
from wallet.domain.instructions import LedgerDomain
from wallet.domain.money import Currency
from wallet.ledger import views
from wallet.ledger.records import TokenKind, TokenRecord

_PUSH32: Final = 0x7F
_WORD: Final = 32


def require_code(chain: DeploymentChain, plan: Plan) -> None:
    """Raise IntegrityBroken unless both contracts have the code of our artifacts."""
    for name, address in (("Registry", plan.registry), ("Ledger", plan.ledger)):
        if not is_code_of(name, chain.code(address)):
            raise IntegrityBroken(f"the code at {address} is not that of {name}")


def require_contracts(chain: DeploymentChain, plan: Plan) -> None:
    """Raise IntegrityBroken unless both contracts know each other and verify signatures for our domain."""
    found = {
        "the ledger's registry": views.decode_address(chain.view(plan.ledger, views.encode_registry())),
        "the registry's ledger": views.decode_address(chain.view(plan.registry, views.encode_registry_ledger())),
        "the signing domain": chain.view(plan.ledger, views.encode_domain_separator()).hex(),
    }
    meant = {
        "the ledger's registry": plan.registry,
        "the registry's ledger": plan.ledger,
        "the signing domain": LedgerDomain(plan.chain_id, plan.ledger).separator().hex(),
    }
    for what, value in found.items():
        if value != meant[what]:
            raise IntegrityBroken(f"{what} is {value}, not {meant[what]}")


def require_roles(chain: DeploymentChain, ledger: str, holders: Mapping[str, str]) -> None:
    """Raise IntegrityBroken unless each holder has its role, and no other."""
    for role in holders:
        for other, holder in holders.items():
            has = views.decode_bool(chain.view(ledger, views.encode_has_role(role.upper(), holder)))
            if has != (role == other or holder == holders[role]):
                raise IntegrityBroken(f"{holder} {'holds' if has else 'lacks'} the role {role} on the ledger")


def require_token(chain: DeploymentChain, ledger: str, token: str, currency: Currency) -> None:
    """Raise IntegrityBroken unless the token is the settlement asset of this currency."""
    found = find_token(chain, ledger, token)
    told = (found.kind, found.issuer, found.currency, found.exponent)
    if told != (TokenKind.SETTLEMENT_ASSET, 0, currency.code, currency.exponent):
        raise IntegrityBroken(f"the token {token} is {told}, not the settlement asset in {currency.code}")


def find_token(chain: DeploymentChain, ledger: str, token: str) -> TokenRecord:
    """Return the token's record on the ledger; all zero when there is none."""
    return views.decode_token(chain.view(ledger, views.encode_token(token)))


def is_code_of(name: str, code: bytes) -> bool:
    """Tell whether code on the chain is an artifact's, but for the immutable words written at creation.

    In an artifact an immutable is a push of 32 zero bytes; there, and only there, the chain may say something else.
    """
    built = bytes.fromhex(artifact(name)["deployedBytecode"][2:])
    if len(built) != len(code):
        return False
    at = 0
    while at < len(built):
        if built[at] != code[at]:
            return False
        size = max(0, built[at] - 0x5F) if built[at] <= _PUSH32 else 0
        pushed = built[at + 1 : at + 1 + size]
        if pushed != code[at + 1 : at + 1 + size] and pushed != bytes(_WORD):
            return False
        at += 1 + size
    return True
