import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { copyPlain } from '../../../checkpoint/state/plain-copy.ts'
import { registerCodecExtension } from '../../../mailbox/codec-extensions.ts'

class Tags extends Array<string> {}
class Day extends Date {}

registerCodecExtension({
  type: 11,
  Class: Tags,
  write: (tags: Tags) => [...tags],
  read: (data: unknown) => Tags.from(data as string[]),
})
registerCodecExtension({
  type: 12,
  Class: Day,
  write: (day: Day) => day.getTime(),
  read: (data: unknown) => new Day(data as number),
})

test('a copy equals the value and shares nothing with it that could change', () => {
  const value = {
    list: [1, [2, { deep: true }]],
    when: new Date(5),
    map: new Map([['k', { n: 1 }]]),
    bytes: Uint8Array.of(1, 2),
    nothing: undefined,
  }
  const copied = copyPlain(value) as typeof value
  assert.equal(copied, value)
  ;(value.list[1] as unknown[]).push(3)
  value.when.setTime(6)
  ;(value.map.get('k') as { n: number }).n = 2
  value.bytes[0] = 9
  assert.equal(copied.list, [1, [2, { deep: true }]])
  assert.is(copied.when.getTime(), 5)
  assert.equal(copied.map, new Map([['k', { n: 1 }]]))
  assert.equal([...copied.bytes], [1, 2])
})

test('instances of a class with a codec extension stay such', () => {
  const copied = copyPlain({ tags: Tags.from(['a', 'b']), day: new Day(7) }) as {
    tags: Tags
    day: Day
  }
  assert.instance(copied.tags, Tags)
  assert.equal([...copied.tags], ['a', 'b'])
  assert.instance(copied.day, Day)
  assert.is(copied.day.getTime(), 7)
})

test('what leads back to itself in more than one way is given back as it is', () => {
  const value: Record<string, unknown> = { n: 1 }
  value['list'] = [value, value]
  value['self'] = value
  assert.is(copyPlain(value), value)
})

test.run()
