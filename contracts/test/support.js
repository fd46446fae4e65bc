// What the behaviour files share: a deployed pair of contracts, and payments signed and packed by ethers.
"use strict";
const { ethers } = require("hardhat");
const { expect } = require("chai");
const { randomUUID } = require("crypto");

const EURO = ethers.getAddress("0x" + "e1".repeat(20));
const DOLLAR = ethers.getAddress("0x" + "d2".repeat(20));
const DAY = 86400;
const FAR = 2n ** 62n;
const INSTRUCTION = {
  PaymentInstruction: [
    { name: "uetr", type: "bytes16" },
    { name: "debtor", type: "address" },
    { name: "creditor", type: "address" },
    { name: "token", type: "address" },
    { name: "amount", type: "uint64" },
    { name: "validAfter", type: "uint64" },
    { name: "validUntil", type: "uint64" },
    { name: "priority", type: "uint8" },
    { name: "remittanceHash", type: "bytes32" },
  ],
};

const uetr = () => "0x" + randomUUID().replaceAll("-", "");
const text = (value, length) => ethers.hexlify(ethers.toUtf8Bytes(value.padEnd(length, "\0")));
const accountId = () => ethers.getAddress(ethers.hexlify(ethers.randomBytes(20)));

/** Deploys registry and ledger, admits a bank, creates two tokens, opens four accounts and today's business day. */
async function deployedLedger() {
  const [deployer, operator, compliance, issuer, calendar, guardian, stranger] = await ethers.getSigners();
  const nonce = await deployer.getNonce();
  const predicted = ethers.getCreateAddress({ from: deployer.address, nonce: nonce + 1 });
  const registry = await ethers.deployContract("Registry", [predicted]);
  const roles = [operator, compliance, issuer, calendar, guardian].map((one) => one.address);
  const ledger = await ethers.deployContract("Ledger", [await registry.getAddress(), ...roles]);
  expect(await ledger.getAddress()).to.equal(predicted);

  const keys = [1, 2, 3].map(() => ethers.Wallet.createRandom()).sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1));
  const world = { deployer, operator, compliance, issuer, calendar, guardian, stranger, registry, ledger, keys };
  const [alice, bob, carol, dan] = [accountId(), accountId(), accountId(), accountId()];
  Object.assign(world, { alice, bob, carol, dan });
  await change(
    world,
    ["admitParticipant", [1, text("AAAADEFFXXX", 11), text("529900T8BM49AURSDO55", 20), text("DE", 2)]],
    ["createToken", [EURO, text("EUR", 3), 2, 1, 0]],
    ["createToken", [DOLLAR, text("USD", 3), 2, 2, 1]],
    [
      "openAccounts",
      [[opening(world, alice), opening(world, bob, { threshold: 2 }), opening(world, carol, { limits: [1000, 2500] }), opening(world, dan, { token: DOLLAR })]],
    ],
  );
  const block = await ethers.provider.getBlock("latest");
  await ledger.connect(calendar).openBusinessDay(Math.floor(block.timestamp / DAY));
  return world;
}

function opening(world, account, { token = EURO, threshold = 1, limits = [0, 0] } = {}) {
  return {
    account,
    token,
    participant: 1,
    kind: 2,
    threshold,
    signers: world.keys.map((key) => key.address),
    limitPerPayment: limits[0],
    limitPerDay: limits[1],
  };
}

/** Encodes registry changes, proposes them as operator and confirms them as compliance. */
async function change(world, ...changes) {
  const calls = encodeChanges(world, ...changes);
  await world.registry.connect(world.operator).propose(calls);
  return world.registry.connect(world.compliance).confirm(calls);
}

function encodeChanges(world, ...changes) {
  return changes.map(([name, values]) => world.registry.interface.encodeFunctionData(name, values));
}

function instruction(debtor, creditor, amount, fields = {}) {
  return {
    uetr: uetr(),
    debtor,
    creditor,
    token: EURO,
    amount,
    validAfter: 0,
    validUntil: FAR,
    priority: 0,
    remittanceHash: ethers.ZeroHash,
    ...fields,
  };
}

async function domain(world) {
  const { chainId } = await ethers.provider.getNetwork();
  return { name: "Vostro Ledger", version: "1", chainId, verifyingContract: await world.ledger.getAddress() };
}

/** The packed item of an instruction, signed by these keys in the order given. */
async function pack(world, order, keys = world.keys.slice(0, 2)) {
  const signatures = [];
  for (const key of keys) signatures.push(await key.signTypedData(await domain(world), INSTRUCTION, order));
  return ethers.solidityPacked(
    ["bytes16", "address", "address", "address", "uint64", "uint64", "uint64", "uint8", "bytes32", "uint8", "bytes"],
    [
      order.uetr,
      order.debtor,
      order.creditor,
      order.token,
      order.amount,
      order.validAfter,
      order.validUntil,
      order.priority,
      order.remittanceHash,
      signatures.length,
      ethers.concat(signatures),
    ],
  );
}

async function structHash(order) {
  return ethers.TypedDataEncoder.hashStruct("PaymentInstruction", INSTRUCTION, order);
}

async function issue(world, account, amount, token = EURO) {
  return world.ledger.connect(world.issuer).issue(uetr(), token, account, amount, ethers.ZeroHash);
}

/** The contract's events in a transaction, as [name, arguments]. */
async function eventsOf(contract, sent) {
  const receipt = await (await sent).wait();
  return receipt.logs
    .map((log) => contract.interface.parseLog(log))
    .filter((parsed) => parsed !== null)
    .map((parsed) => [parsed.name, parsed.args]);
}

/** The transaction must revert with this custom error; returns its arguments. */
async function expectError(contract, sent, name) {
  try {
    await (await sent).wait();
  } catch (error) {
    const data = error.data ?? error.error?.data;
    const parsed = contract.interface.parseError(data?.data ?? data);
    expect(parsed, `an undeclared error: ${error.message}`).to.not.equal(null);
    expect(parsed.name).to.equal(name);
    return parsed.args;
  }
  expect.fail(`${name} was expected, and the transaction went through`);
}

module.exports = {
  EURO,
  DOLLAR,
  DAY,
  accountId,
  change,
  deployedLedger,
  encodeChanges,
  eventsOf,
  expectError,
  instruction,
  issue,
  opening,
  pack,
  structHash,
  text,
  uetr,
};
