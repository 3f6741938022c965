/**
 * Decides for each checkpoint of a subtask whether it has all state, or what has changed since the last one that was completed.
 *
 *     nothing ──cut with all──► acknowledged ──completed──► base ◄──completed── acknowledged ◄──cut with changes── base
 *        ▲                                                    │
 *        └── too many or too large increments, a savepoint ───┘
 *
 * What is not known to be completed is never built on. What will be may take the place of the base in the store, so that only parts stay to which it
 * refers:
 *
 *   1. Checkpoint 6 is cut, with changes since 3, for nobody has heard of the end of 4.
 *   2. Checkpoint 4 is said to be completed. The parts of 6 are those of 3 and its own.
 *   3. Checkpoint 6 is completed, and 4 is removed, with its part. Checkpoint 7 is cut before anybody hears of 6: it must not build on 4.
 *
 * So nothing is built on a checkpoint on which a later one that may be completed does not build. On the slot's thread.
 */
import type { OperatorSnapshot } from '../../checkpoint/state/snapshot.ts'
import type { SubtaskSnapshot } from '../../checkpoint/subtask-snapshot.ts'
import type { ChainCut } from '../chain/chain-cut.ts'
import type { CompiledChain } from '../chain/chain.ts'

/** So many parts are read at most to restore a subtask. */
const MOST_PARTS = 16
/** Increments may have half of the bytes of what they build on, and so many more: small state is quick either way. */
const SLACK_BYTES = 4096

/** A checkpoint of this subtask on which others may build. */
interface Link {
  readonly checkpointId: number
  /** The numbers of the cuts, by operator. */
  readonly cuts: readonly number[]
  /** The checkpoints that have parts of it: the one with everything first, its own last. */
  readonly parts: readonly number[]
  /** Of the part with everything, and of all others. */
  readonly bytes: { readonly whole: number; readonly increments: number }
}

/** A cut, and on what it builds: see `SubtaskSnapshot.builtOn`. */
export interface IncrementalCut {
  readonly cut: ChainCut
  readonly builtOn?: readonly number[]
}

/** See the head of this file. */
export class IncrementChain {
  readonly #enabled: boolean
  #base: Link | undefined
  /** The last one that was cut and is not acknowledged. */
  #cut: (Omit<Link, 'bytes'> & { readonly base: Link | undefined }) | undefined
  /** Acknowledged since the base, ascending; it is not known how they end. */
  readonly #open: Link[] = []
  #standsAlone = -1

  /** Unless `enabled` every checkpoint has everything. */
  constructor(enabled: boolean) {
    this.#enabled = enabled
  }

  /** This checkpoint has everything, and nothing builds on it: a savepoint. Before its barriers. */
  standAlone(checkpointId: number): void {
    this.#standsAlone = Math.max(this.#standsAlone, checkpointId)
  }

  /** Cuts the state of a chain for a checkpoint. Errors: as `CompiledChain.cut`. */
  cut(checkpointId: number, chain: CompiledChain): IncrementalCut {
    if (!this.#enabled) return { cut: chain.cut() }
    const isAlone = checkpointId === this.#standsAlone
    const base = isAlone ? undefined : this.#usableBase()
    this.#cut = undefined
    const cut = chain.cut({ since: base?.cuts, isBase: !isAlone })
    const builtOn = cut.isIncrement ? base?.parts : undefined
    // With a cut that has everything the state forgets what has changed since earlier ones.
    if (builtOn === undefined) this.#forget()
    if (!isAlone) {
      const parts = [...(builtOn ?? []), checkpointId]
      this.#cut = { checkpointId, cuts: cut.numbers, parts, base: builtOn && base }
    }
    return builtOn === undefined ? { cut } : { cut, builtOn }
  }

  /** A checkpoint was packed and is acknowledged. `packedBytes`: of pieces of its state that are not in it (`SnapshotPiece`). */
  acknowledged(
    checkpointId: number,
    { operators }: Pick<SubtaskSnapshot, 'operators'>,
    packedBytes = 0,
  ): void {
    if (this.#cut?.checkpointId !== checkpointId) return
    const { base, ...link } = this.#cut
    this.#cut = undefined
    const own = bytesOf(operators) + packedBytes
    const bytes =
      base === undefined
        ? { whole: own, increments: 0 }
        : { whole: base.bytes.whole, increments: base.bytes.increments + own }
    this.#open.push({ ...link, bytes })
  }

  /** A checkpoint is complete, and no savepoint. */
  completed(checkpointId: number): void {
    const at = this.#open.findIndex((link) => link.checkpointId === checkpointId)
    if (at < 0) return
    this.#base = this.#open[at]
    this.#open.splice(0, at + 1)
  }

  #usableBase(): Link | undefined {
    const base = this.#base
    if (base === undefined || base.parts.length >= MOST_PARTS) return undefined
    const { whole, increments } = base.bytes
    if (increments > whole / 2 + SLACK_BYTES) return undefined
    const staysStored = this.#open.every(({ parts }) => parts.includes(base.checkpointId))
    return staysStored ? base : undefined
  }

  #forget(): void {
    this.#base = undefined
    this.#open.length = 0
  }
}

function bytesOf(operators: readonly OperatorSnapshot[]): number {
  let sum = 0
  for (const { groups, operator } of operators) {
    for (const { bytes } of groups) sum += bytes.length
    for (const { bytes } of operator) sum += bytes.length
  }
  return sum
}
