/**
 * What was restored of one operator, until its states and parts ask for it: of the snapshots of all subtasks of the old run, the key
 * groups that are now this subtask's, and its share of what has no key.
 *
 * What nobody asks for is kept as it is and goes into the next snapshot: a state that a version of a job does not use is not lost.
 */
import { MillraceError } from '../../mailbox/errors.ts'
import { asBuffer, unpackList } from '../../mailbox/msgpack.ts'
import type { CanonicalKey } from '../canonical-key.ts'
import { keyGroupRange } from '../key-groups.ts'
import { DamagedFieldsError } from './entry-form.ts'
import type { Upgrade } from './entry-form.ts'
import { MigrationFailure } from './migration.ts'
import { LayoutMismatch } from './payload-layout.ts'
import type { PayloadLayout } from './payload-layout.ts'
import { RestoredEntries } from './restored-entries.ts'
import type { StoredEntries } from './restored-entries.ts'
import { INCREMENT_FORMAT } from './snapshot.ts'
import type { KeyedStateInfo, OperatorSnapshot } from './snapshot.ts'
import type { OperatorItems, SnapshotOwner } from './snapshot-packer.ts'
import type { AnyKeyedPart, AnyOperatorPart, RestSource, StatePart } from './state-part.ts'

/** Which subtask restores, and from what. */
export interface RestoreOptions extends SnapshotOwner {
  readonly subtaskIndex: number
  readonly parallelism: number
  /** The snapshots of all subtasks of the old run, in their order. */
  readonly restored: readonly OperatorSnapshot[]
  /**
   * The one of them that this subtask had itself, where the parallelism is as before: its items without keys stay with it, for others may have
   * finished and not be there to take them. Default: they are dealt out anew.
   */
  readonly own?: OperatorSnapshot | undefined
}

type Part = { readonly name: string; readonly kind: string; readonly version: number } & Partial<
  Pick<StatePart, 'readsOlder'>
>

/** Hands out what was restored, each state once. Errors of all methods: `INCOMPATIBLE_STATE`, `DAMAGED_SNAPSHOT`. */
export class RestoredState implements RestSource {
  readonly #options: Omit<RestoreOptions, 'restored'>
  /** By old subtask. */
  readonly #old: readonly Pick<OperatorSnapshot, 'operator'>[]
  readonly #keyed: RestoredEntries
  /** The names of states without keys that nobody has asked for. */
  readonly #operator = new Set<string>()

  constructor({ restored, ...options }: RestoreOptions) {
    this.#options = options
    this.#old = restored.map(({ operator }) => ({ operator }))
    const { subtaskIndex, parallelism, maxParallelism } = options
    this.#keyed = new RestoredEntries({
      snapshots: restored,
      range: keyGroupRange(subtaskIndex, parallelism, maxParallelism),
      check: (snapshot) => {
        this.#check(snapshot)
      },
      damaged: (what, fault, cause) => this.#damaged(what, fault, cause),
    })
    for (const { operator } of restored) for (const { name } of operator) this.#operator.add(name)
  }

  get hasRest(): boolean {
    return this.#keyed.hasRaw
  }

  bringIn(key: CanonicalKey): void {
    this.#keyed.bringIn(key)
  }

  step(): number {
    return this.#keyed.step()
  }

  /** Restores all the rest now. */
  finish(): void {
    while (this.hasRest) this.step()
  }

  /**
   * Hands a keyed state or part what was restored of it: all of it, or as it is needed where the part can have it so and need not migrate it, for
   * what `migrate` throws must be heard of at once. The same goes for what is not laid out as `layout` says.
   */
  claimKeyed(part: AnyKeyedPart, layout?: PayloadLayout): void {
    const all = this.#keyed.claim(part.name)
    if (this.#operator.has(part.name)) {
      const found = this.#storedItems(part.name)[0]?.kind ?? ''
      throw this.#otherKind(part, `${found}, without a key`)
    }
    for (const stored of all) {
      const { version } = stored.info
      this.#checkCompatible(part, stored.info)
      const upgrade = this.#layoutUpgrade(part, layout, stored.info)
      const isPresent = version === part.version && upgrade === undefined
      if (part.restoreLater === undefined || !isPresent) this.#keyed.makeState(stored)
      else if (this.hasRest) part.restoreLater(this)
      stored.claim(([, key, payload]) => {
        try {
          part.restore(key, upgrade === undefined ? payload : upgrade(payload), version)
        } catch (error) {
          throw this.#failure(part, version, error)
        }
      })
    }
  }

  /** The same without keys. */
  claimOperator(part: AnyOperatorPart): void {
    const { name, redistribution } = part
    const keyed = this.#keyed.of(name)[0]
    if (keyed !== undefined) throw this.#otherKind(part, `${keyed.info.kind}, with keys`)
    if (!this.#operator.delete(name)) return
    const stored = this.#storedItems(name)
    for (const state of stored) {
      this.#checkCompatible(part, state)
      if (state.redistribution !== redistribution) {
        throw this.#otherKind(
          { ...part, kind: `${part.kind} (${redistribution})` },
          `${state.kind} (${state.redistribution})`,
        )
      }
    }
    const version = stored[0]?.version ?? part.version
    if (stored.some((state) => state.version !== version)) {
      const versions = stored.map((state) => state.version).join(', ')
      throw this.#incompatible(name, `its subtasks have stored different versions: ${versions}`)
    }
    const items = redistribution === 'union' ? allItems(stored) : this.#share(stored)
    try {
      part.restore(items, version)
    } catch (error) {
      throw this.#failure(part, version, error)
    }
  }

  /** Keyed entries that nobody has asked for; those of the rest come to them. */
  unclaimedKeyed(): Iterable<StoredEntries> {
    return this.#keyed.unclaimed()
  }

  /**
   * States without keys that nobody has asked for: this subtask's share. Of a union too, or its items would multiply.
   */
  *unclaimedOperator(): Iterable<OperatorItems> {
    for (const name of this.#operator) {
      const stored = this.#storedItems(name)
      const [first] = stored
      if (first !== undefined) yield { ...first, items: this.#share(stored) }
    }
  }

  #check({ format, uid, maxParallelism }: OperatorSnapshot): void {
    const own = this.#options
    const refuse = (what: string): never => {
      throw new MillraceError(
        'INCOMPATIBLE_STATE',
        `operator '${own.operatorName}': cannot restore its snapshot: ${what}`,
      )
    }
    if (!(Number.isInteger(format) && format >= 1 && format <= INCREMENT_FORMAT))
      refuse(`expected a format from 1 to ${INCREMENT_FORMAT}, got ${String(format)}`)
    if (uid !== own.uid) refuse(`expected that of uid '${own.uid}', got that of '${uid}'`)
    if (maxParallelism !== own.maxParallelism) {
      refuse(
        `it was written with a max parallelism of ${maxParallelism}, the operator has ${own.maxParallelism}; ` +
          'the max parallelism of stored state cannot be changed',
      )
    }
  }

  #unpack(what: string, bytes: Uint8Array, length: number): unknown[] {
    try {
      return unpackList(asBuffer(bytes), length)
    } catch (cause) {
      throw this.#damaged(what, cause instanceof Error ? cause.message : String(cause), cause)
    }
  }

  /** Of one state, by old subtask. */
  #storedItems(name: string): OperatorItems[] {
    return this.#old.flatMap((snapshot) => this.#itemsOf(snapshot, name))
  }

  #itemsOf({ operator }: Pick<OperatorSnapshot, 'operator'>, name: string): OperatorItems[] {
    return operator
      .filter((state) => state.name === name)
      .map((state) => ({
        ...state,
        items: this.#unpack(`state '${name}'`, state.bytes, state.items),
      }))
  }

  /** What falls to this subtask: what it had itself, an even, contiguous part, or what one old subtask had. */
  #share(stored: readonly OperatorItems[]): readonly unknown[] {
    const { own, subtaskIndex, parallelism } = this.#options
    const name = stored[0]?.name
    if (own !== undefined && name !== undefined) {
      const items = this.#itemsOf(own, name)[0]?.items
      if (items !== undefined) return items
    }
    if (stored[0]?.redistribution === 'broadcast')
      return stored[subtaskIndex % stored.length]?.items ?? []
    const all = allItems(stored)
    const start = Math.floor((subtaskIndex * all.length) / parallelism)
    return all.slice(start, Math.floor(((subtaskIndex + 1) * all.length) / parallelism))
  }

  #checkCompatible(part: Part, stored: KeyedStateInfo): void {
    if (stored.kind !== part.kind) throw this.#otherKind(part, stored.kind)
    if (stored.version > part.version) {
      throw this.#incompatible(
        part.name,
        `it was stored in version ${stored.version}, which is newer than the declared version ${part.version}`,
      )
    }
    if (stored.version < part.version && part.readsOlder === false) {
      throw this.#incompatible(
        part.name,
        `it was stored in version ${stored.version}, the declared version is ${part.version}; ` +
          'give the state a migrate function that reads the older one',
      )
    }
  }

  /** What brings stored payloads into the present layout. Those of older versions are for `migrate`. */
  #layoutUpgrade(
    part: AnyKeyedPart,
    layout: PayloadLayout | undefined,
    stored: KeyedStateInfo,
  ): Upgrade | undefined {
    if (layout === undefined || stored.version !== part.version) return undefined
    try {
      return layout.upgradeFrom(stored.layout)
    } catch (error) {
      throw this.#failure(part, stored.version, error)
    }
  }

  /** What to say of an error of a part that restores something. */
  #failure(part: Part, version: number, error: unknown): unknown {
    if (error instanceof DamagedFieldsError)
      return this.#damaged(`state '${part.name}'`, error.message, error)
    if (error instanceof LayoutMismatch) return this.#incompatible(part.name, error.message)
    if (!(error instanceof MigrationFailure)) return error
    const { cause } = error
    return this.#incompatible(
      part.name,
      `migrate failed from version ${version} to ${part.version}: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    )
  }

  #otherKind(part: Part, stored: string): MillraceError {
    return this.#incompatible(
      part.name,
      `it was stored as ${stored}, but is declared as ${part.kind}`,
    )
  }

  #incompatible(state: string, what: string, cause?: unknown): MillraceError {
    return new MillraceError(
      'INCOMPATIBLE_STATE',
      `operator '${this.#options.operatorName}', state '${state}': ${what}`,
      cause === undefined ? {} : { cause },
    )
  }

  #damaged(what: string, fault: string, cause?: unknown): MillraceError {
    return new MillraceError(
      'DAMAGED_SNAPSHOT',
      `operator '${this.#options.operatorName}', ${what}: the snapshot is damaged: ${fault}`,
      cause === undefined ? {} : { cause },
    )
  }
}

function allItems(stored: readonly OperatorItems[]): unknown[] {
  return stored.flatMap(({ items }) => items)
}
