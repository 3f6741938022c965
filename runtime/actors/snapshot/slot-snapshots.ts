/**
 * The part of one slot in a snapshot of the whole system (K. M. Chandy, L. Lamport, Distributed snapshots, 1985), where the
 * processes are slots and the channels are links: see docs/design for why not actors.
 *
 *   1. A slot is told to begin, or gets the first marker of a snapshot: it captures its actors (the cut) and sends a marker on each of
 *      its links, before it sends anything else.
 *   2. What comes out of a link after the cut and before the marker of that link was on its way: it is recorded, and handled as ever.
 *   3. When all markers have come, the part is complete.
 *
 * Used by the slot's thread only, never inside a turn of an actor.
 */
import { MillraceError } from '../../../mailbox/errors.ts'
import { MAIL, STOP, SYSTEM } from '../actor-mail.ts'
import type { ActorMail } from '../actor-mail.ts'
import type { HeldMail } from '../held-mail.ts'
import type { SlotFamily } from '../slot-family.ts'
import type { SlotLinks } from '../slot-links.ts'
import type { SlotOutlets } from '../slot-outlets.ts'
import type { Slot } from '../../slot.ts'
import { captureActor, captureMessage, captureSpawn } from './capture-actor.ts'
import { packValue } from './packed-value.ts'
import type { ActorRecord, MailRecord, Packed, SlotPart, StrayMail } from './stored-system.ts'

/** What becomes of a snapshot in a slot: its packed `SlotPart`, or who has something under way that cannot be stored. */
export type PartResult =
  | { readonly kind: 'part'; readonly part: Packed }
  | { readonly kind: 'unsettled'; readonly who: string }

/** What a slot's snapshots are taken of. */
export interface SnapshotParts {
  readonly slot: Slot
  readonly family: SlotFamily
  readonly links: SlotLinks
  readonly outlets: SlotOutlets
  readonly held: HeldMail
}

/** One snapshot in one slot. */
interface Run {
  readonly id: number
  readonly result: Promise<PartResult>
  readonly resolve: (result: PartResult) => void
  readonly reject: (error: unknown) => void
  /** The slots whose markers have not come. Undefined: not cut yet. */
  open: Set<number> | undefined
  cut: Omit<SlotPart, 'onLinks' | 'spawned'> | undefined
  readonly onLinks: StrayMail[]
  readonly spawned: ActorRecord[]
}

/** The snapshots of one slot, one at a time. */
export class SlotSnapshots {
  /** Whether mail that comes out of links may have to be recorded. Read once per frame. */
  isRecording = false
  readonly #parts: SnapshotParts
  /** Snapshots up to this id are over. */
  #over = 0
  #run: Run | undefined

  constructor(parts: SnapshotParts) {
    this.#parts = parts
  }

  /** Begins a snapshot here, unless its first marker has come already. */
  begin(id: number): void {
    const run = this.#runOf(id)
    if (run !== undefined && run.open === undefined) this.#cut(run)
  }

  /** The part of this slot, when it is complete. Rejects with what keeps an actor from being captured. */
  part(id: number): Promise<PartResult> {
    return this.#runOf(id)?.result ?? Promise.reject(givenUp(id))
  }

  /** The snapshot was given up. Late markers of it are ignored. */
  cancel(id: number): void {
    if (id <= this.#over) return
    this.#over = id
    this.#run?.reject(givenUp(id))
    this.#run = undefined
    this.isRecording = false
  }

  /** The marker of slot `from`: what comes from there now was sent after its cut. */
  marker(id: number, from: number): void {
    const run = this.#runOf(id)
    if (run === undefined) return
    if (run.open === undefined) this.#cut(run)
    run.open?.delete(from)
    this.#finishIfComplete(run)
  }

  /** A mail has come out of the link from slot `from` and is about to be taken. */
  record(from: number, target: number, correlation: number, value: unknown): void {
    const run = this.#run
    if (run === undefined || run.open?.has(from) !== true) return
    try {
      this.#record(run, target, correlation, value)
    } catch (error) {
      this.#fail(run, error)
    }
  }

  #record(run: Run, target: number, correlation: number, value: unknown): void {
    if (target !== SYSTEM) {
      const mail = toMailRecord(target, correlation, value)
      run.onLinks.push({ target, mail })
    } else if (correlation === MAIL) {
      this.#recordSystemMail(run, value as ActorMail)
    }
    // Nobody will wait for an answer in the system that resumes.
  }

  #recordSystemMail(run: Run, mail: ActorMail): void {
    switch (mail.kind) {
      case 'spawn':
        run.spawned.push(captureSpawn(mail, this.#parts.slot.index))
        return
      case 'escalated':
      case 'resume':
      case 'kill':
        this.#unsettled(run, `actor ${mail.actor}, which failed`)
        return
      case 'failure':
      case 'watch':
      case 'unwatch':
      case 'terminated':
      case 'gone':
      case 'recovered':
      case 'marker':
      case 'report-dead-letters':
      case 'dead-letter':
      // What they say follows from which actors there are, or is not part of a snapshot.
    }
  }

  #cut(run: Run): void {
    const { slot, family, links } = this.#parts
    run.open = new Set()
    for (const cell of family.cells.values()) {
      const { unsettled } = cell
      if (unsettled === undefined) continue
      this.#unsettled(run, `${cell.label}, ${unsettled}`)
      return
    }
    try {
      run.cut = this.#capture()
    } catch (error) {
      this.#fail(run, error)
      return
    }
    for (let other = 0; other < slot.slotCount; other++) {
      if (other === slot.index) continue
      run.open.add(other)
      links.mail(other, { kind: 'marker', snapshot: run.id })
    }
    this.isRecording = true
    this.#finishIfComplete(run)
  }

  #capture(): Omit<SlotPart, 'onLinks' | 'spawned'> {
    const { slot, family } = this.#parts
    const nowMs = slot.clock.monotonicMs()
    const actors = [...family.cells.values()].map((cell) => captureActor(cell, nowMs))
    const losses = family.remoteRestarts.map(({ actor, restarts }) => ({
      actor,
      agesMs: restarts.map((atMs) => nowMs - atMs),
    }))
    const { nextNumber } = family
    return {
      slot: slot.index,
      nextNumber,
      actors,
      losses,
      held: this.#captureHeld(),
      waiting: this.#captureWaiting(),
    }
  }

  #captureHeld(): StrayMail[] {
    const strays: StrayMail[] = []
    for (const [target, held] of this.#parts.held.all) {
      for (const { mail } of held) {
        if (mail === undefined) continue
        strays.push({ target, mail: toMailRecord(target, mail.correlation, mail.value) })
      }
    }
    return strays
  }

  #captureWaiting(): StrayMail[] {
    const strays: StrayMail[] = []
    for (const outlet of this.#parts.outlets.all) {
      const { target } = outlet
      for (const { correlation, message } of outlet.waitingMail) {
        strays.push({ target, mail: toMailRecord(target, correlation, message) })
      }
    }
    return strays
  }

  #finishIfComplete(run: Run): void {
    if (run !== this.#run || run.cut === undefined || run.open?.size !== 0) return
    this.isRecording = false
    const { cut, onLinks, spawned } = run
    const part: SlotPart = { ...cut, onLinks, spawned }
    run.resolve({ kind: 'part', part: packValue(part, `snapshot: slot ${part.slot}`) })
  }

  #unsettled(run: Run, who: string): void {
    this.isRecording = false
    run.resolve({ kind: 'unsettled', who })
  }

  #fail(run: Run, error: unknown): void {
    this.isRecording = false
    run.reject(error)
  }

  /** The run of a snapshot, new if it is newer than all before. Undefined: it is over. */
  #runOf(id: number): Run | undefined {
    if (id <= this.#over) return undefined
    if (this.#run?.id === id) return this.#run
    this.cancel(id - 1)
    const run = newRun(id)
    this.#run = run
    return run
  }
}

function newRun(id: number): Run {
  let resolve: Run['resolve'] = () => {}
  let reject: Run['reject'] = () => {}
  const result = new Promise<PartResult>((onValue, onError) => {
    resolve = onValue
    reject = onError
  })
  // The coordinator may never ask for it.
  result.catch(() => {})
  return { id, result, resolve, reject, open: undefined, cut: undefined, onLinks: [], spawned: [] }
}

function toMailRecord(target: number, correlation: number, value: unknown): MailRecord {
  return correlation === STOP ? { kind: 'stop' } : captureMessage(value, `actor ${target}`)
}

function givenUp(id: number): MillraceError {
  return new MillraceError('SNAPSHOT_FAILED', `Snapshot ${id} was given up`)
}
