/**
 * A sink in two phases whose states and committables are plain data without paths, so that a savepoint of it can lie in the repository.
 */
import type { Sink, SinkWriter } from '../../api/index.ts'

/** What was committed, by the name of the piece: committing a piece again changes nothing. */
export class Ledger {
  readonly #pieces = new Map<string, readonly string[]>()
  /** How many records the writers that have ended had written, also before a restore. */
  written = 0

  commit({ name, lines, written }: LedgerPiece): void {
    if (this.#pieces.has(name)) return
    this.#pieces.set(name, lines)
    this.written += written
  }

  get lines(): string[] {
    return [...this.#pieces.values()].flat().toSorted()
  }
}

interface LedgerState {
  readonly name: string
  readonly next: number
  readonly written: number
}

interface LedgerPiece {
  readonly name: string
  readonly lines: readonly string[]
  /** Of the last piece of a writer: how much it has written in all; else 0. */
  readonly written: number
}

/** Writes lines into a ledger on the thread of the coordinator. */
export function ledgerSink(ledger: Ledger): Sink<string, LedgerState, LedgerPiece> {
  let writers = 0
  return {
    name: 'ledger',
    open: ({ subtaskIndex, parallelism, restored = [] }) => {
      const fresh = `${parallelism}/${subtaskIndex}/${writers++}`
      return new LedgerWriter(restored, restored[0]?.name ?? `new ${fresh}`)
    },
    commit(pieces) {
      for (const piece of pieces) ledger.commit(piece)
    },
  }
}

class LedgerWriter implements SinkWriter<string, LedgerState, LedgerPiece> {
  readonly #name: string
  #next: number
  #written: number
  #lines: string[] = []
  /** Handed over and perhaps not committed: a savepoint commits nothing, and a checkpoint may be given up. */
  #pieces: LedgerPiece[] = []

  constructor(restored: readonly LedgerState[], name: string) {
    this.#name = name
    this.#next = restored[0]?.next ?? 0
    this.#written = restored.reduce((sum, { written }) => sum + written, 0)
  }

  write(lines: readonly string[]): void {
    this.#lines.push(...lines)
    this.#written += lines.length
  }

  flush(): void {}

  prepare(last: boolean) {
    const name = `${this.#name}: ${this.#next++}`
    this.#pieces.push({ name, lines: this.#lines, written: last ? this.#written : 0 })
    this.#lines = []
    const state = { name: this.#name, next: this.#next, written: this.#written }
    return { state, committables: [...this.#pieces] }
  }

  close(): void {}
}
