"use strict";
const { ethers } = require("hardhat");
const { expect } = require("chai");
const support = require("./support");
const { BANK_X, BANK_Y, DOLLAR_Y, EURO, EURO_X, EURO_Y, FAR, MOST, SETTLEMENT, accountId, at, change, deployedLedger, eventsOf, expectError, instruction, issue, now, open, openDay, packInterbank, refusal, role, structHash, text } = support;

const list = (result) => Array.from(result);
const INTERBANK = 7n;

describe("Interbank", () => {
  let world, ledger, xenia, yves, settlementX, settlementY;
  beforeEach(async () => {
    world = await deployedLedger();
    ({ xenia, yves, settlementX, settlementY } = world);
    ledger = world.ledger.connect(world.operator);
    await issue(world, xenia, 1000, EURO_X);
    await issue(world, yves, 50, EURO_Y);
    await issue(world, settlementX, 600);
  });

  const order = (amount, fields = {}) => instruction(xenia, yves, amount, { token: EURO_X, ...fields });
  const agreed = (options = {}) => ({ consentKeys: world.keysY.slice(0, 1), ...options });
  const send = async (one, options = agreed()) => ledger.settleInterbank(await packInterbank(world, one, options));
  const refused = async (one, options) => refusal(ledger, send(one, options));
  const mandate = (...limits) => change(world, ["setInboundMandate", [EURO_Y, BANK_X, ...limits]]);
  const balances = async (...accounts) => Promise.all(accounts.map(async (one) => (await ledger.record(one)).balance));
  const supplies = async (...tokens) => Promise.all(tokens.map(async (one) => (await ledger.token(one)).supply));

  it("destroys, settles and creates in one, with the consent that the creditor's bank signed", async () => {
    const one = order(400);
    const hash = structHash(one);
    const day = await ledger.businessDay();
    const events = await eventsOf(ledger, send(one));
    const entries = events.slice(0, -1).map(([name, told]) => [name, told.account, told.kind, told.entryReference, told.counterparty, told.amount, told.seq, told.businessDay]);
    expect(entries).to.deep.equal([
      ["EntryBooked", xenia, INTERBANK, hash, yves, -400n, 2n, day],
      ["EntryBooked", settlementX, INTERBANK, hash, settlementY, -400n, 2n, day],
      ["EntryBooked", settlementY, INTERBANK, hash, settlementX, 400n, 1n, day],
      ["EntryBooked", yves, INTERBANK, hash, xenia, 400n, 2n, day],
    ]);
    const [name, told] = events.at(-1);
    expect([name, ...told]).to.deep.equal(["InterbankSettled", one.uetr, xenia, yves, 400n, settlementX, settlementY, hash, day]);
    expect(await balances(xenia, settlementX, settlementY, yves)).to.deep.equal([600n, 200n, 400n, 450n]);
    expect(await supplies(EURO_X, EURO, EURO_Y)).to.deep.equal([600n, 600n, 450n]);
    expect(await ledger.mark(one.uetr)).to.equal(hash);
    expect((await refused(one))[0]).to.equal(1n);
  });

  it("pays from and to an account in the settlement asset itself", async () => {
    const up = instruction(xenia, world.alice, 100, { token: EURO_X });
    await send(up, {});
    expect(await balances(xenia, settlementX, world.alice)).to.deep.equal([900n, 500n, 100n]);
    const down = instruction(world.alice, yves, 30);
    const events = await eventsOf(ledger, send(down));
    expect(events.slice(0, -1).map(([, told]) => [told.account, told.counterparty, told.amount])).to.deep.equal([
      [world.alice, yves, -30n],
      [settlementY, world.alice, 30n],
      [yves, world.alice, 30n],
    ]);
    expect(await balances(world.alice, settlementY, yves)).to.deep.equal([70n, 30n, 80n]);
    expect(await supplies(EURO_X, EURO, EURO_Y)).to.deep.equal([900n, 600n, 80n]);
  });

  it("needs the creditor's bank, in time, for this very payment", async () => {
    const until = (await now()) + 100;
    const cases = [
      {},
      { consentKeys: world.keysX.slice(0, 1) },
      { consentKeys: world.keys.slice(0, 1) },
      agreed({ account: settlementX }),
      agreed({ validUntil: (await now()) - 1 }),
    ];
    const one = order(10);
    for (const options of cases) expect(await refused(one, options)).to.deep.equal([18n, 0n, 0n]);
    const other = await packInterbank(world, order(10), agreed());
    const mine = await packInterbank(world, one, agreed());
    const size = 8 + 1 + 65;
    const swapped = ethers.concat([ethers.dataSlice(mine, 0, ethers.dataLength(mine) - size), ethers.dataSlice(other, ethers.dataLength(other) - size)]);
    expect((await refusal(ledger, ledger.settleInterbank(swapped)))[0]).to.equal(18n);
    expect(await ledger.mark(one.uetr)).to.equal(ethers.ZeroHash);
    await change(world, ["setBands", [settlementY, [{ above: 9, threshold: 2 }]]]);
    expect((await refused(one))[0]).to.equal(18n);
    const packed = await packInterbank(world, one, agreed({ consentKeys: world.keysY.slice(0, 2), validUntil: until }));
    await at(until);
    await ledger.settleInterbank(packed);
    expect(await balances(yves)).to.deep.equal([60n]);
  });

  it("lets in what a mandate lets in, for its time, per payment and per day", async () => {
    const until = (await now()) + 5000;
    await mandate(100, 150, until);
    expect(list(await ledger.inboundMandate(EURO_Y, BANK_X))).to.deep.equal([100n, 150n, 0n, 0n, BigInt(until)]);
    expect(await refused(order(101), {})).to.deep.equal([19n, 100n, 101n]);
    await send(order(100), {});
    const later = order(51);
    expect(await refused(later, {})).to.deep.equal([19n, 150n, 151n]);
    await send(order(50), {});
    expect((await ledger.inboundMandate(EURO_Y, BANK_X)).usedToday).to.equal(150n);
    await send(order(5));
    expect((await ledger.inboundMandate(EURO_Y, BANK_X)).usedToday).to.equal(150n);
    await openDay(world, (await ledger.businessDay()) + 1n);
    await send(later, {});
    expect(list(await ledger.inboundMandate(EURO_Y, BANK_X)).slice(2, 4)).to.deep.equal([51n, await ledger.businessDay()]);
    await mandate(0, 0, until);
    await send(order(200), {});
    expect((await ledger.inboundMandate(EURO_Y, BANK_X)).usedToday).to.equal(51n);
    await at(until);
    await send(order(1), {});
    await at(until + 1);
    expect((await refused(order(1), {}))[0]).to.equal(18n);
    await mandate(0, 0, 0);
    expect((await refused(order(1), {}))[0]).to.equal(18n);
  });

  it("gives a mandate for one bank only", async () => {
    await mandate(0, 0, FAR);
    const other = await open(world, {});
    await issue(world, other, 10);
    expect((await refused(instruction(other, yves, 1), {}))[0]).to.equal(18n);
    const events = await eventsOf(ledger, mandate(1, 2, 3));
    expect(list(events[0][1])).to.deep.equal([EURO_Y, BigInt(BANK_X), 1n, 2n, 3n]);
    await expectError(ledger, change(world, ["setInboundMandate", [EURO, BANK_X, 0, 0, 0]]), "UnknownToken");
    await expectError(world.registry, change(world, ["setInboundMandate", [EURO_Y, 99, 0, 0, 0]]), "UnknownParticipant");
    for (const limits of [[MOST + 1n, 0], [0, MOST + 1n]]) await expectError(ledger, mandate(...limits, 0), "ValueOutOfRange");
  });

  it("waits while the paying bank has no liquidity or is over its limits", async () => {
    const one = order(700);
    expect(await refused(one)).to.deep.equal([20n, 600n, 700n]);
    expect(await ledger.mark(one.uetr)).to.equal(ethers.ZeroHash);
    await issue(world, settlementX, 100);
    await change(world, ["setLimits", [settlementX, 699, 0]]);
    expect(await refused(one)).to.deep.equal([20n, 699n, 700n]);
    await change(world, ["setLimits", [settlementX, 0, 699]]);
    expect(await refused(one)).to.deep.equal([20n, 699n, 700n]);
    await change(world, ["setLimits", [settlementX, 0, 0]], ["setCounterpartyLimit", [settlementX, settlementY, 699]]);
    expect(await refused(one)).to.deep.equal([20n, 699n, 700n]);
    await change(world, ["setCounterpartyLimit", [settlementX, settlementY, 700]], ["setLimits", [settlementX, 0, 701]]);
    await send(one);
    expect((await ledger.counterpartyLimit(settlementX, settlementY)).usedToday).to.equal(700n);
    expect((await ledger.record(settlementX)).usedToday).to.equal(700n);
    expect(await refused(order(2))).to.deep.equal([20n, 701n, 702n]);
  });

  it("charges the debtor's own limits, and refuses for good by them", async () => {
    await change(world, ["setLimits", [xenia, 300, 400]], ["setCounterpartyLimit", [xenia, yves, 350]]);
    const over = order(301);
    expect(await refused(over)).to.deep.equal([13n, 300n, 301n]);
    expect(BigInt(await ledger.mark(over.uetr))).to.equal(13n);
    await send(order(300));
    expect([(await ledger.record(xenia)).usedToday, (await ledger.counterpartyLimit(xenia, yves)).usedToday]).to.deep.equal([300n, 300n]);
    expect(await refused(order(101))).to.deep.equal([14n, 400n, 401n]);
    expect(await refused(order(51))).to.deep.equal([16n, 350n, 351n]);
    expect((await refused(order(1, { amount: 0 })))[0]).to.equal(6n);
    await change(world, ["setLimits", [xenia, 0, 0]], ["setCounterpartyLimit", [xenia, yves, 0]]);
    expect(await refused(order(701))).to.deep.equal([15n, 700n, 701n]);
  });

  it("refuses by the first rule that fails", async () => {
    const cases = [
      [order(1, { debtor: accountId() }), 2n],
      [order(1, { validUntil: 1 }), 5n],
      [order(1, { validAfter: FAR }), 4n],
      [order(MOST + 1n), 6n],
      [order(1, { token: EURO_Y }), 7n],
      [order(1, { creditor: xenia }), 8n],
      [order(1, { creditor: accountId() }), 8n],
      [order(1, { creditor: world.yolanda }), 7n],
      [order(1, { uetr: "0x564e4554" + "00".repeat(12) }), 17n],
    ];
    for (const [one, code] of cases) expect((await refused(one))[0]).to.equal(code);
    expect((await refused(order(1), agreed({ keys: world.keysX.slice(0, 1) })))[0]).to.equal(3n);
    const neighbour = await open(world, { token: EURO_X, participant: BANK_X });
    expect((await refused(order(1, { creditor: neighbour })))[0]).to.equal(7n);
  });

  for (const [party, state, code] of [["xenia", 2, 9n], ["yves", 3, 10n], ["xenia", 4, 9n], ["yves", 4, 10n], ["settlementX", 2, 24n], ["settlementX", 4, 24n], ["settlementY", 3, 24n], ["settlementY", 4, 24n], ["settlementY", 5, 24n]]) {
    it(`respects state ${state} of ${party}`, async () => {
      await change(world, ["setAccountState", [world[party], state]]);
      expect((await refused(order(1)))[0]).to.equal(code);
    });
  }

  it("respects a closed creditor, and states that do not matter", async () => {
    await change(world, ["setAccountState", [settlementX, 3]], ["setAccountState", [settlementY, 2]], ["setAccountState", [xenia, 3]], ["setAccountState", [yves, 2]]);
    await send(order(1));
    const closed = await open(world, { token: EURO_Y, participant: BANK_Y });
    await change(world, ["setAccountState", [closed, 5]]);
    expect((await refused(order(1, { creditor: closed })))[0]).to.equal(12n);
  });

  it("needs both settlement accounts, and two of them", async () => {
    await change(world, ["setSettlementAccount", [EURO_X, ethers.ZeroAddress]]);
    expect(await ledger.settlementAccount(EURO_X)).to.equal(ethers.ZeroAddress);
    expect((await refused(order(1)))[0]).to.equal(24n);
    await change(world, ["setSettlementAccount", [EURO_X, settlementX]], ["setSettlementAccount", [EURO_Y, ethers.ZeroAddress]]);
    expect((await refused(order(1)))[0]).to.equal(24n);
    expect((await refused(instruction(xenia, settlementX, 1, { token: EURO_X })))[0]).to.equal(24n);
    expect((await refused(instruction(settlementX, xenia, 1), agreed({ keys: world.keysX.slice(0, 1), account: settlementX, consentKeys: world.keysX.slice(0, 1) })))[0]).to.equal(24n);
  });

  it("takes as settlement account the bank's own, of that kind and currency", async () => {
    const customer = await open(world, { participant: BANK_X });
    const foreign = await open(world, { token: support.DOLLAR_ASSET, participant: BANK_X, kind: SETTLEMENT });
    const deposit = await open(world, { token: EURO_X, participant: BANK_X, kind: SETTLEMENT });
    for (const account of [customer, foreign, deposit, settlementY, accountId()]) {
      const told = await expectError(ledger, change(world, ["setSettlementAccount", [EURO_X, account]]), "NotASettlementAccount");
      expect(list(told)).to.deep.equal([EURO_X, account]);
    }
    await expectError(ledger, change(world, ["setSettlementAccount", [EURO, settlementX]]), "NotASettlementAccount");
    await expectError(ledger, change(world, ["setSettlementAccount", [accountId(), settlementX]]), "UnknownToken");
    const [[name, told]] = await eventsOf(ledger, change(world, ["setSettlementAccount", [EURO_X, settlementX]]));
    expect([name, ...told]).to.deep.equal(["SettlementAccountChanged", EURO_X, settlementX]);
  });

  it("never creates more of a token than the ledger can hold", async () => {
    await issue(world, await open(world, { token: EURO_Y, participant: BANK_Y }), MOST - 50n - 5n, EURO_Y);
    expect((await refused(order(6)))[0]).to.equal(24n);
    await send(order(5));
    expect(await supplies(EURO_Y)).to.deep.equal([MOST]);
  });

  it("settles each item on its own", async () => {
    const items = await Promise.all([order(1), order(5000), order(2)].map((one) => packInterbank(world, one, agreed())));
    const names = (await eventsOf(ledger, ledger.settleInterbank(ethers.concat(items)))).map(([name]) => name).filter((name) => name !== "EntryBooked");
    expect(names).to.deep.equal(["InterbankSettled", "PaymentRefused", "InterbankSettled"]);
    for (const cut of [1, 66, 75]) {
      const bytes = ethers.concat(items);
      await expectError(ledger, ledger.settleInterbank(ethers.dataSlice(bytes, 0, ethers.dataLength(bytes) - cut)), "MalformedBatch");
    }
  });

  it("is the operator's, and stands still while paused", async () => {
    const item = await packInterbank(world, order(1), agreed());
    const told = await expectError(ledger, ledger.connect(world.stranger).settleInterbank(item), "MissingRole");
    expect(list(told)).to.deep.equal([role("OPERATOR"), world.stranger.address]);
    await expectError(world.clearing, world.clearing.connect(world.operator).settleInterbank(item), "MissingRole");
    await ledger.connect(world.guardian).pause();
    await expectError(ledger, ledger.settleInterbank(item), "LedgerPaused");
  });

  it("moves the same worth on both sides: an asset counted in other units is no settlement account's", async () => {
    const coarse = accountId();
    await change(world, ["createToken", [coarse, text("EUR", 3), 0, 1, 0]]);
    const account = await open(world, { token: coarse, participant: BANK_X, kind: SETTLEMENT });
    await expectError(ledger, change(world, ["setSettlementAccount", [EURO_X, account]]), "NotASettlementAccount");
  });
});
