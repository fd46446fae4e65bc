"use strict";
const { ethers } = require("hardhat");
const { expect } = require("chai");
const { at, deployedLedger, eventsOf, expectError, holdInstruction, instruction, issue, pack, packHold, refusal, uetr } = require("./support");

const list = (result) => Array.from(result);

describe("HashTimelock", () => {
  let world, ledger, timelock, secret, alice, bob;
  beforeEach(async () => {
    world = await deployedLedger();
    ({ ledger, alice, bob } = world);
    timelock = world.timelock.connect(world.stranger);
    secret = ethers.hexlify(ethers.randomBytes(32));
    await issue(world, alice, 1000);
  });

  const order = async (amount, fields = {}) =>
    holdInstruction(world, alice, bob, amount, { notary: await timelock.getAddress(), condition: ethers.sha256(secret), ...fields });
  const locked = async (amount, fields) => {
    const one = await order(amount, fields);
    await ledger.connect(world.operator).placeHolds(await packHold(world, one));
    return one;
  };
  const balance = async (account) => (await ledger.record(account)).balance;

  it("locks, and pays whoever the debtor named when the secret is shown", async () => {
    const one = await locked(700);
    expect((await ledger.hold(one.uetr)).remaining).to.equal(700n);
    await at(one.expiresAt);
    const [[claimed, how]] = await eventsOf(timelock, timelock.claim(one.uetr, secret));
    expect([claimed, ...how]).to.deep.equal(["Claimed", one.uetr, secret]);
    expect([await balance(alice), await balance(bob), (await ledger.record(alice)).held]).to.deep.equal([300n, 700n, 0n]);
    await expectError(ledger, timelock.claim(one.uetr, secret), "HoldClosed");
    expect(await timelock.ledger()).to.equal(await ledger.getAddress());
  });

  it("gives back when its time is over", async () => {
    const one = await locked(700);
    expect(list(await expectError(timelock, timelock.refund(one.uetr), "NotExpired"))).to.deep.equal([one.uetr, BigInt(one.expiresAt)]);
    await at(one.expiresAt);
    await expectError(timelock, timelock.refund(one.uetr), "NotExpired");
    await at(one.expiresAt + 1);
    await expectError(ledger, timelock.claim(one.uetr, secret), "HoldExpired");
    const [[name, told]] = await eventsOf(timelock, timelock.refund(one.uetr));
    expect([name, ...told]).to.deep.equal(["Refunded", one.uetr]);
    expect([await balance(alice), (await ledger.record(alice)).held]).to.deep.equal([1000n, 0n]);
    await expectError(ledger, timelock.refund(one.uetr), "HoldClosed");
  });

  it("asks for the secret itself", async () => {
    const one = await locked(700);
    const wrong = await expectError(timelock, timelock.claim(one.uetr, ethers.id("guess")), "WrongPreimage");
    expect(list(wrong)).to.deep.equal([one.uetr, one.condition]);
    await expectError(timelock, timelock.claim(one.uetr, one.condition), "WrongPreimage");
  });

  it("is the notary of its own holds only", async () => {
    const other = await order(1, { notary: world.notary.address });
    await ledger.connect(world.operator).placeHolds(await packHold(world, other));
    for (const hold of [other.uetr, uetr()]) {
      expect((await expectError(timelock, timelock.claim(hold, secret), "NotALock")).hold).to.equal(hold);
      expect((await expectError(timelock, timelock.refund(hold), "NotALock")).hold).to.equal(hold);
    }
  });

  it("pays under the hold's own UETR, which nobody can spend before", async () => {
    const one = await locked(700);
    const burn = instruction(alice, world.carol, 5000, { uetr: one.uetr });
    expect((await refusal(ledger, ledger.connect(world.operator).settle(await pack(world, burn))))[0]).to.equal(1n);
    const again = await holdInstruction(world, alice, world.carol, 1, { uetr: one.uetr });
    expect((await refusal(ledger, ledger.connect(world.operator).placeHolds(await packHold(world, again))))[0]).to.equal(1n);
    await timelock.claim(one.uetr, secret);
    expect([await balance(bob), await balance(world.carol)]).to.deep.equal([700n, 0n]);
  });

  it("takes a secret of 32 bytes that begins or ends with zeros as it is", async () => {
    for (const odd of ["0x" + "00".repeat(31) + "01", "0x01" + "00".repeat(31), ethers.ZeroHash]) {
      const one = await locked(1, { condition: ethers.sha256(odd) });
      await timelock.claim(one.uetr, odd);
    }
    expect(await balance(bob)).to.equal(3n);
  });
});
