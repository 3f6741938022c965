/** Simulated processes, one after the other, of which the first ones may die in the middle: what the last one comes to. */
import { Simulator } from '../../../runtime/simulator.ts'
import { whole } from '../shapes/input.ts'

/** How processes live and die. */
export interface Mortality {
  readonly seed: number
  readonly random: () => number
  /** Of so many processes each may be killed. */
  readonly mostProcesses: number
  /** The longest life of one that is killed, in steps. */
  readonly longestLife: number
  /** Of one that lives. */
  readonly maxSteps: number
  /** Called when one is over, whether it was killed or not. */
  readonly onEnd: (steps: number, killed: boolean) => void
}

/** Runs `live` in a process after the other, each with one to three slots, until one is not killed. */
export async function untilOneLives<R>(
  mortality: Mortality,
  live: (simulator: Simulator) => Promise<R>,
): Promise<R> {
  const { seed, random, mostProcesses, longestLife, maxSteps, onEnd } = mortality
  for (let number = 0; ; number++) {
    const dies = number < mostProcesses && random() < 0.8
    const dieAt = dies ? whole(random, longestLife) : Number.POSITIVE_INFINITY
    let isDead = false
    const simulator = new Simulator({
      seed: (seed + number * 7_919) % 2 ** 32,
      slots: 1 + whole(random, 3),
      maxSteps,
      faults: {
        due: ({ steps }) => {
          if (isDead || steps < dieAt) return []
          isDead = true
          return [{ kind: 'process' }]
        },
      },
    })
    const killed = new Promise<undefined>((resolve) => {
      simulator.onKilled = () => {
        resolve(undefined)
      }
    })
    const end = await Promise.race([killed, live(simulator).then((result) => ({ result }))])
    onEnd(simulator.steps, end === undefined)
    if (end !== undefined) return end.result
  }
}
