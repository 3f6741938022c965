/**
 * Which modules of the package stand together in one file. Pure: paths in, names of chunks out.
 *
 * A thread that starts pays for every file that it loads, far more than for what stands in it. So chunks are few and large, and only what
 * many programs never load (a command, a connector with a package of its own) is kept apart.
 */

/** What becomes a chunk: its name, and the modules from which everything else in it follows. */
export interface Entry {
  readonly name: string
  readonly modules: readonly string[]
}

/** The modules that each module loads before it runs, by path; those it loads later, on demand, do not count. */
export type StaticImports = ReadonlyMap<string, readonly string[]>

/**
 * The chunk of every module that an entry needs: that of the first entry that needs it. So a chunk loads only those of entries before its
 * own, and none load each other in a circle.
 *
 * @returns names of entries by path. Modules that none needs are missing: they stay as they are. Throws a RangeError for a module that
 *   does not exist
 */
export function planChunks(
  entries: readonly Entry[],
  imports: StaticImports,
): ReadonlyMap<string, string> {
  const chunkOf = new Map<string, string>()
  for (const { name, modules } of entries) {
    for (const path of withImports(modules, imports)) {
      if (!chunkOf.has(path)) chunkOf.set(path, name)
    }
  }
  return chunkOf
}

/** The modules, and all that they load before they run. Throws a RangeError for one that does not exist. */
export function withImports(
  modules: readonly string[],
  imports: StaticImports,
): ReadonlySet<string> {
  const found = new Set<string>()
  const waiting = [...modules]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path)) continue
    const next = imports.get(path)
    if (next === undefined) throw new RangeError(`Expected a module, got '${path}'`)
    found.add(path)
    waiting.push(...next)
  }
  return found
}
