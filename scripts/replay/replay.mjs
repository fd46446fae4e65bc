// Executes exported blocks again with ethereumjs, from a genesis file on: node replay.mjs GENESIS BLOCKS
//
// What this engine judges of each block: that it follows its parent; the transactions' root; and, by executing them, the
// receipts' root (status, gas and logs of each), the logs bloom, the gas used and the state root. The block hash is
// QBFT's: extraData counts with round 0 and without seals. Seals are not judged here: the node and the offline verifier do.
//
// One line of JSON at the end, or one line that names the first block that does not agree, and exit status 1.

import { readFileSync } from 'node:fs'

import { createBlockFromBytesArray } from '@ethereumjs/block'
import { Mainnet, createCustomCommon } from '@ethereumjs/common'
import { RLP } from '@ethereumjs/rlp'
import { bytesToHex, equalsBytes } from '@ethereumjs/util'
import { createVM, runBlock } from '@ethereumjs/vm'
import { keccak256 } from 'ethers'

import { readGenesis } from './genesis.mjs'

const EXTRA_DATA = 12
const FORKS = [
  ...['chainstart', 'homestead', 'tangerineWhistle', 'spuriousDragon', 'byzantium', 'constantinople', 'petersburg'],
  ...['istanbul', 'berlin', 'london'],
]

/** QBFT's block hash: keccak of the header with round 0 and no seals; block 0 is hashed as it stands. */
function blockHash(header) {
  const fields = header.raw()
  if (header.number > 0n) {
    const [vanity, validators, vote] = RLP.decode(fields[EXTRA_DATA])
    fields[EXTRA_DATA] = RLP.encode([vanity, validators, vote, new Uint8Array(), []])
  }
  return Uint8Array.from(Buffer.from(keccak256(RLP.encode(fields)).slice(2), 'hex'))
}

/** Rules of London from block 0. Consensus is none that the engine knows: 'pos' here means only that no reward is paid. */
function london(chainId) {
  const hardforks = FORKS.map((name) => ({ name, block: 0 }))
  const consensus = { type: 'pos', algorithm: 'casper', casper: {} }
  return createCustomCommon({ chainId, hardforks, consensus, name: 'qbft' }, Mainnet, { hardfork: 'london' })
}

/** What BLOCKHASH is answered from: the hashes of the blocks so far. */
class Hashes {
  #byNumber = []

  add(hash) {
    this.#byNumber.push(hash)
  }

  get last() {
    return this.#byNumber.at(-1)
  }

  async getBlock(number) {
    return { hash: () => this.#byNumber[Number(number)] }
  }

  shallowCopy() {
    return this
  }
}

function* readBlocks(bytes, options) {
  let rest = bytes
  while (rest.length > 0) {
    const { data, remainder } = RLP.decode(rest, true)
    yield createBlockFromBytesArray(data, options)
    rest = remainder
  }
}

async function replay(genesisFile, blocksFile) {
  const document = JSON.parse(readFileSync(genesisFile, 'utf8'))
  const common = london(document.config.chainId)
  const { state, header } = await readGenesis(document, common)
  const hashes = new Hashes()
  hashes.add(blockHash(header))
  const vm = await createVM({ common, stateManager: state, blockchain: hashes })
  const report = { genesis: bytesToHex(hashes.last), blocks: 0, transactions: 0, gas: 0n, failed: 0 }
  let number = 0n
  let root = header.stateRoot
  for (const block of readBlocks(readFileSync(blocksFile), { common, skipConsensusFormatValidation: true })) {
    number += 1n
    await judge(vm, block, number, hashes, report)
    root = block.header.stateRoot
  }
  return { ...report, gas: report.gas.toString(), hash: bytesToHex(hashes.last), state_root: bytesToHex(root) }
}

async function judge(vm, block, number, hashes, report) {
  try {
    if (block.header.number !== number) throw new Error(`it says it is block ${block.header.number}`)
    if (!equalsBytes(block.header.parentHash, hashes.last)) throw new Error('it does not follow its parent')
    const result = await runBlock(vm, { block, skipHeaderValidation: true })
    report.blocks += 1
    report.transactions += block.transactions.length
    report.gas += result.gasUsed
    report.failed += result.receipts.filter((receipt) => receipt.status === 0).length
  } catch (error) {
    throw new Error(`block ${number}: ${error.message.split('\n')[0].split(' (vm hf')[0]}`, { cause: error })
  }
  hashes.add(blockHash(block.header))
}

try {
  const [genesisFile, blocksFile] = process.argv.slice(2)
  console.log(JSON.stringify(await replay(genesisFile, blocksFile)))
} catch (error) {
  console.error(`replay: ${error.message}`)
  if (process.env.REPLAY_TRACE) console.error(error)
  process.exitCode = 1
}
