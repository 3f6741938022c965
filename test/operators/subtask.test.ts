import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { InputSubtask } from '../../operators/input-subtask.ts'
import type { Operator } from '../../operators/operator.ts'
import { rejects } from '../runner/expect.ts'
import { subtaskRig } from './subtask-rig.ts'
import type { RigOptions } from './subtask-rig.ts'

function rig(options: RigOptions = {}) {
  const surroundings = subtaskRig(options, () => subtask)
  const subtask: InputSubtask = new InputSubtask({ ...surroundings.parts, inputChannels: [0] })
  return { ...surroundings, subtask }
}

test('shares of time are 1 together, also before any time has passed, and count from the start', () => {
  const { subtask, clock } = rig()
  const sum = (): number => {
    const { busy, idle, backpressured } = subtask.metrics()
    return busy + idle + backpressured
  }
  assert.is(sum(), 1)
  clock.pass(1_000)
  subtask.start()
  assert.equal([subtask.metrics().busy, subtask.metrics().idle], [0, 1])
  clock.pass(7)
  assert.is(sum(), 1)
})

test('what came before the start is processed after it', async () => {
  const { subtask, transport, settle } = rig()
  subtask.open()
  subtask.inputs.offer(0, { values: ['x'], timestamps: new Float64Array(1), length: 1 })
  await settle()
  assert.is(subtask.state, 'created')
  assert.is(transport.sent.length, 0)
  subtask.start()
  subtask.start()
  await settle()
  assert.equal(transport.sent, [['x']])
})

test('operators know who they are, and their counters are metrics', () => {
  let seen: unknown
  const operator: Operator = {
    open: (context) => {
      const { operatorName, uid, subtaskIndex, parallelism } = context
      seen = { operatorName, uid, subtaskIndex, parallelism }
      context.counter('late').value += 2
      context.counter('late').value += 1
    },
    processRecord: () => {},
    processWatermark: () => true,
    endInput: () => true,
    close: () => {},
  }
  const { subtask } = rig({ elements: [{ name: 'window', operator }] })
  subtask.open()
  assert.equal(seen, { operatorName: 'window', uid: 'window', subtaskIndex: 0, parallelism: 1 })
  assert.equal(subtask.metrics().counters, { 'window.late': 3 })
})

test('it is finished only when its sinks have flushed, and cancelled before that it does not finish', async () => {
  for (const cancelled of [false, true]) {
    let flushed: () => void = () => {}
    const { subtask, heard, settle } = rig({
      writer: {
        write: () => {},
        flush: () =>
          new Promise((resolve) => {
            flushed = resolve
          }),
        close: () => {},
      },
    })
    subtask.open()
    subtask.start()
    subtask.inputs.offer(0, { kind: 'end' })
    await settle()
    assert.is(subtask.state, 'finishing')
    if (cancelled) subtask.cancel()
    flushed()
    await settle()
    assert.is(subtask.state, cancelled ? 'cancelled' : 'finished')
    assert.is(heard.length, cancelled ? 0 : 1)
  }
})

test('an abort that fails says so', async () => {
  const { subtask } = rig({
    writer: {
      write: () => {},
      flush: () => {},
      close: () => {},
      abort: () => {
        throw new Error('still there')
      },
    },
  })
  subtask.cancel()
  await rejects(subtask.abort(), { message: /still there/ })
})

test.run()
