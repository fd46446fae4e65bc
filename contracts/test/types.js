// The EIP-712 types that the ledger knows (docs/decisions/0003, 0009 to 0011), as ethers signs them.
"use strict";

const fields = (...list) => list.map((one) => ({ type: one.split(" ")[0], name: one.split(" ")[1] }));

const payment = fields(
  "bytes16 uetr",
  "address debtor",
  "address creditor",
  "address token",
  "uint64 amount",
  "uint64 validAfter",
  "uint64 validUntil",
  "uint8 priority",
  "bytes32 remittanceHash",
);

const TYPES = {
  PaymentInstruction: payment,
  HoldInstruction: [...payment, ...fields("uint64 expiresAt", "address notary", "bytes32 condition")],
  InboundConsent: fields("bytes32 instruction", "address account", "uint64 validUntil"),
  CrossCurrencyInstruction: [
    ...payment,
    ...fields("bytes16 quoteId", "address creditorToken", "uint64 minCreditorAmount", "uint64 maxCharges", "bytes32 documentHash"),
  ],
  Quote: fields(
    "bytes16 quoteId",
    "address sellAccount",
    "address buyAccount",
    "address sellToken",
    "address buyToken",
    "uint64 rateNumerator",
    "uint64 rateDenominator",
    "uint64 charges",
    "uint64 expires",
    "uint64 maxAmount",
  ),
  NetPart: fields(
    "bytes16 run",
    "address debtor",
    "address token",
    "uint8 mode",
    "uint64 sequence",
    "uint64 validUntil",
    "uint32 count",
    "uint64 gross",
    "bytes32 lines",
  ),
};

module.exports = { TYPES };
