/**
 * Codecs by name: the name travels in each frame.
 */
import type { CodecName, RecordCodec } from './codec.ts'
import { ColumnCodec } from './column-codec.ts'
import { MillraceError } from './errors.ts'
import { MsgpackCodec } from './msgpack-codec.ts'

/** Who uses a codec. */
export interface CodecOptions {
  /** Named first in `UNSENDABLE_VALUE` errors, e.g. `operator 'enrich'`. */
  readonly where?: string
}

/** The names of all codecs. */
export const CODEC_NAMES: readonly CodecName[] = ['columns', 'msgpack']

/**
 * A new codec. Make one per channel for sending and one per slot for receiving.
 * Throws `UNKNOWN_CODEC` for another name.
 */
export function createCodec(name: CodecName, options: CodecOptions = {}): RecordCodec {
  switch (name) {
    case 'columns':
      return new ColumnCodec(options.where)
    case 'msgpack':
      return new MsgpackCodec(options.where)
    default:
      throw new MillraceError(
        'UNKNOWN_CODEC',
        `expected a codec of ${CODEC_NAMES.join(', ')}, got ${String(name)}`,
      )
  }
}
