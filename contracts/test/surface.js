// Notes, while the behaviours run, which functions of which contract were executed, which errors they ended with, and
// which events they emitted. whole_surface.test.js compares that with the ABIs.
"use strict";
const { artifacts, network } = require("hardhat");
const { ethers } = require("ethers");

const NAMES = ["Administration", "Anchor", "Clearing", "HashTimelock", "Ledger", "Registry", "ReserveAttestation", "TokenView"];
/** By contract's name: selectors of functions and errors, topics of events. */
const seen = Object.fromEntries(NAMES.map((name) => [name, { functions: new Set(), errors: new Set(), events: new Set() }]));
const creations = [];
const nameAt = new Map();
let watching;

/** Reads what was emitted since the last snapshot; call it before blocks are thrown away. */
async function harvest() {
  watching ??= watch();
  await watching;
  for (const log of await network.provider.send("eth_getLogs", [{ fromBlock: "0x0", toBlock: "latest" }])) {
    const name = nameAt.get(log.address);
    if (name) seen[name].events.add(log.topics[0]);
  }
}

/** Listens to every message between contracts, whether sent, called or simulated. */
async function watch() {
  for (const name of NAMES) creations.push([name, (await artifacts.readArtifact(name)).bytecode]);
  await network.provider.send("eth_chainId", []);
  let provider = network.provider;
  while (provider._wrapped ?? provider._provider) {
    if (provider._node) break;
    provider = provider._wrapped ?? provider._provider;
  }
  const running = [];
  const { events } = provider._node._vm.evm;
  events.on("beforeMessage", (message) => running.push(begin(message)));
  events.on("afterMessage", ({ execResult }) => end(running.pop(), execResult));
}

function begin({ to, codeAddress, data }) {
  const input = ethers.hexlify(data);
  if (to === undefined) return { name: creations.find(([, code]) => input.startsWith(code))?.[0], creates: true };
  const name = nameAt.get((codeAddress ?? to).toString());
  if (name) seen[name].functions.add(input.slice(0, 10));
  return { name, creates: false };
}

function end({ name, creates }, { success, contractAddress, output }) {
  if (!name) return;
  if (creates && success) nameAt.set(contractAddress.toString(), name);
  if (!success && output?.length >= 4) seen[name].errors.add(ethers.hexlify(output.subarray(0, 4)));
}

module.exports = { NAMES, harvest, seen };
