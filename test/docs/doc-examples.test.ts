/**
 * Every `@example` of the public folders compiles, as a module of a user who imports from `millrace`.
 */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { findRoot, readFiles } from '../architecture/repository.ts'
import { EXAMPLE_GLOBALS } from './example-globals.ts'

/** An example, named after the file and line of its `@example`. */
interface Example {
  readonly name: string
  readonly code: string
}

const PUBLIC_FILES = /^(api|connectors|operators|runtime)\/.*\.ts$/
const root = findRoot()

/** The entry points of the package: what a user imports, and the file that stands for it. */
function entryPoints(): Map<string, string> {
  const entries = new Map([
    ['millrace', 'api/index.ts'],
    ['millrace/actors', 'runtime/index.ts'],
    ['millrace/testing', 'api/testing/index.ts'],
  ])
  for (const name of readdirSync(join(root, 'connectors'))) {
    const file = `connectors/${name}/index.ts`
    if (existsSync(join(root, file))) entries.set(`millrace/connectors/${name}`, file)
  }
  return entries
}

/** Where each public name comes from, as an import of it. */
async function publicImports(entries: Map<string, string>): Promise<Map<string, string>> {
  const imports = new Map<string, string>()
  for (const [entry, file] of entries) {
    const text = await readFile(join(root, file), 'utf8')
    for (const [, type = '', names = ''] of text.matchAll(/export (type )?\{([^}]*)\}/g)) {
      for (const name of names.split(',').map((part) => part.trim())) {
        if (name !== '') imports.set(name, `import { ${type}${name} } from '${entry}'`)
      }
    }
  }
  return imports
}

function findExamples(file: string, text: string): Example[] {
  const examples: Example[] = []
  for (const comment of text.matchAll(/\/\*\*.*?\*\//gs)) {
    const [before = '', ...codes] = comment[0].slice(0, -2).split('@example')
    let line = text.slice(0, comment.index).split('\n').length + before.split('\n').length - 1
    for (const code of codes) {
      const name = `${file.replace(/\.ts$/, '').replaceAll('/', '__')}__line_${line}`
      examples.push({ name, code: code.replaceAll(/^ *\* ?/gm, '').trim() })
      line += code.split('\n').length - 1
    }
  }
  return examples
}

function asModule({ code }: Example, imports: Map<string, string>): string {
  const used = [...imports].filter(
    ([name]) =>
      new RegExp(`\\b${name}\\b`).test(code) && !new RegExp(`\\bclass ${name}\\b`).test(code),
  )
  return `${used.map(([, line]) => line).join('\n')}\n${code}\nexport {}\n`
}

/** Checks the examples in one run of the compiler, and returns its errors. */
async function compile(examples: readonly Example[]): Promise<string[]> {
  await mkdir(join(root, '.build'), { recursive: true })
  const folder = await mkdtemp(join(root, '.build', 'doc-examples-'))
  try {
    const entries = entryPoints()
    const imports = await publicImports(entries)
    for (const example of examples) {
      await writeFile(join(folder, `${example.name}.ts`), asModule(example, imports))
    }
    await writeFile(join(folder, 'example-globals.ts'), EXAMPLE_GLOBALS)
    const paths = Object.fromEntries([...entries].map(([name, file]) => [name, [join(root, file)]]))
    const project = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: { noEmit: true, rootDir: root, paths },
      include: ['*.ts'],
      files: [join(root, 'runtime/comlink-node-adapter.d.ts')],
      exclude: [],
    }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(project))
    return await tsc(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

function tsc(project: string): Promise<string[]> {
  const command = join(root, 'node_modules/typescript/bin/tsc')
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [command, '-p', project, '--pretty', 'false'], (error, stdout) => {
      // Its exit code says that there are errors; without any text it has not run.
      if (error !== null && stdout === '') reject(error)
      else resolve(stdout.split('\n').filter((line) => line.includes('error TS')))
    })
  })
}

test('every example in a doc comment compiles', async () => {
  const sources = readFiles(root, (path) => PUBLIC_FILES.test(path))
  const examples = [...sources].flatMap(([file, text]) => findExamples(file, text))
  assert.ok(examples.length > 40, `expected the examples, found ${examples.length}`)
  // Shows that errors are found at all.
  const wrong = { name: 'wrong', code: 'flights.sinkTo(discardSink())' }
  const errors = await compile([...examples, wrong])
  const isProbe = (error: string): boolean => error.includes('wrong.ts')
  assert.equal(
    errors.filter((error) => !isProbe(error)),
    [],
  )
  assert.is(errors.filter(isProbe).length, 1)
  assert.match(
    errors.find(isProbe) ?? '',
    "'sinkTo' does not exist on type 'Stream<ExampleFlight>'",
  )
})

test.run()
