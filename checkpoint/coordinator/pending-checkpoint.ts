/**
 * One checkpoint between its trigger and the last acknowledgement. On the main thread; synchronous, never waits.
 *
 *     collecting ──last source──► (enumerator states are taken) ──last subtask──► done
 *         └───────────── `fail`, or the enumerator states cannot be taken ──► failed
 *
 * The states of the enumerators are taken in the very call in which the last source acknowledges: what they give out later is not in the
 * checkpoint. What they gave out before, but a source received behind its barrier only, they find by the numbers that are handed to them.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { SubtaskName, SubtaskSnapshot } from '../subtask-snapshot.ts'
import type { EnumeratorSnapshot } from './checkpoint-contents.ts'

/** How far a subtask of a source had come at its barrier. */
export interface SourceProgress {
  readonly uid: string
  readonly subtaskIndex: number
  /** Splits that it had been given since it started. */
  readonly received: number
}

/** What a subtask has contributed. */
export interface Contribution {
  readonly name: SubtaskName
  readonly snapshot: SubtaskSnapshot
}

/** All that the subtasks and the enumerators contribute to one checkpoint. */
export interface CheckpointBundle {
  /** By task, then by subtask. */
  readonly contributions: readonly Contribution[]
  readonly enumerators: readonly EnumeratorSnapshot[]
}

/** What a checkpoint needs to know, and whom it tells. The callbacks run inside `acknowledge`. */
export interface PendingParts {
  readonly id: number
  /** All who must contribute. */
  readonly subtasks: readonly SubtaskName[]
  /** Those of them that read sources. */
  readonly sources: readonly SubtaskName[]
  /** All of `sources` have contributed: takes the states of the enumerators, now. */
  readonly sourcesAcknowledged: (
    progress: readonly SourceProgress[],
  ) => readonly EnumeratorSnapshot[]
  readonly onDone: (bundle: CheckpointBundle) => void
  readonly onEnumeratorFailed: (error: unknown) => void
}

/** A subtask's name as the key of a map. */
export function subtaskKey({ taskId, subtaskIndex }: SubtaskName): string {
  return `${taskId}/${subtaskIndex}`
}

/** See the head of this file. */
export class PendingCheckpoint {
  readonly id: number
  readonly subtasks: number
  readonly #parts: PendingParts
  /** Those who have not contributed yet. */
  readonly #missing: Map<string, SubtaskName>
  readonly #missingSources: Set<string>
  readonly #contributions = new Map<string, Contribution>()
  #enumerators: readonly EnumeratorSnapshot[] | undefined
  #state: 'collecting' | 'done' | 'failed' = 'collecting'

  constructor(parts: PendingParts) {
    const { id, subtasks, sources } = parts
    this.id = id
    this.subtasks = subtasks.length
    this.#parts = parts
    this.#missing = new Map(subtasks.map((name) => [subtaskKey(name), name]))
    this.#missingSources = new Set(sources.map(subtaskKey))
  }

  /** Number of subtasks that have contributed. */
  get acknowledged(): number {
    return this.#contributions.size
  }

  /** Who has not contributed yet. */
  get missing(): readonly SubtaskName[] {
    return [...this.#missing.values()]
  }

  /** Whether it still takes contributions of this subtask. */
  awaits(name: SubtaskName): boolean {
    return this.#state === 'collecting' && this.#missing.has(subtaskKey(name))
  }

  /** Whether a subtask has contributed. */
  has(name: SubtaskName): boolean {
    return this.#contributions.has(subtaskKey(name))
  }

  /** Goes on where nobody is awaited from the start: a job without sources, or one that has finished. */
  begin(): void {
    this.#proceed()
  }

  /** Takes what a subtask contributes: its state at the barrier, or its last one. Broken invariant, `UNEXPECTED_ACKNOWLEDGEMENT`, unless it `awaits` it. */
  acknowledge(name: SubtaskName, snapshot: SubtaskSnapshot): void {
    const key = subtaskKey(name)
    if (!this.awaits(name)) {
      throw new MillraceError(
        'UNEXPECTED_ACKNOWLEDGEMENT',
        `checkpoint ${this.id}: expected nothing more of subtask ${key}, got an acknowledgement`,
      )
    }
    this.#missing.delete(key)
    this.#missingSources.delete(key)
    this.#contributions.set(key, { name, snapshot })
    this.#proceed()
  }

  /** Takes nothing more. */
  fail(): void {
    if (this.#state === 'collecting') this.#state = 'failed'
  }

  #proceed(): void {
    if (this.#state !== 'collecting' || this.#missingSources.size > 0) return
    this.#enumerators ??= this.#takeEnumerators()
    if (this.#enumerators === undefined || this.#missing.size > 0) return
    this.#state = 'done'
    this.#parts.onDone({ contributions: this.#inOrder(), enumerators: this.#enumerators })
  }

  #takeEnumerators(): readonly EnumeratorSnapshot[] | undefined {
    const progress: SourceProgress[] = []
    for (const { name, snapshot } of this.#inOrder()) {
      const { source } = snapshot
      if (source === undefined) continue
      const { uid, received } = source
      progress.push({ uid, subtaskIndex: name.subtaskIndex, received })
    }
    try {
      return this.#parts.sourcesAcknowledged(progress)
    } catch (error) {
      this.#state = 'failed'
      this.#parts.onEnumeratorFailed(error)
      return undefined
    }
  }

  #inOrder(): Contribution[] {
    return [...this.#contributions.values()].sort(
      ({ name: a }, { name: b }) => a.taskId - b.taskId || a.subtaskIndex - b.subtaskIndex,
    )
  }
}
