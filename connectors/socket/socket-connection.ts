/**
 * One connection to a server, read when its owner asks: what is not asked for stays in the buffers of the system, and then with the
 * server. Used by one reader, in one subtask.
 */
import { connect, type Socket } from 'node:net'

const KEEP_ALIVE_MS = 30_000

/** See the head of this file. */
export class SocketConnection {
  readonly #socket: Socket
  #failure: Error | undefined
  #ended = false
  #changed: (() => void) | undefined

  constructor(host: string, port: number) {
    this.#socket = connect({ host, port, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS })
    const tell = (): void => {
      const heard = this.#changed
      this.#changed = undefined
      heard?.()
    }
    this.#socket.on('readable', tell)
    this.#socket.on('end', () => {
      this.#ended = true
      tell()
    })
    this.#socket.on('error', (error) => {
      this.#failure ??= error
      tell()
    })
    this.#socket.on('close', tell)
  }

  /** The bytes that have come; undefined: none now. */
  read(): Buffer | undefined {
    return (this.#socket.read() as Buffer | null) ?? undefined
  }

  /** Whether the server has said that nothing more comes, and all of it was read. */
  get ended(): boolean {
    return this.#ended
  }

  /** What broke the connection. */
  get failure(): Error | undefined {
    if (this.#failure !== undefined) return this.#failure
    return this.#socket.closed && !this.#ended ? new Error('the connection was closed') : undefined
  }

  /** Resolves when there may be something to read, or it has ended or failed, or is closed. */
  changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = resolve
    })
  }

  /** Lets go of it. */
  close(): void {
    this.#socket.destroy()
    this.#changed?.()
  }
}
