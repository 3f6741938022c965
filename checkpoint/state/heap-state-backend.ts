/**
 * The state of one operator of a subtask on the heap of its slot's thread.
 *
 * Handles read and write JavaScript values as they are; only a snapshot turns them into bytes. It is packed in small steps while the
 * states are used (`snapshot-cut.ts`), or at once.
 *
 * What is restored waits until its state or part is declared, and of states that a user declares until it is looked up, or its turn comes
 * (`raw-entries.ts`); what is never declared goes into the next snapshot unchanged.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import type { Clock } from '../../runtime/clock.ts'
import { originalKey } from '../canonical-key.ts'
import type { CanonicalKey } from '../canonical-key.ts'
import { heapState } from './heap-states.ts'
import { HeapBroadcastState, HeapOperatorList } from './operator-state.ts'
import type { PayloadLayout, PayloadLayouts } from './payload-layout.ts'
import { KeyCursor } from './place.ts'
import { RestoredState } from './snapshot-reader.ts'
import { SnapshotCut } from './snapshot-cut.ts'
import type { SnapshotOwner } from './snapshot-packer.ts'
import type { OperatorSnapshot } from './snapshot.ts'
import type {
  CutOptions,
  KeyedPart,
  Namespace,
  OperatorPart,
  StateBackend,
} from './state-backend.ts'
import type { KeyedStateDescriptor, OperatorStateDescriptor, StateOf } from './state-descriptors.ts'
import type { AnyKeyedPart, AnyOperatorPart, ShownEntry } from './state-part.ts'

/** Whose state it is, and where it starts from. */
export interface HeapStateBackendOptions extends SnapshotOwner {
  readonly subtaskIndex: number
  readonly parallelism: number
  /** The clock by which entries expire. */
  readonly clock: Clock
  /** The snapshots of *all* subtasks of the old run, in their order. Default: none, a first start. */
  readonly restored?: readonly OperatorSnapshot[]
  /** The one of them that this very subtask had, where the parallelism is as before. Default: unknown. */
  readonly own?: OperatorSnapshot | undefined
  /** What is in the payloads of the parts that the operator keeps itself. Default: nothing is said of them. */
  readonly layouts?: PayloadLayouts | undefined
}

/** A state that a user has declared. */
interface Declared {
  readonly descriptor: KeyedStateDescriptor | OperatorStateDescriptor
  readonly namespaced: boolean
  readonly handle: unknown
}

/**
 * Errors of the constructor: `INCOMPATIBLE_STATE` for snapshots of another uid, max parallelism or format, `DAMAGED_SNAPSHOT`.
 * Handles throw `NO_CURRENT_KEY` before the first `setCurrentKey`, and `INVALID_KEY` for keys of maps.
 */
export class HeapStateBackend implements StateBackend {
  readonly #options: Omit<HeapStateBackendOptions, 'restored'>
  readonly #cursor = new KeyCursor()
  readonly #restored: RestoredState
  readonly #keyed: AnyKeyedPart[] = []
  readonly #operator: AnyOperatorPart[] = []
  /** By name; undefined for a part that the operator keeps itself. */
  readonly #names = new Map<string, Declared | undefined>()
  /** The last one; it may be packed. */
  #cut: SnapshotCut | undefined
  #cuts = 0

  constructor({ restored = [], ...options }: HeapStateBackendOptions) {
    this.#options = options
    this.#restored = new RestoredState({ ...options, restored })
  }

  get currentKey(): CanonicalKey | undefined {
    return this.#cursor.key
  }

  setCurrentKey(key: CanonicalKey): void {
    const cursor = this.#cursor
    cursor.moveTo(key)
    cursor.moves++
  }

  setCurrentPair(first: number, second: number): void {
    const cursor = this.#cursor
    cursor.moveToPair(first, second)
    cursor.moves++
  }

  setNamespace(namespace: Namespace): void {
    const cursor = this.#cursor
    cursor.namespace = namespace
    cursor.moves++
  }

  keyedState<D extends KeyedStateDescriptor>(
    name: string,
    descriptor: D,
    { namespaced = false }: { readonly namespaced?: boolean } = {},
  ): StateOf<D> {
    const stored = descriptor.name ?? name
    return this.#declare(stored, { descriptor, namespaced }, () => {
      const { operatorName } = this.#options
      const { handle, part } = heapState(descriptor, {
        name: stored,
        namespaced,
        where: `operator '${operatorName}', state '${stored}'`,
        cursor: this.#cursor,
        clock: this.#options.clock,
      })
      this.#claimKeyed(part)
      return handle
    })
  }

  operatorState<D extends OperatorStateDescriptor>(name: string, descriptor: D): StateOf<D> {
    const stored = descriptor.name ?? name
    return this.#declare(stored, { descriptor, namespaced: false }, () => {
      const state: OperatorStateDescriptor = descriptor
      const handle =
        state.kind === 'broadcast'
          ? new HeapBroadcastState(stored, state)
          : new HeapOperatorList(stored, state)
      this.#operator.push(handle)
      this.#restored.claimOperator(handle)
      return handle
    })
  }

  registerKeyed(part: KeyedPart): void {
    this.#reserve(part.name, undefined)
    this.#claimKeyed(part)
  }

  registerOperator(part: OperatorPart): void {
    this.#reserve(part.name, undefined)
    this.#operator.push(part)
    this.#restored.claimOperator(part)
  }

  get restoring(): boolean {
    return this.#restored.hasRest
  }

  restoreStep(): number {
    return this.#restored.step()
  }

  *keys(stateName: string): Iterable<CanonicalKey> {
    this.#restored.finish()
    const part = this.#keyed.find(({ name }) => name === stateName)
    if (part?.keys !== undefined) yield* part.keys()
  }

  /** Errors: `UNSENDABLE_VALUE` for a value that is not plain data, with operator, state, key and path. */
  snapshot(): OperatorSnapshot {
    return this.cut().finish()
  }

  cut({ since, isBase = false }: CutOptions = {}): SnapshotCut {
    this.#cut?.giveUp()
    const span = { number: ++this.#cuts, since, isBase }
    // Handles remember the entry of the current key.
    this.#cursor.moves++
    const contents = {
      keyed: this.#keyed,
      layoutOf: this.#layoutOf,
      operator: this.#operator,
      unclaimedKeyed: this.#restored.unclaimedKeyed(),
      unclaimedOperator: this.#restored.unclaimedOperator(),
      rest: this.#restored,
    }
    this.#cut = new SnapshotCut(this.#options, contents, span)
    return this.#cut
  }

  /**
   * What is in the states and parts, without what is expired and without what was restored and not declared. For tests. A part that
   * the operator keeps itself shows its payloads, or its items.
   */
  *entries(): Iterable<ShownEntry> {
    this.#restored.finish()
    for (const part of this.#keyed) {
      if (part.show !== undefined) {
        yield* part.show()
        continue
      }
      const shown: ShownEntry[] = []
      const { name: state } = part
      part.snapshot((key, value) => {
        shown.push({ state, key: originalKey(key), value })
      })
      yield* shown
    }
    for (const part of this.#operator) {
      if (part.show !== undefined) yield* part.show()
      else for (const value of part.snapshot()) yield { state: part.name, key: undefined, value }
    }
  }

  /** Number of `entries`, counted one by one. */
  get size(): number {
    let size = 0
    for (const _entry of this.entries()) size++
    return size
  }

  /** Whether there are no `entries`. */
  get isEmpty(): boolean {
    for (const _entry of this.entries()) return false
    return true
  }

  #claimKeyed(part: AnyKeyedPart): void {
    this.#packAll()
    this.#keyed.push(part)
    this.#restored.claimKeyed(part, this.#layoutOf(part))
  }

  readonly #layoutOf = (part: AnyKeyedPart): PayloadLayout | undefined =>
    part.layout ?? this.#options.layouts?.(part.kind)

  /** What was not declared at the cut is packed as it was restored: before it is handed out, to be changed. */
  #packAll(): void {
    if (this.#cut?.isPacked !== false) return
    try {
      this.#cut.finish()
    } catch {
      // Whoever packs it hears of the error with the next step.
    }
  }

  /** The handle of a state: that which it has already, or a new one. */
  #declare<D extends KeyedStateDescriptor | OperatorStateDescriptor>(
    name: string,
    declaration: { readonly descriptor: D; readonly namespaced: boolean },
    create: () => unknown,
  ): StateOf<D> {
    const known = this.#names.get(name)
    if (known === undefined) {
      const { descriptor } = declaration
      this.#checkFree(name, descriptor.kind)
      const handle = create()
      this.#names.set(name, { ...declaration, handle })
      return handle as StateOf<D>
    }
    if (!sameState(known, declaration)) throw this.#duplicate(name, declaration.descriptor.kind)
    return known.handle as StateOf<D>
  }

  #reserve(name: string, declared: Declared | undefined): void {
    this.#checkFree(name, 'part of the operator')
    this.#names.set(name, declared)
  }

  #checkFree(name: string, kind: string): void {
    if (this.#names.has(name)) throw this.#duplicate(name, kind)
  }

  #duplicate(name: string, kind: string): MillraceError {
    const known = this.#names.get(name)
    const had = known === undefined ? 'part of the operator' : known.descriptor.kind
    const reason =
      had === kind
        ? `it is declared twice with different options (${kind})`
        : `it is declared as ${kind}, but is ${had} already`
    return new MillraceError(
      'DUPLICATE_STATE',
      `operator '${this.#options.operatorName}', state '${name}': ${reason}; give one of them another name`,
    )
  }
}

/** Whether two declarations mean the same state: equal options, the same functions. */
function sameState(a: Omit<Declared, 'handle'>, b: Omit<Declared, 'handle'>): boolean {
  return a.namespaced === b.namespaced && sameFields(a.descriptor, b.descriptor)
}

function sameFields(a: object, b: object): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  return [...names].every((name) => {
    const x = left[name]
    const y = right[name]
    return name === 'ttl' && isObject(x) && isObject(y) ? sameFields(x, y) : Object.is(x, y)
  })
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
