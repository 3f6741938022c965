/**
 * The queries with the streams of Node.js in object mode: a Readable, a Transform per step and a Writable in a pipeline. Buffers are longer
 * than Node.js makes them by default, because that is faster here.
 */
import { Readable, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { PopularAuctions } from '../loops/q5.ts'
import { HighestBids } from '../loops/q7.ts'
import type { EmitRow } from '../loops/loop.ts'
import type { Bid, NexmarkEvent } from '../model.ts'
import { inEuros } from '../queries/formats.ts'
import type { Row } from '../queries/query.ts'
import type { Peer, PeerInput, PeerQuery } from './peer.ts'
import { PersonsAndAuctions } from './rxjs.ts'

const EVERY = 123
/** Objects that a stream holds. */
const LONG = { objectMode: true, highWaterMark: 1_024 } as const

/** The streams of Node.js. */
export const nodeStreams: Peer = {
  q0: query(() => [
    bidsOnly(),
    mapped(({ auction, bidder, price, dateTime, extra }: Bid): Row => [
      auction,
      bidder,
      price,
      dateTime,
      extra,
    ]),
  ]),
  q1: query(() => [
    bidsOnly(),
    mapped(({ auction, bidder, price, dateTime, extra }: Bid): Row => [
      auction,
      bidder,
      inEuros(price),
      dateTime,
      extra,
    ]),
  ]),
  q2: query(() => [
    bidsOnly(),
    mapped((bid: Bid) => (bid.auction % EVERY === 0 ? bid : undefined)),
    mapped(({ auction, price }: Bid): Row => [auction, price]),
  ]),
  q5: query(() => [bidsOnly(), windowed((emit) => new PopularAuctions(emit))]),
  q7: query(() => [bidsOnly(), windowed((emit) => new HighestBids(emit))]),
  q8: query(() => [windowed((emit) => new PersonsAndAuctions(emit))]),
}

function query(steps: () => readonly Transform[]): PeerQuery {
  return (input, emit) => {
    const rows = new Writable({
      ...LONG,
      write(row: Row, _encoding, done) {
        emit(row)
        done()
      },
    })
    return pipeline([eventsOf(input), ...steps(), rows])
  }
}

function eventsOf({ generator, events }: PeerInput): Readable {
  let next = 0
  return new Readable({
    ...LONG,
    read() {
      while (next < events) if (!this.push(generator.at(next++))) return
      this.push(null)
    },
  })
}

function bidsOnly(): Transform {
  return mapped((event: NexmarkEvent) => (event.event_type === 2 ? event.bid : undefined))
}

/** A step that drops what it makes nothing of. */
function mapped<In, Out>(map: (record: In) => Out | undefined): Transform {
  return new Transform({
    ...LONG,
    transform(record: In, _encoding, done) {
      const out = map(record)
      if (out === undefined) done()
      else done(null, out)
    },
  })
}

function windowed<In>(
  create: (emit: EmitRow) => { add(record: In): void; end(): void },
): Transform {
  const step = new Transform({
    ...LONG,
    transform(record: In, _encoding, done) {
      windows.add(record)
      done()
    },
    flush(done) {
      windows.end()
      done()
    },
  })
  const windows = create((row) => step.push(row))
  return step
}
