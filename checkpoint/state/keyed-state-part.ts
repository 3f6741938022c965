/**
 * A keyed state as a part of its operator's snapshot: what `registerKeyed` takes. The payload of an entry are the fields of its form,
 * after the namespace if there is one.
 */
import type { Clock } from '../../runtime/clock.ts'
import { accumulatorUpgrade, layoutOf } from '../accumulator-layout.ts'
import type { AggregateFunction } from '../aggregate-function.ts'
import { originalKey } from '../canonical-key.ts'
import type { CanonicalKey } from '../canonical-key.ts'
import { DamagedFieldsError } from './entry-form.ts'
import type { EntryForm, Upgrade } from './entry-form.ts'
import type { EntryTable, TableEntry } from './entry-table.ts'
import { upgradeFrom } from './migration.ts'
import type { PayloadLayout } from './payload-layout.ts'
import { ExpiredEntry } from './state-backend.ts'
import type { CutSpan, KeepEntry, KeyedPart, Namespace, PartCut } from './state-backend.ts'
import type { KeyedStateDescriptor } from './state-descriptors.ts'
import type { LateState, RestSource, ShownEntry, StatePart } from './state-part.ts'

/** What a part is made of. */
export interface KeyedStatePartOptions<E extends TableEntry> {
  readonly name: string
  readonly descriptor: KeyedStateDescriptor
  readonly namespaced: boolean
  readonly table: EntryTable<E>
  readonly form: EntryForm<E>
  /** By which entries expire. */
  readonly clock: Clock
}

/** A keyed state that a user has declared. */
export class KeyedStatePart<E extends TableEntry> implements KeyedPart, StatePart, LateState {
  readonly name: string
  readonly kind: string
  readonly version: number
  readonly readsOlder: boolean
  readonly layout: PayloadLayout | undefined
  readonly #options: KeyedStatePartOptions<E>
  #upgrade: { readonly version: number; readonly upgrade: Upgrade } | undefined
  /** When it was made: what is restored later counts as restored then. */
  readonly #startedAt: number

  constructor(options: KeyedStatePartOptions<E>) {
    const { name, descriptor, namespaced, clock } = options
    this.#startedAt = clock.now()
    this.name = name
    this.kind = namespaced ? `${descriptor.kind} per namespace` : descriptor.kind
    this.version = descriptor.version ?? 1
    this.readsOlder = descriptor.migrate !== undefined
    this.#options = options
    if (descriptor.kind === 'aggregating')
      this.layout = accumulatorsAt(namespaced ? 1 : 0, descriptor.aggregate)
  }

  snapshot(write: (key: CanonicalKey, payload: unknown) => void): void {
    const { table, clock } = this.#options
    const now = clock.now()
    for (const [{ key, namespace }, entry] of table.entries()) {
      const payload = this.#payload(namespace, entry, now)
      if (payload !== undefined) write(key as CanonicalKey, payload)
    }
  }

  cut(keep: KeepEntry, span: CutSpan): PartCut {
    const { table, clock, namespaced } = this.#options
    // What expires while the snapshot is being packed was alive at the cut.
    const now = clock.now()
    let payloadOf = (namespace: Namespace | undefined, entry: E): unknown =>
      this.#payload(namespace, entry, now)
    const deleted = table.cut((key, namespace, entry) => {
      const payload = payloadOf(namespace, entry)
      if (payload !== undefined) keep(key, payload)
    }, span)
    const common = {
      take: (namespace: Namespace | undefined, entry: unknown): unknown => {
        return table.takePacked(entry as E) ? payloadOf(namespace, entry as E) : undefined
      },
      end: () => {
        table.endCut()
      },
    }
    if (deleted === undefined) return { ...common, walk: table.walker() }
    payloadOf = (namespace, entry) =>
      this.#payload(namespace, entry, now) ?? new ExpiredEntry(namespace)
    const by = namespaced ? 'namespace' : 'key'
    const listed = table.takeChanges()
    if (listed !== undefined)
      return { ...common, walk: listed, changes: { by, deleted, rare: false } }
    const walk = table.walker()
    return {
      ...common,
      changes: { by, deleted, rare: true },
      walk: (limit, found) =>
        walk(limit, (key, namespace, entry) => {
          if (table.hasChanged(entry)) found(key, namespace, entry)
        }),
    }
  }

  restore(key: CanonicalKey, payload: unknown, version: number): void {
    const { namespaced, table, form } = this.#options
    if (!Array.isArray(payload)) throw new DamagedFieldsError('an array of fields')
    const namespace = namespaced ? namespaceOf(payload[0]) : undefined
    const fields: readonly unknown[] = namespaced ? payload.slice(1) : payload
    const entry = form.read(fields, this.#upgradeFrom(version), this.#startedAt)
    if (entry !== undefined) table.store(key, namespace, entry)
  }

  restoreLater(rest: RestSource): void {
    this.#options.table.restoreLater(rest)
  }

  pathInValue(path: readonly (string | number)[]): readonly (string | number)[] {
    return path.slice(1)
  }

  *show(): Iterable<ShownEntry> {
    const { name: state, table, form, namespaced } = this.#options
    for (const [{ key, namespace }, entry] of table.entries()) {
      if (!form.isAlive(entry)) continue
      const shown = { state, key: originalKey(key as CanonicalKey), value: form.show(entry) }
      yield namespaced ? { ...shown, namespace } : shown
    }
  }

  *keys(): Iterable<CanonicalKey> {
    const { table, form, namespaced } = this.#options
    const seen = new Set<CanonicalKey>()
    for (const [place, entry] of table.entries()) {
      const key = place.key as CanonicalKey
      if (!form.isAlive(entry) || seen.has(key)) continue
      if (namespaced) seen.add(key)
      yield key
    }
  }

  #payload(namespace: Namespace | undefined, entry: E, now: number): unknown[] | undefined {
    const { form, namespaced } = this.#options
    const fields = form.write(entry, now)
    if (namespaced) fields?.unshift(namespace)
    return fields
  }

  #upgradeFrom(version: number): Upgrade {
    if (this.#upgrade?.version !== version) {
      const { descriptor } = this.#options
      this.#upgrade = { version, upgrade: upgradeFrom(descriptor, version) }
    }
    return this.#upgrade.upgrade
  }
}

/** The layout of payloads that have an accumulator in this place. */
function accumulatorsAt(
  index: number,
  aggregate: AggregateFunction<never, unknown, unknown>,
): PayloadLayout {
  return {
    stored: layoutOf(aggregate),
    upgradeFrom(stored) {
      const upgrade = accumulatorUpgrade(aggregate, stored)
      if (upgrade === undefined) return undefined
      return (payload) => {
        if (!Array.isArray(payload)) throw new DamagedFieldsError('an array of fields')
        return payload.map((field, i) => (i === index ? upgrade(field) : (field as unknown)))
      }
    },
  }
}

function namespaceOf(stored: unknown): Namespace {
  if (typeof stored === 'string' || typeof stored === 'number') return stored
  throw new DamagedFieldsError('a namespace as field 0')
}
