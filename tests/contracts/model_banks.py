"""Interbank and cross-currency settlement in the plain model: decision 10."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ledger_reference import MAX, Order
from model_checks import (
    charge,
    check_amount,
    check_authority,
    check_money,
    check_states,
    is_authorised,
    may_be_paid,
    may_pay,
)
from model_state import DEPOSIT, Refusal, State
from typed_reference import NONE, Consent, ExchangeItem, ExchangeOrder, InterbankItem, Quote, exchange_reference

BY_MANDATE = Consent()


@dataclass(frozen=True)
class Route:
    """Money is destroyed at ``debtor`` unless it is the payer, and created at ``creditor`` unless it is the payee."""

    debtor: str
    payer: str
    payee: str
    creditor: str
    amount: int


class BetweenBanks(State):
    """All legs or none: everything is checked before anything is booked."""

    def settle_interbank(self, sender: str, items: list[InterbankItem]) -> list[Refusal | None]:
        self.require_role("OPERATOR", sender)
        self.require_movable()
        return [self._settle_interbank(item) for item in items]

    def settle_exchange(self, sender: str, items: list[ExchangeItem]) -> list[Refusal | None]:
        self.require_role("OPERATOR", sender)
        self.require_movable()
        return [self._settle_exchange(item) for item in items]

    def _settle_interbank(self, item: InterbankItem) -> Refusal | None:
        order, struct_hash = item.payment.order, item.payment.order.struct_hash()
        code = check_authority(self, order, struct_hash, item.payment.signatures)
        if code:
            return Refusal(code)
        creditor = self.accounts.get(order.creditor)
        wanted = creditor.token if creditor else NONE
        refusal = self._check_debtor(order, wanted, order.creditor, same_currency=True)
        if refusal:
            return self.note_refusal(order.uetr, refusal)
        route = self._route(order.debtor, order.creditor, order.amount)
        refusal = self._check_route(route) or self._check_consent(route, struct_hash, item.consent)
        if refusal:
            return refusal
        self.marks[order.uetr] = struct_hash
        charge(self, self.accounts[order.debtor], order.creditor, order.amount)
        self._charge_route(route, item.consent)
        self._book_route(route, 7, struct_hash)
        return None

    def _settle_exchange(self, item: ExchangeItem) -> Refusal | None:
        order, struct_hash = item.order, item.order.struct_hash()
        code = check_authority(self, order, struct_hash, item.payment.signatures)
        if code:
            return Refusal(code)
        refusal = self._check_debtor(order, order.creditor_token, None, same_currency=False)
        if refusal:
            return self.note_refusal(order.uetr, refusal)
        # What is packed is the quote without its id and tokens: the instruction's stand for them.
        quote = replace(item.quote, quote_id=order.quote_id, sell_token=order.token, buy_token=order.creditor_token)
        refusal = self._check_quote(order, quote, item) or self._check_provider(order, quote)
        if refusal:
            return refusal
        bought_amount = converted(quote, order.amount - quote.charges)
        sold = self._route(order.debtor, quote.sell_account, order.amount)
        bought = self._route(quote.buy_account, order.creditor, bought_amount)
        refusal = self._check_legs(sold, bought, struct_hash, item.consent)
        if refusal:
            return refusal
        quote_hash = quote.struct_hash()
        reference = exchange_reference(struct_hash, quote_hash, bought_amount)
        self.marks[order.uetr] = reference
        self.quotes[quote_hash] = self.quotes.get(quote_hash, 0) + order.amount
        charge(self, self.accounts[order.debtor], quote.sell_account, order.amount)
        charge(self, self.accounts[quote.buy_account], order.creditor, bought_amount)
        self._charge_route(sold, BY_MANDATE)
        self._charge_route(bought, item.consent)
        self._book_route(sold, 8, reference)
        self._book_route(bought, 8, reference)
        return None

    # --- checks ---

    def _check_debtor(self, order: Order, wanted: str, paid: str | None, *, same_currency: bool) -> Refusal | None:
        """Codes 6 to 16 for a creditor that holds another token; ``paid`` is the debtor's counterparty, if known."""
        wrong = check_amount(order.amount)
        if wrong:
            return wrong
        debtor, creditor = self.accounts[order.debtor], self.accounts.get(order.creditor)
        if order.token != debtor.token:
            return Refusal(7)
        if creditor is None or order.creditor == order.debtor:
            return Refusal(8)
        if creditor.token != wanted or wanted == order.token:
            return Refusal(7)
        if (self.tokens[wanted].currency == self.tokens[order.token].currency) != same_currency:
            return Refusal(7)
        return check_states(debtor.state, creditor.state) or check_money(self, debtor, paid, order.amount)

    def _check_provider(self, order: ExchangeOrder, quote: Quote) -> Refusal | None:
        over = check_money(self, self.accounts[order.debtor], quote.sell_account, order.amount)
        return over and replace(over, code=25)

    def _check_quote(self, order: ExchangeOrder, quote: Quote, item: ExchangeItem) -> Refusal | None:
        seller, buyer = self.accounts.get(quote.sell_account), self.accounts.get(quote.buy_account)
        if seller is None or buyer is None or seller.participant != buyer.participant:
            return Refusal(21)
        if quote.sell_account == order.debtor or quote.buy_account == order.creditor:
            return Refusal(21)
        if self.now() > quote.expires or quote.denominator == 0:
            return Refusal(21)
        most = converted(quote, quote.max_amount)
        if not is_authorised(self, quote.buy_account, most, quote.struct_hash(), item.quote_signatures):
            return Refusal(21)
        used = self.quotes.get(quote.struct_hash(), 0)
        if used + order.amount > quote.max_amount:
            return Refusal(21, max(0, quote.max_amount - used), order.amount)
        if quote.charges > order.max_charges:
            return Refusal(23, order.max_charges, quote.charges)
        arrives = converted(quote, order.amount - quote.charges) if quote.charges < order.amount else 0
        if arrives == 0 or arrives < order.minimum:
            return Refusal(22, order.minimum, arrives)
        return Refusal(21, MAX, 0) if arrives > MAX else None

    def _check_legs(self, sold: Route, bought: Route, struct_hash: bytes, consent: Consent) -> Refusal | None:
        provider_pays = self.accounts[bought.debtor]
        if not may_be_paid(self.accounts[sold.creditor]) or not may_pay(provider_pays):
            return Refusal(24)
        return (
            self._check_route(sold)
            or self._check_route(bought)
            or without_liquidity(check_money(self, provider_pays, bought.creditor, bought.amount))
            or self._check_consent(sold, struct_hash, BY_MANDATE)
            or self._check_consent(bought, struct_hash, consent)
        )

    def _route(self, debtor: str, creditor: str, amount: int) -> Route:
        if self.accounts[debtor].token == self.accounts[creditor].token:
            return Route(debtor, debtor, creditor, creditor, amount)
        return Route(debtor, self._settling(debtor), self._settling(creditor), creditor, amount)

    def _settling(self, account: str) -> str:
        token = self.accounts[account].token
        return self.settlement_accounts.get(token, NONE) if self.tokens[token].kind == DEPOSIT else account

    def _check_route(self, route: Route) -> Refusal | None:
        payer, payee = self.accounts.get(route.payer), self.accounts.get(route.payee)
        if payer is None or payee is None or route.payer == route.payee or payer.token != payee.token:
            return Refusal(24)
        if not may_pay(payer) or not may_be_paid(payee):
            return Refusal(24)
        if route.creditor != route.payee and self.supply[self.accounts[route.creditor].token] + route.amount > MAX:
            return Refusal(24)
        if route.payer == route.debtor:
            return None
        return without_liquidity(check_money(self, payer, route.payee, route.amount))

    def _check_consent(self, route: Route, instruction: bytes, consent: Consent) -> Refusal | None:
        if route.creditor == route.payee:
            return None
        if not consent.signatures:
            return self._check_mandate(route)
        struct_hash = Consent.struct_hash(instruction, route.payee, consent.valid_until)
        is_given = self.now() <= consent.valid_until and is_authorised(
            self, route.payee, route.amount, struct_hash, consent.signatures
        )
        return None if is_given else Refusal(18)

    def _check_mandate(self, route: Route) -> Refusal | None:
        mandate = self.mandates.get(self._mandate_of(route))
        if mandate is None or self.now() > mandate.valid_until:
            return Refusal(18)
        if mandate.per_payment and route.amount > mandate.per_payment:
            return Refusal(19, mandate.per_payment, route.amount)
        if mandate.per_day.is_passed_by(route.amount, self.day):
            return Refusal(19, mandate.per_day.limit, mandate.per_day.so_far(self.day) + route.amount)
        return None

    def _mandate_of(self, route: Route) -> tuple[str, int]:
        return self.accounts[route.creditor].token, self.accounts[route.debtor].participant

    # --- booking ---

    def _charge_route(self, route: Route, consent: Consent) -> None:
        if route.payer != route.debtor:
            charge(self, self.accounts[route.payer], route.payee, route.amount)
        if route.creditor != route.payee and not consent.signatures:
            self.mandates[self._mandate_of(route)].per_day.charge(route.amount, self.day)

    def _book_route(self, route: Route, kind: int, reference: bytes) -> None:
        amount = route.amount
        given, created = route.debtor != route.payer, route.creditor != route.payee
        if given:
            self.supply[self.accounts[route.debtor].token] -= amount
            self.book(route.debtor, kind, reference, route.creditor, -amount)
        self.book(route.payer, kind, reference, route.payee if given else route.creditor, -amount)
        self.book(route.payee, kind, reference, route.payer if created else route.debtor, amount)
        if created:
            self.supply[self.accounts[route.creditor].token] += amount
            self.book(route.creditor, kind, reference, route.debtor, amount)


def without_liquidity(refusal: Refusal | None) -> Refusal | None:
    """What fails on an account that nobody signed for is its bank's want of money."""
    return refusal and replace(refusal, code=20)


def converted(quote: Quote, amount: int) -> int:
    """What is bought for an amount, rounded down: the rest is the provider's."""
    return amount * quote.numerator // quote.denominator
