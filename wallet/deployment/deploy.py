"""The deployment itself: keys, plan, contracts, settlement assets, first business day, token views, checks, facts.

Each step is a submission with an id of its own (``deploy:…``). The signer answers the same id with the same bytes and
the chain takes the same bytes once, so a run may be killed anywhere and started again. ``network.json`` comes last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from wallet.deployment import checks
from wallet.deployment.assets import DAY_S, Report, open_network
from wallet.deployment.chain import DeploymentChain
from wallet.deployment.contracts import creation_codes
from wallet.deployment.facts import read_facts, store_facts
from wallet.deployment.holders import create_keys, require_separate
from wallet.deployment.plan import Plan, Terms, load_plan, plan_path, store_plan
from wallet.deployment.reading import ChainReader
from wallet.domain.errors import IntegrityBroken, Refused
from wallet.domain.money import Currency
from wallet.keys.client import SignerClient
from wallet.network import CONTRACTS, ROLES, Network
from wallet.rpc.client import RpcClient
from wallet.transfers.sending import chain_nonce


def deploy(
    rpc: RpcClient,
    signer: SignerClient,
    network_path: Path,
    rpc_url: str,
    currencies: Sequence[Currency],
    report: Report = lambda _: None,
    terms: Terms | None = None,
) -> Network:
    """Bring the network to stand with these currencies, and return its facts as written to ``network_path``.

    Currencies that stand already are kept, new ones are added; nothing is ever deployed twice.

    Parameters
    ----------
    terms : Terms, optional
        What the contracts are told when they are created; without them the plan's, or else the usual ones.

    Raises
    ------
    Unavailable, OutcomeUnknown
        Chain or signer do not answer: run again.
    Refused
        One person would hold two roles that exclude each other; the plan on disk has other terms. Nothing was sent.
    IntegrityBroken
        What is on the chain is not what was meant, or this is another chain than the plan's.
    """
    keys = create_keys(signer)
    require_separate(keys)
    reader = ChainReader(rpc)
    plan = _settle_plan(rpc, reader, plan_path(network_path), keys["deployer"], terms)
    chain = DeploymentChain(rpc, signer, plan.chain_id, keys)
    network, deployed = _planned(plan, rpc_url, reader, keys), read_facts(network_path)
    if deployed is None:
        network = _create_contracts(chain, network, report)
        checks.require(checks.code_checks(reader, network))
    else:  # contracts of an earlier release stay what they are
        _require_planned(deployed, network)
        network = replace(
            network, deployed_at=deployed.deployed_at, tokens=deployed.tokens, creations=deployed.creations
        )
    checks.require(checks.wiring_checks(reader, network))
    checks.require(checks.role_checks(reader, network))
    network = replace(network, tokens=open_network(chain, reader, network, plan.business_day, currencies, report))
    checks.require(checks.token_checks(reader, network))
    store_facts(network_path, network)
    return network


def _settle_plan(rpc: RpcClient, reader: ChainReader, path: Path, deployer: str, terms: Terms | None) -> Plan:
    """Return the plan on disk, made now when there is none; refuse one that is for another chain, key or terms."""
    chain_id, genesis = reader.chain_id(), reader.genesis_hash()
    plan = load_plan(path)
    if plan is None:
        day = reader.head_timestamp() // DAY_S
        plan = Plan(chain_id, genesis, deployer, chain_nonce(rpc, deployer), day, terms or Terms())
        store_plan(path, plan)
    if (plan.chain_id, plan.genesis_hash, plan.deployer) != (chain_id, genesis, deployer):
        raise IntegrityBroken(f"{path.name} is the plan for another chain, or for another deployer's key")
    if terms not in (None, plan.terms):
        raise Refused(f"{path.name} plans other terms: {plan.terms}")
    return plan


def _planned(plan: Plan, rpc_url: str, reader: ChainReader, keys: Mapping[str, str]) -> Network:
    """Return the network as it will be, without its tokens."""
    return Network(
        chain_id=plan.chain_id,
        rpc_url=rpc_url,
        genesis_hash=plan.genesis_hash,
        validators=reader.validators(),
        ledger=plan.address("ledger"),
        registry=plan.address("registry"),
        clearing=plan.address("clearing"),
        reserves=plan.address("reserves"),
        administration=plan.address("administration"),
        timelock=plan.address("timelock"),
        anchor=plan.address("anchor"),
        deployed_at=0,
        deployer=plan.deployer,
        administration_delay_s=plan.terms.administration_delay_s,
        reserves_max_age_s=plan.terms.reserves_max_age_s,
        roles={role: keys[role] for role in ROLES},
        tokens={},
    )


def _require_planned(deployed: Network, planned: Network) -> None:
    if deployed.contracts() != planned.contracts():
        raise IntegrityBroken(f"network.json names other contracts than the plan: {deployed.ledger}")


def _create_contracts(chain: DeploymentChain, network: Network, report: Report) -> Network:
    """Create all contracts, in the deployer's nonce order, and return the network with when and by what."""
    report(f"ledger at {network.ledger}, with {', '.join(name for name in CONTRACTS if name != 'ledger')}")
    codes = creation_codes(network)
    pending = [chain.create(f"deploy:{name}", codes[name]) for name in CONTRACTS]
    created = chain.require(*pending)
    if [one.contract for one in created] != list(network.contracts().values()):
        raise IntegrityBroken("the contracts are not at the addresses they were planned for")
    return replace(
        network,
        deployed_at=created[CONTRACTS.index("ledger")].height or 0,
        creations={name: one.transaction_hash for name, one in zip(CONTRACTS, pending, strict=True)},
    )
