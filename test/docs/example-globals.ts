/**
 * What the examples in doc comments take for granted: streams, jobs and functions that a reader can picture. Global, so
 * that an example may have a variable of its own by the same name; a text, so that they are global for the examples only.
 */
/** A module that declares them. */
export const EXAMPLE_GLOBALS = `
import type { createWriteStream as CreateWriteStream } from 'node:fs'
import type { appendFile as AppendFile, writeFile as WriteFile } from 'node:fs/promises'
import type { createInterface as CreateInterface } from 'node:readline'
import type {
  Environment,
  GraphFingerprint,
  IntervalJoinedStreams,
  JobDefinition,
  JobGraph,
  JobHandle,
  Stream,
} from 'millrace'
import type { Actor, ActorSystem } from 'millrace/actors'

interface ExampleFlight {
  readonly origin: string
  readonly date: number
  readonly delay: number
}

interface ExampleOrder {
  readonly id: string
  readonly customer: string
  readonly region: number
  readonly placedAt: number
  readonly price: number
  readonly count: number
  readonly amount: number
}

interface ExamplePayment {
  readonly order: string
  readonly account: string
  readonly amount: number
}

interface ExampleRow {
  readonly origin: string
  readonly meanDelay: number
}

type ExampleShape =
  | { readonly kind: 'circle'; readonly radius: number }
  | { readonly kind: 'square'; readonly side: number }

declare class ExampleCounter extends Actor {
  static readonly module: string
  constructor(start: number)
  receive(message: { add: number }): number
}

declare global {
  type Flight = ExampleFlight
  type Order = ExampleOrder
  type Payment = ExamplePayment
  type Row = ExampleRow

  const env: Environment
  const stream: Stream<ExampleRow>
  const flights: Stream<ExampleFlight>
  const orders: Stream<ExampleOrder>
  const results: Stream<ExampleRow>
  const shapes: Stream<ExampleShape>
  const readings: Stream<{ readonly celsius: number }>
  const payments: Stream<ExamplePayment>
  const joined: IntervalJoinedStreams<string, ExampleOrder, ExamplePayment>
  const lines: Stream<string>
  const words: Stream<string>
  const totals: Stream<number>
  const web: Stream<string>
  const mobile: Stream<string>
  const kiosk: Stream<string>
  const price: (order: ExampleOrder) => number
  const byDelay: (row: ExampleRow) => number

  const job: JobDefinition
  const graph: JobGraph
  const handle: JobHandle
  const other: GraphFingerprint
  const mine: GraphFingerprint
  const theirs: GraphFingerprint
  const url: URL
  const path: string

  const system: ActorSystem
  const Counter: typeof ExampleCounter

  const createWriteStream: typeof CreateWriteStream
  const appendFile: typeof AppendFile
  const writeFile: typeof WriteFile
  const createInterface: typeof CreateInterface
}
`
