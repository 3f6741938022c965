/**
 * What a kept record keeps alive. V8 lets a slice of 13 characters or more point into its parent, so a decoder that cuts strings out of a
 * large one makes one kept record pin its whole batch. A child process with `--expose-gc` keeps one record of each of 10,000 batches and
 * compares with the same records copied deeply, string by string.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createCodec } from '../../mailbox/codec-registry.ts'
import type { CodecName } from '../../mailbox/codec.ts'

const BATCHES = 10_000
const RECORDS = 32
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'

type Row = Record<string, unknown>
type Make = (batch: number, i: number) => Row

/** Records that differ in what matters: number and length of strings, their alphabet, their neighbours. */
const makers: Record<string, Make> = {
  bids: (batch, i) => ({
    auction: 1000 + i,
    bidder: batch,
    price: batch * i,
    channel: `channel-${i}`,
    url: `https://www.nexmark.com/${text(i, 4)}/${text(batch, 4)}/item.htm?query=1&channel_id=${batch}`,
    dateTime: 1436918400000 + batch,
    extra: text(batch + i, 54 + ((batch + i) % 28)),
  }),
  'one string of 13 to 20': (batch, i) => ({ id: text(batch * 7 + i, 13 + ((batch + i) % 8)) }),
  'unequal neighbours': (batch, i) => ({
    id: batch,
    text: text(batch + i, i % 2 === 0 ? 14 : 1500),
  }),
  'two-byte text': (batch, i) => ({ id: batch, name: `Ж${text(batch + i, 30)}` }),
  'three forms': (batch, i) => {
    if (i % 3 === 0) return { id: batch, name: text(batch + i, 30 + (i % 10)) }
    if (i % 3 === 1) return { id: batch, url: text(i, 80), extra: text(batch * i, 60) }
    return { batch, i, comment: text(batch - i, 40), state: text(i, 5) }
  },
  nested: (batch, i) => ({ id: batch, inner: { tags: [text(batch, 20), text(i + batch, 20)] } }),
}

function text(seed: number, length: number): string {
  let result = ''
  let state = seed + 1
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    result += LETTERS[state % 26]
  }
  return result
}

function deepCopy(value: unknown): unknown {
  if (typeof value === 'string') return Buffer.from(value, 'utf16le').toString('utf16le')
  if (Array.isArray(value)) return value.map(deepCopy)
  if (typeof value !== 'object' || value === null) return value
  const copy: Row = {}
  for (const key of Object.keys(value)) copy[key] = deepCopy((value as Row)[key])
  return copy
}

/** Narrow where the text allows, as any decoder would make it. */
function oneByte(value: unknown): unknown {
  if (typeof value === 'string')
    return /^[\0-\xff]*$/.test(value)
      ? Buffer.from(value, 'latin1').toString('latin1')
      : deepCopy(value)
  if (Array.isArray(value)) return value.map(oneByte)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, oneByte(item)]))
}

function usedHeap(): number {
  const { gc } = globalThis as { gc?: () => void }
  if (gc === undefined) throw new Error('run with --expose-gc')
  for (let i = 0; i < 4; i++) gc()
  return process.memoryUsage().heapUsed
}

/** Never emptied: what one measurement keeps must not be freed during the next one. */
const keptForever: unknown[][] = []

function measure(keep: (batch: number) => unknown): number {
  for (let batch = 0; batch < 1000; batch++) keep(batch)
  const kept: unknown[] = new Array(BATCHES).fill(undefined)
  keptForever.push(kept)
  const before = usedHeap()
  for (let batch = 0; batch < BATCHES; batch++) kept[batch] = keep(batch)
  return usedHeap() - before
}

/** Child process: prints what the kept records need, and what their copies would. */
function child(codecName: CodecName, makerName: string): void {
  const make = makers[makerName] as Make
  const sender = createCodec(codecName)
  const receiver = createCodec(codecName)
  // A pool of batches: making 640,000 different records would be most of the time.
  // Copied, because a string put together from parts shrinks when somebody reads it.
  const pool = Array.from({ length: 100 }, (_, batch) =>
    Array.from({ length: RECORDS }, (_, i) => oneByte(make(batch, i))),
  )
  for (const records of pool) sender.encode(records, RECORDS)
  const payloads = pool.map((records) => Buffer.from(sender.encode(records, RECORDS)))
  const pick = (batch: number) => ((batch * 7) % RECORDS) & ~1
  const kept = measure(
    (batch) => receiver.decode(payloads[batch % 100] as Buffer, RECORDS)[pick(batch)],
  )
  const alone = measure((batch) => oneByte(pool[batch % 100]?.[pick(batch)]))
  console.log(JSON.stringify({ kept, alone }))
}

const [, , codecArgument, makerArgument] = process.argv
if (codecArgument === 'columns' || codecArgument === 'msgpack') {
  child(codecArgument, makerArgument ?? '')
} else {
  for (const codecName of ['columns', 'msgpack'] as const) {
    for (const makerName of Object.keys(makers)) {
      test(`${codecName}, ${makerName}: one kept record of each batch stays within 3 times its own size`, () => {
        const result = spawnSync(
          process.execPath,
          ['--expose-gc', fileURLToPath(import.meta.url), codecName, makerName],
          { encoding: 'utf8' },
        )
        assert.is(result.status, 0, result.stderr)
        const { kept, alone } = JSON.parse(result.stdout) as { kept: number; alone: number }
        if (process.env['SHOW_HEAP'] !== undefined)
          console.log(
            codecName,
            makerName,
            (kept / alone).toFixed(2),
            Math.round(kept / BATCHES),
            Math.round(alone / BATCHES),
          )
        // Guards the measurement itself: a record of any kind needs some bytes.
        assert.ok(alone > 40 * BATCHES, `the copies take only ${alone} bytes`)
        assert.ok(
          kept <= 3 * alone,
          `the kept records hold ${Math.round(kept / BATCHES)} bytes each, copies ${Math.round(alone / BATCHES)}`,
        )
      })
    }
  }
  test.run()
}
