/**
 * `connect`: which two streams go together, and what comes of them.
 */
import { BroadcastStream, partsOfBroadcastStream } from './broadcast-stream.ts'
import type { BroadcastParts } from './broadcast-stream.ts'
import { buildErrorHere, describeValue } from './build-error.ts'
import type { ConnectedInput } from './connected-streams.ts'
import type { GraphBuilder } from './graph-builder.ts'
import { KeyedStream, partsOfKeyedStream } from './keyed-stream.ts'
import { partsOfStream, Stream } from './stream.ts'

/** The other side of a connection. */
export type Other =
  | { readonly kind: 'stream'; readonly input: ConnectedInput }
  | { readonly kind: 'broadcast'; readonly broadcast: BroadcastParts }

/**
 * What a stream was connected with. Throws INVALID_ARGUMENT for what is no stream, STREAM_WITHOUT_KEY where one has keys and the
 * other has not, FOREIGN_STREAM for a stream of another environment.
 */
export function otherSide(
  other: unknown,
  builder: GraphBuilder,
  keyed: boolean,
  what = 'connect',
): Other {
  if (other instanceof BroadcastStream) {
    const broadcast = partsOfBroadcastStream(other as BroadcastStream<never, never>)
    checkBuilder(broadcast.builder, builder, what)
    return { kind: 'broadcast', broadcast }
  }
  if (other instanceof KeyedStream) {
    const { ports, key, builder: of } = partsOfKeyedStream(other as KeyedStream<never, never>)
    if (!keyed)
      throw oneKeyMissing(
        what,
        'the stream has no key, the one given has: call .keyBy(selector) on this one too',
      )
    checkBuilder(of, builder, what)
    return { kind: 'stream', input: { ports, key } }
  }
  if (other instanceof Stream) {
    const { ports, builder: of } = partsOfStream(other as Stream<never>)
    if (keyed)
      throw oneKeyMissing(
        what,
        'the stream has keys, the one given has none: call .keyBy(selector) on it too, or .broadcast({ … }) for broadcast state',
      )
    checkBuilder(of, builder, what)
    return { kind: 'stream', input: { ports, key: undefined } }
  }
  const expected = keyed ? 'a keyed stream or a broadcast stream' : 'a stream or a broadcast stream'
  throw buildErrorHere(
    'INVALID_ARGUMENT',
    `${what}: expected ${expected}, got ${describeValue(other)}`,
  )
}

function checkBuilder(other: GraphBuilder, mine: GraphBuilder, what: string): void {
  if (other === mine) return
  throw buildErrorHere(
    'FOREIGN_STREAM',
    `${what}: the streams belong to different environments; a job has one`,
  )
}

function oneKeyMissing(what: string, why: string): Error {
  return buildErrorHere('STREAM_WITHOUT_KEY', `${what}: ${why}`)
}
