/**
 * What subtasks have contributed that no checkpoint has made visible yet. On the main thread.
 *
 * A writer prepares what it has written since its last barrier, once. So the committables of a checkpoint that came to nothing must not
 * be lost with it:
 *
 *   1. Checkpoint 5 is triggered. Writer A prepares file 1 and acknowledges.
 *   2. Writer B takes too long; checkpoint 5 is given up. B acknowledges afterwards, with file 2.
 *   3. Checkpoint 6: A has prepared nothing, B file 3. If that was all, files 1 and 2 would never be seen.
 *
 * So every contribution to a later checkpoint carries what is left of earlier ones of the same subtask, until one is committed. The last
 * snapshot of a subtask that has finished is kept too, and goes into every checkpoint from then on; its committables into the first.
 */
import type { SinkSnapshot, SubtaskName, SubtaskSnapshot } from '../subtask-snapshot.ts'
import { subtaskKey } from './pending-checkpoint.ts'
import type { Contribution } from './pending-checkpoint.ts'

/** See the head of this file. */
export class ContributionLedger {
  /** By subtask: the sinks of its last acknowledgement with all that is not committed. */
  readonly #uncommitted = new Map<string, readonly SinkSnapshot[]>()
  readonly #final = new Map<string, Contribution>()
  /** Last snapshots as they were given out. */
  readonly #lasts = new WeakSet<SubtaskSnapshot>()

  /** A subtask has acknowledged a checkpoint, in time or too late. Returns its contribution with what is left of earlier ones. */
  acknowledged(name: SubtaskName, snapshot: SubtaskSnapshot): SubtaskSnapshot {
    const contribution = this.#withUncommitted(name, snapshot)
    this.#uncommitted.set(subtaskKey(name), contribution.sinks)
    return contribution
  }

  /** A subtask has finished: nothing follows. */
  finished(name: SubtaskName, snapshot: SubtaskSnapshot): void {
    this.#final.set(subtaskKey(name), { name, snapshot })
  }

  /** A subtask begins again where the last checkpoint was made: what it has contributed since counts no more. */
  forget(name: SubtaskName): void {
    const key = subtaskKey(name)
    this.#uncommitted.delete(key)
    this.#final.delete(key)
  }

  /** Whether a subtask has finished. */
  hasFinished(name: SubtaskName): boolean {
    return this.#final.has(subtaskKey(name))
  }

  /** What a finished subtask contributes to a checkpoint; undefined while it runs. */
  finalOf(name: SubtaskName): SubtaskSnapshot | undefined {
    const final = this.#final.get(subtaskKey(name))
    return final === undefined ? undefined : this.#last(final)
  }

  /** What all finished subtasks contribute. */
  finals(): Contribution[] {
    return [...this.#final.values()].map((final) => {
      return { name: final.name, snapshot: this.#last(final) }
    })
  }

  /** A checkpoint of these contributions was committed: nothing of them is committed again. */
  committed(contributions: readonly Contribution[]): void {
    for (const { name, snapshot } of contributions) {
      const key = subtaskKey(name)
      this.#uncommitted.delete(key)
      // One that had only acknowledged may have finished meanwhile: its last snapshot is not in the checkpoint.
      if (!this.#lasts.has(snapshot)) continue
      const sinks = snapshot.sinks.map((sink) => ({ ...sink, committables: [] }))
      this.#final.set(key, { name, snapshot: { ...snapshot, sinks } })
    }
  }

  #last({ name, snapshot }: Contribution): SubtaskSnapshot {
    const last = this.#withUncommitted(name, snapshot)
    this.#lasts.add(last)
    return last
  }

  #withUncommitted(name: SubtaskName, snapshot: SubtaskSnapshot): SubtaskSnapshot {
    const earlier = this.#uncommitted.get(subtaskKey(name)) ?? []
    if (earlier.every(({ committables }) => committables.length === 0)) return snapshot
    return { ...snapshot, sinks: withEarlier(earlier, snapshot.sinks) }
  }
}

/** What sinks have prepared now, and before what `earlier` has of committables. */
export function withEarlier(
  earlier: readonly SinkSnapshot[],
  now: readonly SinkSnapshot[],
): SinkSnapshot[] {
  const sinks = now.map((sink) => {
    const before = earlier.find(({ uid }) => uid === sink.uid)?.committables ?? []
    return { ...sink, committables: [...before, ...sink.committables] }
  })
  const gone = earlier.filter(({ uid }) => sinks.every((sink) => sink.uid !== uid))
  return [...sinks, ...gone]
}

/** All committables of a checkpoint by the uid of their sink, in the order of subtasks. Sinks without any are left out. */
export function committablesBySink(
  contributions: readonly Contribution[],
): ReadonlyMap<string, readonly unknown[]> {
  const bySink = new Map<string, unknown[]>()
  for (const { snapshot } of contributions) {
    for (const { uid, committables } of snapshot.sinks) {
      if (committables.length === 0) continue
      const list = bySink.get(uid) ?? []
      list.push(...committables)
      bySink.set(uid, list)
    }
  }
  return bySink
}
