"""The deployment itself: keys, plan, registry, ledger, settlement assets, business day, checks, facts. In that order.

Each step is a submission with an id of its own (``deploy:…``). The signer answers the same id with the same bytes and
the chain takes the same bytes once, so a run may be killed anywhere and started again. ``network.json`` comes last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from wallet.deployment import checks
from wallet.deployment.chain import DeploymentChain, chain_validators, genesis_hash, head_timestamp
from wallet.deployment.facts import NetworkFacts, known_currencies, settlement_token, store_facts
from wallet.deployment.plan import Plan, load_plan, plan_path, store_plan
from wallet.domain.errors import IntegrityBroken
from wallet.domain.money import Currency, parse_currency
from wallet.keys.client import SignerClient
from wallet.ledger import calls, creation, views
from wallet.ledger.records import TokenKind
from wallet.rpc.client import RpcClient
from wallet.transfers.outcome import Standing
from wallet.transfers.sending import chain_nonce

HOLDERS: Final = ("operator", "compliance", "issuer", "calendar", "guardian")
"""Who holds a role on the ledger; each by a key ``role:<name>`` of its own."""
_DAY_S: Final = 86_400
Report = Callable[[str], None]


def deploy(
    rpc: RpcClient,
    signer: SignerClient,
    network_path: Path,
    rpc_url: str,
    currencies: Sequence[Currency],
    report: Report = lambda _: None,
) -> NetworkFacts:
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
    report(f"registry at {plan.registry}")
    chain.create("deploy:registry", creation.registry_deployment(plan.ledger), plan.registry)
    report(f"ledger at {plan.ledger}")
    code = creation.ledger_deployment(plan.registry, creation.RoleHolders(**holders))
    created = chain.create("deploy:ledger", code, plan.ledger)
    checks.require_contracts(chain, plan)
    checks.require_roles(chain, plan.ledger, holders)
    tokens = _create_tokens(chain, plan, _all_currencies(network_path, currencies), report)
    _open_business_day(chain, rpc, plan, report)
    facts = NetworkFacts(
        chain_id=plan.chain_id,
        rpc_url=rpc_url,
        genesis_hash=plan.genesis_hash,
        validators=chain_validators(rpc),
        ledger=plan.ledger,
        registry=plan.registry,
        deployed_at=created.height or 0,
        roles=holders,
        tokens=tokens,
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


def _all_currencies(network_path: Path, wanted: Sequence[Currency]) -> list[Currency]:
    codes = dict.fromkeys((*known_currencies(network_path), *(one.code for one in wanted)))
    return [parse_currency(code) for code in codes]


def _create_tokens(
    chain: DeploymentChain, plan: Plan, currencies: Sequence[Currency], report: Report
) -> dict[str, Currency]:
    """Create each currency's settlement asset where there is none yet: one proposes, another confirms."""
    tokens = {settlement_token(plan.chain_id, plan.ledger, one.code): one for one in currencies}
    for token, currency in tokens.items():
        if not checks.find_token(chain, plan.ledger, token).currency:
            report(f"settlement asset in {currency.code}")
            kind = TokenKind.SETTLEMENT_ASSET
            change = [calls.registry_create_token(token, currency.code, currency.exponent, kind, issuer=0)]
            step = f"deploy:token:{currency.code}"
            chain.require(f"{step}:propose", "operator", plan.registry, calls.encode_propose(change))
            chain.require(f"{step}:confirm", "compliance", plan.registry, calls.encode_confirm(change))
        checks.require_token(chain, plan.ledger, token, currency)
    return tokens


def _open_business_day(chain: DeploymentChain, rpc: RpcClient, plan: Plan, report: Report) -> None:
    """Open the first business day: the planned one, or today's when a crash has let the planned one pass."""
    for day in dict.fromkeys((plan.business_day, head_timestamp(rpc) // _DAY_S)):
        if views.decode_uint(chain.view(plan.ledger, views.encode_business_day())):
            return
        report(f"business day {day}")
        data = calls.encode_open_business_day(day)
        if chain.call(f"deploy:day:{day}", "calendar", plan.ledger, data).standing is Standing.SUCCEEDED:
            return
    raise IntegrityBroken("no business day could be opened: is the chain's time right?")
