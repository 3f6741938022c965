/**
 * A sink that forgets: to measure everything before it.
 */
import type { Sink } from '../../operators/sink.ts'

/**
 * Takes all records and drops them.
 *
 * @example
 * stream.to(discardSink())
 */
export function discardSink(): Sink<unknown> {
  return {
    name: 'discard',
    open: () => ({ write: nothing, flush: nothing, close: nothing }),
  }
}

function nothing(): void {}
