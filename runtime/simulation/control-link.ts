/**
 * The control plane between the coordinator and one simulated slot: calls and answers travel as messages, in order in each direction,
 * and arrive when the simulator chooses. On the simulator's thread.
 *
 * As with a real port, a call that the other side has not heard when it dies is lost, and whoever waits for an answer hears of the death.
 */
import { Fifo } from '../../mailbox/fifo.ts'
import type { Async } from '../slot-node.ts'
import type { StepSource } from './step-source.ts'

interface Message {
  readonly text: () => string
  readonly deliver: () => void
}

/** Calls that wait for an answer. */
type Reject = (error: Error) => void

/** The messages of one slot. */
export class ControlLink implements StepSource {
  /** Messages that have arrived. */
  delivered = 0
  readonly #slot: number
  readonly #wake: () => void
  readonly #toSlot = new Fifo<Message>()
  #toMain = new Fifo<Message>()
  readonly #waiting = new Set<Reject>()
  #gone: Error | undefined
  #held = false

  constructor(slot: number, wake: () => void) {
    this.#slot = slot
    this.#wake = wake
  }

  get pending(): number {
    if (this.#held) return 0
    return (this.#toSlot.size > 0 ? 1 : 0) + (this.#toMain.size > 0 ? 1 : 0)
  }

  /** Messages that have not arrived. */
  get queued(): number {
    return this.#toSlot.size + this.#toMain.size
  }

  /** Whether nothing arrives for a while. */
  get held(): boolean {
    return this.#held
  }

  set held(held: boolean) {
    this.#held = held
  }

  perform(number: number): () => string {
    const queue = number === 0 && this.#toSlot.size > 0 ? this.#toSlot : this.#toMain
    const message = queue.shift()
    this.delivered++
    message?.deliver()
    return message?.text ?? nothing
  }

  /** Asks the slot to do something. Rejects with what that throws, or with the error given to `die`. */
  ask<T>(what: () => string, act: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== undefined) {
        reject(this.#gone)
        return
      }
      this.#waiting.add(reject)
      this.#post(
        this.#toSlot,
        () => `main → slot ${this.#slot}: ${what()}`,
        () => {
          const answer = (deliver: () => void): void => {
            this.#post(
              this.#toMain,
              () => `slot ${this.#slot} → main: has done ${what()}`,
              () => {
                this.#waiting.delete(reject)
                deliver()
              },
            )
          }
          settle(
            act,
            (value) => {
              answer(() => {
                resolve(value)
              })
            },
            (error) => {
              answer(() => {
                reject(error)
              })
            },
          )
        },
      )
    })
  }

  /** What the coordinator sees of an object on the slot. */
  slotView<Api extends object>(api: Api): Async<Api> {
    return view(api, (method, args, call) => this.ask(() => `${method}(${shown(args)})`, call))
  }

  /** What the slot sees of an object of the coordinator. */
  mainView<Api extends object>(api: Api): Async<Api> {
    return view(api, (method, args, call) =>
      this.#tellMain(() => `${method}(${shown(args)})`, call),
    )
  }

  /**
   * The slot is gone: it hears nothing more. What it had said arrives, but for the part that was on its way still; `keep`, from 0 to 1, is
   * the share that arrives. Then `notice` is given, and whoever waits for an answer gets the error.
   */
  die(error: Error, keep: number, notice: () => void): void {
    this.#gone = error
    this.#toSlot.clear()
    const kept = new Fifo<Message>()
    for (let left = Math.floor(keep * (this.#toMain.size + 1)); left > 0; left--) {
      const message = this.#toMain.shift()
      if (message !== undefined) kept.push(message)
    }
    kept.push({
      text: () => `main hears that slot ${this.#slot} is lost`,
      deliver: () => {
        this.#rejectAll(error)
        notice()
      },
    })
    this.#toMain = kept
    this.#wake()
  }

  /** Both ends are done with each other: nothing arrives any more. */
  close(error: Error): void {
    this.#gone = error
    this.#toSlot.clear()
    this.#toMain.clear()
    this.#rejectAll(error)
  }

  #rejectAll(error: Error): void {
    for (const reject of this.#waiting) reject(error)
    this.#waiting.clear()
  }

  #tellMain(what: () => string, call: () => unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== undefined) return
      this.#post(
        this.#toMain,
        () => `slot ${this.#slot} → main: ${what()}`,
        () => {
          const answer = (deliver: () => void): void => {
            if (this.#gone !== undefined) return
            this.#post(this.#toSlot, () => `main → slot ${this.#slot}: has done ${what()}`, deliver)
          }
          let result: unknown
          try {
            result = call()
          } catch (error) {
            answer(() => {
              reject(error)
            })
            return
          }
          // Nobody waits for the end of what has no answer.
          if (result === undefined) resolve(undefined)
          else {
            settle(
              () => result,
              (value) => {
                answer(() => {
                  resolve(value)
                })
              },
              (error) => {
                answer(() => {
                  reject(error)
                })
              },
            )
          }
        },
      )
    })
  }

  #post(queue: Fifo<Message>, text: () => string, deliver: () => void): void {
    queue.push({ text, deliver })
    this.#wake()
  }
}

const nothing = (): string => 'nothing'

function settle<T>(
  act: () => T | Promise<T>,
  onValue: (value: T) => void,
  onError: (error: unknown) => void,
): void {
  const run = async (): Promise<T> => act()
  run().then(onValue, onError)
}

type Send = (method: string, args: readonly unknown[], call: () => unknown) => Promise<unknown>

function view<Api extends object>(api: Api, send: Send): Async<Api> {
  return new Proxy(api, {
    get(target, key) {
      const method: unknown = Reflect.get(target, key)
      // `then` must not look like a method, or a promise that resolves to this object would call it.
      if (typeof method !== 'function' || typeof key !== 'string' || key === 'then')
        return undefined
      return (...args: unknown[]): Promise<unknown> =>
        send(key, args, () => Reflect.apply(method, target, args) as unknown)
    },
  }) as unknown as Async<Api>
}

/** Enough to tell one call from another. */
function shown(args: readonly unknown[]): string {
  return args
    .map((arg) => {
      if (typeof arg !== 'object' || arg === null) return String(arg)
      if ('taskId' in arg && 'subtaskIndex' in arg)
        return `${String(arg.taskId)}/${String(arg.subtaskIndex)}`
      return '…'
    })
    .join(', ')
}
