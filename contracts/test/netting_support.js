// Netting chunks, packed and signed by ethers as docs/decisions/0011 says, and what a run must come to.
"use strict";
const { ethers } = require("hardhat");
const { EURO, FAR, ascending, signatures, uetr } = require("./support");

const [BY_UETR, BY_ORDER] = [0, 1];

/** A line of a part; its id is a UETR in mode 0, and follows from the part's sequence in mode 1. */
const line = (creditor, amount, fields = {}) => ({ uetr: uetr(), creditor, amount, remittanceHash: ethers.ZeroHash, ...fields });

const part = (debtor, lines, fields = {}) => ({ debtor, lines, mode: BY_UETR, sequence: 0, validUntil: FAR, ...fields });

function packLines({ mode, lines }) {
  const rest = ["address", "uint64", "bytes32"];
  return ethers.concat(
    lines.map((one) => {
      const values = [one.creditor, one.amount, one.remittanceHash];
      return mode === BY_ORDER ? ethers.solidityPacked(rest, values) : ethers.solidityPacked(["bytes16", ...rest], [one.uetr, ...values]);
    }),
  );
}

const grossOf = ({ lines }) => lines.reduce((sum, one) => sum + BigInt(one.amount), 0n);

/** What the debtor's signers sign. */
function netPart(run, token, one) {
  const { debtor, mode, sequence, validUntil, lines } = one;
  return { run, debtor, token, mode, sequence, validUntil, count: lines.length, gross: grossOf(one), lines: ethers.keccak256(packLines(one)) };
}

const tableOf = (parts) => ascending(new Set(parts.flatMap((one) => [one.debtor, ...one.lines.map((two) => two.creditor)])));

/** One chunk. A part's `keys` sign for its debtor; `table` replaces the accounts. */
async function packChunk(world, run, parts, { token = EURO, table = tableOf(parts) } = {}) {
  const pieces = [ethers.toBeHex(table.length, 2), ...table];
  for (const one of parts) {
    const { debtor, mode, sequence, validUntil, lines, keys = world.keys.slice(0, 2) } = one;
    pieces.push(
      ethers.solidityPacked(["uint16", "uint8", "uint64", "uint64", "uint32"], [table.indexOf(debtor), mode, sequence, validUntil, lines.length]),
      packLines(one),
      ...lines.map((two) => ethers.toBeHex(table.indexOf(two.creditor), 2)),
      await signatures(world, "NetPart", netPart(run, token, one), keys),
    );
  }
  return ethers.concat(pieces);
}

/** What each account of a run must be told: received, paid, count and subhead, over all parts in order. */
function positionsOf(parts) {
  const positions = new Map();
  const fold = (account, received, paid, preimage) => {
    const one = positions.get(account) ?? { received: 0n, paid: 0n, count: 0n, subhead: ethers.ZeroHash };
    positions.set(account, {
      received: one.received + received,
      paid: one.paid + paid,
      count: one.count + 1n,
      subhead: ethers.keccak256(ethers.concat([one.subhead, preimage])),
    });
  };
  for (const { debtor, mode, sequence, lines } of parts) {
    lines.forEach(({ uetr: id, creditor, amount, remittanceHash }, index) => {
      const word = mode === BY_ORDER ? ethers.toBeHex(BigInt(sequence) + BigInt(index), 16) : id;
      const preimage = ethers.solidityPacked(["address", "bytes16", "address", "uint64", "bytes32"], [debtor, word, creditor, amount, remittanceHash]);
      fold(creditor, BigInt(amount), 0n, preimage);
      fold(debtor, 0n, BigInt(amount), preimage);
    });
  }
  return positions;
}

module.exports = { BY_ORDER, BY_UETR, grossOf, line, netPart, packChunk, part, positionsOf, tableOf };
