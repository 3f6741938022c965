/**
 * Takes snapshots of a whole actor system, on the thread that started it: one at a time, each tried until nothing is under way
 * that cannot be stored, and given up when a slot is lost, the time is over or the system stops.
 *
 *     wait for replaced slots ─► cut ──► complete ─► merged
 *                                 ▲ │ an actor is inside a receive that has not settled
 *                                 │ ▼
 *                                settle: actors rest, but for those that somebody waits for
 */
import { MillraceError } from '../../../mailbox/errors.ts'
import type { ActorSlotApi } from '../actor-slot-extension.ts'
import type { Clock } from '../../clock.ts'
import { mergeParts } from './merge-parts.ts'
import { unpackValue } from './packed-value.ts'
import { writeSnapshot } from './snapshot-file.ts'
import type { ActorSystemSnapshot } from './snapshot-file.ts'
import type { PartResult } from './slot-snapshots.ts'
import type { SlotPart } from './stored-system.ts'
import type { Async } from '../../slot-node.ts'
import { codeOf } from '../supervision.ts'

/** What snapshots need from the system. */
export interface SnapshotSystem {
  readonly clock: Clock
  /** By slot; those of slots that are being replaced are missing. */
  readonly apis: ReadonlyMap<number, Async<ActorSlotApi>>
  /** Resolves when all lost slots that are known have been replaced. */
  recovered(): Promise<void>
}

/** Between two looks at whether all has settled. */
const LOOK_AGAIN_MS = 1

/** An actor had something under way when its slot was cut. */
class Unsettled extends Error {}

/** The snapshots of one system. */
export class SystemSnapshots {
  readonly #system: SnapshotSystem
  #lastId = 0
  #queue: Promise<unknown> = Promise.resolve()
  #closed: MillraceError | undefined
  /** Gives up the one that is being taken. */
  #giveUp: ((error: unknown) => void) | undefined

  constructor(system: SnapshotSystem) {
    this.#system = system
  }

  /** Takes one, after those that were asked for before. */
  take(timeoutMs: number): Promise<ActorSystemSnapshot> {
    const taken = this.#queue.then(() => this.#take(timeoutMs))
    this.#queue = taken.catch(() => {})
    return taken
  }

  /** Rejects the one that is being taken. */
  abort(error: unknown): void {
    this.#giveUp?.(error)
  }

  /** Rejects this one and all later ones. */
  close(error: MillraceError): void {
    this.#closed = error
    this.abort(error)
  }

  async #take(timeoutMs: number): Promise<ActorSystemSnapshot> {
    if (this.#closed !== undefined) throw this.#closed
    let who = 'a slot to answer'
    const givenUp = new Promise<never>((_, reject) => {
      this.#giveUp = reject
    })
    const cancelTimer = this.#system.clock.schedule(timeoutMs, () => {
      this.abort(timedOut(timeoutMs, who))
    })
    const settling = (reason: string): void => {
      who = reason
    }
    try {
      return await Promise.race([givenUp, this.#takeWhenSettled(givenUp, settling)])
    } finally {
      cancelTimer()
      this.#giveUp = undefined
      // Not awaited: a slot that has died will never answer.
      this.#tellAll((api) => api.cancelSnapshot(this.#lastId))
      this.#tellAll((api) => api.hold('none'))
    }
  }

  async #takeWhenSettled(
    givenUp: Promise<never>,
    settling: (who: string) => void,
  ): Promise<ActorSystemSnapshot> {
    await Promise.race([givenUp, this.#system.recovered()])
    for (;;) {
      try {
        return await Promise.race([givenUp, this.#cut()])
      } catch (error) {
        // A slot that died says so before the system has heard of it: the next snapshot must not hear of it again.
        if (codeOf(error) === 'SLOT_LOST') return await givenUp
        if (!(error instanceof Unsettled)) throw error
        settling(error.message)
      }
      this.#tellAll((api) => api.cancelSnapshot(this.#lastId))
      this.#tellAll((api) => api.hold('settling'))
      await Promise.race([givenUp, this.#settled()])
    }
  }

  /** One cut through all slots. Begins in slot 0; the markers carry it on. */
  async #cut(): Promise<ActorSystemSnapshot> {
    const id = ++this.#lastId
    const { apis, clock } = this.#system
    const parts = Promise.all([...apis.values()].map((api) => api.snapshotPart(id).then(partOf)))
    await Promise.race([parts, apis.get(0)?.beginSnapshot(id)])
    return writeSnapshot(mergeParts(await parts, clock.now()))
  }

  /** Waits until no actor has anything under way or handles mail. The cut that follows finds out whether it stayed so. */
  async #settled(): Promise<void> {
    const own = this.#giveUp
    for (;;) {
      const counts = await Promise.all(
        [...this.#system.apis.values()].map((api) => api.busyActors()),
      )
      const busy = counts.reduce((sum, count) => sum + count.busy, 0)
      const onTheWay = counts.reduce((sum, { sent, received }) => sum + sent - received, 0)
      if (busy === 0 && onTheWay === 0) return
      await new Promise<void>((resolve) => {
        this.#system.clock.schedule(LOOK_AGAIN_MS, resolve)
      })
      if (this.#giveUp !== own) return
    }
  }

  #tellAll(tell: (api: Async<ActorSlotApi>) => Promise<unknown>): void {
    for (const api of this.#system.apis.values()) tell(api).catch(() => {})
  }
}

function partOf(result: PartResult): SlotPart {
  if (result.kind === 'unsettled') throw new Unsettled(result.who)
  return unpackValue(result.part) as SlotPart
}

function timedOut(timeoutMs: number, who: string): MillraceError {
  return new MillraceError(
    'SNAPSHOT_TIMEOUT',
    `snapshot: expected to be complete within ${timeoutMs} ms, but had to wait for ${who}`,
    { retryable: true },
  )
}
