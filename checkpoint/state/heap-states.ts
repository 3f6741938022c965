/** Makes a keyed state of a descriptor: its handle, its entries, and its part of the snapshot. */
import type { Clock } from '../../runtime/clock.ts'
import { ExpiringCells, LastingCells } from './cells.ts'
import type { Cell, Cells, ExpiringCell } from './cells.ts'
import type { EntryForm } from './entry-form.ts'
import type { EntryTable, TableEntry } from './entry-table.ts'
import { Expiry } from './expiry.ts'
import { KeyedStatePart } from './keyed-state-part.ts'
import { KeyedTable } from './keyed-table.ts'
import { ExpiringListState, HeapListState } from './list-state.ts'
import type { ExpiringListEntry, ListEntry } from './list-state.ts'
import { ExpiringMapState, HeapMapState } from './map-state.ts'
import type { ExpiringValue, MapEntry } from './map-state.ts'
import { NamespacedTable } from './namespaced-table.ts'
import type { KeyCursor } from './place.ts'
import type { KeyedStateDescriptor } from './state-descriptors.ts'
import type { AnyKeyedPart } from './state-part.ts'
import { HeapAggregatingState, HeapReducingState, HeapValueState } from './value-state.ts'

/** Where the state belongs. */
export interface HeapStateOptions {
  readonly name: string
  readonly namespaced: boolean
  /** Operator and state, for errors. */
  readonly where: string
  readonly cursor: KeyCursor
  readonly clock: Clock
}

/** A handle and the part that belongs to it. */
export interface HeapState {
  readonly handle: unknown
  readonly part: AnyKeyedPart
}

/** Makes the state. Every kind has a class for entries with a ttl and one without. */
export function heapState(descriptor: KeyedStateDescriptor, options: HeapStateOptions): HeapState {
  const expiry =
    descriptor.ttl === undefined ? undefined : new Expiry(descriptor.ttl, options.clock)
  const whole = <E extends TableEntry>(make: (table: EntryTable<E>) => Made<E>): HeapState => {
    const { name, namespaced, where, cursor, clock } = options
    const Table = namespaced ? NamespacedTable<E> : KeyedTable<E>
    const table = new Table(where, cursor)
    const { handle, form } = make(table)
    return {
      handle,
      part: new KeyedStatePart({ name, descriptor, namespaced, table, form, clock }),
    }
  }
  const cells = (handleOf: (cells: Cells<unknown>) => unknown): HeapState => {
    if (expiry === undefined) {
      return whole<Cell<unknown>>((table) => {
        const form = new LastingCells(table)
        return { handle: handleOf(form), form }
      })
    }
    return whole<ExpiringCell<unknown>>((table) => {
      const form = new ExpiringCells(table, expiry)
      return { handle: handleOf(form), form }
    })
  }
  switch (descriptor.kind) {
    case 'value':
      return cells((all) => new HeapValueState(all, descriptor.initial))
    case 'reducing':
      return cells((all) => new HeapReducingState(all, descriptor.reduce))
    case 'aggregating':
      return cells((all) => new HeapAggregatingState(all, descriptor.aggregate))
    case 'list':
      return expiry === undefined
        ? whole<ListEntry<unknown>>((table) => itself(new HeapListState(table)))
        : whole<ExpiringListEntry<unknown>>((table) => itself(new ExpiringListState(table, expiry)))
    case 'map':
      return expiry === undefined
        ? whole<MapEntry<unknown>>((table) => itself(new HeapMapState(table)))
        : whole<MapEntry<ExpiringValue<unknown>>>((table) =>
            itself(new ExpiringMapState(table, expiry)),
          )
  }
}

interface Made<E extends TableEntry> {
  readonly handle: unknown
  readonly form: EntryForm<E>
}

/** Lists and maps are handle and form in one. */
function itself<E extends TableEntry>(state: EntryForm<E>): Made<E> {
  return { handle: state, form: state }
}
