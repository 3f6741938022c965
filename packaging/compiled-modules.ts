/**
 * The modules that tsc has written, and what of them must be known before they can move into another file.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join, posix, sep } from 'node:path'
import { parse, Visitor } from 'rolldown/utils'

/** One module as tsc has written it. */
export interface CompiledModule {
  readonly code: string
  /** Its source map, as JSON. */
  readonly map: string
  /** The paths of our own modules that are loaded before it. */
  readonly imports: readonly string[]
  /** Where in `code` it asks for its URL: the first characters of each `import.meta.url`, ascending. */
  readonly ownUrls: readonly number[]
}

const OWN_URL = 'import.meta.url'

/** All modules in some folders of a directory, by their path below it, with `/` between folders. Rejects where one cannot be parsed. */
export async function readModules(
  directory: string,
  folders: readonly string[],
): Promise<ReadonlyMap<string, CompiledModule>> {
  const modules = new Map<string, CompiledModule>()
  for (const folder of folders) {
    for (const file of (await readdir(join(directory, folder), { recursive: true })).sort()) {
      if (!file.endsWith('.js')) continue
      const path = `${folder}/${file.split(sep).join('/')}`
      const code = await readFile(join(directory, path), 'utf8')
      const map = await readFile(join(directory, `${path}.map`), 'utf8')
      modules.set(path, { code, map, ...(await parsed(path, code)) })
    }
  }
  return modules
}

/** The code of a module that stands in another file: its URL is still its own, at `path` from there. */
export function withUrlOf({ code, ownUrls }: CompiledModule, path: string): string {
  let moved = ''
  let end = 0
  for (const start of ownUrls) {
    moved += `${code.slice(end, start)}new URL('${path}', ${OWN_URL}).href`
    end = start + OWN_URL.length
  }
  return moved + code.slice(end)
}

async function parsed(
  path: string,
  code: string,
): Promise<Pick<CompiledModule, 'imports' | 'ownUrls'>> {
  const { program, errors } = await parse(path, code)
  if (errors.length > 0) throw new SyntaxError(`${path}: ${errors[0]?.message ?? ''}`)
  const imports: string[] = []
  const addImport = ({ source }: { readonly source: { readonly value: string } | null }): void => {
    if (source?.value.startsWith('.') === true)
      imports.push(posix.join(posix.dirname(path), source.value))
  }
  const ownUrls: number[] = []
  new Visitor({
    ImportDeclaration: addImport,
    ExportNamedDeclaration: addImport,
    ExportAllDeclaration: addImport,
    MetaProperty: ({ start }) => {
      if (code.startsWith(OWN_URL, start)) ownUrls.push(start)
    },
  }).visit(program)
  return { imports, ownUrls }
}
