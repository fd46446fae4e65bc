"use strict";
const { ethers } = require("hardhat");
const { expect } = require("chai");
const support = require("./support");
const { BANK_X, BANK_Y, DOLLAR_ASSET, DOLLAR_Y, EURO, EURO_X, EURO_Y, FAR, MOST, PROVIDER, accountId, change, deployedLedger, eventsOf, exchangeInstruction, expectError, hashOf, issue, now, open, packExchange, quoteFor, refusal, role } = support;

const list = (result) => Array.from(result);
const EXCHANGE = 8n;

describe("Exchange", () => {
  let world, ledger, xenia, yolanda, settlementX, dollarsY, sellAccount, buyAccount;
  beforeEach(async () => {
    world = await deployedLedger();
    ({ xenia, yolanda, settlementX, dollarsY, sellAccount, buyAccount } = world);
    ledger = world.ledger.connect(world.operator);
    await issue(world, xenia, 1000, EURO_X);
    await issue(world, settlementX, 1000);
    await issue(world, buyAccount, 1000, DOLLAR_ASSET);
  });

  const order = (amount, fields) => exchangeInstruction(world, amount, fields);
  const quote = (one, fields) => quoteFor(world, one, fields);
  const send = async (one, offer = quote(one), options = {}) => ledger.settleExchange(await packExchange(world, one, offer, options));
  const refused = async (one, offer, options) => refusal(ledger, send(one, offer, options));
  const balances = async (...accounts) => Promise.all(accounts.map(async (one) => (await ledger.record(one)).balance));
  const supplies = async (...tokens) => Promise.all(tokens.map(async (one) => (await ledger.token(one)).supply));

  it("sells and buys in one, by a quote and a consent signed by ethers", async () => {
    const one = order(500);
    const offer = quote(one, { charges: 9 });
    const day = await ledger.businessDay();
    const quoteHash = hashOf("Quote", offer);
    const preimage = [ethers.id("vostro.exchange.1"), hashOf("CrossCurrencyInstruction", one), quoteHash, 540n];
    const reference = ethers.keccak256(ethers.AbiCoder.defaultAbiCoder().encode(["bytes32", "bytes32", "bytes32", "uint256"], preimage));
    const events = await eventsOf(ledger, send(one, offer));
    const entries = events.slice(0, -1).map(([, told]) => [told.account, told.kind, told.entryReference, told.counterparty, told.amount]);
    expect(entries).to.deep.equal([
      [xenia, EXCHANGE, reference, sellAccount, -500n],
      [settlementX, EXCHANGE, reference, sellAccount, -500n],
      [sellAccount, EXCHANGE, reference, xenia, 500n],
      [buyAccount, EXCHANGE, reference, yolanda, -540n],
      [dollarsY, EXCHANGE, reference, buyAccount, 540n],
      [yolanda, EXCHANGE, reference, buyAccount, 540n],
    ]);
    const [name, told] = events.at(-1);
    expect([name, ...told]).to.deep.equal(["ExchangeSettled", one.uetr, xenia, yolanda, 500n, 540n, 9n, quoteHash, reference, day]);
    expect(await balances(xenia, settlementX, sellAccount, buyAccount, dollarsY, yolanda)).to.deep.equal([500n, 500n, 500n, 460n, 540n, 540n]);
    expect(await supplies(EURO_X, EURO, DOLLAR_ASSET, DOLLAR_Y)).to.deep.equal([500n, 1000n, 1000n, 540n]);
    expect(await ledger.mark(one.uetr)).to.equal(reference);
    expect(await ledger.quoteUsed(quoteHash)).to.equal(500n);
    expect((await refused(one, offer))[0]).to.equal(1n);
  });

  it("lets a quote be used up to its amount, and not after", async () => {
    const first = order(300);
    const offer = quote(first, { maxAmount: 500 });
    await send(first, offer);
    const second = order(201, { quoteId: first.quoteId });
    expect(await refused(second, offer)).to.deep.equal([21n, 200n, 201n]);
    expect(await ledger.mark(second.uetr)).to.equal(ethers.ZeroHash);
    await send(order(200, { quoteId: first.quoteId }), offer);
    expect(await refused(order(1, { quoteId: first.quoteId }), offer)).to.deep.equal([21n, 0n, 1n]);
  });

  it("takes no quote that does not hold", async () => {
    const one = order(100);
    const closed = await open(world, { participant: BANK_X });
    const cases = [
      [quote(one), { quoteKeys: world.keys.slice(0, 1) }],
      [quote(one, { quoteId: support.uetr() })],
      [quote(one, { sellToken: EURO })],
      [quote(one, { buyToken: DOLLAR_ASSET })],
      [quote(one, { expires: (await now()) - 1 })],
      [quote(one, { rateDenominator: 0 })],
      [quote(one, { sellAccount: accountId() })],
      [quote(one, { buyAccount: accountId() })],
      [quote(one, { sellAccount: closed })],
      [quote(one, { sellAccount: xenia, buyAccount: settlementX }), { quoteKeys: world.keysX.slice(0, 1) }],
      [quote(one, { buyAccount: yolanda, sellAccount: world.yves }), { quoteKeys: world.keys.slice(0, 1) }],
      [quote(one, { rateNumerator: FAR, rateDenominator: 1, charges: 0 })],
    ];
    for (const [offer, options] of cases) expect((await refused(one, offer, options))[0]).to.equal(21n);
    expect((await refused(order(1), undefined, { quoteKeys: [] }).catch(() => [0n]))[0]).to.equal(0n);
    expect(await balances(xenia, buyAccount)).to.deep.equal([1000n, 1000n]);
  });

  it("asks the provider by the band of the most that the quote can cost", async () => {
    await change(world, ["setBands", [buyAccount, [{ above: 549, threshold: 2 }]]]);
    const one = order(100);
    const offer = quote(one, { maxAmount: 500 });
    expect((await refused(one, offer))[0]).to.equal(21n);
    await send(one, offer, { quoteKeys: world.providerKeys.slice(0, 2) });
    const small = order(100);
    await send(small, quote(small, { maxAmount: 499 }));
  });

  it("keeps to what the debtor allows", async () => {
    const dear = order(100, { maxCharges: 9 });
    expect(await refused(dear)).to.deep.equal([23n, 9n, 10n]);
    const least = order(100, { minCreditorAmount: 100 });
    expect(await refused(least)).to.deep.equal([22n, 100n, 99n]);
    expect(await refused(order(10, { minCreditorAmount: 0 }))).to.deep.equal([22n, 0n, 0n]);
    const tiny = order(100, { minCreditorAmount: 0 });
    expect(await refused(tiny, quote(tiny, { rateNumerator: 1, rateDenominator: 91 }))).to.deep.equal([22n, 0n, 0n]);
    const exact = order(100, { minCreditorAmount: 99, maxCharges: 10 });
    await send(exact);
  });

  it("waits while somebody who pays cannot", async () => {
    const one = order(900);
    expect(await refused(order(1000))).to.deep.equal([20n, 1000n, 1089n]);
    await issue(world, buyAccount, 1000, DOLLAR_ASSET);
    await change(world, ["setLimits", [buyAccount, 900, 0]]);
    expect(await refused(one)).to.deep.equal([20n, 900n, 979n]);
    await change(world, ["setLimits", [buyAccount, 0, 0]], ["setCounterpartyLimit", [buyAccount, yolanda, 978]]);
    expect(await refused(one)).to.deep.equal([20n, 978n, 979n]);
    await change(world, ["setCounterpartyLimit", [buyAccount, yolanda, 979]], ["setLimits", [settlementX, 0, 899]]);
    expect(await refused(one)).to.deep.equal([20n, 899n, 900n]);
    await change(world, ["setLimits", [settlementX, 0, 900]], ["setLimits", [buyAccount, 0, 5000]], ["setLimits", [xenia, 0, 2000]]);
    await send(one);
    expect([(await ledger.record(settlementX)).usedToday, (await ledger.record(buyAccount)).usedToday, (await ledger.record(xenia)).usedToday]).to.deep.equal([900n, 979n, 900n]);
    expect((await ledger.counterpartyLimit(buyAccount, yolanda)).usedToday).to.equal(979n);
  });

  it("refuses for good what is the debtor's fault", async () => {
    await change(world, ["setLimits", [xenia, 500, 0]]);
    const cases = [
      [order(501), [13n, 500n, 501n]],
      [order(0), [6n, MOST, 0n]],
      [order(1, { creditorToken: EURO_Y }), [7n, 0n, 0n]],
      [order(1, { creditorToken: EURO_X }), [7n, 0n, 0n]],
      [order(1, { creditor: accountId() }), [8n, 0n, 0n]],
      [order(1, { token: EURO }), [7n, 0n, 0n]],
      [order(1, { creditor: world.yves, creditorToken: EURO_Y }), [7n, 0n, 0n]],
    ];
    for (const [one, expected] of cases) {
      expect(await refused(one)).to.deep.equal(expected);
      expect(BigInt(await ledger.mark(one.uetr))).to.equal(expected[0]);
    }
    await change(world, ["setLimits", [xenia, 0, 0]], ["setCounterpartyLimit", [xenia, sellAccount, 99]]);
    const towardsProvider = order(100);
    expect(await refused(towardsProvider)).to.deep.equal([25n, 99n, 100n]);
    expect(await ledger.mark(towardsProvider.uetr)).to.equal(ethers.ZeroHash);
    expect(await refused(order(1001))).to.deep.equal([15n, 1000n, 1001n]);
    for (const [party, state, code] of [[xenia, 2, 9n], [yolanda, 3, 10n]]) {
      await change(world, ["setAccountState", [party, state]]);
      expect((await refused(order(50)))[0]).to.equal(code);
      await change(world, ["setAccountState", [party, 1]]);
    }
    await send(order(99));
    expect((await ledger.counterpartyLimit(xenia, sellAccount)).usedToday).to.equal(99n);
  });

  it("marks nothing before the signatures held", async () => {
    const cases = [
      [order(1), { keys: world.keysX.slice(0, 1) }, 3n],
      [order(1, { validAfter: FAR }), {}, 4n],
      [order(1, { validUntil: 1 }), {}, 5n],
      [order(1, { debtor: accountId() }), {}, 2n],
      [order(1, { uetr: "0x564e4554" + "11".repeat(12) }), {}, 17n],
    ];
    for (const [one, options, code] of cases) {
      expect((await refused(one, undefined, options))[0]).to.equal(code);
      expect(await ledger.mark(one.uetr)).to.equal(ethers.ZeroHash);
    }
  });

  for (const [party, state] of [["sellAccount", 3], ["sellAccount", 4], ["buyAccount", 2], ["buyAccount", 4], ["settlementX", 2], ["dollarsY", 3], ["dollarsY", 5], ["sellAccount", 5]]) {
    it(`respects state ${state} of ${party}`, async () => {
      await change(world, ["setAccountState", [world[party], state]]);
      expect((await refused(order(50)))[0]).to.equal(24n);
    });
  }

  it("asks each bank that creates money", async () => {
    const one = order(100);
    expect((await refused(one, undefined, { consentKeys: [] }))[0]).to.equal(18n);
    expect((await refused(one, undefined, { consentKeys: world.keysX.slice(0, 1) }))[0]).to.equal(18n);
    await change(world, ["setInboundMandate", [DOLLAR_Y, PROVIDER, 0, 99, FAR]]);
    await send(one, undefined, { consentKeys: [] });
    expect((await ledger.inboundMandate(DOLLAR_Y, PROVIDER)).usedToday).to.equal(99n);
    expect(await refused(order(100), undefined, { consentKeys: [] })).to.deep.equal([19n, 99n, 198n]);
  });

  it("pays a provider that keeps a deposit, under the mandate of its bank", async () => {
    const deposit = await open(world, { token: EURO_Y, participant: PROVIDER, keys: world.providerKeys });
    const one = order(100);
    const offer = quote(one, { sellAccount: deposit });
    expect((await refused(one, offer))[0]).to.equal(18n);
    await change(world, ["setInboundMandate", [EURO_Y, BANK_X, 99, 0, FAR]]);
    expect(await refused(one, offer)).to.deep.equal([19n, 99n, 100n]);
    await change(world, ["setInboundMandate", [EURO_Y, BANK_X, 100, 150, FAR]]);
    const events = await eventsOf(ledger, send(one, offer));
    expect(events.slice(0, 4).map(([, told]) => [told.account, told.counterparty, told.amount])).to.deep.equal([
      [xenia, deposit, -100n],
      [settlementX, world.settlementY, -100n],
      [world.settlementY, settlementX, 100n],
      [deposit, xenia, 100n],
    ]);
    expect((await ledger.inboundMandate(EURO_Y, BANK_X)).usedToday).to.equal(100n);
    expect(await supplies(EURO_Y)).to.deep.equal([100n]);
  });

  it("pays from a provider that keeps a deposit, over its bank", async () => {
    const [token] = [support.DOLLAR];
    const bank = await open(world, { token: DOLLAR_ASSET, participant: support.BANK, kind: support.SETTLEMENT });
    await change(world, ["setSettlementAccount", [token, bank]]);
    const deposit = await open(world, { token, participant: PROVIDER, keys: world.providerKeys });
    await issue(world, deposit, 500, token);
    const one = order(100);
    expect(await refused(one, quote(one, { buyAccount: deposit }))).to.deep.equal([20n, 0n, 99n]);
    await issue(world, bank, 98, DOLLAR_ASSET);
    expect(await refused(one, quote(one, { buyAccount: deposit }))).to.deep.equal([20n, 98n, 99n]);
    await issue(world, bank, 1, DOLLAR_ASSET);
    await send(one, quote(one, { buyAccount: deposit }));
    expect(await balances(deposit, bank, dollarsY, yolanda)).to.deep.equal([401n, 0n, 99n, 99n]);
    expect(await supplies(token, DOLLAR_ASSET, DOLLAR_Y)).to.deep.equal([401n, 1099n, 99n]);
  });

  it("moves plainly where both ends of a route hold one token", async () => {
    const euro = await open(world, {});
    const dollars = await open(world, { token: DOLLAR_ASSET });
    await issue(world, euro, 100);
    const one = order(100, { debtor: euro, creditor: dollars, token: EURO, creditorToken: DOLLAR_ASSET });
    const events = await eventsOf(ledger, send(one, quote(one), { consentKeys: [] }));
    expect(events.slice(0, -1).map(([, told]) => [told.account, told.counterparty, told.amount])).to.deep.equal([
      [euro, sellAccount, -100n],
      [sellAccount, euro, 100n],
      [buyAccount, dollars, -99n],
      [dollars, buyAccount, 99n],
    ]);
  });

  it("is the operator's, whole items only, and stands still while paused", async () => {
    const item = await packExchange(world, order(100));
    const told = await expectError(ledger, ledger.connect(world.stranger).settleExchange(item), "MissingRole");
    expect(told.role).to.equal(role("OPERATOR"));
    await expectError(world.clearing, world.clearing.connect(world.operator).settleExchange(item), "MissingRole");
    for (const size of [100, 217, 283, 300, 440, 500]) {
      await expectError(ledger, ledger.settleExchange(ethers.dataSlice(item, 0, size)), "MalformedBatch");
    }
    await ledger.connect(world.guardian).pause();
    await expectError(ledger, ledger.settleExchange(item), "LedgerPaused");
  });
});
