/**
 * Single values as payloads of the record codec, which stand alone.
 */
import { MsgpackCodec } from '../../../mailbox/msgpack-codec.ts'
import type { Packed } from './stored-system.ts'

const decoder = new MsgpackCodec()

/** Packs a value. Throws `UNSENDABLE_VALUE`; `where` names whose it is. */
export function packValue(value: unknown, where: string): Packed {
  // A copy: the codec's bytes share their allocation with others.
  return new Uint8Array(new MsgpackCodec(where).encode([value], 1))
}

/** Undoes `packValue`. Throws `DAMAGED_PAYLOAD`. */
export function unpackValue(packed: Packed): unknown {
  return decoder.decode(packed, 1)[0]
}
