"use strict";
const { ethers } = require("hardhat");
const { expect } = require("chai");
const { DOLLAR, EURO, accountId, change, deployParts, deployedLedger, expectError, instruction, issue, openDay, pack, text } = require("./support");

const [OPEN, DEBIT_BLOCKED, CREDIT_BLOCKED, BLOCKED, CLOSED] = [1, 2, 3, 4, 5];

describe("TokenView", () => {
  let world, view;
  beforeEach(async () => {
    world = await deployedLedger();
    view = await ethers.deployContract("TokenView", [await world.ledger.getAddress(), EURO, "Settlement euro", "EUR"]);
  });

  it("reads name, symbol, decimals and where it belongs", async () => {
    expect(await view.name()).to.equal("Settlement euro");
    expect(await view.symbol()).to.equal("EUR");
    expect(await view.decimals()).to.equal(2n);
    expect(await view.ledger()).to.equal(await world.ledger.getAddress());
    expect(await view.token()).to.equal(EURO);
  });

  it("reads balances and supply of its own token only", async () => {
    await issue(world, world.alice, 700);
    await issue(world, world.bob, 50);
    await issue(world, world.dan, 9, DOLLAR);
    expect(await view.balanceOf(world.alice)).to.equal(700n);
    expect(await view.balanceOf(world.dan)).to.equal(0n);
    expect(await view.balanceOf(accountId())).to.equal(0n);
    expect(await view.totalSupply()).to.equal(750n);
  });

  it("refuses a token the ledger does not know", async () => {
    const factory = await ethers.getContractFactory("TokenView");
    const nothing = accountId();
    const told = await expectError(factory, factory.deploy(await world.ledger.getAddress(), nothing, "x", "X"), "UnknownToken");
    expect(told.token).to.equal(nothing);
  });

  it("moves nothing and lets nobody move", async () => {
    const { alice, bob } = world;
    await issue(world, alice, 700);
    await expectError(view, view.transfer(bob, 1), "UseInstruction");
    await expectError(view, view.transferFrom(alice, bob, 1), "UseInstruction");
    await expectError(view, view.approve(bob, 1), "UseInstruction");
    expect(await view.allowance(alice, bob)).to.equal(0n);
    expect(await view.balanceOf(alice)).to.equal(700n);
  });

  it("tells who may send and receive, by state", async () => {
    const may = { [OPEN]: [true, true], [DEBIT_BLOCKED]: [false, true], [CREDIT_BLOCKED]: [true, false], [BLOCKED]: [false, false], [CLOSED]: [false, false] };
    for (const [state, expected] of Object.entries(may)) {
      await change(world, ["setAccountState", [world.alice, state]]);
      expect([await view.canSend(world.alice), await view.canReceive(world.alice)], `state ${state}`).to.deep.equal(expected);
    }
    for (const other of [world.dan, accountId(), EURO, ethers.ZeroAddress]) {
      expect([await view.canSend(other), await view.canReceive(other)]).to.deep.equal([false, false]);
    }
  });

  it("tells whether a payment would go through, up to the amount", async () => {
    const { alice, bob, carol, dan, ledger, guardian } = world;
    await issue(world, alice, 700);
    await issue(world, carol, 5000);
    expect(await view.canTransfer(alice, bob, 700)).to.equal(true);
    expect(await view.canTransfer(alice, bob, 701)).to.equal(false);
    expect(await view.canTransfer(alice, bob, 0)).to.equal(false);
    expect(await view.canTransfer(alice, bob, ethers.MaxUint256)).to.equal(false);
    expect(await view.canTransfer(alice, alice, 1)).to.equal(false);
    expect(await view.canTransfer(alice, dan, 1)).to.equal(false);
    expect(await view.canTransfer(carol, bob, 1000)).to.equal(true);
    expect(await view.canTransfer(carol, bob, 1001)).to.equal(false);
    await ledger.connect(guardian).pause();
    expect(await view.canTransfer(alice, bob, 1)).to.equal(false);
  });

  it("tells frozen money, also above the balance", async () => {
    const { alice, bob, ledger } = world;
    await issue(world, alice, 700);
    const freeze = (amount) => ledger.connect(world.compliance).setFrozen(alice, amount, ethers.id("court order"));
    await freeze(600n);
    expect(await view.getFrozenTokens(alice)).to.equal(600n);
    expect(await view.canTransfer(alice, bob, 100)).to.equal(true);
    expect(await view.canTransfer(alice, bob, 101)).to.equal(false);
    await freeze(9000n);
    expect(await view.getFrozenTokens(alice)).to.equal(9000n);
    expect(await view.canTransfer(alice, bob, 1)).to.equal(false);
    expect(await view.canSend(alice)).to.equal(true);
  });

  it("claims ERC-165 and the questions of ERC-7943, and nothing it does not do", async () => {
    const idOf = (...names) => {
      const selectors = names.map((one) => BigInt(view.interface.getFunction(one).selector));
      return ethers.toBeHex(selectors.reduce((left, right) => left ^ right), 4);
    };
    expect(await view.supportsInterface(idOf("supportsInterface"))).to.equal(true);
    expect(await view.supportsInterface(idOf("canSend", "canReceive", "getFrozenTokens", "canTransfer"))).to.equal(true);
    const erc20 = idOf("totalSupply", "balanceOf", "transfer", "transferFrom", "approve", "allowance");
    expect(erc20).to.equal("0x36372b07");
    for (const id of [erc20, "0x3edbb4c4", "0xffffffff", "0x00000000"]) {
      expect(await view.supportsInterface(id), id).to.equal(false);
    }
  });

  it("asks limits towards a counterparty, and those of the day, as the ledger does", async () => {
    const { alice, bob, carol, ledger, operator } = world;
    await issue(world, alice, 5000);
    await issue(world, carol, 5000);
    await change(world, ["setCounterpartyLimit", [alice, bob, 500]]);
    const answers = async (...amounts) => Promise.all(amounts.map((amount) => view.canTransfer(alice, bob, amount)));
    expect(await answers(500, 501)).to.deep.equal([true, false]);
    expect(await view.canTransfer(alice, carol, 501)).to.equal(true);
    await ledger.connect(operator).settle(await pack(world, instruction(alice, bob, 300)));
    expect(await answers(200, 201)).to.deep.equal([true, false]);
    for (const amount of [1000, 1000]) await ledger.connect(operator).settle(await pack(world, instruction(carol, bob, amount)));
    expect([await view.canTransfer(carol, bob, 500), await view.canTransfer(carol, bob, 501)]).to.deep.equal([true, false]);
    await openDay(world, (await ledger.businessDay()) + 1n);
    expect(await answers(500, 501)).to.deep.equal([true, false]);
    expect(await view.canTransfer(carol, bob, 1000)).to.equal(true);
    await change(world, ["setAccountState", [bob, 3]]);
    expect(await answers(1)).to.deep.equal([false]);
  });

  it("says no before the first business day", async () => {
    const fresh = await deployParts(world);
    const calls = ["createToken", [EURO, text("EUR", 3), 2, 1, 0]];
    await change({ ...world, ...fresh }, calls);
    const other = await ethers.deployContract("TokenView", [await fresh.ledger.getAddress(), EURO, "x", "X"]);
    expect(await other.canTransfer(world.alice, world.bob, 1)).to.equal(false);
  });
});
