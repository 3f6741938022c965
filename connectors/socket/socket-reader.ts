/**
 * Reads lines from a server, and connects again where it may. In one subtask.
 *
 *     waiting ──► connecting ──► open ──► ended ──► over, or waiting again
 *                     └────────────┴────► failed ─► waiting again, or the error
 */
import { isUtf8 } from 'node:buffer'
import { MillraceError } from '../../mailbox/errors.ts'
import type { ReaderContext, SplitReader } from '../../operators/source.ts'
import type { Clock } from '../../runtime/clock.ts'
import { LineSplitter } from './line-splitter.ts'
import { SocketConnection } from './socket-connection.ts'

const SHOWN_CHARACTERS = 80

/** What a reader needs to know; everything decided. */
export interface SocketReading<T> {
  readonly host: string
  readonly port: number
  readonly maxLineBytes: number
  readonly reconnect: {
    readonly attempts: number
    readonly delayMs: number
    readonly atEnd: boolean
  }
  readonly clock: Pick<Clock, 'schedule'>
  /** Undefined: the line is passed over. Throws for one that is no record. */
  readonly decode: (text: string) => { readonly record: T } | undefined
  /** Code of the error for a line that is no record. */
  readonly badLine: string
}

/** See the head of this file. */
export class SocketReader<T> implements SplitReader<T, number> {
  readonly #reading: SocketReading<T>
  readonly #context: ReaderContext
  readonly #lines: LineSplitter
  #connection: SocketConnection | undefined
  #connectsAgain = false
  /** Failures since bytes have come last. */
  #failures = 0
  /** Lines taken. */
  #position: number
  /** The end was reached, or the job is over. */
  #over = false
  #stopWaiting: (() => void) | undefined

  constructor(reading: SocketReading<T>, context: ReaderContext, position: number) {
    this.#reading = reading
    this.#context = context
    this.#position = position
    this.#lines = new LineSplitter(reading.maxLineBytes)
    context.signal.addEventListener('abort', this.#stop, { once: true })
    if (context.signal.aborted) this.#stop()
  }

  get position(): number {
    return this.#position
  }

  read(): readonly T[] | undefined | Promise<readonly T[] | undefined> {
    const batch = this.#take()
    if (batch.length > 0) return batch
    return this.#over ? undefined : this.#waitAndRead()
  }

  close(): void {
    this.#stop()
  }

  async #waitAndRead(): Promise<readonly T[] | undefined> {
    while (!this.#over) {
      const connection = this.#connection ?? (await this.#connect())
      if (connection?.ended === true) {
        const last = this.#end()
        if (last.length > 0) return last
      } else if (connection?.failure !== undefined) {
        this.#failed(connection.failure)
      } else {
        await connection?.changed()
        const batch = this.#take()
        if (batch.length > 0) return batch
      }
    }
    return undefined
  }

  /** A new connection, again ones after a pause; undefined: the job is over. */
  async #connect(): Promise<SocketConnection | undefined> {
    if (this.#connectsAgain) await this.#pause()
    if (this.#over) return undefined
    this.#connectsAgain = true
    const connection = new SocketConnection(this.#reading.host, this.#reading.port)
    this.#connection = connection
    return connection
  }

  /** The records of what has come, as many as a batch may have. */
  #take(): T[] {
    const batch: T[] = []
    while (batch.length < this.#context.batchSize) {
      const line = this.#lines.next()
      if (line !== undefined) {
        this.#addRecord(line, this.#lines.tooLong, batch)
        continue
      }
      const piece = this.#connection?.read()
      if (piece === undefined) break
      this.#failures = 0
      this.#lines.push(piece)
    }
    return batch
  }

  /** The server has ended the stream: what stands behind the last newline is a line too. */
  #end(): T[] {
    this.#connection?.close()
    this.#connection = undefined
    if (!this.#reading.reconnect.atEnd) this.#over = true
    const batch: T[] = []
    const last = this.#lines.end()
    if (last !== undefined) this.#addRecord(last, false, batch)
    return batch
  }

  #failed(failure: Error): void {
    const { attempts } = this.#reading.reconnect
    this.#connection?.close()
    this.#connection = undefined
    const cut = this.#lines.end()
    if (cut !== undefined) {
      const place = this.#place(this.#position + 1)
      const why = `${place} was cut off: ${reasonOf(failure)}`
      this.#context.badRecord?.(shown(cut), new MillraceError('LINE_CUT_OFF', why), place)
    }
    if (this.#failures >= attempts) {
      const tries = attempts === 0 ? '' : `, after ${attempts} more attempts`
      throw new MillraceError(
        'SOCKET_FAILED',
        `the connection to ${this.#server()} failed${tries}: ${reasonOf(failure)}`,
        { cause: failure, retryable: true },
      )
    }
    this.#failures++
  }

  /** Waits before connecting again, or until the job is over. */
  #pause(): Promise<void> {
    const { clock, reconnect } = this.#reading
    return new Promise((resolve) => {
      const cancel = clock.schedule(reconnect.delayMs, () => {
        this.#stopWaiting = undefined
        resolve()
      })
      this.#stopWaiting = () => {
        cancel()
        resolve()
      }
    })
  }

  #addRecord(line: Buffer, tooLong: boolean, batch: T[]): void {
    this.#position++
    try {
      const decoded = this.#decoded(line, tooLong)
      if (decoded !== undefined) batch.push(decoded.record)
    } catch (error) {
      if (this.#context.badRecord === undefined) throw error
      const record = tooLong ? shown(line) : line.toString('utf8')
      this.#context.badRecord(record, error, this.#place())
    }
  }

  #decoded(line: Buffer, tooLong: boolean): { readonly record: T } | undefined {
    const { decode, badLine, maxLineBytes } = this.#reading
    if (tooLong) {
      throw new MillraceError(
        'LINE_TOO_LONG',
        `${this.#place()} is longer than ${maxLineBytes} bytes: ${shown(line)}`,
      )
    }
    if (!isUtf8(line)) {
      throw new MillraceError(badLine, `${this.#place()} is not UTF-8: ${shown(line)}`)
    }
    const text = line.toString('utf8')
    try {
      return decode(text)
    } catch (error) {
      throw new MillraceError(badLine, `${this.#place()}: ${reasonOf(error)}: ${shown(line)}`, {
        cause: error,
      })
    }
  }

  #place(line = this.#position): string {
    return `${this.#server()}, line ${line}`
  }

  #server(): string {
    return `${this.#reading.host}:${this.#reading.port}`
  }

  readonly #stop = (): void => {
    this.#over = true
    this.#context.signal.removeEventListener('abort', this.#stop)
    this.#connection?.close()
    this.#connection = undefined
    this.#lines.end()
    this.#stopWaiting?.()
  }
}

function shown(line: Buffer): string {
  const text = line.toString('utf8', 0, SHOWN_CHARACTERS * 4)
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
}

/** What the system says of a failed connection: where several addresses were tried, the message is empty and the code says it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.message !== '') return error.message
  return 'code' in error ? String(error.code) : error.name
}
