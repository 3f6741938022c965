import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createCodec, CODEC_NAMES } from '../../mailbox/codec-registry.ts'
import type { MillraceError } from '../../mailbox/errors.ts'
import { MAX_DEPTH, showPath, UnsendableValueError } from '../../mailbox/sendable.ts'

function caught(act: () => unknown): UnsendableValueError {
  try {
    act()
  } catch (error) {
    assert.instance(error, UnsendableValueError)
    return error as UnsendableValueError
  }
  throw new Error('expected UNSENDABLE_VALUE')
}

const cycle: { self?: unknown } = {}
cycle.self = { list: [cycle] }
/** All that each of its parts leads to leads back to it. */
function tangle(): unknown {
  const value: Record<string, unknown> = {}
  const parts = [value, [value, value], new Set([value, [value]]), new Map([[[value], value]])]
  parts.forEach((part, i) => (value['abcd'[i] as string] = part))
  return value
}
let deep: unknown = 1
for (let i = 0; i <= MAX_DEPTH; i++) deep = [deep]
class Bytes extends Uint8Array {}

const unsendable: [string, unknown, (string | number)[], RegExp][] = [
  ['a function', { f: function named() {} }, ['f'], /a function \(named\)/],
  ['a symbol', { a: [0, Symbol('s')] }, ['a', 1], /a symbol \(Symbol\(s\)\)/],
  ['a class', { a: { b: class {} } }, ['a', 'b'], /a function/],
  ['a promise', { p: Promise.resolve() }, ['p'], /a Promise/],
  ['a WeakMap', { a: new Map([['k', new WeakMap()]]) }, ['a', '<value of k>'], /a WeakMap/],
  ['a WeakSet in a set', { a: new Set([new WeakSet()]) }, ['a', '<member>'], /a WeakSet/],
  ['a WeakRef', { a: new WeakRef({}) }, ['a'], /a WeakRef/],
  ['shared memory', { a: new SharedArrayBuffer(8) }, ['a'], /a SharedArrayBuffer/],
  ['a boxed number', { a: Object(5) }, ['a'], /a boxed number/],
  ['a generator', { a: (function* () {})() }, ['a'], /a generator/],
  ['an iterator', { a: new Map().entries() }, ['a'], /an iterator/],
  ['a subclass of a typed array', { a: new Bytes(2) }, ['a'], /an instance of Bytes/],
  [
    'cycles with more ways than can be walked',
    tangle(),
    ['a'],
    /a cycle back to record at record\.a/,
  ],
  ['a cycle', cycle, ['self', 'list', 0], /a cycle back to record at record\.self\.list\[0\]/],
  ['a function as a map key', { a: new Map([[() => 1, 1]]) }, ['a', '<key>'], /a function/],
  [
    'a function that toJSON yields',
    {
      a: new (class {
        toJSON() {
          return { f: () => 1 }
        }
      })(),
    },
    ['a', '<toJSON>', 'f'],
    /a function/,
  ],
]

for (const name of CODEC_NAMES) {
  test(`${name}: what cannot be sent raises UNSENDABLE_VALUE with operator, index and path`, () => {
    for (const [what, record, path, message] of unsendable) {
      // As the only odd one of a small batch, and where columns are in use already.
      for (const others of [3, 60]) {
        const codec = createCodec(name, { where: "operator 'enrich'" })
        codec.encode(
          Array.from({ length: 40 }, (_, i) => ({ n: i })),
          40,
        )
        const batch: unknown[] = Array.from({ length: others }, (_, i) => ({ n: i }))
        batch[2] = record
        const error = caught(() => codec.encode(batch, batch.length))
        assert.is(error.code, 'UNSENDABLE_VALUE', what)
        assert.is(error.recordIndex, 2, what)
        assert.equal(error.path, path, what)
        assert.match(error.message, message)
        assert.match(error.message, /^operator 'enrich': expected plain data, got /)
      }
    }
  })

  test(`${name}: the path leads into a field that all records have`, () => {
    const codec = createCodec(name)
    const batch = (last: unknown) =>
      Array.from({ length: 50 }, (_, i) => ({ id: i, a: [i], b: { list: [i === 41 ? last : i] } }))
    codec.encode(batch(1), 50)
    const error = caught(() =>
      codec.encode(
        batch(() => 1),
        50,
      ),
    )
    assert.is(error.recordIndex, 41)
    assert.equal(error.path, ['b', 'list', 0])
  })

  test(`${name}: nesting without end is refused, not overflown`, () => {
    const error = caught(() => createCodec(name).encode([deep], 1))
    assert.match(error.message, /nesting deeper than/)
  })

  test(`${name}: a bare value that cannot be sent is the record itself`, () => {
    const error = caught(() => createCodec(name).encode([1, 2, () => 1], 3))
    assert.is(error.recordIndex, 2)
    assert.equal(error.path, [])
  })

  test(`${name}: an encoder works on after it has refused a batch`, () => {
    const codec = createCodec(name)
    const good = Array.from({ length: 50 }, (_, i) => ({ id: i, any: i % 2 ? i : `${i}` }))
    codec.encode(good, 50)
    caught(() => codec.encode([...good, { id: 1, any: () => 1 }], 51))
    assert.equal(codec.decode(Buffer.from(codec.encode(good, 50)), 50), good)
  })
}

interface Node {
  readonly n: number
  inner: { x: number; next: unknown }
}

/** What closes a cycle, in an object that all records have within another, and the shortest way around. */
const cycles: [string, (record: Node) => unknown, (string | number)[], RegExp][] = [
  [
    'the record',
    (record) => record,
    ['inner', 'next'],
    /a cycle back to record at record\.inner\.next /,
  ],
  [
    'the object within it',
    ({ inner }) => inner,
    ['inner', 'next'],
    /a cycle back to record\.inner at record\.inner\.next /,
  ],
  [
    'the record, in lists',
    (record) => [[record]],
    ['inner', 'next', 0, 0],
    /a cycle back to record at record\.inner\.next\[0\]\[0\] /,
  ],
  [
    'the record, in a map',
    (record) => new Map([['k', { record }]]),
    ['inner', 'next', '<value of k>', 'record'],
    /a cycle back to record at /,
  ],
  [
    'an object that only one record has',
    () => {
      const own: { list: unknown[] } = { list: [] }
      own.list.push({ own })
      return own
    },
    ['inner', 'next', 'list', 0, 'own'],
    /a cycle back to record\.inner\.next at record\.inner\.next\.list\[0\]\.own /,
  ],
]

for (const [what, close, path, message] of cycles) {
  for (const name of CODEC_NAMES) {
    test(`${name}: a cycle back to ${what} is named by the shortest way`, () => {
      const batch = (): Node[] =>
        Array.from({ length: 60 }, (_, n) => ({ n, inner: { x: n, next: null } }))
      const oneIsBad = batch()
      const allAreBad = batch()
      oneIsBad[41]!.inner.next = close(oneIsBad[41]!)
      for (const record of allAreBad) record.inner.next = close(record)
      // With columns that are in use already, and that are made for it.
      for (const warm of [batch(), []]) {
        for (const [bad, index] of [
          [oneIsBad, 41],
          [allAreBad, 0],
        ] as const) {
          const codec = createCodec(name, { where: "operator 'enrich'" })
          codec.encode(warm, warm.length)
          const error = caught(() => codec.encode(bad, bad.length))
          assert.equal(error.path, path)
          assert.is(error.recordIndex, index)
          assert.match(error.message, message)
        }
      }
    })
  }
}

test('the same object twice is no cycle', () => {
  const shared = { x: 1 }
  const codec = createCodec('msgpack')
  assert.equal(codec.decode(codec.encode([{ a: shared, b: shared }], 1), 1), [
    { a: { x: 1 }, b: { x: 1 } },
  ])
})

test('an enumerable method on Object.prototype hurts nobody', () => {
  const polluted = Object.prototype as { extra?: unknown }
  polluted.extra = () => 1
  try {
    for (const name of CODEC_NAMES) {
      const codec = createCodec(name)
      const batch = Array.from({ length: 40 }, (_, i) => ({ n: i, nested: [{ m: i }] }))
      for (let round = 0; round < 2; round++) {
        const records = codec.decode(Buffer.from(codec.encode(batch, 40)), 40)
        assert.equal(Object.keys(records[39] as object), ['n', 'nested'])
        assert.is((records[39] as { n: number }).n, 39)
      }
    }
  } finally {
    delete polluted.extra
  }
})

test('paths read like JavaScript', () => {
  assert.is(showPath([]), 'record')
  assert.is(showPath(['a', 0, 'b c', '<key>']), 'record.a[0]["b c"].<key>')
})

test('an unknown codec is refused by name', () => {
  assert.throws(
    () => createCodec('json' as never),
    (error: MillraceError) =>
      error.code === 'UNKNOWN_CODEC' && /columns, msgpack, got json/.test(error.message),
  )
})

test.run()
