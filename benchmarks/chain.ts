/**
 * source → map → filter → map → count as a compiled chain, against a hand-written loop that calls the same functions
 * over the same objects.
 *
 * Both count per key into a Map. Competitors take turns in one process. The last figure runs the same chain behind ten
 * others with other functions, as in a real job: code of its own is what keeps it at the same speed.
 */
import { compileChain, linearChain, type CompiledChain } from '../operators/chain/chain.ts'
import { count } from '../operators/aggregates/aggregates.ts'
import { endOfStream } from '../operators/windows/window-assigner.ts'
import { windowAggregate } from '../operators/windows/window-aggregate.ts'
import { bareContext } from './bare-context.ts'
import { figure, type BenchmarkOptions, type Figure } from './figure.ts'
import { alternate, perSecond, ratios } from './measure.ts'
import type { Bid } from './nexmark-bids.ts'

interface Priced {
  readonly auction: number
  readonly euros: number
}

const BATCH = 1_024
const BATCHES = 64
const REPEATS = 200
const RECORDS = BATCH * BATCHES * REPEATS

const toEuros = (bid: Bid): Priced => ({ auction: bid.auction, euros: bid.price * 0.908 })
const isLarge = (bid: Priced): boolean => bid.euros > 100
const toAuction = (bid: Priced): number => bid.auction

function makeBatches(): Bid[][] {
  return Array.from({ length: BATCHES }, (_, batch) =>
    Array.from({ length: BATCH }, (_, i) => ({
      auction: (batch * BATCH + i) % 1_000,
      bidder: (i * 7) % 997,
      price: (i * 13) % 500,
      channel: `channel ${i % 5}`,
      url: `https://auctions.example/${i % 50}`,
      dateTime: batch * BATCH + i,
      extra: 'x',
    })),
  )
}

function countByHand(batches: readonly (readonly Bid[])[]): Map<number, { count: number }> {
  const counts = new Map<number, { count: number }>()
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    for (const batch of batches) {
      for (let i = 0; i < batch.length; i++) {
        const priced = toEuros(batch[i] as Bid)
        if (!isLarge(priced)) continue
        const auction = toAuction(priced)
        const known = counts.get(auction)
        if (known === undefined) counts.set(auction, { count: 1 })
        else known.count++
      }
    }
  }
  return counts
}

function makeChain(keep: (counted: unknown) => void): CompiledChain {
  const counting = windowAggregate({
    assigner: endOfStream(),
    aggregate: count(),
    key: (auction: number) => auction,
    result: (result, { key }) => [key, result],
  })
  const chain = compileChain(
    linearChain(
      [
        { name: 'euros', step: { kind: 'map', fn: toEuros } },
        { name: 'large', step: { kind: 'filter', fn: isLarge } },
        { name: 'auction', step: { kind: 'map', fn: toAuction } },
        { name: 'count', operator: counting },
      ],
      { name: 'result', output: { emit: keep, full: false } },
    ),
    { subtaskIndex: 0, gate: { full: false } },
  )
  chain.open(bareContext)
  return chain
}

function countByChain(batches: readonly (readonly Bid[])[]): Map<unknown, unknown> {
  const counts = new Map<unknown, unknown>()
  const chain = makeChain((counted) => {
    const [key, result] = counted as [unknown, unknown]
    counts.set(key, result)
  })
  const timestamps = new Float64Array(BATCH)
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    for (const batch of batches) chain.processBatch(batch, timestamps, 0, batch.length)
  }
  chain.processWatermark(Number.POSITIVE_INFINITY)
  chain.close()
  return counts
}

/** Runs chains of other functions, so that everything they share with the measured one has seen them too. */
function runOthers(batches: readonly (readonly Bid[])[]): void {
  const timestamps = new Float64Array(BATCH)
  for (let other = 0; other < 10; other++) {
    const fn = new Function('bid', `return bid.price + ${other}`) as (bid: Bid) => number
    const chain = compileChain(
      linearChain(
        [
          { name: 'map', step: { kind: 'map', fn } },
          {
            name: 'count',
            operator: windowAggregate({
              assigner: endOfStream(),
              aggregate: count(),
              key: (value) => `k${String(value)}`,
            }),
          },
        ],
        { name: 'nothing', output: { emit: () => undefined, full: false } },
      ),
      { subtaskIndex: 0 },
    )
    chain.open(bareContext)
    for (const batch of batches) chain.processBatch(batch, timestamps, 0, batch.length)
    chain.close()
  }
}

function checkEqual(batches: readonly (readonly Bid[])[]): void {
  const byHand = countByHand(batches)
  const byChain = countByChain(batches)
  for (const [auction, { count: expected }] of byHand) {
    if (byChain.get(auction) !== expected)
      throw new Error(`chain: the two disagree about auction ${auction}`)
  }
  if (byHand.size !== byChain.size)
    throw new Error('chain: the two disagree about the number of auctions')
}

/** Measures, see the head of this file. */
export async function run({ log }: BenchmarkOptions): Promise<readonly Figure[]> {
  const batches = makeBatches()
  checkEqual(batches)
  const competitors = {
    chain: () => perSecond(RECORDS, () => countByChain(batches)),
    hand: () => perSecond(RECORDS, () => countByHand(batches)),
  }
  log('chain against a hand-written loop')
  const alone = await alternate(competitors, { rounds: 9, warmups: 2 })
  log('the same after ten other chains')
  runOthers(batches)
  const among = await alternate(competitors, { rounds: 9, warmups: 1 })
  const name = 'chain'
  return [
    figure(name, 'compiled chain / hand-written loop', ratios(alone.chain, alone.hand), {
      reach: 0.5,
      aim: 0.8,
    }),
    figure(name, 'the same, among ten other chains', ratios(among.chain, among.hand), {
      reach: 0.5,
      aim: 0.8,
    }),
    figure(name, 'compiled chain, records/s', alone.chain),
    figure(name, 'hand-written loop, records/s', alone.hand),
  ]
}
