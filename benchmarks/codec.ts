/**
 * The codec `columns` against plain msgpackr: batches of 256 seven-field Nexmark bids, one thread.
 *
 * Plain msgpackr is the fastest setting of it that stands alone and does not bundle strings (bundled strings pin a whole batch);
 * bundling is shown for information. Each pass goes through 64 batches of different bids, whose equal strings are different
 * objects, as they would be behind a parser.
 *
 *   node dist/benchmarks/codec.js
 */
import { pathToFileURL } from 'node:url'
import { Packr } from 'msgpackr'
import { createCodec } from '../mailbox/codec-registry.ts'
import { figure, type BenchmarkOptions, type Figure } from './figure.ts'
import { alternate, opsPerSecond, ratios } from './measure.ts'
import { bids } from './nexmark-bids.ts'

const BATCH = 256
const BATCHES = 64
const NAME = 'codec'

/** One competitor: packs and unpacks one batch. */
interface Contestant {
  readonly pack: (batch: readonly unknown[]) => Uint8Array
  readonly unpack: (bytes: Uint8Array) => unknown
}

function contestants(): Record<'columns' | 'plain' | 'bundled' | 'msgpack', Contestant> {
  const packr = new Packr({ useRecords: true })
  const bundling = new Packr({ useRecords: true, bundleStrings: true })
  const columns = createCodec('columns')
  const msgpack = createCodec('msgpack')
  return {
    columns: {
      pack: (batch) => columns.encode(batch, BATCH),
      unpack: (bytes) => columns.decode(bytes, BATCH),
    },
    plain: {
      pack: (batch) => packr.pack(batch),
      unpack: (bytes) => packr.unpack(bytes) as unknown,
    },
    bundled: {
      pack: (batch) => bundling.pack(batch),
      unpack: (bytes) => bundling.unpack(bytes) as unknown,
    },
    msgpack: {
      pack: (batch) => msgpack.encode(batch, BATCH),
      unpack: (bytes) => msgpack.decode(bytes, BATCH),
    },
  }
}

/** Measures and returns the figures of the row `codec`. */
export async function run(
  { log }: BenchmarkOptions = { log: () => undefined },
): Promise<readonly Figure[]> {
  const all = contestants()
  const names = Object.keys(all) as (keyof typeof all)[]
  const records = bids(BATCH * BATCHES, 1)
  const batches = Array.from({ length: BATCHES }, (_, i) =>
    records.slice(i * BATCH, (i + 1) * BATCH),
  )
  const figures: Figure[] = []
  const measured: Record<string, Record<string, number[]>> = {}
  for (const direction of ['encode', 'decode'] as const) {
    log(`${direction}: ${names.join(', ')}`)
    const competitors = Object.fromEntries(
      names.map((name) => [name, pass(all[name], direction, batches)]),
    ) as Record<keyof typeof all, () => Promise<number>>
    measured[direction] = await alternate(competitors, { rounds: 7, warmups: 2 })
  }
  const { encode = {}, decode = {} } = measured
  const runsOf = (direction: Record<string, number[]>, name: string) => direction[name] ?? []
  figures.push(
    figure(
      NAME,
      'encode, columns / plain msgpackr',
      ratios(runsOf(encode, 'columns'), runsOf(encode, 'plain')),
      { reach: 4, aim: 6 },
    ),
    figure(
      NAME,
      'decode, columns / plain msgpackr',
      ratios(runsOf(decode, 'columns'), runsOf(decode, 'plain')),
      { reach: 1.3, aim: 3 },
    ),
  )
  for (const name of names) {
    figures.push(
      figure(NAME, `encode, ${name}, records/s`, runsOf(encode, name)),
      figure(NAME, `decode, ${name}, records/s`, runsOf(decode, name)),
    )
  }
  return figures
}

/** Records per second, measured by tinybench over all batches in turn. */
function pass(
  contestant: Contestant,
  direction: 'encode' | 'decode',
  batches: readonly (readonly unknown[])[],
): () => Promise<number> {
  contestant.pack(batches[0] ?? [])
  const packed = batches.map((batch) => Buffer.from(contestant.pack(batch)))
  let next = 0
  const work =
    direction === 'encode'
      ? () => contestant.pack(batches[next++ % BATCHES] ?? [])
      : () => contestant.unpack(packed[next++ % BATCHES] ?? new Uint8Array(0))
  return async () => {
    const { work: perSecond } = await opsPerSecond({ work }, { timeMs: 150, warmupMs: 50 })
    return perSecond * BATCH
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const { metric, value, runs, spread } of await run()) {
    console.log(
      `${metric.padEnd(36)} ${value.toPrecision(4).padStart(10)}  ±${(spread * 50).toFixed(0)} %  of ${runs.length}`,
    )
  }
}
