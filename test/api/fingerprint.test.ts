import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Environment } from '../../api/environment.ts'
import { fingerprint, firstDifference } from '../../api/fingerprint.ts'
import { buildGraph, defineJob } from '../../api/job.ts'
import type { OperatorOptions } from '../../api/operator-options.ts'
import type { Stream } from '../../api/stream.ts'
import { fakeSink, fakeSource, graphOf } from './fakes.ts'
import type { Flight } from './fakes.ts'

const same = (flight: Flight): Flight => flight

function job(
  options: OperatorOptions = {},
  step = (stream: Stream<Flight>) => stream.map(same, options),
) {
  return (env: Environment): void => step(env.from(fakeSource())).to(fakeSink())
}

async function difference(
  a: (env: Environment) => void,
  b: (env: Environment) => void,
): Promise<string | undefined> {
  const [here, there] = [fingerprint(await graphOf(a)), fingerprint(await graphOf(b))]
  const text = firstDifference(here, there)
  assert.is(here.hash === there.hash, text === undefined)
  return text
}

test('two builds of one job have one fingerprint', async () => {
  const build = job({ name: 'x', uid: 'y', parallelism: 2 })
  assert.is(await difference(build, build), undefined)
  assert.equal(fingerprint(await graphOf(build)), fingerprint(await graphOf(build)))
})

const options: readonly [OperatorOptions, string][] = [
  [{ name: 'other' }, "operator 1 'map': name is 'map' here and 'other' there"],
  [{ uid: 'u' }, "operator 1 'map': uid is 'map-1' here and 'u' there"],
  [{ parallelism: 3 }, "operator 1 'map': parallelism is not set here and 3 there"],
  [{ maxParallelism: 3 }, "operator 1 'map': maxParallelism is not set here and 3 there"],
  [{ chain: false }, "operator 1 'map': chain is true here and false there"],
]
for (const [given, text] of options) {
  test(`a difference in ${Object.keys(given).join()} is named`, async () => {
    assert.is(await difference(job(), job(given)), text)
  })
}

test('another kind of operator is named', async () => {
  const text = await difference(
    job(),
    job({}, (stream) => stream.filter(() => true, { name: 'map' })),
  )
  assert.is(text, "operator 1 'map': kind is 'map' here and 'filter' there")
})

test('another way between two operators is named', async () => {
  const text = await difference(
    job(),
    job({}, (stream) => stream.rebalance().map(same)),
  )
  assert.is(
    text,
    "operator 1 'map': inputs is [default from operator 0] here and [rebalance from operator 0] there",
  )
})

test('another input is named', async () => {
  const from = (index: number) => (env: Environment) => {
    const streams = [env.from(fakeSource()), env.from(fakeSource())] as const
    for (const stream of streams) stream.to(fakeSink())
    streams[index]?.map(same).to(fakeSink())
  }
  assert.is(
    await difference(from(0), from(1)),
    "operator 4 'map': inputs is [default from operator 0] here and [default from operator 1] there",
  )
})

test('another function text is named', async () => {
  const text = await difference(
    job(),
    job({}, (stream) => stream.map((flight) => ({ ...flight }))),
  )
  assert.match(
    text ?? '',
    /^operator 1 'map': function is 'code [0-9a-f]{12}' here and 'code [0-9a-f]{12}' there$/,
  )
})

test('another key selector is named', async () => {
  const keyed = (key: (flight: Flight) => string) =>
    job({}, (stream) => stream.keyBy(key).reduce(same))
  const text = await difference(
    keyed((flight) => flight.origin),
    keyed((flight) => flight.origin[0] ?? ''),
  )
  assert.match(text ?? '', "operator 1 'reduce'")
})

test('an operator more on one side is named', async () => {
  const more = (env: Environment): void => {
    job()(env)
    env.from(fakeSource('more')).to(fakeSink())
  }
  assert.is(await difference(job(), more), "operator 3 'more' exists there only")
  assert.is(await difference(more, job()), "operator 3 'more' exists here only")
})

test('another name of the job is named', async () => {
  const named = (name: string) => buildGraph(defineJob(name, job()))
  const text = firstDifference(fingerprint(await named('a')), fingerprint(await named('b')))
  assert.is(text, "the job: job is 'a' here and 'b' there")
})

test('names with quotes, brackets and line ends are compared like others', async () => {
  const text = await difference(job({ name: 'a"}\n{"' }), job({ name: 'a"}\n{' }))
  assert.match(text ?? '', 'name is')
})

test('a fingerprint can travel', async () => {
  const print = fingerprint(await graphOf(job()))
  assert.is(firstDifference(structuredClone(print), print), undefined)
})

test.run()
