"""The plain model of the whole ledger: what it must hold, and what it must answer, by the letter of the decisions.

Its operations have the contract's names. They raise ``Reverts`` where the contract must, and return a batch's refusals.
"""

from __future__ import annotations

from model_banks import BetweenBanks
from model_governance import Governance
from model_holds import Holds
from model_netting import Netting
from model_payments import Payments


class Model(Payments, Holds, BetweenBanks, Netting, Governance):
    """Balances, held and frozen money, entry counts, heads, marks, supplies, usage, runs: all that a ledger keeps."""
