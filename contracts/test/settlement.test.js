"use strict";
const { ethers } = require("hardhat");
const { expect } = require("chai");
const { DOLLAR, EURO, MOST, accountId, at, change, deployedLedger, eventsOf, expectError, instruction, issue, newKeys, now, open, openDay, pack, refusal, structHash, uetr } = require("./support");

describe("Settlement", () => {
  let world;
  beforeEach(async () => {
    world = await deployedLedger();
    await issue(world, world.alice, 5000);
    await issue(world, world.carol, 5000);
  });

  const settle = async (...packed) => eventsOf(world.ledger, world.ledger.connect(world.operator).settle(ethers.concat(packed)));
  const refusalOf = async (packed) => {
    const [[name, told]] = await settle(packed);
    expect(name).to.equal("PaymentRefused");
    return [told.code, told.limit, told.needed];
  };

  it("books a payment signed by ethers on both accounts", async () => {
    const order = instruction(world.alice, world.bob, 1200, { priority: 3, remittanceHash: ethers.id("invoice") });
    const [[name, told]] = await settle(await pack(world, order));
    expect(name).to.equal("PaymentSettled");
    expect(told.entryReference).to.equal(await structHash(order));
    expect([told.debtorSeq, told.creditorSeq]).to.deep.equal([2n, 1n]);
    expect((await world.ledger.record(world.alice)).balance).to.equal(3800n);
    expect((await world.ledger.record(world.bob)).balance).to.equal(1200n);
    expect(await world.ledger.mark(order.uetr)).to.equal(await structHash(order));
  });

  it("hashes entry after entry into the head", async () => {
    const { ledger, alice, bob } = world;
    const words = ethers.AbiCoder.defaultAbiCoder();
    const head = async (account) => (await ledger.record(account)).head;
    const first = words.encode(["bytes32", "uint256", "address", "address", "address"], [ethers.id("vostro.head.1"), 4711, await ledger.getAddress(), EURO, bob]);
    expect(await head(bob)).to.equal(ethers.keccak256(first));
    const types = ["bytes32", "bytes32", "uint64", "uint8", "bytes32", "address", "int256", "uint64", "uint64", "uint32"];
    for (const [seq, balance] of [[1, 10], [2, 20]]) {
      const before = await head(bob);
      const order = instruction(alice, bob, 10);
      await settle(await pack(world, order));
      const entry = [ethers.id("vostro.entry.1"), before, seq, 1, await structHash(order), alice, 10, balance, await now(), await ledger.businessDay()];
      expect(await head(bob)).to.equal(ethers.keccak256(words.encode(types, entry)));
    }
    const before = await head(bob);
    await issue(world, bob, 5);
    expect(await head(bob)).to.not.equal(before);
  });

  it("has the domain separator that ethers computes", async () => {
    const verifyingContract = await world.ledger.getAddress();
    const expected = ethers.TypedDataEncoder.hashDomain({ name: "Vostro Ledger", version: "1", chainId: 4711, verifyingContract });
    expect(await world.ledger.domainSeparator()).to.equal(expected);
  });

  it("asks for signatures for the chain it runs on, also after a split", async () => {
    const { ledger, operator } = world;
    const address = await ledger.getAddress();
    const separator = await ledger.domainSeparator();
    // As if deployed where the chain's id was another: both values that were noted then are replaced in the code.
    const noted = [separator, ethers.toBeHex(4711, 32)].map((word) => "7f" + word.slice(2));
    let code = await ethers.provider.getCode(address);
    for (const word of noted) {
      expect(code.includes(word), word).to.equal(true);
      code = code.replaceAll(word, "7f" + ethers.id(word).slice(2));
    }
    await ethers.provider.send("hardhat_setCode", [address, code]);
    expect(await ledger.domainSeparator()).to.equal(separator);
    const [[name]] = await eventsOf(ledger, ledger.connect(operator).settle(await pack(world, instruction(world.alice, world.bob, 1))));
    expect(name).to.equal("PaymentSettled");
  });

  it("pays once, however often the same bytes come", async () => {
    const packed = await pack(world, instruction(world.alice, world.bob, 10));
    await settle(packed, packed);
    expect((await refusalOf(packed))[0]).to.equal(1n);
    expect((await world.ledger.record(world.bob)).balance).to.equal(10n);
  });

  it("keeps a final refusal for good", async () => {
    const order = instruction(world.alice, world.bob, 5001);
    const packed = await pack(world, order);
    expect(await refusalOf(packed)).to.deep.equal([15n, 5000n, 5001n]);
    await issue(world, world.alice, 100);
    expect((await refusalOf(packed))[0]).to.equal(1n);
    expect(BigInt(await world.ledger.mark(order.uetr))).to.equal(15n);
  });

  it("marks nothing before the signatures held", async () => {
    await issue(world, world.bob, 1);
    const order = instruction(world.bob, world.alice, 1);
    expect((await refusalOf(await pack(world, order, world.keys.slice(0, 1))))[0]).to.equal(3n);
    expect(await world.ledger.mark(order.uetr)).to.equal(ethers.ZeroHash);
  });

  it("counts each signer once, in ascending order only", async () => {
    const [first, second] = world.keys;
    for (const keys of [[first, first], [second, first], [first, ethers.Wallet.createRandom()]]) {
      const packed = await pack(world, instruction(world.bob, world.alice, 1), keys);
      expect((await refusalOf(packed))[0]).to.equal(3n);
    }
  });

  it("refuses by the first rule that fails", async () => {
    const { timestamp } = await ethers.provider.getBlock("latest");
    const { alice, bob, carol, dan } = world;
    const nobody = accountId();
    const cases = [
      [instruction(nobody, bob, 1), 2n],
      [instruction(alice, bob, 1, { validAfter: timestamp + 1000 }), 4n],
      [instruction(alice, bob, 1, { validUntil: timestamp - 1 }), 5n],
      [instruction(alice, bob, 0), 6n],
      [instruction(alice, bob, 2n ** 63n), 6n],
      [instruction(alice, dan, 1), 7n],
      [instruction(alice, bob, 1, { token: DOLLAR }), 7n],
      [instruction(alice, nobody, 1), 8n],
      [instruction(alice, alice, 1), 8n],
      [instruction(carol, bob, 1001), 13n],
    ];
    for (const [order, code] of cases) expect((await refusalOf(await pack(world, order)))[0]).to.equal(code);
  });

  it("is valid from its first second to its last", async () => {
    const first = (await now()) + 100;
    const order = () => instruction(world.alice, world.bob, 1, { validAfter: first, validUntil: first + 10 });
    const [early, begins, ends, late] = await Promise.all([order(), order(), order(), order()].map((one) => pack(world, one)));
    for (const [time, packed, code] of [[first - 1, early, 4n], [first, begins, 0n], [first + 10, ends, 0n], [first + 11, late, 5n]]) {
      await at(time);
      const [[, told]] = await settle(packed);
      expect(told.code ?? 0n, `${time - first}`).to.equal(code);
    }
  });

  it("takes each signature in its one form", async () => {
    const order = instruction(world.alice, world.bob, 1);
    const packed = await pack(world, order, world.keys.slice(0, 1));
    const { r, s, v } = ethers.Signature.from(ethers.dataSlice(packed, 134));
    const other = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n - BigInt(s);
    const forms = [[r, ethers.toBeHex(other, 32), v === 27 ? "0x1c" : "0x1b"], [r, s, "0x00"], [r, s, "0x1d"], [ethers.ZeroHash, s, "0x1b"]];
    for (const form of forms) expect((await refusalOf(ethers.concat([ethers.dataSlice(packed, 0, 134), ...form])))[0]).to.equal(3n);
    const [[name]] = await settle(packed);
    expect(name).to.equal("PaymentSettled");
  });

  it("charges the day and starts anew with the next", async () => {
    const pay = async (amount) => settle(await pack(world, instruction(world.carol, world.bob, amount)));
    await pay(1000);
    await pay(1000);
    expect(await refusalOf(await pack(world, instruction(world.carol, world.bob, 501)))).to.deep.equal([14n, 2500n, 2501n]);
    await openDay(world, (await world.ledger.businessDay()) + 1n);
    await pay(300);
    expect((await world.ledger.record(world.carol)).usedToday).to.equal(300n);
    const [[name]] = await pay(1000);
    expect(name).to.equal("PaymentSettled");
  });

  for (const [state, party, code] of [[2, "alice", 9n], [4, "alice", 9n], [3, "bob", 10n], [4, "bob", 10n]]) {
    it(`respects state ${state} of the ${party === "alice" ? "debtor" : "creditor"}`, async () => {
      await change(world, ["setAccountState", [world[party], state]]);
      expect((await refusalOf(await pack(world, instruction(world.alice, world.bob, 1))))[0]).to.equal(code);
    });
  }

  it("settles the good items of a batch beside the bad", async () => {
    const events = await settle(
      await pack(world, instruction(world.alice, world.bob, 10)),
      await pack(world, instruction(world.alice, accountId(), 10)),
      await pack(world, instruction(world.alice, world.bob, 10)),
    );
    expect(events.map(([name]) => name)).to.deep.equal(["PaymentSettled", "PaymentRefused", "PaymentSettled"]);
  });

  it("reverts a batch that is no batch", async () => {
    const packed = await pack(world, instruction(world.alice, world.bob, 10));
    const { ledger, operator } = world;
    await expectError(ledger, ledger.connect(operator).settle(ethers.dataSlice(packed, 0, 200)), "MalformedBatch");
    await expectError(ledger, ledger.connect(operator).settle(packed + "00"), "MalformedBatch");
    for (const count of [0, 17]) {
      const item = await pack(world, instruction(world.alice, world.bob, 1), newKeys(count));
      const told = await expectError(ledger, ledger.connect(operator).settle(ethers.concat([packed, item])), "MalformedBatch");
      expect(told.position).to.equal(BigInt(ethers.dataLength(packed)));
    }
    const many = await open(world, { keys: newKeys(16), threshold: 16 });
    expect((await refusalOf(await pack(world, instruction(many, world.bob, 1), newKeys(16))))[0]).to.equal(3n);
  });

  it("takes batches from the operator only", async () => {
    const packed = await pack(world, instruction(world.alice, world.bob, 10));
    const told = await expectError(world.ledger, world.ledger.connect(world.stranger).settle(packed), "MissingRole");
    expect(told.role).to.equal(ethers.id("OPERATOR"));
  });
});

describe("Money in and out", () => {
  let world;
  beforeEach(async () => {
    world = await deployedLedger();
  });

  it("issues once per UETR and counts the supply", async () => {
    const id = uetr();
    const { ledger, issuer, alice } = world;
    await ledger.connect(issuer).issue(id, EURO, alice, 700, ethers.id("order"));
    expect((await ledger.token(EURO)).supply).to.equal(700n);
    expect(await ledger.available(alice)).to.equal(700n);
    await expectError(ledger, ledger.connect(issuer).issue(id, EURO, alice, 700, ethers.id("order")), "AlreadyUsed");
  });

  it("never lets the supply pass 2**63 - 1", async () => {
    const { ledger, issuer, alice, bob } = world;
    await issue(world, alice, 2n ** 63n - 1n);
    const told = await expectError(ledger, ledger.connect(issuer).issue(uetr(), EURO, bob, 1, ethers.ZeroHash), "AmountOutOfRange");
    expect(told.allowed).to.equal(0n);
  });

  it("redeems what its holder signed", async () => {
    const { ledger, issuer, alice, bob } = world;
    await issue(world, alice, 700);
    const order = instruction(alice, EURO, 300);
    const [[name, told]] = await eventsOf(ledger, ledger.connect(issuer).redeem(await pack(world, order)));
    expect(name).to.equal("Redeemed");
    expect(told.amount).to.equal(300n);
    expect((await ledger.token(EURO)).supply).to.equal(400n);
    await expectError(ledger, ledger.connect(issuer).redeem(await pack(world, instruction(alice, bob, 1))), "NotARedemption");
  });

  it("keeps a final refusal of a redemption for good", async () => {
    const { ledger, issuer, alice } = world;
    await issue(world, alice, 400);
    const order = instruction(alice, EURO, 401);
    const packed = await pack(world, order);
    const refusal = async () => {
      const [[name, told]] = await eventsOf(ledger, ledger.connect(issuer).redeem(packed));
      expect(name).to.equal("PaymentRefused");
      return [told.uetr, told.debtor, told.code, told.limit, told.needed];
    };
    expect(await refusal()).to.deep.equal([order.uetr, alice, 15n, 400n, 401n]);
    await issue(world, alice, 1);
    expect((await refusal())[2]).to.equal(1n);
    expect(BigInt(await ledger.mark(order.uetr))).to.equal(15n);
    expect((await ledger.token(EURO)).supply).to.equal(401n);
  });

  it("refuses a redemption of nothing, and one over the day's limit", async () => {
    const { ledger, issuer, alice, carol } = world;
    const redeem = async (order) => refusal(ledger, ledger.connect(issuer).redeem(await pack(world, order)));
    expect(await redeem(instruction(alice, EURO, 0))).to.deep.equal([6n, MOST, 0n]);
    await issue(world, carol, 5000);
    for (const amount of [1000, 1000]) await ledger.connect(issuer).redeem(await pack(world, instruction(carol, EURO, amount)));
    expect(await redeem(instruction(carol, EURO, 501))).to.deep.equal([14n, 2500n, 2501n]);
    expect(await redeem(instruction(world.dan, EURO, 1))).to.deep.equal([7n, 0n, 0n]);
    await expectError(ledger, ledger.connect(issuer).redeem((await pack(world, instruction(carol, EURO, 1))) + "00"), "MalformedBatch");
    await expectError(ledger, ledger.connect(world.stranger).redeem(await pack(world, instruction(carol, EURO, 1))), "NotIssuer");
  });

  it("marks nothing for a redemption whose signatures do not hold", async () => {
    const { ledger, issuer, bob } = world;
    await issue(world, bob, 400);
    const order = instruction(bob, EURO, 1);
    const packed = await pack(world, order, world.keys.slice(0, 1));
    const [[name, told]] = await eventsOf(ledger, ledger.connect(issuer).redeem(packed));
    expect([name, told.code]).to.deep.equal(["PaymentRefused", 3n]);
    expect(await ledger.mark(order.uetr)).to.equal(ethers.ZeroHash);
  });

  it("moves nothing while paused", async () => {
    const { ledger, guardian, operator, issuer, alice, bob } = world;
    await issue(world, alice, 700);
    await ledger.connect(guardian).pause();
    await expectError(ledger, ledger.connect(operator).settle(await pack(world, instruction(alice, bob, 1))), "LedgerPaused");
    await expectError(ledger, ledger.connect(issuer).redeem(await pack(world, instruction(alice, EURO, 1))), "LedgerPaused");
    await expectError(ledger, ledger.connect(issuer).issue(uetr(), EURO, alice, 1, ethers.ZeroHash), "LedgerPaused");
    await ledger.connect(guardian).unpause();
    await ledger.connect(operator).settle(await pack(world, instruction(alice, bob, 1)));
  });
});
