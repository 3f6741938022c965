/** Figures as pictures. */
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { figure } from '../../benchmarks/figure.ts'
import { picturesOf } from '../../benchmarks/pictures/charts.ts'

const main = fileURLToPath(new URL('../../benchmarks/pictures/main.js', import.meta.url))

const FIGURES = [
  figure('loops', 'q10: loop, events/s', [2_000_000]),
  figure('loops', 'q2: loop, events/s', [3_000_000]),
  figure('loops', 'q2: parallelism 1, events/s', [1_000_000]),
  figure('loops', 'q2: parallelism 2 / 1', [1.5]),
  figure('latency', 'q5: 99.99th percentile, ms', [12]),
  figure('latency', 'q5: 50th percentile, ms', [3]),
  figure('scaling', 'state of 1000 keys: parallelism 1, records/s', [1_000_000]),
  figure('scaling', 'windows of 100 slides: parallelism 2, records/s', [500_000]),
]

test('there is a picture for every kind of figure, and none without figures', () => {
  assert.equal(
    picturesOf(FIGURES).map(({ name }) => name),
    ['speed-loops', 'latency', 'parallelism', 'size-of-state', 'size-of-windows'],
  )
  assert.equal(picturesOf([figure('start', 'millrace run of an empty job, ms', [200])]), [])
})

test('the command writes SVG files, with queries in the order of their numbers', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-pictures-'))
  try {
    const json = join(folder, 'figures.json')
    await writeFile(json, JSON.stringify(FIGURES))
    await promisify(execFile)(process.execPath, [main, json, '--folder', folder])
    const written = (await readdir(folder)).filter((name) => name.endsWith('.svg')).sort()
    assert.equal(written, [
      'latency.svg',
      'parallelism.svg',
      'size-of-state.svg',
      'size-of-windows.svg',
      'speed-loops.svg',
    ])
    const svg = await readFile(join(folder, 'speed-loops.svg'), 'utf8')
    assert.match(svg, /^<svg /)
    assert.ok(svg.indexOf('>q2<') > 0 && svg.indexOf('>q2<') < svg.indexOf('>q10<'))
    assert.match(svg, '>parallelism 1<')
  } finally {
    await rm(folder, { recursive: true })
  }
})

test.run()
