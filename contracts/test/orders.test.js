"use strict";
const { ethers } = require("hardhat");
const { expect } = require("chai");
const { EURO, MOST, accountId, change, deployedLedger, eventsOf, expectError, holdInstruction, instruction, issue, open, pack, packHold, refusal, role, uetr } = require("./support");

const list = (result) => Array.from(result);
const ORDER = ethers.id("order of the court, 5 O 12/26");
const FORCED = 5n;

describe("Freeze", () => {
  let world, ledger, alice, bob;
  beforeEach(async () => {
    world = await deployedLedger();
    ({ alice, bob } = world);
    ledger = world.ledger.connect(world.compliance);
    await issue(world, alice, 1000);
  });

  const pay = async (amount) => world.ledger.connect(world.operator).settle(await pack(world, instruction(alice, bob, amount)));

  it("binds so much of the money, also what is still to come", async () => {
    const [[name, told]] = await eventsOf(ledger, ledger.setFrozen(alice, 400, ORDER));
    expect([name, ...told]).to.deep.equal(["FrozenChanged", alice, 400n, ORDER]);
    expect(await refusal(ledger, pay(601))).to.deep.equal([15n, 600n, 601n]);
    await pay(600);
    await ledger.setFrozen(alice, MOST, ORDER);
    await issue(world, alice, 50);
    expect(await refusal(ledger, pay(1))).to.deep.equal([15n, 0n, 1n]);
    expect(await ledger.available(alice)).to.equal(0n);
    await ledger.setFrozen(alice, 0, ORDER);
    await pay(450);
  });

  it("is by compliance, by an order, for an account", async () => {
    const told = await expectError(ledger, ledger.connect(world.enforcer).setFrozen(alice, 1, ORDER), "MissingRole");
    expect(list(told)).to.deep.equal([role("COMPLIANCE"), world.enforcer.address]);
    await expectError(ledger, ledger.setFrozen(alice, 1, ethers.ZeroHash), "OrderMissing");
    await expectError(ledger, ledger.setFrozen(accountId(), 1, ORDER), "UnknownAccount");
    expect(list(await expectError(ledger, ledger.setFrozen(alice, MOST + 1n, ORDER), "AmountOutOfRange"))).to.deep.equal([MOST + 1n, MOST]);
  });
});

describe("Forced transfer", () => {
  let world, ledger, alice, bob;
  beforeEach(async () => {
    world = await deployedLedger();
    ({ alice, bob } = world);
    ledger = world.ledger.connect(world.enforcer);
    await issue(world, alice, 1000);
  });

  const force = (amount, { id = uetr(), from = alice, to = bob, order = ORDER } = {}) => ledger.forcedTransfer(id, from, to, amount, order);

  it("moves money by an order, once, and says so in both accounts", async () => {
    const id = uetr();
    const day = await ledger.businessDay();
    const types = ["bytes32", "bytes16", "address", "address", "address", "uint256", "bytes32"];
    const reference = ethers.keccak256(ethers.AbiCoder.defaultAbiCoder().encode(types, [ethers.id("vostro.forced.1"), id, alice, bob, EURO, 300n, ORDER]));
    const events = await eventsOf(ledger, force(300, { id }));
    expect(events.map(([name, told]) => [name, ...told])).to.deep.equal([
      ["EntryBooked", alice, FORCED, reference, bob, -300n, 2n, day],
      ["EntryBooked", bob, FORCED, reference, alice, 300n, 1n, day],
      ["ForcedTransferred", id, alice, bob, 300n, ORDER],
    ]);
    expect([(await ledger.record(alice)).balance, (await ledger.record(bob)).balance, await ledger.mark(id)]).to.deep.equal([700n, 300n, reference]);
    await expectError(ledger, force(1, { id }), "AlreadyUsed");
    await expectError(ledger, force(1, { id: "0x564e4554" + "00".repeat(12) }), "UetrReserved");
  });

  it("goes past states, limits, freeze and pause", async () => {
    await change(world, ["setLimits", [alice, 1, 1]], ["setCounterpartyLimit", [alice, bob, 1]], ["setAccountState", [alice, 4]], ["setAccountState", [bob, 4]]);
    await ledger.connect(world.compliance).setFrozen(alice, 900, ORDER);
    await ledger.connect(world.guardian).pause();
    const events = await eventsOf(ledger, force(100));
    expect(events.some(([name]) => name === "FrozenChanged")).to.equal(false);
    expect((await ledger.record(alice)).frozen).to.equal(900n);
    const [[name, told]] = await eventsOf(ledger, force(101));
    expect([name, ...told]).to.deep.equal(["FrozenChanged", alice, 799n, ORDER]);
    await force(799);
    expect(list(await ledger.record(alice)).slice(0, 3)).to.deep.equal([0n, 0n, 0n]);
  });

  it("unfreezes what it takes, when more was frozen than there is", async () => {
    await ledger.connect(world.compliance).setFrozen(alice, 5000, ORDER);
    await force(400);
    expect(list(await ledger.record(alice)).slice(0, 3)).to.deep.equal([600n, 0n, 4600n]);
  });

  it("never takes held money", async () => {
    const hold = await holdInstruction(world, alice, bob, 600);
    await ledger.connect(world.operator).placeHolds(await packHold(world, hold));
    await ledger.connect(world.compliance).setFrozen(alice, 300, ORDER);
    expect(list(await expectError(ledger, force(401), "InsufficientBalance"))).to.deep.equal([alice, 400n, 401n]);
    await force(400);
    expect(list(await ledger.record(alice)).slice(0, 3)).to.deep.equal([600n, 600n, 0n]);
    await ledger.releaseHold(hold.uetr);
    await force(600);
  });

  it("is by the enforcer, by an order, between two accounts of one token", async () => {
    const told = await expectError(ledger, world.ledger.connect(world.compliance).forcedTransfer(uetr(), alice, bob, 1, ORDER), "MissingRole");
    expect(list(told)).to.deep.equal([role("ENFORCER"), world.compliance.address]);
    const closed = await open(world, {});
    await change(world, ["setAccountState", [closed, 5]]);
    const cases = [
      [{ order: ethers.ZeroHash }, 1, "OrderMissing"],
      [{ to: alice }, 1, "SameAccount"],
      [{ from: accountId() }, 1, "UnknownAccount"],
      [{ to: accountId() }, 1, "UnknownAccount"],
      [{ to: closed }, 1, "AccountClosed"],
      [{ to: world.dan }, 1, "TokenMismatch"],
      [{}, 0, "InsufficientBalance"],
      [{}, 1001, "InsufficientBalance"],
    ];
    for (const [options, amount, name] of cases) await expectError(ledger, force(amount, options), name);
    expect((await ledger.record(alice)).balance).to.equal(1000n);
  });
});
