// What the behaviour files share: one deployed network, and everything that is signed, signed and packed by ethers.
"use strict";
const { ethers } = require("hardhat");
const { expect } = require("chai");
const { randomUUID } = require("crypto");
const surface = require("./surface");
const { TYPES } = require("./types");

const token = (byte) => ethers.getAddress("0x" + byte.repeat(20));
/** Settlement assets: central bank money in two currencies. */
const EURO = token("e1");
const DOLLAR_ASSET = token("d1");
/** Deposit tokens: what banks 1, 11 and 12 owe their customers. */
const DOLLAR = token("d2");
const EURO_X = token("e3");
const EURO_Y = token("e4");
const DOLLAR_Y = token("d4");

const DAY = 86400;
const FAR = 2n ** 62n;
const MOST = 2n ** 63n - 1n;
/** How old an attestation may be to issue upon it. */
const RESERVES_MAX_AGE = DAY;
/** How long a change of roles waits. */
const ROLE_DELAY = 3600;
const [BANK, BANK_X, BANK_Y, PROVIDER] = [1, 11, 12, 13];
const [SETTLEMENT, CUSTOMER] = [1, 2];
const PARTS = ["Administration", "Registry", "Clearing", "ReserveAttestation", "Ledger", "HashTimelock", "Anchor"];

const uetr = () => "0x" + randomUUID().replaceAll("-", "");
const text = (value, length) => ethers.hexlify(ethers.toUtf8Bytes(value.padEnd(length, "\0")));
const accountId = () => ethers.getAddress(ethers.hexlify(ethers.randomBytes(20)));
const role = (name) => ethers.id(name);
const now = async () => (await ethers.provider.getBlock("latest")).timestamp;
const ascending = (addresses) => [...addresses].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
const newKeys = (count) => {
  const keys = Array.from({ length: count }, () => ethers.Wallet.createRandom());
  return keys.sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1));
};

/** Sets the time of the next block. */
const at = (timestamp) => ethers.provider.send("evm_setNextBlockTimestamp", [Number(timestamp)]);

let built;
let snapshot;

/** The network of `build`, as it was when new. */
async function deployedLedger() {
  await surface.harvest();
  if (built) await ethers.provider.send("evm_revert", [snapshot]);
  else built = await build();
  snapshot = await ethers.provider.send("evm_snapshot", []);
  return { ...built };
}

/** The addresses that a deployer's next contracts will have, by name. */
async function predictedParts(deployer) {
  const nonce = await deployer.getNonce();
  const at = (index) => ethers.getCreateAddress({ from: deployer.address, nonce: nonce + index });
  return Object.fromEntries(PARTS.map((name, index) => [name, at(index)]));
}

/** Deploys all contracts from one account; `people` may replace role holders, `parts` the ledger's parts. */
async function deployParts(people, parts = {}) {
  const { deployer, attestor, anchorer, admin, compliance, guardian } = people;
  const address = await predictedParts(deployer);
  const deploy = (name, values) => ethers.deployContract(name, values, deployer);
  const holders = ["operator", "compliance", "calendar", "secondCalendar", "guardian", "enforcer"];
  return {
    administration: await deploy("Administration", [ROLE_DELAY, admin.address, compliance.address, guardian.address]),
    registry: await deploy("Registry", [parts.expectedByRegistry ?? address.Ledger]),
    clearing: await deploy("Clearing", [parts.expectedByClearing ?? address.Ledger]),
    reserves: await deploy("ReserveAttestation", [attestor.address, parts.expectedByReserves ?? address.Ledger]),
    ledger: await deploy("Ledger", [
      {
        registry: address.Registry,
        clearing: address.Clearing,
        reserves: address.ReserveAttestation,
        administration: parts.administration ?? address.Administration,
        reservesMaxAge: RESERVES_MAX_AGE,
      },
      Object.fromEntries(holders.map((name) => [name, people[name].address ?? people[name]])),
    ]),
    timelock: await deploy("HashTimelock", [address.Ledger]),
    anchor: await deploy("Anchor", [anchorer.address]),
  };
}

/**
 * Four banks, six tokens and their accounts, and today's business day.
 *
 * alice (threshold 1), bob (2) and carol (limits 1000 and 2500) hold EURO at bank 1, dan holds its DOLLAR. Customers xenia of bank
 * X and yves and yolanda of bank Y hold deposits behind which the banks' settlement accounts stand; the provider sells
 * DOLLAR_ASSET for EURO. Customers, each bank and the provider have keys of their own.
 */
async function build() {
  const names = ["deployer", "operator", "compliance", "issuer", "calendar", "secondCalendar", "guardian", "enforcer", "admin", "attestor", "anchorer", "notary", "stranger"];
  const signers = await ethers.getSigners();
  const people = Object.fromEntries(names.map((name, index) => [name, signers[index]]));
  const contracts = await deployParts(people);
  const world = { ...people, ...contracts };
  for (const name of ["keys", "keysX", "keysY", "providerKeys"]) world[name] = newKeys(3);
  const accounts = ["alice", "bob", "carol", "dan", "xenia", "yves", "yolanda", "settlementX", "settlementY", "dollarsY", "sellAccount", "buyAccount"];
  for (const name of accounts) world[name] = accountId();

  const bank = (number, bic, country) => ["admitParticipant", [number, text(bic, 11), text("529900T8BM49AURSDO55", 20), text(country, 2)]];
  await change(
    world,
    bank(BANK, "AAAADEFFXXX", "DE"),
    bank(BANK_X, "XXXXDEFFXXX", "DE"),
    bank(BANK_Y, "YYYYFRPPXXX", "FR"),
    bank(PROVIDER, "PPPPLULLXXX", "LU"),
    ["createToken", [EURO, text("EUR", 3), 2, 1, 0]],
    ["createToken", [DOLLAR_ASSET, text("USD", 3), 2, 1, 0]],
    ["createToken", [DOLLAR, text("USD", 3), 2, 2, BANK]],
    ["createToken", [EURO_X, text("EUR", 3), 2, 2, BANK_X]],
    ["createToken", [EURO_Y, text("EUR", 3), 2, 2, BANK_Y]],
    ["createToken", [DOLLAR_Y, text("USD", 3), 2, 2, BANK_Y]],
  );
  await change(world, ["openAccounts", [openings(world)]]);
  await change(
    world,
    ...[EURO, DOLLAR_ASSET, DOLLAR, EURO_X, EURO_Y, DOLLAR_Y].map((one) => ["setIssuer", [one, world.issuer.address, true]]),
    ["setSettlementAccount", [EURO_X, world.settlementX]],
    ["setSettlementAccount", [EURO_Y, world.settlementY]],
    ["setSettlementAccount", [DOLLAR_Y, world.dollarsY]],
  );
  for (const asset of [EURO, DOLLAR_ASSET]) await attest(world, asset, MOST, (await now()) - 1000);
  await openDay(world, Math.floor((await now()) / DAY));
  return world;
}

function openings(world) {
  const { alice, bob, carol, dan, xenia, yves, yolanda, settlementX, settlementY, dollarsY, sellAccount, buyAccount } = world;
  const { keysX, keysY, providerKeys } = world;
  const settlement = { kind: SETTLEMENT };
  return [
    opening(world, alice),
    opening(world, bob, { threshold: 2 }),
    opening(world, carol, { limits: [1000, 2500] }),
    opening(world, dan, { token: DOLLAR }),
    opening(world, xenia, { token: EURO_X, participant: BANK_X }),
    opening(world, yves, { token: EURO_Y, participant: BANK_Y }),
    opening(world, yolanda, { token: DOLLAR_Y, participant: BANK_Y }),
    opening(world, settlementX, { ...settlement, participant: BANK_X, keys: keysX }),
    opening(world, settlementY, { ...settlement, participant: BANK_Y, keys: keysY }),
    opening(world, dollarsY, { ...settlement, token: DOLLAR_ASSET, participant: BANK_Y, keys: keysY }),
    opening(world, sellAccount, { ...settlement, participant: PROVIDER, keys: providerKeys }),
    opening(world, buyAccount, { ...settlement, token: DOLLAR_ASSET, participant: PROVIDER, keys: providerKeys }),
  ];
}

function opening(world, account, options = {}) {
  const { token = EURO, participant = BANK, kind = CUSTOMER, threshold = 1, limits = [0, 0], keys = world.keys } = options;
  return {
    account,
    token,
    participant,
    kind,
    threshold,
    signers: keys.map((key) => key.address),
    limitPerPayment: limits[0],
    limitPerDay: limits[1],
  };
}

/** Opens an account and returns its id. */
async function open(world, options) {
  const account = accountId();
  await change(world, ["openAccounts", [[opening(world, account, options)]]]);
  return account;
}

/** Opens a business day by both calendars. */
async function openDay(world, day) {
  await world.ledger.connect(world.calendar).proposeBusinessDay(day);
  return world.ledger.connect(world.secondCalendar).openBusinessDay(day);
}

async function attest(world, asset, amount, asOf, documentHash = ethers.id("statement of reserves")) {
  return world.reserves.connect(world.attestor).attest(asset, amount, asOf, documentHash);
}

async function issue(world, account, amount, token = EURO) {
  return world.ledger.connect(world.issuer).issue(uetr(), token, account, amount, ethers.ZeroHash);
}

/** Encodes registry changes, proposes them as operator and confirms them as compliance. */
async function change(world, ...changes) {
  const { registry, operator, compliance } = world;
  const calls = encodeChanges(world, ...changes);
  const proposal = await registry.connect(operator).propose.staticCall(calls).catch(() => undefined);
  // A confirmation that was refused leaves its proposal open.
  if (proposal) await registry.connect(operator).propose(calls);
  return registry.connect(compliance).confirm(calls);
}

function encodeChanges(world, ...changes) {
  return changes.map(([name, values]) => world.registry.interface.encodeFunctionData(name, values));
}

/** Has the administration contract run a call of the ledger, or of itself, after its delay. */
async function administer(world, name, values, target = world.ledger) {
  const { administration, admin, compliance } = world;
  const call = [await target.getAddress(), 0, target.interface.encodeFunctionData(name, values), ethers.ZeroHash];
  const salt = ethers.hexlify(ethers.randomBytes(32));
  await administration.connect(admin).schedule(...call, salt, ROLE_DELAY);
  await at((await now()) + ROLE_DELAY);
  return administration.connect(compliance).execute(...call, salt);
}

// --- what is signed ---

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

/** A list of signatures as packed items have it: their number, then 65 bytes each. */
async function signatures(world, type, value, keys) {
  const signed = [];
  for (const key of keys) signed.push(await key.signTypedData(await domain(world), { [type]: TYPES[type] }, value));
  return ethers.concat([ethers.toBeHex(keys.length, 1), ...signed]);
}

const hashOf = (type, value) => ethers.TypedDataEncoder.hashStruct(type, { [type]: TYPES[type] }, value);
const structHash = (order) => hashOf("PaymentInstruction", order);

/** Fields of a value in the order of its type, packed: all of them, or those from one to another. */
function packed(type, value, first = 0, last = TYPES[type].length) {
  const fields = TYPES[type].slice(first, last);
  return ethers.solidityPacked(fields.map((one) => one.type), fields.map((one) => value[one.name]));
}

/** The packed item of an instruction, signed by these keys in the order given. */
async function pack(world, order, keys = world.keys.slice(0, 2)) {
  const type = "PaymentInstruction";
  return ethers.concat([packed(type, order), await signatures(world, type, order, keys)]);
}

/** A hold for ten minutes from now, by default with the person `notary` as its notary. */
async function holdInstruction(world, debtor, creditor, amount, fields = {}) {
  const more = { expiresAt: (await now()) + 600, notary: world.notary.address, condition: ethers.ZeroHash };
  return { ...instruction(debtor, creditor, amount), ...more, ...fields };
}

async function packHold(world, order, keys = world.keys.slice(0, 2)) {
  const type = "HoldInstruction";
  return ethers.concat([packed(type, order), await signatures(world, type, order, keys)]);
}

/** An interbank item; without `consentKeys` the mandate is meant. */
async function packInterbank(world, order, options = {}) {
  const { keys = world.keys.slice(0, 2), consentKeys = [], account = world.settlementY, validUntil = FAR } = options;
  const consent = { instruction: structHash(order), account, validUntil };
  return ethers.concat([await pack(world, order, keys), await packConsent(world, consent, consentKeys)]);
}

async function packConsent(world, consent, keys) {
  return ethers.concat([ethers.toBeHex(consent.validUntil, 8), await signatures(world, "InboundConsent", consent, keys)]);
}

/** xenia's euro to yolanda's dollars, by default. */
function exchangeInstruction(world, amount, fields = {}) {
  const more = { quoteId: uetr(), creditorToken: DOLLAR_Y, minCreditorAmount: 1, maxCharges: 100, documentHash: ethers.id("contract") };
  return { ...instruction(world.xenia, world.yolanda, amount, { token: EURO_X }), ...more, ...fields };
}

/** The provider's offer for an exchange: 11 dollars for 10 euro and charges of 10 cents, by default. */
function quoteFor(world, order, fields = {}) {
  return {
    quoteId: order.quoteId,
    sellAccount: world.sellAccount,
    buyAccount: world.buyAccount,
    sellToken: order.token,
    buyToken: order.creditorToken,
    rateNumerator: 11,
    rateDenominator: 10,
    charges: 10,
    expires: FAR,
    maxAmount: order.amount,
    ...fields,
  };
}

async function packExchange(world, order, quote = quoteFor(world, order), options = {}) {
  const { keys = world.keys.slice(0, 1), quoteKeys = world.providerKeys.slice(0, 1), validUntil = FAR } = options;
  const { consentKeys = world.keysY.slice(0, 1), account = world.dollarsY } = options;
  const type = "CrossCurrencyInstruction";
  return ethers.concat([
    packed(type, order),
    await signatures(world, type, order, keys),
    packed("Quote", quote, 1, 3),
    packed("Quote", quote, 5),
    await signatures(world, "Quote", quote, quoteKeys),
    await packConsent(world, { instruction: hashOf(type, order), account, validUntil }, consentKeys),
  ]);
}

// --- what happened ---

/** The contract's events in a transaction, as [name, arguments]. */
async function eventsOf(contract, sent) {
  const receipt = await (await sent).wait();
  return receipt.logs
    .map((log) => contract.interface.parseLog(log))
    .filter((parsed) => parsed !== null)
    .map((parsed) => [parsed.name, parsed.args]);
}

/** Code, limit and needed of the one refusal in a transaction, which does nothing else. */
async function refusal(ledger, sent) {
  const events = await eventsOf(ledger, sent);
  expect(events.map(([name]) => name)).to.deep.equal(["PaymentRefused"]);
  const [, told] = events[0];
  return [told.code, told.limit, told.needed];
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
  BANK,
  BANK_X,
  BANK_Y,
  CUSTOMER,
  DAY,
  DOLLAR,
  DOLLAR_ASSET,
  DOLLAR_Y,
  EURO,
  EURO_X,
  EURO_Y,
  FAR,
  MOST,
  PROVIDER,
  RESERVES_MAX_AGE,
  ROLE_DELAY,
  SETTLEMENT,
  accountId,
  administer,
  ascending,
  at,
  attest,
  change,
  deployParts,
  deployedLedger,
  domain,
  encodeChanges,
  eventsOf,
  exchangeInstruction,
  expectError,
  hashOf,
  holdInstruction,
  instruction,
  issue,
  newKeys,
  now,
  open,
  openDay,
  opening,
  pack,
  packConsent,
  packExchange,
  packHold,
  packInterbank,
  packed,
  quoteFor,
  refusal,
  role,
  signatures,
  structHash,
  text,
  uetr,
};
