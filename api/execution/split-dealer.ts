/**
 * Deals out the splits of one source, on the coordinator, and knows what has to be dealt again after a restore.
 */
import type {
  EnumeratorSnapshot,
  ReturnedSplit,
} from '../../checkpoint/coordinator/checkpoint-contents.ts'
import type { SourceProgress } from '../../checkpoint/coordinator/pending-checkpoint.ts'
import { checkedEnumerator, checkSplit, isThenable } from '../../operators/connector-checks.ts'
import { operatorError } from '../../operators/operator-error.ts'
import type { Source, SplitEnumerator } from '../../operators/source.ts'
import type { SplitAnswer } from './protocol.ts'

/** Whose splits are dealt. */
export interface DealerOptions {
  /** Of the source operator, for errors. */
  readonly name: string
  readonly uid: string
  readonly parallelism: number
  /** Whether snapshots will be asked for: only then is anything remembered. */
  readonly checkpoints: boolean
}

/** What one subtask was given since the last snapshot that covers it. */
interface Dealt {
  /** Splits given before those in the list. */
  before: number
  readonly splits: unknown[]
}

/** What an enumerator had said before a call of `next` that has not answered yet. */
interface Waiting {
  readonly state: unknown
}

/** One source's enumerator and its memory. Asks the enumerator for one split at a time. */
export class SplitDealer {
  readonly uid: string
  readonly #options: DealerOptions
  readonly #dealt = new Map<number, Dealt>()
  #enumerator: SplitEnumerator<unknown> | undefined
  /** Splits to be given before the enumerator is asked. */
  readonly #returned: ReturnedSplit[] = []
  /** Splits that the enumerator has given since the first start of the job. */
  #given = 0
  #waiting: Waiting | undefined
  #rested: EnumeratorSnapshot | undefined
  /** The last answer that was asked for. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: DealerOptions) {
    this.#options = options
    this.uid = options.uid
  }

  /** Records of all splits; undefined where the enumerator does not know. */
  get recordsExpected(): number | undefined {
    return this.#rested === undefined ? this.#enumerator?.recordsExpected : 0
  }

  /** Takes the place of `start` where all splits had been read: says in snapshots what was said before, and gives nothing out. */
  rest(restored: EnumeratorSnapshot): void {
    this.#rested = restored
  }

  /** Makes the enumerator and brings it to where it was; `restored.returned` names subtasks of this run. */
  async start(source: Source<unknown>, restored?: EnumeratorSnapshot): Promise<void> {
    const { name: operatorName, parallelism } = this.#options
    try {
      const context = { parallelism, restored: restored?.state }
      this.#enumerator = checkedEnumerator(await source.enumerate(context))
      if (restored !== undefined) await this.#goOn(this.#enumerator, restored)
    } catch (error) {
      await this.close().catch(() => {})
      throw operatorError({ operatorName, subtaskIndex: undefined }, error)
    }
  }

  async #goOn(
    enumerator: SplitEnumerator<unknown>,
    { given, returned, state }: EnumeratorSnapshot,
  ): Promise<void> {
    this.#given = given
    this.#returned.push(...returned)
    if (state !== undefined) return
    for (let passed = 0; passed < given; passed++)
      await enumerator.next(passed % this.#options.parallelism)
  }

  /** The next split for a subtask. */
  next(subtaskIndex: number): Promise<SplitAnswer> {
    // Whoever asked before hears of the error of that call.
    const answer = this.#last.then(
      () => this.#ask(subtaskIndex),
      () => this.#ask(subtaskIndex),
    )
    this.#last = answer
    return answer
  }

  #ask(subtaskIndex: number): SplitAnswer | Promise<SplitAnswer> {
    const at = this.#returned.findIndex((split) => split.subtaskIndex === subtaskIndex)
    const [again] = at === -1 ? [] : this.#returned.splice(at, 1)
    if (again !== undefined) return this.#deal(subtaskIndex, again.split, false)
    const enumerator = this.#enumerator
    if (enumerator === undefined) return undefined
    try {
      const state = this.#options.checkpoints ? enumerator.snapshot?.() : undefined
      const split = enumerator.next(subtaskIndex)
      if (!isThenable(split)) return this.#deal(subtaskIndex, split, true)
      this.#waiting = { state }
      return this.#wait(subtaskIndex, split)
    } catch (error) {
      throw this.#error(subtaskIndex, error)
    }
  }

  async #wait(subtaskIndex: number, split: PromiseLike<unknown>): Promise<SplitAnswer> {
    try {
      return this.#deal(subtaskIndex, await split, true)
    } catch (error) {
      throw this.#error(subtaskIndex, error)
    } finally {
      this.#waiting = undefined
    }
  }

  #deal(subtaskIndex: number, split: unknown, isNew: boolean): SplitAnswer {
    this.#waiting = undefined
    if (split === undefined) return undefined
    checkSplit(split)
    if (isNew) this.#given++
    if (this.#options.checkpoints) this.#dealtTo(subtaskIndex).splits.push(split)
    return { split }
  }

  #dealtTo(subtaskIndex: number): Dealt {
    const known = this.#dealt.get(subtaskIndex)
    if (known !== undefined) return known
    const dealt: Dealt = { before: 0, splits: [] }
    this.#dealt.set(subtaskIndex, dealt)
    return dealt
  }

  #error(subtaskIndex: number, error: unknown): unknown {
    return operatorError({ operatorName: this.#options.name, subtaskIndex }, error)
  }

  /** Where it stands; what the subtasks had received at their barriers is forgotten. */
  snapshot(progress: readonly SourceProgress[]): EnumeratorSnapshot {
    if (this.#rested !== undefined) return this.#rested
    const returned: ReturnedSplit[] = []
    for (const { subtaskIndex, received } of progress) {
      const dealt = this.#dealtTo(subtaskIndex)
      dealt.splits.splice(0, received - dealt.before)
      dealt.before = received
      for (const split of dealt.splits) returned.push({ subtaskIndex, split })
    }
    returned.push(...this.#returned)
    const state = this.#waiting === undefined ? this.#enumerator?.snapshot?.() : this.#waiting.state
    return { uid: this.uid, state, given: this.#given, returned }
  }

  async close(): Promise<void> {
    const enumerator = this.#enumerator
    this.#enumerator = undefined
    await enumerator?.close?.()
  }
}
