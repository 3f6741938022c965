/**
 * A sink into a Node `Writable` or a Web `WritableStream`.
 */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { WritableStream, WritableStreamDefaultWriter } from 'node:stream/web'

import { MillraceError } from '../../mailbox/errors.ts'
import type { Sink, SinkWriter, WriterContext } from '../../operators/sink.ts'
import { outputError } from '../files/output-file.ts'
import { checkOptions } from '../../runtime/known-options.ts'

/** How records go into a stream. */
export interface StreamSinkOptions<T> {
  /**
   * Turns a record into what the stream takes, e.g. a string or bytes. Default: the record itself, for streams in object
   * mode.
   */
  readonly encode?: (value: T) => unknown
}

/**
 * Writes records into the stream that `open` returns; `open` is called once per subtask, there. The sink waits when the stream is
 * full, ends it when the job has finished, and destroys or aborts it when the job has failed.
 *
 * Errors: `INVALID_ARGUMENT`, `OUTPUT_CLOSED` (the other side has gone), `OUTPUT_WRITE_FAILED`.
 *
 * @example
 * stream.to(streamSink(() => createWriteStream('out.txt'), { encode: (value) => `${value}\n` }))
 */
export function streamSink<T>(
  open: (context: WriterContext) => Writable | WritableStream,
  options: StreamSinkOptions<T> = {},
): Sink<T> {
  checkOptions(options, ['encode'], 'streamSink')
  const { encode = (value: T): unknown => value } = options
  if (typeof open !== 'function' || typeof encode !== 'function') {
    throw invalid('expected a function that returns a stream, and "encode" to be a function')
  }
  return {
    name: 'stream',
    open(context) {
      const stream = open(context)
      if (isWeb(stream)) return new WebStreamWriter(stream.getWriter(), encode)
      if (isNode(stream)) return new NodeStreamWriter(stream, encode)
      throw invalid('the function returned neither a Writable nor a WritableStream')
    },
  }
}

function invalid(message: string): MillraceError {
  return new MillraceError('INVALID_ARGUMENT', `streamSink: ${message}`)
}

function isWeb(stream: Writable | WritableStream): stream is WritableStream {
  return typeof stream === 'object' && stream !== null && 'getWriter' in stream
}

function isNode(stream: Writable): boolean {
  return typeof stream === 'object' && stream !== null && typeof stream.write === 'function'
}

class NodeStreamWriter<T> implements SinkWriter<T> {
  readonly #stream: Writable
  readonly #encode: (value: T) => unknown
  #failure: MillraceError | undefined

  constructor(stream: Writable, encode: (value: T) => unknown) {
    this.#stream = stream
    this.#encode = encode
    // stays for good: an error without a listener would end the process
    stream.on('error', (error) => {
      this.#failure ??= outputError(error, 'the stream')
    })
  }

  write(values: readonly T[]): void | Promise<void> {
    this.#check()
    let free = true
    for (const value of values) free = this.#stream.write(this.#encode(value))
    if (!free) return this.#drained()
  }

  async flush(): Promise<void> {
    this.#check()
    if (this.#stream.writableNeedDrain) await this.#drained()
  }

  async close(): Promise<void> {
    this.#check()
    this.#stream.end()
    try {
      await finished(this.#stream, { readable: false })
    } catch (error) {
      throw outputError(error, 'the stream')
    }
  }

  abort(): void {
    this.#stream.destroy()
  }

  async #drained(): Promise<void> {
    const given = new AbortController()
    const { signal } = given
    try {
      // a stream that is destroyed closes and never drains
      await Promise.race([
        once(this.#stream, 'drain', { signal }),
        once(this.#stream, 'close', { signal }),
      ])
    } catch (error) {
      throw outputError(error, 'the stream')
    } finally {
      given.abort()
    }
    this.#check()
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#stream.destroyed) {
      throw new MillraceError('OUTPUT_CLOSED', 'the stream was closed before the job had finished')
    }
  }
}

class WebStreamWriter<T> implements SinkWriter<T> {
  readonly #writer: WritableStreamDefaultWriter
  readonly #encode: (value: T) => unknown
  #last: Promise<void> = Promise.resolve()
  #failure: MillraceError | undefined

  constructor(writer: WritableStreamDefaultWriter, encode: (value: T) => unknown) {
    this.#writer = writer
    this.#encode = encode
    writer.closed.catch(this.#fail)
  }

  write(values: readonly T[]): void | Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    for (const value of values) {
      this.#last = this.#writer.write(this.#encode(value))
      // told by `closed` already; a rejection that nobody handles would end the process
      this.#last.catch(this.#fail)
    }
    const room = this.#writer.desiredSize
    if (room === null || room <= 0) return this.#settle(this.#writer.ready)
  }

  flush(): Promise<void> {
    return this.#settle(this.#last)
  }

  close(): Promise<void> {
    return this.#settle(this.#writer.close())
  }

  async abort(): Promise<void> {
    await this.#writer.abort(new Error('the job has failed or was cancelled')).catch(this.#fail)
  }

  async #settle(action: Promise<unknown>): Promise<void> {
    try {
      await action
    } catch (error) {
      this.#fail(error)
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  readonly #fail = (error: unknown): void => {
    this.#failure ??= outputError(error, 'the stream')
  }
}
