"use strict";
const { ethers } = require("hardhat");
const { expect } = require("chai");
const { DOLLAR, EURO, MOST, accountId, change, deployedLedger, eventsOf, expectError, instruction, issue, newKeys, open, openDay, opening, pack, refusal, text } = require("./support");

const list = (result) => Array.from(result);
const pairs = (bands) => bands.map(({ above, threshold }) => [above, threshold]);

describe("Bands", () => {
  let world, ledger, alice, bob;
  beforeEach(async () => {
    world = await deployedLedger();
    ({ ledger, alice, bob } = world);
    await issue(world, alice, 100000);
  });

  const set = (...bands) => change(world, ["setBands", [alice, bands.map(([above, threshold]) => ({ above, threshold }))]]);
  const pay = async (amount, keys) => ledger.connect(world.operator).settle(await pack(world, instruction(alice, bob, amount), keys));
  const needs = async (amount, count) => {
    if (count > 1) expect((await refusal(ledger, pay(amount, world.keys.slice(0, count - 1))))[0], `${amount}`).to.equal(3n);
    const [[name]] = await eventsOf(ledger, pay(amount, world.keys.slice(0, count)));
    expect(name, `${amount}`).to.equal("PaymentSettled");
  };

  it("ask for more signers above an amount", async () => {
    const events = await eventsOf(ledger, set([100, 1], [1000, 2], [10000, 3]));
    const [, told] = events.find(([name]) => name === "BandsChanged");
    expect([told.account, pairs(told.bands)]).to.deep.equal([alice, [[100n, 1n], [1000n, 2n], [10000n, 3n]]]);
    expect(pairs(await ledger.bands(alice))).to.deep.equal([[100n, 1n], [1000n, 2n], [10000n, 3n]]);
    expect((await ledger.record(alice)).flags).to.equal(3n);
    for (const [amount, count] of [[100, 1], [101, 1], [1000, 1], [1001, 2], [10000, 2], [10001, 3]]) await needs(amount, count);
    await set([1000, 2]);
    expect((await ledger.record(alice)).flags).to.equal(1n);
    await needs(10001, 2);
    await set();
    expect([pairs(await ledger.bands(alice)), (await ledger.record(alice)).flags]).to.deep.equal([[], 0n]);
    await needs(10001, 1);
  });

  it("ascend, do not fall, and stay reachable", async () => {
    const bad = async (bands, above, threshold) => expect(list(await expectError(ledger, set(...bands), "BadBand"))).to.deep.equal([alice, BigInt(above), BigInt(threshold)]);
    await bad([[0, 1]], 0, 1);
    await bad([[100, 2], [100, 3]], 100, 3);
    await bad([[100, 2], [99, 3]], 99, 3);
    await bad([[100, 2], [200, 1]], 200, 1);
    await bad([[MOST, 2]], MOST, 2);
    await bad([[100, 0]], 100, 0);
    await set([MOST - 1n, 1]);
    expect(list(await expectError(ledger, set([1, 4]), "ThresholdUnreachable"))).to.deep.equal([alice, 4n, 3n]);
    const four = [[1, 1], [2, 1], [3, 1], [4, 1]];
    expect(list(await expectError(ledger, set(...four), "ValueOutOfRange"))).to.deep.equal(["bands", 4n, 3n]);
    await expectError(ledger, change(world, ["setBands", [accountId(), []]]), "UnknownAccount");
  });

  it("hold thresholds and signers to themselves", async () => {
    await set([100, 2], [1000, 3]);
    expect(list(await expectError(ledger, change(world, ["setThreshold", [alice, 3]]), "BadBand"))).to.deep.equal([alice, 100n, 2n]);
    await change(world, ["setThreshold", [alice, 2]]);
    const told = await expectError(ledger, change(world, ["setSigner", [alice, world.keys[0].address, false]]), "ThresholdUnreachable");
    expect(list(told)).to.deep.equal([alice, 3n, 2n]);
    await set([100, 2]);
    await change(world, ["setSigner", [alice, world.keys[0].address, false]]);
    expect(await ledger.signerCount(alice)).to.equal(2n);
  });

  it("count for redemptions too", async () => {
    await set([100, 2]);
    const order = instruction(alice, EURO, 101);
    const issuer = ledger.connect(world.issuer);
    expect((await refusal(ledger, issuer.redeem(await pack(world, order, world.keys.slice(0, 1)))))[0]).to.equal(3n);
    await issuer.redeem(await pack(world, order));
    expect((await ledger.record(alice)).balance).to.equal(99899n);
  });
});

describe("Counterparty limits", () => {
  let world, ledger, alice, bob, carol;
  beforeEach(async () => {
    world = await deployedLedger();
    ({ ledger, alice, bob, carol } = world);
    await issue(world, alice, 100000);
  });

  const limit = (counterparty, amount) => change(world, ["setCounterpartyLimit", [alice, counterparty, amount]]);
  const pay = async (creditor, amount) => ledger.connect(world.operator).settle(await pack(world, instruction(alice, creditor, amount)));
  const used = async (creditor) => (await ledger.counterpartyLimit(alice, creditor)).usedToday;

  it("count one day's debits to one counterparty", async () => {
    const events = await eventsOf(ledger, limit(bob, 500));
    expect(events.map(([name, told]) => [name, ...told])).to.deep.equal([["CounterpartyLimitChanged", alice, bob, 500n]]);
    expect((await ledger.record(alice)).flags).to.equal(0x80n);
    await pay(bob, 300);
    await pay(carol, 3000);
    const over = await pack(world, instruction(alice, bob, 201));
    const send = () => ledger.connect(world.operator).settle(over);
    expect(await refusal(ledger, send())).to.deep.equal([16n, 500n, 501n]);
    expect((await refusal(ledger, send()))[0]).to.equal(1n);
    await pay(bob, 200);
    expect(list(await ledger.counterpartyLimit(alice, bob))).to.deep.equal([500n, 500n, await ledger.businessDay()]);
    await openDay(world, (await ledger.businessDay()) + 1n);
    await pay(bob, 500);
    expect(list(await ledger.counterpartyLimit(alice, bob))).to.deep.equal([500n, 500n, await ledger.businessDay()]);
    expect(await used(carol)).to.equal(0n);
  });

  it("come after the account's own rules, and charge nothing when those refuse", async () => {
    await limit(bob, 500);
    await change(world, ["setLimits", [alice, 400, 0]]);
    expect(await refusal(ledger, pay(bob, 600))).to.deep.equal([13n, 400n, 600n]);
    expect(await used(bob)).to.equal(0n);
    await change(world, ["setLimits", [alice, 0, 700]]);
    expect(await refusal(ledger, pay(bob, 501))).to.deep.equal([16n, 500n, 501n]);
    expect((await ledger.record(alice)).usedToday).to.equal(0n);
  });

  it("keep the account's flag while there is one", async () => {
    const flags = async () => (await ledger.record(alice)).flags;
    await change(world, ["setBands", [alice, [{ above: 9, threshold: 2 }]]]);
    await limit(bob, 5);
    await limit(carol, 5);
    await limit(carol, 6);
    await change(world, ["setBands", [alice, [{ above: 9, threshold: 2 }, { above: 10, threshold: 3 }]]]);
    expect(await flags()).to.equal(0x82n);
    await limit(bob, 0);
    expect(await flags()).to.equal(0x82n);
    await limit(bob, 0);
    await limit(carol, 0);
    expect([await flags(), pairs(await ledger.bands(alice))]).to.deep.equal([2n, [[9n, 2n], [10n, 3n]]]);
  });

  it("are between two accounts there are", async () => {
    await expectError(ledger, limit(alice, 1), "SameAccount");
    await expectError(ledger, limit(accountId(), 1), "UnknownAccount");
    expect(list(await expectError(ledger, limit(bob, MOST + 1n), "ValueOutOfRange"))).to.deep.equal(["limitPerDay", MOST + 1n, MOST]);
    await expectError(ledger, change(world, ["setCounterpartyLimit", [accountId(), bob, 1]]), "UnknownAccount");
  });
});

describe("Accounts and tokens", () => {
  let world, ledger;
  beforeEach(async () => {
    world = await deployedLedger();
    ({ ledger } = world);
  });

  const openWith = (fields) => change(world, ["openAccounts", [[{ ...opening(world, accountId()), ...fields }]]]);
  const outOfRange = async (sent, field, value, max) => expect(list(await expectError(ledger, sent, "ValueOutOfRange"))).to.deep.equal([field, BigInt(value), BigInt(max)]);

  it("begin as they are told", async () => {
    const account = accountId();
    const fields = { ...opening(world, account), limitPerPayment: 7, limitPerDay: 8 };
    const events = await eventsOf(ledger, change(world, ["openAccounts", [[fields]]]));
    const [name, told] = events[0];
    const signers = fields.signers;
    expect([name, ...list(told).slice(0, 5), list(told.signers), told.limitPerPayment, told.limitPerDay]).to.deep.equal(["AccountOpened", account, EURO, 1n, 2n, 1n, signers, 7n, 8n]);
    const head = ethers.AbiCoder.defaultAbiCoder().encode(["bytes32", "uint256", "address", "address", "address"], [ethers.id("vostro.head.1"), 4711, await ledger.getAddress(), EURO, account]);
    expect((await ledger.record(account)).head).to.equal(ethers.keccak256(head));
    const token = accountId();
    const created = await eventsOf(ledger, change(world, ["createToken", [token, text("JPY", 3), 0, 1, 0]]));
    expect(created.map(([one, what]) => [one, ...what])).to.deep.equal([["TokenCreated", token, text("JPY", 3), 0n, 1n, 0n]]);
    expect(list(await ledger.token(token))).to.deep.equal([0n, 0n, 1n, 0n, text("JPY", 3)]);
  });

  it("have ids of their own", async () => {
    for (const account of [world.alice, EURO]) expect((await expectError(ledger, openWith({ account }), "IdTaken")).id).to.equal(account);
    await expectError(ledger, openWith({ account: ethers.ZeroAddress }), "ZeroId");
    for (const id of [world.alice, EURO]) await expectError(ledger, change(world, ["createToken", [id, text("EUR", 3), 2, 1, 0]]), "IdTaken");
    for (const currency of ["EUr", "E R", "EU", "A@Z", "AZ["]) {
      const told = await expectError(ledger, change(world, ["createToken", [accountId(), text(currency, 3), 2, 1, 0]]), "NotACurrency");
      expect(told.currency).to.equal(text(currency, 3));
    }
    await change(world, ["createToken", [accountId(), text("AZA", 3), 2, 1, 0]]);
    await expectError(ledger, change(world, ["createToken", [ethers.ZeroAddress, text("EUR", 3), 2, 1, 0]]), "ZeroId");
    await expectError(ledger, openWith({ token: accountId() }), "UnknownToken");
  });

  it("keep to their ranges", async () => {
    const many = newKeys(17).map((key) => key.address);
    await outOfRange(openWith({ kind: 0 }), "kind", 0, 6);
    await outOfRange(openWith({ kind: 7 }), "kind", 7, 6);
    await outOfRange(openWith({ signers: [] }), "signers", 0, 16);
    await outOfRange(openWith({ signers: many }), "signers", 17, 16);
    await outOfRange(openWith({ limitPerPayment: MOST + 1n }), "limitPerPayment", MOST + 1n, MOST);
    await outOfRange(openWith({ limitPerDay: MOST + 1n }), "limitPerDay", MOST + 1n, MOST);
    for (const threshold of [0, 4]) await expectError(ledger, openWith({ threshold }), "ThresholdUnreachable");
    await outOfRange(change(world, ["createToken", [accountId(), text("EUR", 3), 7, 1, 0]]), "exponent", 7, 6);
    for (const kind of [0, 3]) await outOfRange(change(world, ["createToken", [accountId(), text("EUR", 3), 2, kind, 1]]), "kind", kind, 2);
    const [first, second] = world.keys.map((key) => key.address);
    for (const signers of [[second, first], [first, first], [ethers.ZeroAddress]]) {
      expect((await expectError(ledger, openWith({ signers }), "SignersNotAscending")).signer).to.equal(signers.at(-1));
    }
    const full = await open(world, { keys: newKeys(16) });
    await outOfRange(change(world, ["setSigner", [full, accountId(), true]]), "signers", 17, 16);
    await outOfRange(change(world, ["setAccountState", [full, 0]]), "state", 0, 5);
    await outOfRange(change(world, ["setAccountState", [full, 6]]), "state", 6, 5);
    await outOfRange(change(world, ["setLimits", [full, MOST + 1n, 0]]), "limitPerPayment", MOST + 1n, MOST);
    await outOfRange(change(world, ["setLimits", [full, 0, MOST + 1n]]), "limitPerDay", MOST + 1n, MOST);
  });

  it("change as they are told, and tell all of it", async () => {
    const { alice, keys } = world;
    const told = async (...calls) => (await eventsOf(ledger, change(world, ...calls))).map(([name, what]) => [name, ...what]);
    expect(await told(["setLimits", [alice, 5, 6]])).to.deep.equal([["AccountChanged", alice, 1n, 1n, 5n, 6n]]);
    expect(await told(["setThreshold", [alice, 3]])).to.deep.equal([["AccountChanged", alice, 1n, 3n, 5n, 6n]]);
    expect(await told(["setAccountState", [alice, 4]])).to.deep.equal([["AccountChanged", alice, 4n, 3n, 5n, 6n]]);
    const key = accountId();
    expect(await told(["setSigner", [alice, key, true]])).to.deep.equal([["SignerChanged", alice, key, true]]);
    expect(await ledger.signerCount(alice)).to.equal(4n);
    expect(list(await expectError(ledger, change(world, ["setSigner", [alice, key, true]]), "SignerUnchanged"))).to.deep.equal([alice, key, true]);
    await expectError(ledger, change(world, ["setSigner", [alice, ethers.ZeroAddress, true]]), "ZeroId");
    for (const threshold of [0, 5]) await expectError(ledger, change(world, ["setThreshold", [alice, threshold]]), "ThresholdUnreachable");
    expect(await ledger.isSigner(alice, keys[0].address)).to.equal(true);
  });

  it("are closed empty, and for good", async () => {
    const { alice, bob } = world;
    await issue(world, alice, 5);
    expect(list(await expectError(ledger, change(world, ["setAccountState", [alice, 5]]), "AccountNotEmpty"))).to.deep.equal([alice, 5n]);
    await change(world, ["setAccountState", [bob, 5]]);
    for (const call of [["setAccountState", [bob, 1]], ["setLimits", [bob, 1, 1]], ["setThreshold", [bob, 1]], ["setSigner", [bob, accountId(), true]], ["setBands", [bob, []]], ["setCounterpartyLimit", [bob, alice, 1]]]) {
      expect((await expectError(ledger, change(world, call), "AccountClosed")).account, call[0]).to.equal(bob);
    }
    expect((await refusal(ledger, ledger.connect(world.operator).settle(await pack(world, instruction(alice, bob, 1)))))[0]).to.equal(12n);
    expect((await refusal(ledger, ledger.connect(world.operator).settle(await pack(world, instruction(bob, alice, 1)))))[0]).to.equal(11n);
  });

  it("are written by the registry only", async () => {
    const { operator, alice, bob } = world;
    const own = ledger.connect(operator);
    const calls = [
      ["createToken", [accountId(), text("EUR", 3), 2, 1, 0]],
      ["openAccount", [opening(world, accountId())]],
      ["setSigner", [alice, accountId(), true]],
      ["setThreshold", [alice, 2]],
      ["setLimits", [alice, 1, 1]],
      ["setAccountState", [alice, 4]],
      ["setBands", [alice, []]],
      ["setCounterpartyLimit", [alice, bob, 1]],
      ["setIssuer", [DOLLAR, operator.address, true]],
      ["setSettlementAccount", [DOLLAR, ethers.ZeroAddress]],
      ["setInboundMandate", [DOLLAR, 1, 0, 0, 0]],
    ];
    for (const [name, values] of calls) {
      expect((await expectError(ledger, own[name](...values), "OnlyRegistry")).caller, name).to.equal(operator.address);
      const method = name === "openAccount" ? ["openAccounts", [[values[0]]]] : [name, values];
      const { registry } = world;
      expect((await expectError(registry, registry.connect(operator)[method[0]](...method[1]), "OnlyByProposal")).caller, name).to.equal(operator.address);
    }
  });
});
