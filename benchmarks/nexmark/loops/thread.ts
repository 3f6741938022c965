/**
 * The thread of a hand-written loop: kept from run to run as those of a job are. A run's time begins with the first event.
 */
import { answerRequests } from '../../kept-thread.ts'
import { EventGenerator } from '../generator/events.ts'
import { QUERIES } from '../queries/queries.ts'
import type { Row } from '../queries/query.ts'
import { FolderWriter } from './folder-writer.ts'
import { LOOPS } from './loops.ts'
import type { LoopRequest, LoopRun } from './run-loop.ts'

answerRequests(measure)

/** The row that came last. Without a place where it goes V8 would not make the row at all, while a sink has each in its hands. */
let latest: Row | undefined

function measure({ query, events, folder }: LoopRequest): LoopRun {
  const loop = LOOPS[query]
  if (loop === undefined) throw new Error(`expected the name of a query, got '${query}'`)
  const generator = new EventGenerator()
  const bucket = QUERIES[query]?.bucket
  let rows = 0
  const start = performance.now()
  if (bucket === undefined) {
    loop({ generator, events, now: Date.now }, (row: Row) => {
      latest = row
      rows++
    })
  } else {
    const writer = new FolderWriter(folder)
    loop({ generator, events, now: Date.now }, (row: Row) => {
      writer.write(bucket(row), row)
      rows++
    })
    writer.close()
  }
  const seconds = (performance.now() - start) / 1000
  if (rows > 0 && bucket === undefined && latest === undefined) throw new Error('rows are missing')
  return { rows, seconds }
}
