/**
 * Draws the figures of benchmarks as SVG into docs/benchmarks:
 *
 *   npm run bench -- loops latency --json figures.json
 *   npm run pictures -- figures.json [MORE.json…] [--folder DIR]
 *
 * Exit code 2: the command line is wrong.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { parse, View } from 'vega'
import { compile } from 'vega-lite'
import type { Figure } from '../figure.ts'
import { inRepository } from '../repository-folder.ts'
import { picturesOf } from './charts.ts'
import type { Picture } from './charts.ts'

const { positionals: files, values } = parseArgs({
  allowPositionals: true,
  options: { folder: { type: 'string' } },
})
if (files.length === 0) {
  console.error('expected JSON files that npm run bench -- NAME --json FILE has written, got none')
  process.exitCode = 2
} else {
  await draw(
    files,
    values.folder === undefined ? inRepository('docs/benchmarks') : resolve(values.folder),
  )
}

async function draw(names: readonly string[], folder: string): Promise<void> {
  const figures = names.flatMap((name) => JSON.parse(readFileSync(name, 'utf8')) as Figure[])
  const pictures = picturesOf(figures)
  if (pictures.length === 0) throw new Error('there is no picture for any of these figures')
  mkdirSync(folder, { recursive: true })
  for (const picture of pictures) {
    const file = join(folder, `${picture.name}.svg`)
    writeFileSync(file, `${await svgOf(picture)}\n`)
    console.log(file)
  }
}

async function svgOf({ specification }: Picture): Promise<string> {
  const view = new View(parse(compile(specification).spec), { renderer: 'none' })
  try {
    return await view.toSVG()
  } finally {
    view.finalize()
  }
}
