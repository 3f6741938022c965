import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { registerCodecExtension } from '../../mailbox/codec-extensions.ts'
import { CODEC_NAMES, createCodec } from '../../mailbox/codec-registry.ts'
import type { MillraceError } from '../../mailbox/errors.ts'
import type { UnsendableValueError } from '../../mailbox/sendable.ts'

class Reference {
  readonly #target: unknown
  constructor(target: unknown) {
    this.#target = target
  }
  get target(): unknown {
    return this.#target
  }
}

const extension = {
  type: 7,
  Class: Reference,
  write: (reference: Reference) => [reference.target],
  read: (data: unknown) => new Reference((data as unknown[])[0]),
}
registerCodecExtension(extension)

for (const name of CODEC_NAMES) {
  test(`${name}: instances of a registered class arrive as such, alone, in fields and nested`, () => {
    const codec = createCodec(name)
    const batch = Array.from({ length: 50 }, (_, i) => ({
      id: i,
      sender: new Reference(i),
      list: [new Reference(-0)],
    }))
    for (let round = 0; round < 2; round++) {
      const records = codec.decode(Buffer.from(codec.encode(batch, 50)), 50) as typeof batch
      assert.instance(records[9]?.sender, Reference)
      assert.is(records[9]?.sender.target, 9)
      assert.ok(Object.is(records[9]?.list[0]?.target, -0))
    }
    assert.is((codec.decode(codec.encode([new Reference('a')], 1), 1)[0] as Reference).target, 'a')
  })

  test(`${name}: what an extension writes is examined, too`, () => {
    assert.throws(
      () => createCodec(name).encode([{ r: new Reference(() => 1) }], 1),
      (error: UnsendableValueError) => {
        assert.equal(error.path, ['r', '<data>', 0])
        return error.code === 'UNSENDABLE_VALUE'
      },
    )
  })
}

class OwnBytes extends Uint8Array {}
registerCodecExtension({
  type: 8,
  Class: OwnBytes,
  write: (bytes: OwnBytes) => [...bytes],
  read: (data: unknown) => OwnBytes.from(data as number[]),
})

for (const name of CODEC_NAMES) {
  test(`${name}: an error beside an instance of a registered class names the culprit`, () => {
    const record = { bytes: OwnBytes.of(1), culprit: () => 1 }
    assert.throws(
      () => createCodec(name).encode([record], 1),
      (error: UnsendableValueError) => {
        assert.equal(error.path, ['culprit'])
        return error.code === 'UNSENDABLE_VALUE'
      },
    )
  })
}

const BUILT_IN: readonly (new (...args: never[]) => object)[] = [
  [Object, Array, Map, Set, Date, RegExp, Error, ArrayBuffer, DataView, Buffer],
  [Uint8Array, Float64Array, BigInt64Array, Object.getPrototypeOf(Uint8Array), Function],
  [BigInt, Number, String, Boolean, Symbol],
].flat() as never

for (const Class of BUILT_IN) {
  test(`what travels as it is stays so: ${Class.name} cannot be registered`, () => {
    assert.throws(
      () => registerCodecExtension({ type: 33, Class, write: () => 1, read: () => new Class() }),
      (error: MillraceError) =>
        error.code === 'INVALID_CODEC_EXTENSION' &&
        new RegExp(`instances of ${Class.name}( too,)? travel as they are`).test(error.message),
    )
  })
}

test('nor can a class that built-in ones claim to be instances of', () => {
  class Claims {
    static [Symbol.hasInstance](value: unknown): boolean {
      return value instanceof Map
    }
  }
  assert.throws(
    () =>
      registerCodecExtension({ type: 33, Class: Claims, write: () => 1, read: () => new Claims() }),
    (error: MillraceError) => error.code === 'INVALID_CODEC_EXTENSION',
  )
})

class Day extends Date {}
class Index extends Map<string, number> {}
class Bag extends Set<number> {}
class Row extends Array<number> {}
class Bytes extends Uint8Array {}
class Pattern extends RegExp {}
class Problem extends Error {}

const SUBCLASSES: readonly (readonly [object, (instance: never) => unknown])[] = [
  [new Day(5), (day: Day) => day.getTime()],
  [new Index([['a', 1]]), (index: Index) => [...index]],
  [new Bag([1]), (bag: Bag) => [...bag]],
  [Row.of(1, 2), (row: Row) => [...row]],
  [Bytes.of(1, 2), (bytes: Bytes) => [...bytes]],
  [new Pattern('a', 'g'), (pattern: Pattern) => pattern.source],
  [new Problem('b'), (problem: Problem) => problem.message],
]

SUBCLASSES.forEach(([instance, write], i) => {
  const Class = instance.constructor as new () => object
  // What is written besides shows that nothing else stands for the instance: neither its elements nor its fields.
  const read = (data: unknown): object => {
    const [content, zero] = data as [unknown, number]
    assert.ok(Object.is(zero, -0))
    return Object.assign(Object.create(Class.prototype) as object, { content })
  }
  registerCodecExtension({
    type: 40 + i,
    Class,
    write: (given: unknown) => [write(given as never), -0],
    read,
  })

  for (const name of CODEC_NAMES) {
    test(`${name}: subclasses of built-in classes may be registered, as ${Class.name}`, () => {
      const codec = createCodec(name)
      for (const value of [1, -0]) {
        const batch = Array.from({ length: 50 }, (_, id) => ({ id, value, own: instance }))
        for (let round = 0; round < 2; round++) {
          const records = codec.decode(Buffer.from(codec.encode(batch, 50)), 50) as typeof batch
          const { own } = records[7] as { own: object & { content?: unknown } }
          assert.instance(own, Class)
          assert.equal(own.content, write(instance as never))
          assert.ok(Object.is(records[7]?.value, value))
        }
      }
    })
  }
})

test('the same class may be registered again, another class with its type may not', () => {
  registerCodecExtension(extension)
  const refused = (error: MillraceError) => error.code === 'INVALID_CODEC_EXTENSION'
  assert.throws(
    () => registerCodecExtension({ ...extension, Class: class Other {} as never }),
    refused,
  )
  assert.throws(() => registerCodecExtension({ ...extension, type: 0 }), refused)
  assert.throws(() => registerCodecExtension({ ...extension, type: 64 }), refused)
  assert.throws(() => registerCodecExtension({ ...extension, type: 8, write: 1 as never }), refused)
})

test.run()
