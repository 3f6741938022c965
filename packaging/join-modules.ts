/**
 * Joins the compiled modules of the package into few files, in place, because starting a thread is mostly loading files.
 *
 * Every module keeps its path and its exports: where it was joined with others, its file only re-exports from their chunk in `chunks/`.
 * So nothing exists twice, whoever imports what; tests, examples and benchmarks stay as they are.
 */
import { rm } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { rolldown } from 'rolldown'
import type { CodeSplittingGroup, Plugin } from 'rolldown'
import { planChunks, withImports } from './chunk-plan.ts'
import type { Entry, StaticImports } from './chunk-plan.ts'
import { readModules, withUrlOf } from './compiled-modules.ts'
import type { CompiledModule } from './compiled-modules.ts'

/** The folders of the package that users install. */
const FOLDERS = ['mailbox', 'runtime', 'checkpoint', 'operators', 'api', 'connectors', 'cli']

/** The one module that does something when it is loaded: it stays alone, so that nobody loads it by accident. */
const COMMAND = 'cli/main.js'
const JOBS = ['api/index.js', 'api/execution/job-on-slot.js']
const CSV = ['connectors/csv/index.js']
const PARQUET = ['connectors/parquet/index.js']
const ACTORS = ['runtime/index.js', 'runtime/actors/actor-slot-extension.js']

/**
 * Each stands on those before it. What a thread needs of a job comes in two files; the pool of threads, the command line and packages that
 * read and write formats are for those who ask for them.
 */
const ENTRIES: readonly Entry[] = [
  { name: 'runtime', modules: ['runtime/worker.js'] },
  { name: 'jobs', modules: JOBS },
  {
    name: 'connectors',
    modules: [
      'connectors/collection/index.js',
      'connectors/console/index.js',
      'connectors/discard/index.js',
      'connectors/file-sink/index.js',
      'connectors/generator/index.js',
      'connectors/json-lines/index.js',
      'connectors/socket/index.js',
    ],
  },
  { name: 'csv', modules: CSV },
  { name: 'parquet', modules: PARQUET },
  { name: 'threads', modules: ['runtime/thread-host.js'] },
  { name: 'actors', modules: ACTORS },
  { name: 'run', modules: ['cli/run.js'] },
  { name: 'testing', modules: ['api/testing/index.js'] },
]

/** What rolldown adds to help chunks, and the import of it where a chunk needs no help. */
const HELPERS = 'chunks/rolldown-runtime.js'
const NO_HELP = /^import "[./a-z]*\/rolldown-runtime\.js";$/m

/** Joins the modules below `directory`, which tsc has just written. Returns how many there were, and how many chunks they make. */
export async function joinModules(
  directory: string,
): Promise<{ readonly modules: number; readonly chunks: number }> {
  const modules = await readModules(directory, FOLDERS)
  const imports = new Map([...modules].map(([path, { imports: found }]) => [path, found]))
  const chunkOf = planChunks(allEntries(imports), imports)
  const idOf = (path: string): string => join(directory, path)
  const pathOf = (id: string): string => relative(directory, id).split(sep).join('/')
  const bundle = await rolldown({
    input: Object.fromEntries([...modules.keys()].map((path) => [path.slice(0, -3), idOf(path)])),
    platform: 'node',
    external: /^[^./]/,
    // Whatever a module exports, somebody may import.
    treeshake: false,
    preserveEntrySignatures: 'strict',
    plugins: [compiledModules(modules, chunkOf, pathOf), withoutEmptyHelpers],
    onLog: (level, log) => {
      if (level !== 'debug') throw new Error(`${level}: ${log.message}`)
    },
  })
  const chunks = [...new Set(chunkOf.values())]
  const groups = chunks.map((name, index): CodeSplittingGroup => {
    return {
      name,
      priority: chunks.length - index,
      test: (id) => chunkOf.get(pathOf(id)) === name,
    }
  })
  // The chunks have maps of their own; those of tsc would be wrong.
  for (const path of chunkOf.keys()) await rm(idOf(`${path}.map`), { force: true })
  await bundle.write({
    dir: directory,
    format: 'esm',
    sourcemap: true,
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
    codeSplitting: { groups },
    // A text without a letter outside Latin-1 takes half the time to read.
    charset: 'ascii',
    comments: { legal: true, annotation: false, jsdoc: false },
  })
  await bundle.close()
  return { modules: modules.size, chunks: chunks.length }
}

/** Modules come from memory, with the maps of tsc; one that moves keeps the URL it had, from which it finds its neighbours. */
function compiledModules(
  modules: ReadonlyMap<string, CompiledModule>,
  chunkOf: ReadonlyMap<string, string>,
  pathOf: (id: string) => string,
): Plugin {
  return {
    name: 'compiled-modules',
    load: (id) => {
      const path = pathOf(id)
      const module = modules.get(path)
      if (module === undefined) return null
      const { code, map } = module
      return { code: chunkOf.has(path) ? withUrlOf(module, `../${path}`) : code, map }
    },
  }
}

/** A file that holds nothing costs as much to load as any other. */
const withoutEmptyHelpers: Plugin = {
  name: 'without-empty-helpers',
  generateBundle: (_, bundle) => {
    for (const chunk of Object.values(bundle)) {
      // The line stays, so that the source map holds.
      if (chunk.type === 'chunk') chunk.code = chunk.code.replace(NO_HELP, '')
    }
    const helpers = bundle[HELPERS]
    if (helpers?.type === 'chunk' && helpers.exports.length === 0) delete bundle[HELPERS]
  },
}

/** The entries above, and before and behind them what several share that do not stand on each other. */
function allEntries(imports: StaticImports): Entry[] {
  const command = (imports.get(COMMAND) ?? []).flatMap((path) => [...withImports([path], imports)])
  const actors = withImports(ACTORS, imports)
  const jobs = [...withImports(JOBS, imports)]
  const csv = [...withImports(CSV, imports)]
  const parquet = withImports(PARQUET, imports)
  return [
    // What the command line reads arguments with and tells mistakes with: `--help` loads no engine.
    { name: 'basics', modules: command.filter((path) => !path.startsWith('cli/')) },
    { name: 'command', modules: command },
    { name: 'runtime', modules: jobs.filter((path) => actors.has(path)) },
    { name: 'jobs', modules: JOBS },
    { name: 'connectors', modules: csv.filter((path) => parquet.has(path)) },
    ...ENTRIES,
  ]
}
