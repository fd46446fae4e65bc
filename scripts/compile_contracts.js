// Reads a standard-JSON compiler input from standard input and writes solc's output, with imports from node_modules.
// scripts/compile_contracts.py does the rest.
"use strict";
const fs = require("fs");
const solc = require("solc");

function importFromPackages(path) {
  try {
    return { contents: fs.readFileSync(require.resolve(path), "utf8") };
  } catch {
    return { error: `no such file in node_modules: ${path}` };
  }
}

const input = fs.readFileSync(0, "utf8");
const output = Buffer.from(solc.compile(input, { import: importFromPackages }));
// A pipe takes what it has room for: write until all of it is gone.
for (let written = 0; written < output.length; ) {
  try {
    written += fs.writeSync(1, output, written);
  } catch (error) {
    if (error.code !== "EAGAIN") throw error;
  }
}
