import { test } from 'uvu'
import * as assert from 'uvu/assert'

import {
  createMetadata,
  METADATA_FORMAT,
  parseMetadata,
} from '../../../checkpoint/store/metadata.ts'
import type { StoredPart } from '../../../checkpoint/store/snapshot-store.ts'
import { packList } from '../../../mailbox/msgpack.ts'
import { FACTS } from './store-rig.ts'

const part: StoredPart = {
  name: 'a',
  file: 'checkpoint-000001/a-0123456789ab.part',
  bytes: 3,
  checksum: 7,
}
const { metadata, bytes } = createMetadata({ id: 2, kind: 'checkpoint', parts: [part] }, FACTS)

/** Metadata with some fields changed. */
function changed(fields: object): Uint8Array {
  return packList([{ ...metadata, ...fields }], 1)
}

test('metadata comes back as it was', () => {
  assert.equal(parseMetadata(bytes, 'here'), { metadata })
})

test('a field that is not known is ignored, so that one can be added', () => {
  const parsed = parseMetadata(changed({ later: { more: 1 } }), 'here')
  assert.ok('metadata' in parsed)
  assert.is(parsed.metadata.id, 2)
})

test('metadata of a later format is refused as such, whatever else is in it', () => {
  assert.throws(
    () => parseMetadata(packList([{ format: METADATA_FORMAT + 1 }], 1), 'DIR/metadata'),
    (error: { code: string; message: string }) =>
      error.code === 'UNSUPPORTED_FORMAT' && error.message.startsWith('DIR/metadata: '),
  )
})

test('what is no metadata is damage that names the field', () => {
  const wrong: [Uint8Array, RegExp][] = [
    [Buffer.from([0]), /metadata as msgpack/],
    [Buffer.alloc(0), /metadata as msgpack/],
    [packList([null], 1), /"format"/],
    [packList([[1]], 1), /"format"/],
    [packList([1, 2], 2), /metadata as msgpack/],
    [changed({ format: 0 }), /"format"/],
    [changed({ id: 0 }), /"id"/],
    [changed({ kind: 'other' }), /"kind"/],
    [changed({ jobId: 1 }), /"jobId"/],
    [changed({ completedAt: '1' }), /"completedAt"/],
    [changed({ operators: {} }), /"operators"/],
    [changed({ operators: [null] }), /"uid"/],
    [changed({ parts: undefined }), /"parts"/],
    [changed({ parts: [part, part] }), /different names of parts/],
    [changed({ parts: [{ ...part, bytes: -1 }] }), /part 'a' with its length/],
    [changed({ parts: [{ ...part, checksum: undefined }] }), /part 'a' with a "checksum"/],
    [changed({ parts: [{ ...part, file: '../../a.part' }] }), /part 'a' with a "file"/],
  ]
  for (const [content, expected] of wrong) {
    const parsed = parseMetadata(content, 'here')
    assert.ok('damage' in parsed, String(expected))
    assert.match(parsed.damage.expected, expected)
  }
})

test.run()
