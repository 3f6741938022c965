import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { RecordStamper } from '../../../operators/source/record-stamper.ts'
import { throwsCode } from '../../runner/expect.ts'

function stamper(capacity: number, timestamp?: (value: never) => unknown): RecordStamper {
  return new RecordStamper(capacity, {
    operatorName: 'source',
    subtaskIndex: 0,
    timestamp: timestamp as ((value: never) => number) | undefined,
    badRecords: undefined,
  })
}

test('a reader may fill the same timestamps again and again, longer than its batches', () => {
  const stamped = stamper(4)
  const known = Float64Array.of(1, 2, 3, 4)
  stamped.stamp(['a', 'b', 'c'], known)
  known.set([7, 8, 9])
  assert.equal([...stamped.timestamps.subarray(0, 3)], [1, 2, 3], 'they were copied')
  stamped.stamp(['d'], known)
  assert.equal([...stamped.timestamps.subarray(0, 3)], [7, 2, 3], 'one record, one time')
})

test('a batch longer than expected has all its times', () => {
  const stamped = stamper(1)
  stamped.stamp(['a', 'b', 'c'], Float64Array.of(1, 2, 3))
  assert.equal([...stamped.timestamps], [1, 2, 3])
})

test('too few timestamps are refused', () => {
  throwsCode(() => stamper(4).stamp(['a', 'b'], Float64Array.of(1)), 'INVALID_SOURCE')
})

for (const time of [null, undefined, '5', '', true, new Date(5), 5n, Number.NaN, Infinity, [5]]) {
  test(`a time that is ${typeof time} ${String(time)} is refused, though it might pass for a number`, () => {
    const { message } = throwsCode(
      () => stamper(4, () => time).stamp(['a'], undefined),
      'BAD_TIMESTAMP',
    ) as Error
    assert.match(message, "Operator 'source' (subtask 0) failed on record 'a'")
    assert.match(message, 'must return a finite number of milliseconds, got')
  })
}

test.run()
