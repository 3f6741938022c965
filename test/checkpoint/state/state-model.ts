/**
 * What keyed state means, written from its definition: per key a list of things with an id, a value and the time of their last
 * refresh. A value, reducing or aggregating state has one thing, a list one per element, a map one per entry.
 *
 * Nothing is ever cleaned up but by reading it, as the descriptors under test say with `cleanupPerAccess: 0` where it matters.
 */

interface Thing {
  readonly id: string
  value: unknown
  time: number
}

export interface ModelOptions {
  readonly ttlMs: number
  readonly onRead: boolean
  readonly returnsExpired: boolean
}

/** One state. `key` says everything that keeps values apart: the key, and the namespace if there is one. */
export class ModelState {
  readonly things = new Map<string, Thing[]>()
  readonly #options: ModelOptions
  now = 0

  constructor(options: ModelOptions) {
    this.#options = options
  }

  /** Values that a read of all things of a key, or of one of them, shows. */
  read(key: string, id?: string): Thing[] {
    const { onRead, returnsExpired } = this.#options
    const all = this.#of(key).filter((thing) => id === undefined || thing.id === id)
    const shown = all.filter((thing) => returnsExpired || this.#alive(thing))
    const dead = all.filter((thing) => !this.#alive(thing))
    this.#keep(key, (thing) => !dead.includes(thing))
    if (onRead) for (const thing of all) if (!dead.includes(thing)) thing.time = this.now
    return shown.map((thing) => ({ ...thing }))
  }

  /** Things that can be seen, without reading them. */
  count(key: string): number {
    const { returnsExpired } = this.#options
    return this.#of(key).filter((thing) => returnsExpired || this.#alive(thing)).length
  }

  write(key: string, id: string, value: unknown): void {
    const thing = this.#of(key).find((each) => each.id === id)
    if (thing === undefined) {
      this.append(key, id, value)
    } else {
      thing.value = value
      thing.time = this.now
    }
  }

  append(key: string, id: string, value: unknown): void {
    this.things.set(key, [...this.#of(key), { id, value, time: this.now }])
  }

  /** Whether there was something to be seen. */
  delete(key: string, id?: string): boolean {
    const { returnsExpired } = this.#options
    const gone = this.#of(key).filter((thing) => id === undefined || thing.id === id)
    this.#keep(key, (thing) => !gone.includes(thing))
    return gone.some((thing) => returnsExpired || this.#alive(thing))
  }

  /** What goes through a snapshot. */
  restart(): void {
    for (const key of this.things.keys()) this.#keep(key, (thing) => this.#alive(thing))
  }

  #of(key: string): Thing[] {
    return this.things.get(key) ?? []
  }

  #alive({ time }: Thing): boolean {
    return time + this.#options.ttlMs > this.now
  }

  #keep(key: string, which: (thing: Thing) => boolean): void {
    const kept = this.#of(key).filter(which)
    if (kept.length === 0) this.things.delete(key)
    else this.things.set(key, kept)
  }
}
