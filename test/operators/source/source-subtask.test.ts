import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { SourceSubtask } from '../../../operators/source/source-subtask.ts'
import type { Source, SplitReader } from '../../../operators/source.ts'
import { monotonous } from '../../../operators/time/watermarks.ts'
import { rejects } from '../../runner/expect.ts'
import { subtaskRig } from '../subtask-rig.ts'
import type { RigOptions } from '../subtask-rig.ts'

type Batch = readonly number[]

function sourceOf(open: Source<unknown>['open']): Source<unknown> {
  return { name: 'source', enumerate: () => ({ next: () => undefined }), open }
}

/** Reads batches; notes when it is closed. */
function reader(batches: readonly (Batch | PromiseLike<Batch>)[], closed: string[] = []) {
  const rest = [...batches]
  return {
    position: 0,
    read: () => rest.shift(),
    close: () => {
      closed.push('closed')
    },
  } as unknown as SplitReader<unknown>
}

function rig(open: Source<unknown>['open'], splits: unknown[], options: RigOptions = {}) {
  const surroundings = subtaskRig(options, () => subtask)
  const rest = [...splits]
  const subtask: SourceSubtask = new SourceSubtask({
    ...surroundings.parts,
    source: sourceOf(open),
    sourceName: 'source',
    sourceUid: 'source uid',
    timestamp: (value: number) => value,
    watermarks: monotonous(),
    nextSplit: async () => (rest.length === 0 ? undefined : { split: rest.shift() }),
  })
  subtask.open()
  subtask.start()
  return { ...surroundings, subtask }
}

test('it reads split after split, closes each reader, and ends with the final watermark', async () => {
  const closed: string[] = []
  const { subtask, transport, settle } = rig(
    (split) => reader([[Number(split), Number(split) + 1]], closed),
    [10, 20],
  )
  await settle()
  assert.is(subtask.state, 'finished')
  assert.equal(closed, ['closed', 'closed'])
  const values = transport.sent.flatMap((item) => ('kind' in item ? [] : item))
  assert.equal(values, [10, 11, 20, 21])
  const events = transport.sent.filter((item) => 'kind' in item)
  assert.equal(events.at(-1), { kind: 'end' })
  assert.equal(events.at(-2), { kind: 'watermark', timestamp: Infinity })
})

test('a batch may come from anything that has a then', async () => {
  const thenable: PromiseLike<Batch> = {
    // oxlint-disable-next-line no-thenable -- the point of this test
    then: (resolve) => Promise.resolve([5]).then(resolve),
  }
  const { subtask, transport, settle } = rig(() => reader([thenable]), [0])
  await settle()
  assert.is(subtask.metrics().recordsIn, 1)
  assert.equal(transport.sent[0], [5])
})

test('cancelled while a reader is being opened, the reader is closed when it is there', async () => {
  const closed: string[] = []
  let opened: (reader: SplitReader<unknown>) => void = () => {}
  let signal: AbortSignal | undefined
  const { subtask, settle } = rig(
    (_, context) => {
      signal = context.signal
      return new Promise((resolve) => {
        opened = resolve
      })
    },
    [0],
  )
  await settle()
  subtask.cancel()
  assert.ok(signal?.aborted)
  const aborted = subtask.abort()
  opened(reader([], closed))
  await aborted
  assert.equal(closed, ['closed'])
})

test('a reader that cannot be closed does not keep the sinks from aborting', async () => {
  const told: string[] = []
  const { subtask, settle } = rig(
    () => ({
      position: 0,
      read: () => new Promise(() => {}),
      close: () => {
        throw new Error('stuck')
      },
    }),
    [0],
    {
      writer: {
        write: () => {},
        flush: () => {},
        close: () => {},
        abort: () => {
          told.push('abort')
        },
      },
    },
  )
  await settle()
  subtask.cancel()
  await rejects(subtask.abort(), { message: /stuck/ })
  assert.equal(told, ['abort'])
})

test('a time that is none fails it, naming the source and the record', async () => {
  const { subtask, heard, settle } = rig(() => reader([[1, Number.NaN]]), [0])
  await settle()
  assert.is(subtask.state, 'failed')
  const error = heard[0]?.[1] as Error & { code: string }
  assert.is(error.code, 'BAD_TIMESTAMP')
  assert.match(error.message, /'source' .* NaN/)
})

test.run()
