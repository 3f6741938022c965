/**
 * The codec `msgpack`: every batch as one list of values, see `msgpack.ts`. Chosen to compare, or where records share no shape.
 *
 * One instance belongs to one thread. It keeps nothing between calls.
 */
import type { CodecName, RecordCodec } from './codec.ts'
import { asBuffer, packList, PLAIN_LIST, SPACED_LIST, unpackList } from './msgpack.ts'
import { MillraceError } from './errors.ts'

/**
 * Packs batches with msgpackr. What arrives is what was sent, with these exceptions, which are also msgpackr's own: a class
 * instance without a registered extension arrives as a plain object of its enumerable fields (or as what its `toJSON` returns), a
 * subclass of a built-in as the built-in, an Error as name, message and cause; holes of arrays arrive as `undefined`; symbol keys and properties that
 * are not enumerable are not data; two references to one object arrive as two objects.
 *
 * `encode` throws `UNSENDABLE_VALUE`; `decode` throws `DAMAGED_PAYLOAD`.
 */
export class MsgpackCodec implements RecordCodec {
  readonly name: CodecName = 'msgpack'
  readonly #where: string | undefined

  /** `where` names the sender in errors, e.g. `operator 'enrich'`. */
  constructor(where?: string) {
    this.#where = where
  }

  encode(values: readonly unknown[], length: number): Uint8Array {
    return packList(values, length, this.#where)
  }

  decode(bytes: Uint8Array, length: number): unknown[] {
    if (bytes[0] !== PLAIN_LIST && bytes[0] !== SPACED_LIST) {
      throw new MillraceError(
        'DAMAGED_PAYLOAD',
        `expected a msgpack payload, got one that starts with ${bytes[0]}`,
      )
    }
    return unpackList(asBuffer(bytes), length)
  }
}
