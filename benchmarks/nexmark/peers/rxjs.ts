/**
 * The queries in RxJS: everything is pushed from one loop, synchronously.
 */
import { filter, map, Observable } from 'rxjs'
import type { OperatorFunction } from 'rxjs'
import { PopularAuctions } from '../loops/q5.ts'
import { HighestBids } from '../loops/q7.ts'
import { NewSellers } from '../loops/q8.ts'
import type { EmitRow } from '../loops/loop.ts'
import type { Bid, NexmarkEvent } from '../model.ts'
import { inEuros } from '../queries/formats.ts'
import type { Row } from '../queries/query.ts'
import type { Peer, PeerInput, PeerQuery } from './peer.ts'

const EVERY = 123

/** RxJS. */
export const rxjs: Peer = {
  q0: query((events) =>
    bidsOf(events).pipe(
      map(({ auction, bidder, price, dateTime, extra }): Row => [
        auction,
        bidder,
        price,
        dateTime,
        extra,
      ]),
    ),
  ),
  q1: query((events) =>
    bidsOf(events).pipe(
      map(({ auction, bidder, price, dateTime, extra }): Row => [
        auction,
        bidder,
        inEuros(price),
        dateTime,
        extra,
      ]),
    ),
  ),
  q2: query((events) =>
    bidsOf(events).pipe(
      filter((bid) => bid.auction % EVERY === 0),
      map(({ auction, price }): Row => [auction, price]),
    ),
  ),
  q5: query((events) => bidsOf(events).pipe(windowed((emit) => new PopularAuctions(emit)))),
  q7: query((events) => bidsOf(events).pipe(windowed((emit) => new HighestBids(emit)))),
  q8: query((events) => events.pipe(windowed((emit) => new PersonsAndAuctions(emit)))),
}

/** Windows of events of two kinds. */
export class PersonsAndAuctions {
  readonly #windows: NewSellers

  constructor(emit: EmitRow) {
    this.#windows = new NewSellers(emit)
  }

  /** Takes persons and auctions. */
  add(event: NexmarkEvent): void {
    if (event.event_type === 0) this.#windows.addPerson(event.person)
    else if (event.event_type === 1) this.#windows.addAuction(event.auction)
  }

  /** Emits the windows that are left. */
  end(): void {
    this.#windows.end()
  }
}

function query(build: (events: Observable<NexmarkEvent>) => Observable<Row>): PeerQuery {
  return async (input, emit) => {
    await new Promise<void>((resolve, reject) => {
      build(eventsOf(input)).subscribe({ next: emit, error: reject, complete: resolve })
    })
  }
}

function eventsOf({ generator, events }: PeerInput): Observable<NexmarkEvent> {
  return new Observable((subscriber) => {
    for (let n = 0; n < events && !subscriber.closed; n++) subscriber.next(generator.at(n))
    subscriber.complete()
  })
}

function bidsOf(events: Observable<NexmarkEvent>): Observable<Bid> {
  return events.pipe(
    filter((event) => event.event_type === 2),
    map(({ bid }) => bid),
  )
}

interface Windows<In> {
  add(record: In): void
  end(): void
}

/** An operator around windows. */
function windowed<In>(create: (emit: EmitRow) => Windows<In>): OperatorFunction<In, Row> {
  return (records) =>
    new Observable((subscriber) => {
      const windows = create((row) => subscriber.next(row))
      return records.subscribe({
        next: (record) => windows.add(record),
        error: (error: unknown) => subscriber.error(error),
        complete() {
          windows.end()
          subscriber.complete()
        },
      })
    })
}
