/**
 * The snapshots of all stateful operators of a chain between their cut and the last byte, see `checkpoint/state/snapshot-cut.ts`.
 */
import type { SnapshotCut } from '../../checkpoint/state/snapshot-cut.ts'
import type { OperatorSnapshot, SnapshotPiece } from '../../checkpoint/state/snapshot.ts'

/** The cut of one operator. */
export interface OperatorCut {
  readonly cut: SnapshotCut
  /** Names the operator in an error. */
  readonly failure: (error: unknown) => Error
}

/** What the snapshots are to contain, see `CutOptions`. */
export interface ChainCutOptions {
  /** The `numbers` of the cut on which they build. Default: none, all is in them. */
  readonly since?: readonly number[] | undefined
  /** Whether others may build on it. Default: false. */
  readonly isBase?: boolean
}

/** Cuts of all operators, packed one after the other. */
export class ChainCut {
  readonly #cuts: readonly OperatorCut[]
  /** The first that is not packed. */
  #at = 0

  constructor(cuts: readonly OperatorCut[]) {
    this.#cuts = cuts
  }

  /** Whether all is packed. */
  get isPacked(): boolean {
    return this.#at === this.#cuts.length
  }

  /** By which others may build on it, in the order of the chain. */
  get numbers(): readonly number[] {
    return this.#cuts.map(({ cut }) => cut.number)
  }

  /** Whether it builds on an earlier one: some state could tell what has changed. */
  get isIncrement(): boolean {
    return this.#cuts.some(({ cut }) => cut.isIncrement)
  }

  /** Packs about `entries` more. Returns how many it were. Errors: `UNSENDABLE_VALUE` in an `OperatorError`. */
  step(entries: number): number {
    const current = this.#cuts[this.#at]
    if (current === undefined) return 0
    const { cut, failure } = current
    let done: number
    try {
      done = cut.step(entries)
    } catch (error) {
      throw failure(error)
    }
    if (cut.isPacked) this.#at++
    return done
  }

  /** What is packed and can be handed over before the rest, see `SnapshotCut.takePiece`. Only what is not empty. */
  takePieces(): SnapshotPiece[] {
    const pieces: SnapshotPiece[] = []
    for (let i = 0; i <= this.#at; i++) {
      const piece = this.#cuts[i]?.cut.takePiece()
      if (piece !== undefined && piece.groups.length > 0) pieces.push(piece)
    }
    return pieces
  }

  /** Packs all the rest, without the pieces that were taken. In the order of the chain. Errors: as `step`. */
  finish(): OperatorSnapshot[] {
    return this.#cuts.map(({ cut, failure }) => {
      try {
        return cut.finish()
      } catch (error) {
        throw failure(error)
      }
    })
  }

  /** Packs nothing more. */
  giveUp(): void {
    for (const { cut } of this.#cuts) cut.giveUp()
  }
}
