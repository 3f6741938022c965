#!/usr/bin/env node
/**
 * Runs the shapes of jobs through many simulated runs in which something goes wrong, and compares what they put out with answers that the
 * engine has not computed.
 *
 *   npm run simulate -- [--seeds N] [--shape NAME] [--mode MODE] [--first SEED]   N seeds in all, 10,000 by default, dealt to all shapes and modes
 *   npm run simulate -- --shape NAME --mode MODE --seed N [--trace]               one seed again, step by step
 *
 * Exit code 1 when something was found, 2 for wrong options.
 */
import { parseArgs } from 'node:util'
import { CYCLIC_ACTORS, runCyclicActors } from './actors/cyclic-actors.ts'
import { MODE_NAMES } from './modes.ts'
import type { Mode } from './modes.ts'
import { describeFinding, runShape } from './run-shape.ts'
import type { ShapeReport } from './run-shape.ts'
import { reportTable } from './report-table.ts'
import { SHAPES } from './shapes/all-shapes.ts'
import type { Shape } from './shapes/shape.ts'

const PROGRESS_MS = 10_000

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    first: { type: 'string', default: '0' },
    seed: { type: 'string' },
    shape: { type: 'string' },
    mode: { type: 'string' },
    trace: { type: 'boolean', default: false },
  },
})

const shapes = chosenShapes()
const modes = chosenModes()
const first = wholeNumber('first', values.seed ?? values.first, 0)
const all = values.seed === undefined ? wholeNumber('seeds', values.seeds, 1) : 1
const withActors = values.shape === undefined || values.shape === CYCLIC_ACTORS
const runs = (shapes.length + (withActors ? 1 : 0)) * modes.length
const each = Math.ceil(all / runs)
const startMs = performance.now()
const reports: ShapeReport[] = []
let done = 0
let toldMs = startMs

for (const shape of shapes) {
  for (const mode of modes) {
    const report = await runShape(shape, {
      mode,
      firstSeed: first,
      seeds: each,
      onSeed: tellProgress,
      ...(values.trace ? { trace: console.log } : {}),
    })
    reports.push(report)
    for (const finding of report.findings) console.error(describeFinding(shape.name, mode, finding))
  }
}
if (withActors) {
  // Plain actors know no modes.
  const report = await runCyclicActors(first, each * modes.length, tellProgress)
  reports.push(report)
  for (const finding of report.findings)
    console.error(describeFinding(CYCLIC_ACTORS, 'aligned', finding))
}
console.log(reportTable(reports))
console.log(`${seconds()} s`)
process.exitCode = reports.some(({ findings }) => findings.length > 0) ? 1 : 0

function tellProgress(): void {
  done++
  if (performance.now() - toldMs < PROGRESS_MS) return
  toldMs = performance.now()
  console.log(`${done} of ${each * runs} seeds, ${seconds()} s`)
}

function seconds(): string {
  return ((performance.now() - startMs) / 1000).toFixed(1)
}

function chosenShapes(): readonly Shape[] {
  if (values.shape === undefined) return SHAPES
  const chosen = SHAPES.filter(({ name }) => name === values.shape)
  const names = [...SHAPES.map(({ name }) => name), CYCLIC_ACTORS]
  if (!names.includes(values.shape)) refuse(`--shape: expected one of ${names.join(', ')}`)
  return chosen
}

function chosenModes(): readonly Mode[] {
  if (values.mode === undefined) return MODE_NAMES
  const chosen = MODE_NAMES.filter((mode) => mode === values.mode)
  if (chosen.length === 0) refuse(`--mode: expected one of ${MODE_NAMES.join(', ')}`)
  return chosen
}

function wholeNumber(name: string, text: string, least: number): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < least)
    refuse(`--${name}: expected a whole number from ${least}, got ${text}`)
  return number
}

function refuse(message: string): never {
  console.error(`simulate: ${message}`)
  process.exit(2)
}
