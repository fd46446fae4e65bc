// Last of all files: every function, error and event of every contract was seen by the behaviours before.
"use strict";
const { artifacts, ethers } = require("hardhat");
const { expect } = require("chai");
const { NAMES, harvest, seen } = require("./surface");

const OPENZEPPELIN = "OpenZeppelin's own, tested there; no behaviour of ours depends on it";
/** What is not seen, and why. */
const EXCEPTIONS = {
  Administration: {
    functions: {
      CANCELLER_ROLE: OPENZEPPELIN,
      executeBatch: OPENZEPPELIN,
      getOperationState: OPENZEPPELIN,
      getRoleAdmin: OPENZEPPELIN,
      getTimestamp: OPENZEPPELIN,
      hashOperationBatch: OPENZEPPELIN,
      isOperation: OPENZEPPELIN,
      isOperationDone: OPENZEPPELIN,
      isOperationReady: OPENZEPPELIN,
      onERC1155BatchReceived: OPENZEPPELIN,
      onERC1155Received: OPENZEPPELIN,
      onERC721Received: OPENZEPPELIN,
      renounceRole: OPENZEPPELIN,
      revokeRole: OPENZEPPELIN,
      scheduleBatch: OPENZEPPELIN,
      supportsInterface: OPENZEPPELIN,
    },
    errors: {
      AccessControlBadConfirmation: OPENZEPPELIN,
      FailedCall: "OpenZeppelin's, for a target that reverts without a reason; the ledger's always have one",
      TimelockInvalidOperationLength: OPENZEPPELIN,
      TimelockUnexecutedPredecessor: OPENZEPPELIN,
    },
    events: { RoleAdminChanged: OPENZEPPELIN, RoleRevoked: OPENZEPPELIN },
  },
};
/** Clearing runs as the ledger: what it raises and emits is seen as the ledger's. */
const SHARED = ["errors", "events"];

const nameOf = (fragment) => fragment.name;
const keyOf = (fragment) => (fragment.type === "event" ? fragment.topicHash : fragment.selector);

describe("The whole surface", () => {
  before(async function () {
    // Only after the whole suite: a single file cannot have seen all.
    const files = new Set(this.test.parent.parent.suites.map((one) => one.file));
    if (files.size < 2) this.skip();
    await harvest();
  });

  for (const name of NAMES) {
    for (const [sort, type] of [["functions", "function"], ["errors", "error"], ["events", "event"]]) {
      if (name === "Clearing" && SHARED.includes(sort)) continue;
      it(`of ${name}: ${sort}`, async () => {
        const { abi } = await artifacts.readArtifact(name);
        const fragments = abi.filter((one) => one.type === type).map((one) => ethers.Fragment.from(one));
        const excepted = EXCEPTIONS[name]?.[sort] ?? {};
        const unseen = fragments.filter((one) => !seen[name][sort].has(keyOf(one))).map(nameOf);
        expect(unseen.filter((one) => !(one in excepted)), "neither seen nor excepted").to.deep.equal([]);
        expect(Object.keys(excepted).filter((one) => !unseen.includes(one)), "excepted, and yet seen or not declared").to.deep.equal([]);
      });
    }
  }
});
