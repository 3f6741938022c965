/**
 * What goes wrong in the run of one seed, and when: chosen before the run, from the seed alone.
 *
 * Half of the faults come at a step that is equally likely over the length of an undisturbed run; the others are counted in messages of the
 * control plane or in calls of the disk, of which there are fewer: so the few steps in which a checkpoint comes to its end are hit often.
 */
import type { DiskFault } from '../../../checkpoint/store/simulated-disk.ts'
import type { StepCounts, StepFault, StepFaults } from '../../../runtime/simulation/step-faults.ts'
import { ENDS_PROCESS } from './fault-kinds.ts'
import type { FaultKind } from './fault-kinds.ts'

const MOST_FAULTS = 4
/** The share of runs in which nothing goes wrong. */
const UNDISTURBED = 0.1
const LONGEST_JUMP_MS = 3_600_000

/** Calls that need room on the disk. */
const NEEDS_ROOM = /^(?:create|write)/

/** Faults of the disk are met in its calls. */
type DiskKind = Extract<FaultKind, 'disk-error' | 'disk-full'>

/** Calls of the disk, counted from 1, that meet a fault: `from` and those after it, until as many have met it as should. */
interface DiskWindow {
  readonly kind: DiskKind
  readonly from: number
  left: number
  met: boolean
}

/** Which count says when a fault is due. */
type Trigger = { readonly by: 'steps' | 'controls' | 'calls'; readonly at: number }

interface Planned {
  readonly kind: Exclude<FaultKind, DiskKind>
  readonly trigger: Trigger
}

/** How long an undisturbed run is. */
export interface RunLength {
  readonly steps: number
  readonly controls: number
}

/** See the head of this file. The counts go on over the processes of a run. */
export class FaultPlan implements StepFaults {
  readonly kinds: readonly FaultKind[]
  /** Whether losses of power are among what may be chosen. */
  readonly mayLosePower: boolean
  readonly #random: () => number
  readonly #planned: Planned[] = []
  readonly #windows: DiskWindow[] = []
  /** Called with a fault of the disk, at the first call that meets it. */
  onDiskFault: (kind: DiskKind, call: string) => void = () => {}
  /** Counts of the processes before this one. */
  #stepsBefore = 0
  #controlsBefore = 0
  #now: StepCounts = { steps: 0, controls: 0 }
  #calls = 0
  /** The machine loses its power with the process that dies next. */
  powerFails = false

  constructor(kinds: readonly FaultKind[], length: RunLength, random: () => number) {
    this.#random = random
    this.mayLosePower = kinds.includes('power')
    const chosen: FaultKind[] = []
    if (kinds.length > 0 && random() >= UNDISTURBED) {
      const number = 1 + Math.floor(random() * MOST_FAULTS)
      for (let i = 0; i < number; i++) {
        const kind = kinds[Math.floor(random() * kinds.length)]
        if (kind === undefined) continue
        chosen.push(kind)
        this.#plan(kind, length)
      }
    }
    this.kinds = chosen
  }

  /** Whether the process may end before the job does. */
  get endsProcess(): boolean {
    return this.kinds.some((kind) => ENDS_PROCESS.includes(kind))
  }

  due(counts: StepCounts): readonly StepFault[] {
    this.#now = counts
    const due: StepFault[] = []
    for (let i = this.#planned.length - 1; i >= 0; i--) {
      const planned = this.#planned[i]
      if (planned === undefined || !this.#isDue(planned.trigger)) continue
      this.#planned.splice(i, 1)
      due.push(this.#fault(planned.kind))
    }
    return due
  }

  /** A process has ended, and another one begins to count. */
  nextProcess(): void {
    this.#stepsBefore += this.#now.steps
    this.#controlsBefore += this.#now.controls
    this.#now = { steps: 0, controls: 0 }
    this.powerFails = false
    // Whoever starts it again has made room before.
    for (const window of this.#windows) if (window.met) window.left = 0
  }

  /** What goes wrong at a call of the disk. */
  diskFault(call: string): DiskFault | undefined {
    this.#calls++
    for (const window of this.#windows) {
      const { kind, from, left, met } = window
      if (this.#calls < from || left === 0) continue
      if (kind === 'disk-full' && !NEEDS_ROOM.test(call)) continue
      window.left--
      window.met = true
      if (!met) this.onDiskFault(kind, call)
      return kind === 'disk-full' ? 'ENOSPC' : 'EIO'
    }
    return undefined
  }

  #plan(kind: FaultKind, { steps, controls }: RunLength): void {
    const random = this.#random
    if (kind === 'disk-error' || kind === 'disk-full') {
      const from = 1 + Math.floor(random() * steps * 0.3)
      const left = kind === 'disk-error' ? 1 : 1 + Math.floor(random() * 30)
      this.#windows.push({ kind, from, left, met: false })
      return
    }
    const at = random()
    const choice = random()
    const trigger: Trigger =
      choice < 0.5
        ? { by: 'steps', at: at * steps * 1.2 }
        : choice < 0.75
          ? { by: 'controls', at: at * controls * 1.5 }
          : { by: 'calls', at: at * steps * 0.3 }
    this.#planned.push({ kind, trigger })
  }

  #isDue({ by, at }: Trigger): boolean {
    switch (by) {
      case 'steps':
        return this.#stepsBefore + this.#now.steps >= at
      case 'controls':
        return this.#controlsBefore + this.#now.controls >= at
      case 'calls':
        // Where there is no disk, the step counts.
        return this.#calls >= at || (this.#calls === 0 && this.#stepsBefore + this.#now.steps >= at)
    }
  }

  #fault(kind: Planned['kind']): StepFault {
    const random = this.#random
    switch (kind) {
      case 'actor':
        return { kind, atEnd: random() < 0.5 }
      case 'operation':
        return { kind }
      case 'slot':
        return { kind, pick: random(), keep: random() }
      case 'process':
        return { kind }
      case 'power':
        this.powerFails = true
        return { kind: 'process' }
      case 'control':
        return { kind, pick: random(), steps: 5 + Math.floor(random() ** 2 * 500) }
      case 'time':
        return { kind, spanMs: random() ** 3 * LONGEST_JUMP_MS }
    }
  }
}
