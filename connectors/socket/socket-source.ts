/**
 * A source of lines that a server sends over TCP.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { PlainData, Source } from '../../operators/source.ts'
import type { Clock } from '../../runtime/clock.ts'
import { systemClock } from '../../runtime/system-clock.ts'
import { listEnumerator } from '../files/split-list.ts'
import { SocketReader, type SocketReading } from './socket-reader.ts'
import { checkOptions } from '../../runtime/known-options.ts'

const DEFAULT_MAX_LINE_BYTES = 1024 * 1024
const DEFAULT_DELAY_MS = 1_000

/** What waiting needs of a clock. */
export type SocketClock = Pick<Clock, 'schedule'>

/** Whether a connection that broke or could not be made is tried again. */
export interface SocketReconnect {
  /** How often in a row, without a byte in between; `Infinity` is allowed. Default: `Infinity`. */
  readonly attempts?: number
  /** Milliseconds before each attempt. Default: 1,000. */
  readonly delayMs?: number
  /** Whether to connect again also after the server has ended the stream in order, instead of ending the source. Default: false. */
  readonly atEnd?: boolean
}

/** What both formats have. */
export interface SocketSourceOptions {
  /** Name or address of the server. Default: `localhost`. */
  readonly host?: string
  /** Its port, 1 to 65,535. */
  readonly port: number
  /** Default: the first failure of the connection fails the job. */
  readonly reconnect?: SocketReconnect
  /** A longer line is a bad record: never more than that, and what the system buffers, waits in memory. Default: 1 MiB. */
  readonly maxLineBytes?: number
  /** Time for `reconnect`. Default: the machine's clock. */
  readonly clock?: SocketClock
}

/** Lines as they are. */
export interface SocketTextOptions extends SocketSourceOptions {
  readonly format?: 'text'
}

/** Lines that hold one JSON value each. */
export interface SocketJsonOptions<T> extends SocketSourceOptions {
  readonly format: 'jsonLines'
  /** Turns the parsed value of a line into a record, and types it. Default: the value as it is. */
  readonly parse?: (value: PlainData) => T
}

/**
 * Reads lines that a server sends, UTF-8, `\n` or `\r\n` behind each: as strings, empty ones included, or as JSON values, where empty
 * lines are skipped. One subtask reads. It takes from the socket what the job takes from it, so a slow job slows the server down. The
 * source ends when the server ends the stream.
 *
 * A socket can't be read again: a job that goes on from a checkpoint connects anew, and what had been read behind the checkpoint is
 * lost (at most once). The job warns of that.
 *
 * A line that is too long, not UTF-8 or no JSON is a bad record, as `onError` of `env.from` says. So is the beginning of a line that
 * a broken connection has cut off, where bad records are skipped or dead letters; otherwise it is dropped.
 *
 * Position: the number of lines taken.
 *
 * Errors: `INVALID_ARGUMENT` at once; `SOCKET_FAILED`, `LINE_TOO_LONG`, `BAD_TEXT_LINE`, `BAD_JSON_LINE` later.
 *
 * @example
 * const words = socketSource({ port: 9_999 }) // nc -lk 9999
 *
 * @example
 * const prices = socketSource({
 *   host: 'prices.example',
 *   port: 7_000,
 *   format: 'jsonLines',
 *   parse: (value) => value as { price: number },
 *   reconnect: { attempts: 10, atEnd: true },
 * })
 */
export function socketSource(options: SocketTextOptions): Source<string, null, number>
export function socketSource<T = PlainData>(options: SocketJsonOptions<T>): Source<T, null, number>
export function socketSource<T>(
  options: SocketTextOptions | SocketJsonOptions<T>,
): Source<string | T, null, number> {
  const reading = checked(options)
  return {
    name: `socket(${reading.host}:${reading.port})`,
    maxParallelism: 1,
    replayable: false,
    enumerate: () => listEnumerator([null]),
    open: (_split, context, position = 0) => new SocketReader(reading, context, position),
  }
}

function checked<T>(options: SocketTextOptions | SocketJsonOptions<T>): SocketReading<string | T> {
  const known = ['host', 'port', 'format', 'parse', 'reconnect', 'maxLineBytes', 'clock']
  checkOptions(options, known, 'socketSource')
  const { host = 'localhost', port, reconnect, clock = systemClock } = options
  const { maxLineBytes = DEFAULT_MAX_LINE_BYTES } = options
  if (typeof host !== 'string' || host === '') {
    throw invalid(`"host" must be the name or address of a server, got ${String(host)}`)
  }
  if (!(Number.isSafeInteger(port) && port >= 1 && port <= 65_535)) {
    throw invalid(`"port" must be a whole number of 1 to 65,535, got ${String(port)}`)
  }
  if (!(Number.isSafeInteger(maxLineBytes) && maxLineBytes >= 1)) {
    throw invalid(
      `"maxLineBytes" must be a whole number of at least 1, got ${String(maxLineBytes)}`,
    )
  }
  const facts = { host, port, maxLineBytes, clock, reconnect: checkedReconnect(reconnect) }
  if (options.format === 'jsonLines') {
    return { ...facts, decode: jsonDecoder(options.parse), badLine: 'BAD_JSON_LINE' }
  }
  const format: unknown = options.format
  if (format !== undefined && format !== 'text') {
    throw invalid(`"format" must be 'text' or 'jsonLines', got ${JSON.stringify(format)}`)
  }
  return { ...facts, decode: (text) => ({ record: text }), badLine: 'BAD_TEXT_LINE' }
}

function checkedReconnect(reconnect: SocketReconnect | undefined): Required<SocketReconnect> {
  if (reconnect === undefined) return { attempts: 0, delayMs: DEFAULT_DELAY_MS, atEnd: false }
  if (typeof reconnect !== 'object' || reconnect === null) {
    throw invalid('"reconnect" must be options like { attempts: 5 }')
  }
  checkOptions(reconnect, ['attempts', 'delayMs', 'atEnd'], 'socketSource: reconnect')
  const { attempts = Number.POSITIVE_INFINITY, delayMs = DEFAULT_DELAY_MS } = reconnect
  const { atEnd = false } = reconnect
  if (!(attempts === Number.POSITIVE_INFINITY || (Number.isSafeInteger(attempts) && attempts >= 0)))
    throw invalid(
      `"reconnect.attempts" must be a whole number of at least 0, or Infinity, got ${String(attempts)}`,
    )
  if (!(Number.isFinite(delayMs) && delayMs >= 0)) {
    throw invalid(
      `"reconnect.delayMs" must be a number of milliseconds of at least 0, got ${String(delayMs)}`,
    )
  }
  if (typeof atEnd !== 'boolean') {
    throw invalid(`"reconnect.atEnd" must be true or false, got ${String(atEnd)}`)
  }
  return { attempts, delayMs, atEnd }
}

function jsonDecoder<T>(parse: unknown): (text: string) => { readonly record: T } | undefined {
  if (parse !== undefined && typeof parse !== 'function') {
    throw invalid('"parse" must be a function')
  }
  return (text) => {
    if (text.trim() === '') return undefined
    const value: unknown = JSON.parse(text)
    return { record: (parse === undefined ? value : parse(value)) as T }
  }
}

function invalid(message: string): MillraceError {
  return new MillraceError('INVALID_ARGUMENT', `socketSource: ${message}`)
}
