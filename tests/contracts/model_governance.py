"""Roles, the business day, the pause and the registry's changes in the plain model: decision 8."""

from __future__ import annotations

from itertools import pairwise

from ledger_reference import MAX
from model_state import CLOSED, Account, Mandate, Reverts, State, Usage, role_id
from typed_reference import NONE

EXCLUDES = {"OPERATOR": ("COMPLIANCE", "ENFORCER"), "COMPLIANCE": ("OPERATOR",), "ENFORCER": ("OPERATOR",)}
ROLES = ("OPERATOR", "COMPLIANCE", "ENFORCER", "CALENDAR", "GUARDIAN")
DAY_S = 86_400


class Governance(State):
    """Who may what, and whether money moves today."""

    # --- by the administration ---

    def grant_role(self, role: str, holder: str) -> None:
        if holder == NONE:
            raise Reverts("BadRoleHolder", role_id(role), holder)
        if (role, holder) in self.roles:
            raise Reverts("RoleUnchanged", role_id(role), holder)
        for other in EXCLUDES.get(role, ()):
            if (other, holder) in self.roles:
                raise Reverts("RolesExclude", role_id(role), role_id(other), holder)
        if role not in ROLES:
            raise Reverts("UnknownRole", role_id(role))
        self.roles.add((role, holder))

    def revoke_role(self, role: str, holder: str) -> None:
        if (role, holder) not in self.roles:
            raise Reverts("RoleUnchanged", role_id(role), holder)
        self.roles.remove((role, holder))

    # --- day and pause ---

    def propose_day(self, sender: str, day: int) -> None:
        self.require_role("CALENDAR", sender)
        self._require_next(day)
        self.proposed = (day, sender)

    def open_day(self, sender: str, day: int) -> None:
        self.require_role("CALENDAR", sender)
        proposed, by = self.proposed
        if not day or day != proposed:
            raise Reverts("BusinessDayNotProposed", proposed, day)
        if sender == by:
            raise Reverts("SamePerson", sender)
        self._require_next(day)
        self.day, self.proposed = day, (0, "")

    def _require_next(self, day: int) -> None:
        if day <= self.day:
            raise Reverts("BusinessDayNotForward", self.day, day)
        today = self.now() // DAY_S
        if abs(day - today) > 1:
            raise Reverts("BusinessDayTooFar", today, day)

    def pause(self, sender: str) -> None:
        self.require_role("GUARDIAN", sender)
        if self.paused:
            raise Reverts("LedgerPaused")
        self.paused = True

    def unpause(self, sender: str) -> None:
        self.require_role("GUARDIAN", sender)
        if not self.paused:
            raise Reverts("LedgerNotPaused")
        self.paused = False

    def attest(self, token: str, amount: int, as_of: int) -> None:
        self.attested[token] = (amount, as_of)

    # --- by the registry ---

    def set_state(self, account: str, state: int) -> None:
        found = self._require_living(account)
        if state == CLOSED and found.balance:
            raise Reverts("AccountNotEmpty", account, found.balance)
        found.state = state

    def set_limits(self, account: str, per_payment: int, per_day: int) -> None:
        found = self._require_living(account)
        found.limit_per_payment, found.day_limit.limit = per_payment, per_day

    def set_threshold(self, account: str, threshold: int) -> None:
        found = self._require_living(account)
        require_reachable(account, threshold, len(found.signers))
        if found.bands and threshold > found.bands[0][1]:
            raise Reverts("BadBand", account, *found.bands[0])
        found.threshold = threshold

    def switch_signer(self, account: str, signer: str) -> None:
        """Authorise a key that is not yet, or take it away."""
        found = self._require_living(account)
        signers = found.signers ^ {signer}
        require_reachable(account, found.bands[-1][1] if found.bands else found.threshold, len(signers))
        found.signers = signers

    def set_bands(self, account: str, bands: tuple[tuple[int, int], ...]) -> None:
        found = self._require_living(account)
        if len(bands) > 3:
            raise Reverts("ValueOutOfRange", "bands", len(bands), 3)
        for (above, threshold), (next_above, next_threshold) in pairwise(((0, found.threshold), *bands)):
            if not above < next_above < MAX or next_threshold < threshold:
                raise Reverts("BadBand", account, next_above, next_threshold)
        require_reachable(account, bands[-1][1] if bands else found.threshold, len(found.signers))
        found.bands = bands

    def set_pair_limit(self, account: str, counterparty: str, limit: int) -> None:
        found = self._require_living(account)
        if counterparty not in self.accounts:
            raise Reverts("UnknownAccount", counterparty)
        if account == counterparty:
            raise Reverts("SameAccount", account)
        if limit > MAX:
            raise Reverts("ValueOutOfRange", "limitPerDay", limit, MAX)
        found.pairs.setdefault(counterparty, Usage()).limit = limit

    def set_mandate(self, token: str, participant: int, per_payment: int, per_day: int, until: int) -> None:
        found = self.mandates.setdefault((token, participant), Mandate(0, Usage(), 0))
        found.per_payment, found.per_day.limit, found.valid_until = per_payment, per_day, until

    def _require_living(self, account: str) -> Account:
        found = self.accounts.get(account)
        if found is None:
            raise Reverts("UnknownAccount", account)
        if found.state == CLOSED:
            raise Reverts("AccountClosed", account)
        return found


def require_reachable(account: str, threshold: int, signers: int) -> None:
    if not 1 <= threshold <= signers:
        raise Reverts("ThresholdUnreachable", account, threshold, signers)
