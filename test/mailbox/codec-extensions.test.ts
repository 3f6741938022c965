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
