/**
 * One open window of one key, and where all of them are kept.
 */
import type { CanonicalKey } from '../../checkpoint/canonical-key.ts'
import type { Namespace } from '../../checkpoint/state/state-backend.ts'
import { detachKey } from '../../checkpoint/detach.ts'
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../../mailbox/time.ts'
import type { TimeWindow } from './time-window.ts'
import type { WindowSpacing } from './window-assigner.ts'

/** An open window of a key. The operator and the window's contents change it in place. */
export class WindowEntry {
  readonly window: TimeWindow
  /** Tells it from the other windows of its key: in timers and in state per window. */
  readonly namespace: Namespace
  /** What the trigger remembers. */
  triggerState: unknown
  /** An accumulator, or the records; meaningless unless `filled`. */
  contents: unknown = undefined
  filled = false
  /** How often it has fired. */
  fired = 0
  /** The last cut that has packed or kept it, or came before it was opened; 0: none. */
  epoch = 0

  constructor(window: TimeWindow, namespace: Namespace, triggerState: unknown) {
    this.window = window
    this.namespace = namespace
    this.triggerState = triggerState
  }

  /** Drops the contents. */
  purge(): void {
    this.contents = undefined
    this.filled = false
  }
}

/** Names a window: windows of equal spacing by their end, which costs nothing. */
export function namespaceOf(
  start: number,
  end: number,
  spacing: WindowSpacing | undefined,
): Namespace {
  if (spacing !== undefined) return end
  return start === MIN_TIMESTAMP && end === MAX_TIMESTAMP ? 'global' : `${start},${end}`
}

/** The open windows of all keys. */
export interface WindowStore {
  find(key: CanonicalKey, namespace: Namespace): WindowEntry | undefined
  add(key: CanonicalKey, entry: WindowEntry): void
  remove(key: CanonicalKey, entry: WindowEntry): void
  /** All of them. May go on while windows come and go: what goes may be missing, what comes may be there. */
  entries(): Iterable<readonly [key: CanonicalKey, entry: WindowEntry]>
  clear(): void
}

/** By window first, for many keys share few windows. */
export class SharedWindowStore implements WindowStore {
  readonly #windows = new Map<Namespace, Map<CanonicalKey, WindowEntry>>()
  /** The window that was asked for last, because the next record mostly belongs to it too, and what is in it. */
  #last: Namespace | undefined
  #byKey: Map<CanonicalKey, WindowEntry> | undefined

  find(key: CanonicalKey, namespace: Namespace): WindowEntry | undefined {
    if (namespace !== this.#last) {
      this.#byKey = this.#windows.get(namespace)
      this.#last = this.#byKey === undefined ? undefined : namespace
    }
    return this.#byKey?.get(key)
  }

  add(key: CanonicalKey, entry: WindowEntry): void {
    const byKey = this.#windows.get(entry.namespace)
    if (byKey === undefined) this.#windows.set(entry.namespace, new Map([[detachKey(key), entry]]))
    else byKey.set(detachKey(key), entry)
  }

  remove(key: CanonicalKey, { namespace }: WindowEntry): void {
    const byKey = this.#windows.get(namespace)
    if (byKey === undefined) return
    byKey.delete(key)
    if (byKey.size > 0) return
    this.#windows.delete(namespace)
    this.#last = undefined
    this.#byKey = undefined
  }

  *entries(): Iterable<readonly [CanonicalKey, WindowEntry]> {
    for (const byKey of this.#windows.values()) yield* byKey
  }

  clear(): void {
    this.#windows.clear()
    this.#last = undefined
    this.#byKey = undefined
  }
}

const NO_ENTRIES: readonly WindowEntry[] = Object.freeze([])

/** By key first, for windows that merge belong to one key. */
export class MergingWindowStore implements WindowStore {
  readonly #keys = new Map<CanonicalKey, WindowEntry[]>()

  /** The windows of a key in the order of their starts. Not to be changed, and not to be kept. */
  entriesOf(key: CanonicalKey): readonly WindowEntry[] {
    return this.#keys.get(key) ?? NO_ENTRIES
  }

  find(key: CanonicalKey, namespace: Namespace): WindowEntry | undefined {
    return this.#keys.get(key)?.find((entry) => entry.namespace === namespace)
  }

  add(key: CanonicalKey, entry: WindowEntry): void {
    const entries = this.#keys.get(key)
    if (entries === undefined) {
      this.#keys.set(detachKey(key), [entry])
      return
    }
    let at = entries.length
    while (at > 0 && (entries[at - 1] as WindowEntry).window.start > entry.window.start) at--
    entries.splice(at, 0, entry)
  }

  remove(key: CanonicalKey, entry: WindowEntry): void {
    const entries = this.#keys.get(key)
    const at = entries?.indexOf(entry) ?? -1
    if (entries === undefined || at === -1) return
    entries.splice(at, 1)
    if (entries.length === 0) this.#keys.delete(key)
  }

  *entries(): Iterable<readonly [CanonicalKey, WindowEntry]> {
    for (const [key, entries] of this.#keys) {
      // A copy, because those before may be removed meanwhile.
      const copy = entries.slice()
      for (const entry of copy) yield [key, entry]
    }
  }

  clear(): void {
    this.#keys.clear()
  }
}
