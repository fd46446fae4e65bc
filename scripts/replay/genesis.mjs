// A Besu genesis file read without our own code: the header of block 0, and the state that its alloc makes.

import { createBlockHeader } from '@ethereumjs/block'
import { createMPT } from '@ethereumjs/mpt'
import { MerkleStateManager } from '@ethereumjs/statemanager'
import { Account, bigIntToBytes, createAddressFromString, hexToBytes, setLengthLeft } from '@ethereumjs/util'

const prefixed = (text) => (text.startsWith('0x') ? text : `0x${text}`)

/** The state of the alloc, and the header of block 0, as Besu reads them: key names in any case, absent numbers zero. */
export async function readGenesis(document, common) {
  const root = lowerKeys(document)
  const config = lowerKeys(root.config)
  requireLondonQbft(config)
  const state = new MerkleStateManager({ common, trie: await createMPT({ useKeyHashing: true, common }) })
  await state.checkpoint()
  for (const [address, given] of Object.entries(root.alloc)) await put(state, prefixed(address), lowerKeys(given))
  await state.commit()
  await state.flush()
  const header = createBlockHeader(
    {
      stateRoot: await state.getStateRoot(),
      coinbase: root.coinbase,
      difficulty: root.difficulty,
      gasLimit: root.gaslimit,
      timestamp: root.timestamp,
      extraData: root.extradata,
      mixHash: root.mixhash,
      nonce: setLengthLeft(bigIntToBytes(BigInt(root.nonce ?? 0)), 8),
      baseFeePerGas: root.basefeepergas,
    },
    { common, skipConsensusFormatValidation: true },
  )
  return { state, header }
}

function lowerKeys(object) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key.toLowerCase(), value]))
}

function requireLondonQbft(config) {
  const qbft = lowerKeys(config.qbft ?? {})
  const periods = ['blockperiodseconds', 'epochlength', 'requesttimeoutseconds', 'emptyblockperiodseconds']
  const wrong = periods.filter((key) => !Number.isInteger(qbft[key]) || qbft[key] < 1)
  if (config.londonblock !== 0 || config.zerobasefee !== true || wrong.length > 0) {
    throw new Error(`the genesis is not London's from block 0 without a base fee, or lacks ${wrong}`)
  }
  const later = ['arrowglacierblock', 'shanghaitime', 'cancuntime', 'praguetime', 'osakatime'].filter((key) => key in config)
  if (later.length > 0) throw new Error(`the genesis has rules later than London's: ${later}`)
}

async function put(state, key, given) {
  const address = createAddressFromString(key)
  await state.putAccount(address, new Account(BigInt(given.nonce ?? 0), BigInt(given.balance ?? 0)))
  if (given.code) await state.putCode(address, hexToBytes(prefixed(given.code)))
  for (const [slot, word] of Object.entries(given.storage ?? {})) {
    const value = BigInt(prefixed(word))
    if (value !== 0n) await state.putStorage(address, hexToBytes(prefixed(slot)), bigIntToBytes(value))
  }
}
