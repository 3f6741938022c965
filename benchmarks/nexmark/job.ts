/**
 * The benchmark as a job: one query over generated events, or over those of a file.
 */
import { boundedOutOfOrderness, defineJob, endOfStream, MillraceError } from '../../api/index.ts'
import type { ArgumentsOf, Environment, OperatorOptions, Source, Stream } from '../../api/index.ts'
import { discardSink } from '../../connectors/discard/index.ts'
import { fileSink } from '../../connectors/file-sink/index.ts'
import { jsonLines, jsonLinesSink, jsonLinesSource } from '../../connectors/json-lines/index.ts'
import { nexmarkSource } from './generator/nexmark-source.ts'
import { inputEvent } from './input-events.ts'
import { arrivalSink, watchedSource } from './latency/row-latency.ts'
import { eventTime } from './model.ts'
import type { NexmarkEvent } from './model.ts'
import { QUERIES } from './queries/queries.ts'
import type { Events, Query, Row } from './queries/query.ts'

/** Events may be so much out of order. */
const DISORDER_MS = 4_000

const ARGS = {
  query: { type: 'string', default: 'q0', choices: Object.keys(QUERIES) },
  events: { type: 'integer', default: 1_000_000, description: 'how many to generate' },
  rate: { type: 'integer', default: 0, description: 'events per second of the clock; 0: any' },
  eventRate: { type: 'integer', default: 10_000, description: 'events per second of event time' },
  groupSize: { type: 'integer', default: 1, description: 'events out of order among each other' },
  input: { type: 'string', default: '', description: 'JSON Lines file to read instead' },
  output: {
    type: 'string',
    default: '',
    description: 'JSON Lines file to write, of updated rows the last ones; without it, none',
  },
  folder: {
    type: 'string',
    default: '',
    description: 'folder for the files of a query that is about writing; without it, none',
  },
  times: {
    type: 'string',
    default: '',
    description: 'folder for notes of when events are handed out and rows come; without it, none',
  },
} as const

export default defineJob(
  { name: 'nexmark', description: 'One query of the Nexmark benchmark', args: ARGS },
  (env, args) => {
    const query = QUERIES[args.query]
    if (query === undefined) throw new MillraceError('BAD_ARGUMENT', `no query '${args.query}'`)
    write(query.build(eventsFrom(env, args)), query, args)
  },
)

type Arguments = ArgumentsOf<typeof ARGS>

function eventsFrom(env: Environment, args: Arguments): Events {
  const time = { timestamp: eventTime, watermarks: boundedOutOfOrderness(DISORDER_MS) }
  if (args.input !== '') {
    const source = watchedIf(args, jsonLinesSource({ path: args.input, parse: inputEvent }))
    // In one subtask: where order decides a tie, it is that of the file.
    const once = { parallelism: 1 }
    return split(env.from(source, { ...time, ...once, name: 'events' }), once)
  }
  const { groupSize, eventRate: eventsPerSecond, rate } = args
  const pace = rate === 0 ? {} : { rate }
  const options = { events: args.events, groupSize, eventsPerSecond, ...pace }
  const source = watchedIf(args, nexmarkSource(options))
  return split(env.from(source, { watermarks: time.watermarks, name: 'events' }), {})
}

function watchedIf<Split, Position>(
  { times }: Arguments,
  source: Source<NexmarkEvent, Split, Position>,
): Source<NexmarkEvent, Split, Position> {
  return times === '' ? source : watchedSource(source, times)
}

function split(events: Stream<NexmarkEvent>, options: OperatorOptions): Events {
  return {
    inOrder: options,
    get persons() {
      return events
        .filter((event) => event.event_type === 0, options)
        .map(({ person }) => person, options)
    },
    get auctions() {
      return events
        .filter((event) => event.event_type === 1, options)
        .map(({ auction }) => auction, options)
    },
    get bids() {
      return events
        .filter((event) => event.event_type === 2, options)
        .map(({ bid }) => bid, options)
    },
  }
}

function write(rows: Stream<Row>, query: Query, { output, folder, times }: Arguments): void {
  if (output !== '') {
    finalRows(rows, query).to(jsonLinesSink({ path: output }), { parallelism: 1 })
  } else if (query.bucket !== undefined && folder !== '') {
    const { bucket } = query
    rows.to(fileSink<Row>({ directory: folder, format: jsonLines(), bucket }))
  } else {
    rows.to(times === '' ? discardSink() : arrivalSink(times))
  }
}

/** Of rows that are updated the last ones: what a table would hold in the end. */
function finalRows(rows: Stream<Row>, { updatedBy }: Query): Stream<Row> {
  if (updatedBy === undefined) return rows
  return rows
    .keyBy((row) => updatedBy.map((at) => row[at] as string | number))
    .window(endOfStream())
    .reduce((_, later) => later)
}
