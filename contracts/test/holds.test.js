"use strict";
const { ethers } = require("hardhat");
const { expect } = require("chai");
const support = require("./support");
const { DOLLAR, EURO, FAR, MOST, accountId, at, change, deployedLedger, eventsOf, expectError, hashOf, holdInstruction, instruction, issue, newKeys, now, openDay, pack, packHold, refusal, role, uetr } = support;

const list = (result) => Array.from(result);
const HOLD = 6n;

describe("Holds", () => {
  let world, ledger, notary, alice, bob, carol;
  beforeEach(async () => {
    world = await deployedLedger();
    ({ alice, bob, carol } = world);
    ledger = world.ledger.connect(world.operator);
    // Who pays parts under UETRs of their own is OPERATOR too.
    notary = ledger;
    await issue(world, alice, 1000);
  });

  const order = (amount, fields) => holdInstruction(world, alice, bob, amount, { notary: world.operator.address, ...fields });
  const place = async (one, keys) => ledger.placeHolds(await packHold(world, one, keys));
  const refused = async (one, keys) => refusal(ledger, place(one, keys));
  const placed = async (amount, fields) => {
    const one = await order(amount, fields);
    await place(one);
    return one;
  };
  const money = async (account) => {
    const { balance, held, frozen } = await ledger.record(account);
    return [balance, held, frozen];
  };

  it("reserves money by an instruction that ethers signed", async () => {
    const one = await order(700, { condition: ethers.id("condition"), priority: 1, remittanceHash: ethers.id("text") });
    const hash = hashOf("HoldInstruction", one);
    const [[name, told]] = await eventsOf(ledger, place(one));
    const day = await ledger.businessDay();
    expect([name, ...told]).to.deep.equal(["HoldPlaced", one.uetr, alice, bob, 700n, BigInt(one.expiresAt), one.notary, one.condition, hash, day]);
    expect(list(await ledger.hold(one.uetr))).to.deep.equal([alice, 700n, bob, 700n, one.notary, BigInt(one.expiresAt), one.condition, hash]);
    expect(await money(alice)).to.deep.equal([1000n, 700n, 0n]);
    expect([await ledger.available(alice), await ledger.mark(one.uetr), list(await ledger.record(alice))[3]]).to.deep.equal([300n, hash, 1n]);
    expect(await refusal(ledger, ledger.settle(await pack(world, instruction(alice, bob, 301))))).to.deep.equal([15n, 300n, 301n]);
    expect((await refused(one))[0]).to.equal(1n);
  });

  it("is paid in parts, each once, up to what remains", async () => {
    const one = await placed(700);
    const part = uetr();
    const day = await ledger.businessDay();
    const preimage = ["bytes32", "bytes16", "bytes32", "uint256"];
    const reference = ethers.keccak256(ethers.AbiCoder.defaultAbiCoder().encode(preimage, [ethers.id("vostro.hold.1"), part, hashOf("HoldInstruction", one), 300n]));
    const events = await eventsOf(ledger, notary.executeHold(one.uetr, part, 300));
    expect(events.map(([name, told]) => [name, ...told])).to.deep.equal([
      ["EntryBooked", alice, HOLD, reference, bob, -300n, 2n, day],
      ["EntryBooked", bob, HOLD, reference, alice, 300n, 1n, day],
      ["HoldExecuted", one.uetr, part, 300n, 400n],
    ]);
    expect([await money(alice), await money(bob), await ledger.mark(part)]).to.deep.equal([[700n, 400n, 0n], [300n, 0n, 0n], reference]);
    expect((await expectError(ledger, notary.executeHold(one.uetr, part, 1), "AlreadyUsed")).mark).to.equal(reference);
    expect(list(await expectError(ledger, notary.executeHold(one.uetr, uetr(), 401), "BeyondHold"))).to.deep.equal([one.uetr, 400n, 401n]);
    await expectError(ledger, notary.executeHold(one.uetr, uetr(), 0), "BeyondHold");
    await expectError(ledger, notary.executeHold(one.uetr, "0x564e4554" + "00".repeat(12), 1), "UetrReserved");
    await notary.executeHold(one.uetr, uetr(), 400);
    await expectError(ledger, notary.executeHold(one.uetr, uetr(), 1), "HoldClosed");
    await expectError(ledger, notary.releaseHold(one.uetr), "HoldClosed");
    expect([await money(alice), await money(bob)]).to.deep.equal([[300n, 0n, 0n], [700n, 0n, 0n]]);
  });

  it("is executed by its notary only, until it expires, inclusive", async () => {
    const one = await placed(10);
    const told = await expectError(ledger, ledger.connect(world.notary).executeHold(one.uetr, uetr(), 1), "OnlyNotary");
    expect(list(told)).to.deep.equal([one.uetr, world.operator.address, world.notary.address]);
    await expectError(ledger, notary.executeHold(uetr(), uetr(), 1), "UnknownHold");
    await at(one.expiresAt);
    await notary.executeHold(one.uetr, uetr(), 1);
    await at(one.expiresAt + 1);
    expect(list(await expectError(ledger, notary.executeHold(one.uetr, uetr(), 1), "HoldExpired"))).to.deep.equal([one.uetr, BigInt(one.expiresAt)]);
  });

  it("is released by notary and enforcer at any time, by anybody when it is over, also while paused", async () => {
    const first = await placed(100);
    const second = await placed(200);
    const third = await placed(300);
    const anybody = world.ledger.connect(world.stranger);
    expect((await expectError(ledger, anybody.releaseHold(first.uetr), "OnlyNotary")).caller).to.equal(world.stranger.address);
    await notary.executeHold(first.uetr, uetr(), 30);
    await ledger.connect(world.guardian).pause();
    const [[name, told]] = await eventsOf(ledger, notary.releaseHold(first.uetr));
    expect([name, ...told]).to.deep.equal(["HoldReleased", first.uetr, alice, 70n]);
    await expectError(ledger, notary.releaseHold(first.uetr), "HoldClosed");
    expect((await ledger.hold(first.uetr)).remaining).to.equal(0n);
    await ledger.connect(world.enforcer).releaseHold(second.uetr);
    await at(third.expiresAt);
    await expectError(ledger, anybody.releaseHold(third.uetr), "OnlyNotary");
    await at(third.expiresAt + 1);
    await anybody.releaseHold(third.uetr);
    await expectError(ledger, anybody.releaseHold(uetr()), "UnknownHold");
    expect(await money(alice)).to.deep.equal([970n, 0n, 0n]);
  });

  it("leaves frozen money where it is", async () => {
    const one = await placed(700);
    await ledger.connect(world.compliance).setFrozen(alice, 500, ethers.id("order"));
    const part = uetr();
    const told = await expectError(ledger, notary.executeHold(one.uetr, part, 501), "NotSettleable");
    expect(list(told)).to.deep.equal([part, alice, 15n, 500n, 501n]);
    await notary.executeHold(one.uetr, part, 500);
    await ledger.connect(world.compliance).setFrozen(alice, 5000, ethers.id("order"));
    expect((await expectError(ledger, notary.executeHold(one.uetr, uetr(), 1), "NotSettleable")).limit).to.equal(0n);
  });

  for (const [party, state, code] of [["alice", 2, 9n], ["alice", 4, 9n], ["bob", 3, 10n], ["bob", 4, 10n], ["bob", 5, 12n]]) {
    it(`is neither placed nor executed in state ${state} of ${party}`, async () => {
      const one = await placed(10);
      await change(world, ["setAccountState", [world[party], state]]);
      const told = await expectError(ledger, notary.executeHold(one.uetr, uetr(), 1), "NotSettleable");
      expect([told.account, told.code]).to.deep.equal([alice, code]);
      expect((await refused(await order(10)))[0]).to.equal(code);
    });
  }

  it("charges limits when it is placed, and leaves them charged", async () => {
    await change(world, ["setLimits", [alice, 400, 600]], ["setCounterpartyLimit", [alice, bob, 500]]);
    expect(await refused(await order(401))).to.deep.equal([13n, 400n, 401n]);
    const one = await placed(400);
    expect([(await ledger.record(alice)).usedToday, (await ledger.counterpartyLimit(alice, bob)).usedToday]).to.deep.equal([400n, 400n]);
    const over = await order(101);
    expect(await refused(over)).to.deep.equal([16n, 500n, 501n]);
    expect(BigInt(await ledger.mark(over.uetr))).to.equal(16n);
    expect(await refused(await order(201))).to.deep.equal([14n, 600n, 601n]);
    await notary.executeHold(one.uetr, uetr(), 100);
    await notary.releaseHold(one.uetr);
    expect([(await ledger.record(alice)).usedToday, (await ledger.counterpartyLimit(alice, bob)).usedToday]).to.deep.equal([400n, 400n]);
    await openDay(world, (await ledger.businessDay()) + 1n);
    await placed(400);
  });

  it("refuses by the first rule that fails", async () => {
    const cases = [
      [{ debtor: accountId() }, 2n],
      [{ validAfter: FAR }, 4n],
      [{ validUntil: 1 }, 5n],
      [{ expiresAt: await now() }, 5n],
      [{ amount: 0 }, 6n],
      [{ amount: MOST + 1n }, 6n],
      [{ token: DOLLAR }, 7n],
      [{ creditor: world.dan }, 7n],
      [{ creditor: accountId() }, 8n],
      [{ creditor: alice }, 8n],
      [{ creditor: EURO }, 8n],
      [{ amount: 1001 }, 15n],
      [{ uetr: "0x564e4554" + "00".repeat(12) }, 17n],
    ];
    for (const [fields, code] of cases) expect((await refused(await order(1, fields)))[0], JSON.stringify(code.toString())).to.equal(code);
    expect((await refused(await order(1), world.keysX.slice(0, 1)))[0]).to.equal(3n);
    const edge = (await now()) + 10;
    const one = await packHold(world, await order(1, { expiresAt: edge }));
    await at(edge);
    expect((await refusal(ledger, ledger.placeHolds(one)))[0]).to.equal(5n);
    expect(await money(alice)).to.deep.equal([1000n, 0n, 0n]);
  });

  it("is valid from its first second to its last", async () => {
    const first = (await now()) + 100;
    const items = [];
    for (let count = 0; count < 4; ++count) {
      items.push(await packHold(world, await order(1, { validAfter: first, validUntil: first + 10, expiresAt: first + 99 })));
    }
    for (const [time, code] of [[first - 1, 4n], [first, 0n], [first + 10, 0n], [first + 11, 5n]]) {
      await at(time);
      const [[, told]] = await eventsOf(ledger, ledger.placeHolds(items.pop()));
      expect(told.code ?? 0n, `${time - first}`).to.equal(code);
    }
  });

  it("needs more signers for a larger hold", async () => {
    await change(world, ["setBands", [alice, [{ above: 100, threshold: 3 }]]]);
    expect((await refused(await order(101)))[0]).to.equal(3n);
    await place(await order(100));
    await place(await order(101), world.keys);
  });

  it("comes from the operator", async () => {
    const [mine, other] = [await packHold(world, await order(1, { notary: world.notary.address })), await packHold(world, await order(2))];
    const told = await expectError(ledger, ledger.connect(world.notary).placeHolds(mine), "MissingRole");
    expect(list(told)).to.deep.equal([role("OPERATOR"), world.notary.address]);
    const events = await eventsOf(ledger, ledger.placeHolds(ethers.concat([mine, await packHold(world, await order(5000)), other])));
    expect(events.map(([name]) => name)).to.deep.equal(["HoldPlaced", "PaymentRefused", "HoldPlaced"]);
    expect(await money(alice)).to.deep.equal([1000n, 3n, 0n]);
    for (const cut of [1, 65, 66]) await expectError(ledger, ledger.placeHolds(ethers.dataSlice(other, 0, ethers.dataLength(other) - cut)), "MalformedBatch");
    for (const count of [0, 17]) await expectError(ledger, place(await order(1), newKeys(count)), "MalformedBatch");
    await ledger.connect(world.guardian).pause();
    await expectError(ledger, ledger.placeHolds(mine), "LedgerPaused");
  });

  it("lets a notary that is not the operator pay all that remains, under the hold's own UETR, and spend no other", async () => {
    const one = await placed(700, { notary: world.notary.address });
    const own = ledger.connect(world.notary);
    expect(list(await expectError(ledger, own.executeHold(one.uetr, uetr(), 700), "MissingRole"))).to.deep.equal([role("OPERATOR"), world.notary.address]);
    await expectError(ledger, own.executeHold(one.uetr, one.uetr, 699), "AlreadyUsed");
    const preimage = ["bytes32", "bytes16", "bytes32", "uint256"];
    const reference = ethers.keccak256(ethers.AbiCoder.defaultAbiCoder().encode(preimage, [ethers.id("vostro.hold.1"), one.uetr, hashOf("HoldInstruction", one), 700n]));
    await own.executeHold(one.uetr, one.uetr, 700);
    expect([await ledger.mark(one.uetr), await money(alice), await money(bob)]).to.deep.equal([reference, [300n, 0n, 0n], [700n, 0n, 0n]]);
    await expectError(ledger, own.executeHold(one.uetr, one.uetr, 700), "HoldClosed");
    expect((await refused(one))[0]).to.equal(1n);
  });

  it("pays the rest of a hold under its own UETR, after parts", async () => {
    const one = await placed(700);
    const other = await placed(10);
    await notary.executeHold(one.uetr, uetr(), 300);
    await expectError(ledger, notary.executeHold(one.uetr, other.uetr, 400), "AlreadyUsed");
    await notary.executeHold(one.uetr, one.uetr, 400);
    expect([await money(alice), await money(bob)]).to.deep.equal([[300n, 10n, 0n], [700n, 0n, 0n]]);
  });

  it("is bound to money that nothing else can take", async () => {
    const one = await placed(700);
    await expectError(ledger, ledger.connect(world.enforcer).forcedTransfer(uetr(), alice, bob, 301, ethers.id("order")), "InsufficientBalance");
    await expectError(ledger, change(world, ["setAccountState", [alice, 5]]), "AccountNotEmpty");
    expect(await refusal(world.ledger, world.ledger.connect(world.issuer).redeem(await pack(world, instruction(alice, EURO, 301))))).to.deep.equal([15n, 300n, 301n]);
    await ledger.connect(world.guardian).pause();
    await expectError(ledger, notary.executeHold(one.uetr, uetr(), 1), "LedgerPaused");
    await ledger.connect(world.guardian).unpause();
    await notary.executeHold(one.uetr, uetr(), 700);
    expect(await money(carol)).to.deep.equal([0n, 0n, 0n]);
  });
});
