import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { SinkTail } from '../../operators/sink-tail.ts'
import type { SinkWriter } from '../../operators/sink.ts'
import { OutputGate } from '../../runtime/output-channel.ts'
import { rejects } from '../runner/expect.ts'
import { testSlot } from '../runtime/core-fakes.ts'

interface Step {
  readonly name: string
  readonly end: () => void
  readonly fail: (error: Error) => void
}

/** A writer whose every call waits until the test ends it. */
function rig(more: Partial<SinkWriter<unknown>> = {}) {
  const slot = testSlot()
  const gate = new OutputGate()
  const errors: unknown[] = []
  const steps: Step[] = []
  const begun: string[] = []
  const step = (name: string): Promise<void> => {
    begun.push(name)
    return new Promise((resolve, reject) => {
      steps.push({ name, end: resolve, fail: reject })
    })
  }
  const writer: SinkWriter<unknown> = {
    write: (values) => step(`write ${values.length}`),
    flush: () => step('flush'),
    close: () => step('close'),
    abort: () => {
      begun.push('abort')
    },
    ...more,
  }
  const failure = { operatorName: 'sink', subtaskIndex: 2, uid: 'sink uid' }
  const tail = new SinkTail(slot, gate, failure, (error) => errors.push(error))
  tail.setWriter(writer)
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) {
      while (slot.turn()) continue
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
    }
  }
  const emit = (count: number): void => {
    for (let i = 0; i < count; i++) tail.emit(i, 0)
  }
  return { gate, errors, steps, begun, tail, settle, emit }
}

test('while a write is pending the gate is closed and nothing more is written; then all that came, at once', async () => {
  const { gate, steps, begun, settle, emit, tail } = rig()
  emit(3)
  await settle()
  assert.equal(begun, ['write 3'])
  assert.ok(gate.full)
  emit(1_500)
  await settle()
  assert.is(begun.length, 1)
  steps[0]!.end()
  await settle()
  assert.equal(begun, ['write 3', 'write 1500'])
  assert.is(tail.recordCount, 1_503)
})

test('a writer that takes batches at once gets every record with its time, and what it got never changes', async () => {
  const got: { values: readonly unknown[]; timestamps: Float64Array }[] = []
  const { tail, settle } = rig({
    write(values, timestamps) {
      got.push({ values, timestamps })
    },
  })
  let next = 0
  const sizes = [1, 512, 513, 511, 3, 1_025, 2]
  for (const size of sizes) {
    for (let i = 0; i < size; i++) tail.emit(next++, next * 10)
    await settle()
  }
  const all = Array.from({ length: next }, (_, i) => i)
  assert.equal(
    got.flatMap(({ values }) => values),
    all,
  )
  assert.equal(
    got.flatMap(({ timestamps }) => [...timestamps]),
    all.map((i) => (i + 1) * 10),
  )
  assert.equal(
    got.map(({ values }) => values.length),
    [1, 512, 512, 1, 511, 3, 512, 512, 1, 2],
  )
  assert.is(tail.recordCount, next)
})

test('packed records are handed over one by one, behind the records that came before them', async () => {
  const got: unknown[] = []
  const { steps, begun, settle, emit, tail } = rig({
    writePacked(packed, records) {
      got.push([packed, records])
      begun.push('packed')
      return new Promise((resolve, reject) => {
        steps.push({ name: 'packed', end: resolve, fail: reject })
      })
    },
  })
  emit(2)
  tail.emitPacked('a', 7)
  emit(3)
  tail.emitPacked('b', 1)
  tail.emitPacked('c', 10)
  emit(1)
  assert.equal(begun, ['write 2'])
  const prepared = tail.prepare(true)
  for (let i = 0; i < 7; i++) {
    steps.at(-1)!.end()
    await settle()
  }
  await prepared
  assert.equal(begun, ['write 2', 'packed', 'write 3', 'packed', 'packed', 'write 1', 'flush'])
  assert.equal(got, [
    ['a', 7],
    ['b', 1],
    ['c', 10],
  ])
  assert.is(tail.recordCount, 24)
  assert.is(tail.packedSurplus, 15)
})

test('packed records go to a writer that is free at once, and its failure names the sink', () => {
  const { begun, tail, errors } = rig({
    writePacked() {
      throw new Error('no room')
    },
  })
  tail.emitPacked('a', 7)
  tail.emitPacked('b', 7)
  assert.equal(begun, [])
  assert.match(String(errors), /^OperatorError: Operator 'sink' \(subtask 2\) failed: no room$/)
})

test('at the end: the rest, then one flush; the commit closes', async () => {
  const { steps, begun, settle, emit, tail } = rig()
  emit(1)
  await settle()
  emit(2)
  const finished = tail.prepare(true)
  for (let i = 0; i < 3; i++) {
    steps.at(-1)!.end()
    await settle()
  }
  await finished
  assert.equal(begun, ['write 1', 'write 2', 'flush'])
  const committed = tail.commit()
  steps.at(-1)!.end()
  await committed
  await tail.abort()
  assert.equal(begun, ['write 1', 'write 2', 'flush', 'close'])
})

test('after a failed write there is no flush, and the error names the sink', async () => {
  const { steps, begun, settle, emit, tail, errors } = rig()
  emit(1)
  await settle()
  const finished = tail.prepare(true)
  steps[0]!.fail(new Error('disk full'))
  await rejects(finished, { message: /disk full/ })
  assert.equal(begun, ['write 1'])
  assert.is(errors.length, 1)
  assert.match(String(errors[0]), /'sink' \(subtask 2\) failed: disk full/)
  emit(1_000)
  await tail.abort()
  assert.equal(begun, ['write 1', 'abort'])
})

test('an abort waits for the write or flush under way', async () => {
  const { steps, begun, settle, emit, tail } = rig()
  emit(1)
  await settle()
  const finished = tail.prepare(true)
  steps[0]!.end()
  await settle()
  const aborted = tail.abort()
  await settle()
  assert.equal(begun, ['write 1', 'flush'])
  steps[1]!.fail(new Error('late'))
  await rejects(finished, { message: /late/ })
  await aborted
  assert.equal(begun, ['write 1', 'flush', 'abort'])
})

test('at a barrier: what was collected, then the writer prepares; what it gives is copied', async () => {
  const state = { bytes: 7 }
  const prepared: boolean[] = []
  const { steps, begun, settle, emit, tail } = rig({
    prepare: async (last) => {
      prepared.push(last)
      return { state, committables: ['part 1'] }
    },
  })
  emit(2)
  const snapshot = tail.prepare(false)
  await settle()
  assert.equal([begun, prepared], [['write 2'], []])
  steps[0]!.end()
  assert.equal(await snapshot, { uid: 'sink uid', state: { bytes: 7 }, committables: ['part 1'] })
  state.bytes = 8
  assert.is(((await snapshot).state as typeof state).bytes, 7)
  assert.equal([begun, prepared], [['write 2'], [false]])
  const atEnd = tail.prepare(true)
  steps.at(-1)!.end()
  await settle()
  steps.at(-1)!.end()
  await atEnd
  assert.equal(
    [begun, prepared],
    [
      ['write 2', 'flush'],
      [false, true],
    ],
  )
})

test('a writer that cannot prepare flushes at a barrier, and has nothing to commit', async () => {
  const { steps, begun, settle, emit, tail } = rig()
  emit(2)
  const snapshot = tail.prepare(false)
  for (let i = 0; i < 2; i++) {
    steps.at(-1)!.end()
    await settle()
  }
  assert.equal(await snapshot, { uid: 'sink uid', state: undefined, committables: [] })
  assert.equal(begun, ['write 2', 'flush'])
})

test('what a writer prepares must be plain data, in an object', async () => {
  const prepareAs = (given: unknown) => rig({ prepare: () => given as never }).tail.prepare(false)
  assert.equal((await prepareAs({})).committables, [])
  await rejects(prepareAs(undefined), { code: 'INVALID_SINK', message: /'sink'.*got undefined/ })
  await rejects(prepareAs({ committables: 'part' }), { code: 'INVALID_SINK' })
  const unsendable = prepareAs({ state: { open: () => {} } })
  await rejects(unsendable, { code: 'UNSENDABLE_VALUE', message: /function.*state\.open/ })
})

test('an abort waits for a writer that prepares, and says whether to keep that', async () => {
  const seen: unknown[] = []
  let prepared: (given: object) => void = () => {}
  const { settle, tail } = rig({
    prepare: () =>
      new Promise((resolve) => {
        prepared = resolve
      }),
    abort: (keepPrepared) => {
      seen.push(keepPrepared)
    },
  })
  const snapshot = tail.prepare(false)
  const aborted = tail.abort(true)
  await settle()
  assert.equal(seen, [])
  prepared({})
  await snapshot
  await aborted
  assert.equal(seen, [true])
})

test('a write that answers something else than a promise is done', async () => {
  const slot = testSlot()
  const tail = new SinkTail(
    slot,
    new OutputGate(),
    { operatorName: 'sink', subtaskIndex: 0, uid: 'sink uid' },
    (error) => assert.unreachable(String(error)),
  )
  let writes = 0
  tail.setWriter({
    write: () => {
      writes++
      return true as never
    },
    flush: () => {},
    close: () => {},
  })
  tail.emit(1, 0)
  slot.turn()
  tail.emit(2, 0)
  slot.turn()
  assert.is(writes, 2)
})

test.run()
