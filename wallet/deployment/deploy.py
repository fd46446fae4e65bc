"""The deployment itself: keys, plan, registry, ledger, settlement assets, business day, checks, facts. In that order.

Each step is a submission with an id of its own (``deploy:…``). The signer answers the same id with the same bytes and
the chain takes the same bytes once, so a run may be killed anywhere and started again. ``network.json`` comes last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from wallet.deployment import checks
from wallet.deployment.chain import DeploymentChain, Pending, chain_validators, genesis_hash, head_timestamp
from wallet.deployment.facts import read_facts, settlement_token, store_facts
from wallet.deployment.plan import Plan, load_plan, plan_path, store_plan
from wallet.domain.errors import IntegrityBroken
from wallet.domain.money import Currency, parse_currency
from wallet.keys.client import SignerClient
from wallet.ledger import calls, creation, views
from wallet.ledger.records import TokenKind
from wallet.network import Network, NetworkToken
from wallet.rpc.client import RpcClient
from wallet.transfers.outcome import Standing
from wallet.transfers.sending import chain_nonce

HOLDERS: Final = ("operator", "compliance", "issuer", "calendar", "guardian")
"""Who holds a role on the ledger; each by a key ``role:<name>`` of its own."""
_DAY_S: Final = 86_400
_ASSET: Final = TokenKind.SETTLEMENT_ASSET
Report = Callable[[str], None]


def deploy(
    rpc: RpcClient,
    signer: SignerClient,
    network_path: Path,
    rpc_url: str,
    currencies: Sequence[Currency],
    report: Report = lambda _: None,
) -> Network:
    """Bring the network to stand with these currencies, and return its facts as written to ``network_path``.

    Currencies that stand already are kept, new ones are added; nothing is ever deployed twice.

    Raises
    ------
    Unavailable, OutcomeUnknown
        Chain or signer do not answer: run again.
    IntegrityBroken
        What is on the chain is not what was meant, or this is another chain than the plan's.
    """
    roles = _create_keys(signer)
    plan = _settle_plan(rpc, plan_path(network_path), roles["deployer"])
    chain = DeploymentChain(rpc, signer, plan.chain_id, roles)
    holders = {role: roles[role] for role in HOLDERS}
    deployed = read_facts(network_path)
    if deployed is None:
        deployed_at = _create_contracts(chain, plan, holders, report)
        checks.require_code(chain, plan)
    else:  # contracts of an earlier release stay what they are
        deployed_at = _require_planned(deployed, plan).deployed_at
    checks.require_contracts(chain, plan)
    checks.require_roles(chain, plan.ledger, holders)
    opening = _send_business_day(chain, plan, plan.business_day)
    tokens = _create_tokens(chain, plan, _all_currencies(deployed, currencies), report)
    _require_business_day(chain, rpc, plan, opening)
    facts = Network(
        chain_id=plan.chain_id,
        rpc_url=rpc_url,
        genesis_hash=plan.genesis_hash,
        validators=chain_validators(rpc),
        ledger=plan.ledger,
        registry=plan.registry,
        deployed_at=deployed_at,
        roles=holders,
        tokens={one.code: NetworkToken(token, one.exponent) for token, one in tokens.items()},
    )
    store_facts(network_path, facts)
    return facts


def _create_keys(signer: SignerClient) -> dict[str, str]:
    """Return the address of each role's key, made now or before."""
    names = ("deployer", *HOLDERS)
    keys = signer.create_keys([(f"role:{name}", f"role:{name}") for name in names])
    return {name: key.address for name, key in zip(names, keys, strict=True)}


def _settle_plan(rpc: RpcClient, path: Path, deployer: str) -> Plan:
    """Return the plan on disk, made now when there is none; IntegrityBroken when it is for another chain or key."""
    chain_id, genesis = int(rpc.call("eth_chainId"), 16), genesis_hash(rpc)
    plan = load_plan(path)
    if plan is None:
        day = head_timestamp(rpc) // _DAY_S
        plan = Plan(chain_id, genesis, deployer, chain_nonce(rpc, deployer), day)
        store_plan(path, plan)
    if (plan.chain_id, plan.genesis_hash, plan.deployer) != (chain_id, genesis, deployer):
        raise IntegrityBroken(f"{path.name} is the plan for another chain, or for another deployer's key")
    return plan


def _require_planned(deployed: Network, plan: Plan) -> Network:
    if deployed.ledger != plan.ledger:
        raise IntegrityBroken(f"network.json names the ledger {deployed.ledger}, the plan {plan.ledger}")
    return deployed


def _all_currencies(deployed: Network | None, wanted: Sequence[Currency]) -> list[Currency]:
    known = () if deployed is None else tuple(deployed.tokens)
    return [parse_currency(code) for code in dict.fromkeys((*known, *(one.code for one in wanted)))]


def _create_contracts(chain: DeploymentChain, plan: Plan, holders: dict[str, str], report: Report) -> int:
    """Create registry and ledger, in the deployer's nonce order, and return the height of the ledger."""
    report(f"registry at {plan.registry}, ledger at {plan.ledger}")
    ledger_code = creation.ledger_deployment(plan.registry, creation.RoleHolders(**holders))
    created = chain.require(
        chain.create("deploy:registry", creation.registry_deployment(plan.ledger)),
        chain.create("deploy:ledger", ledger_code),
    )
    if [one.contract for one in created] != [plan.registry, plan.ledger]:
        raise IntegrityBroken("the contracts are not at the addresses they were planned for")
    return created[1].height or 0


def _create_tokens(
    chain: DeploymentChain, plan: Plan, currencies: Sequence[Currency], report: Report
) -> dict[str, Currency]:
    """Create each currency's settlement asset where there is none yet: one proposes, another confirms."""
    tokens = {settlement_token(plan.chain_id, plan.ledger, one.code): one for one in currencies}
    changes = {
        currency.code: [calls.registry_create_token(token, currency.code, currency.exponent, _ASSET, issuer=0)]
        for token, currency in tokens.items()
        if not checks.find_token(chain, plan.ledger, token).currency
    }
    for step, role, encode in (
        ("propose", "operator", calls.encode_propose),
        ("confirm", "compliance", calls.encode_confirm),
    ):
        report(f"settlement assets: {step} {', '.join(changes) or 'none'}")
        chain.require(
            *[
                chain.call(f"deploy:token:{code}:{step}", role, plan.registry, encode(change))
                for code, change in changes.items()
            ]
        )
    for token, currency in tokens.items():
        checks.require_token(chain, plan.ledger, token, currency)
    return tokens


def _send_business_day(chain: DeploymentChain, plan: Plan, day: int) -> Pending | None:
    """Send the opening of a first business day; None when one is open already."""
    if views.decode_uint(chain.view(plan.ledger, views.encode_business_day())):
        return None
    return chain.call(f"deploy:day:{day}", "calendar", plan.ledger, calls.encode_open_business_day(day))


def _require_business_day(chain: DeploymentChain, rpc: RpcClient, plan: Plan, opening: Pending | None) -> None:
    """See that a day is open; today's, when the planned one was too long ago for the ledger to take it."""
    if opening is None or chain.outcome(opening).standing is Standing.SUCCEEDED:
        return
    today = _send_business_day(chain, plan, head_timestamp(rpc) // _DAY_S)
    if today is not None:
        chain.require(today)
