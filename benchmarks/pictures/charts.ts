/**
 * Which pictures figures make, as Vega-Lite specifications. Pure functions.
 */
import type { TopLevelSpec } from 'vega-lite'
import type { Figure } from '../figure.ts'

/** A picture. */
export interface Picture {
  /** Name of the file, without its ending. */
  readonly name: string
  readonly specification: TopLevelSpec
}

const SPEED = /^(q\d+): (.+), events\/s$/
const PERCENTILE = /^(.+): ([\d.]+)th percentile, ms$/
const SIZE = /^(state|windows) of (\d+) (keys|slides): (.+), records\/s$/
const SCALING = /^(q\d+): parallelism 2 \/ 1$/
const WIDTH = 860
const HEIGHT = 300
const SCHEMA = 'https://vega.github.io/schema/vega-lite/v6.json'

/** All pictures that there are figures for. */
export function picturesOf(figures: readonly Figure[]): readonly Picture[] {
  return [...speeds(figures), ...latencies(figures), ...scaling(figures), ...sizes(figures)]
}

/** Bars per query and engine, a picture per benchmark. */
function speeds(figures: readonly Figure[]): Picture[] {
  const byBenchmark = new Map<string, { query: string; engine: string; speed: number }[]>()
  for (const { name, metric, value } of figures) {
    const [, query, engine] = SPEED.exec(metric) ?? []
    if (query === undefined || engine === undefined) continue
    const bars = byBenchmark.get(name) ?? []
    bars.push({ query, engine, speed: value })
    byBenchmark.set(name, bars)
  }
  return [...byBenchmark].map(([name, values]) => ({
    name: `speed-${name}`,
    specification: {
      ...frame('Events per second by query (more is better)'),
      data: { values },
      mark: 'bar',
      encoding: {
        x: queryAxis(values),
        xOffset: { field: 'engine', sort: null },
        y: { field: 'speed', type: 'quantitative', title: 'events/s', axis: { format: '~s' } },
        color: { field: 'engine', sort: null, title: null, legend: { orient: 'top' } },
      },
    },
  }))
}

/** How late results are, from the median to the worst. */
function latencies(figures: readonly Figure[]): Picture[] {
  const values = figures.flatMap(({ metric, value }) => {
    const [, what, percentile] = PERCENTILE.exec(metric) ?? []
    if (what === undefined || percentile === undefined) return []
    return [{ what, percentile: Number(percentile), milliseconds: value }]
  })
  if (values.length === 0) return []
  return [
    {
      name: 'latency',
      specification: {
        ...frame('Latency by percentile (less is better)'),
        data: { values },
        mark: { type: 'line', point: true },
        encoding: {
          x: { field: 'percentile', type: 'ordinal', axis: { labelAngle: 0 } },
          y: {
            field: 'milliseconds',
            type: 'quantitative',
            scale: { type: 'log' },
            title: 'ms, logarithmic',
          },
          color: { field: 'what', sort: null, title: null, legend: { orient: 'top' } },
        },
      },
    },
  ]
}

/** What the second thread brings to each query. */
function scaling(figures: readonly Figure[]): Picture[] {
  const values = figures.flatMap(({ metric, value }) => {
    const [, query] = SCALING.exec(metric) ?? []
    return query === undefined ? [] : [{ query, ratio: value }]
  })
  if (values.length === 0) return []
  return [
    {
      name: 'parallelism',
      specification: {
        ...frame('Speed at parallelism 2 against parallelism 1 (2 is best, below 1 it costs)'),
        data: { values },
        layer: [
          {
            mark: 'bar',
            encoding: {
              x: queryAxis(values),
              y: { field: 'ratio', type: 'quantitative', title: 'times as fast' },
            },
          },
          { mark: { type: 'rule', strokeDash: [4, 4] }, encoding: { y: { datum: 1 } } },
        ],
      },
    },
  ]
}

/** Speed by the size of the state, and by the size of windows. */
function sizes(figures: readonly Figure[]): Picture[] {
  const byKind = new Map<string, { size: number; engine: string; speed: number }[]>()
  for (const { metric, value } of figures) {
    const [, kind, size, , engine] = SIZE.exec(metric) ?? []
    if (kind === undefined || engine === undefined) continue
    const points = byKind.get(kind) ?? []
    points.push({ size: Number(size), engine, speed: value })
    byKind.set(kind, points)
  }
  return [...byKind].map(([kind, values]) => ({
    name: `size-of-${kind}`,
    specification: {
      ...frame(
        kind === 'state'
          ? 'Speed by the number of keys that have state'
          : 'Speed by the number of slides in a window',
      ),
      data: { values },
      mark: { type: 'line', point: true },
      encoding: {
        x: {
          field: 'size',
          type: 'quantitative',
          scale: { type: 'log' },
          title: kind === 'state' ? 'keys, logarithmic' : 'slides per window, logarithmic',
        },
        y: { field: 'speed', type: 'quantitative', title: 'records/s', axis: { format: '~s' } },
        color: { field: 'engine', sort: null, title: null, legend: { orient: 'top' } },
      },
    },
  }))
}

function frame(title: string) {
  return { $schema: SCHEMA, title, width: WIDTH, height: HEIGHT, background: 'white' } as const
}

function queryAxis(values: readonly { readonly query: string }[]) {
  const names = [...new Set(values.map(({ query }) => query))]
  const sort = names.sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)))
  return { field: 'query', type: 'nominal', sort, title: null, axis: { labelAngle: 0 } } as const
}
