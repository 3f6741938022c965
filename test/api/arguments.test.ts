import { test } from 'uvu'
import * as assert from 'uvu/assert'
import fc from 'fast-check'
import { parseArguments } from '../../api/arguments.ts'
import type { ArgumentSpecs } from '../../api/arguments.ts'
import { defineJob } from '../../api/job.ts'
import { failure } from './fakes.ts'

const specs = {
  input: { type: 'string', required: true, description: 'CSV file' },
  minutes: { type: 'integer', default: 15 },
  share: { type: 'number' },
  verbose: { type: 'boolean', default: false },
  mode: { type: 'string', choices: ['fast', 'exact'], default: 'exact' },
} as const satisfies ArgumentSpecs

test('strings become values of the described types', () => {
  const raw = { input: 'a.csv', minutes: '-3', share: '0.5', verbose: 'true', mode: 'fast' }
  assert.equal(parseArguments(specs, raw), {
    input: 'a.csv',
    minutes: -3,
    share: 0.5,
    verbose: true,
    mode: 'fast',
  })
})

test('values of the described types are taken as they are, undefined as not given', () => {
  assert.equal(parseArguments(specs, { input: '7', minutes: undefined, share: 2, verbose: true }), {
    input: '7',
    minutes: 15,
    share: 2,
    verbose: true,
    mode: 'exact',
  })
})

test('what is neither given nor has a default is there as undefined', () => {
  const parsed = parseArguments(specs, { input: 'a.csv' })
  assert.is(parsed.share, undefined)
  assert.ok('share' in parsed)
})

const bad: readonly [string, unknown, string][] = [
  ['minutes', '1.5', 'expected a whole number, got "1.5"'],
  ['minutes', '', 'expected a whole number, got ""'],
  ['minutes', 'ten', 'expected a whole number, got "ten"'],
  ['minutes', 9_007_199_254_740_992, 'expected a whole number'],
  ['minutes', null, 'expected a whole number, got null'],
  ['share', 'NaN', 'expected a finite number, got "NaN"'],
  ['share', 'Infinity', 'expected a finite number'],
  ['share', true, 'expected a finite number, got boolean true'],
  ['verbose', 'yes', 'expected true or false, got "yes"'],
  ['verbose', 1, 'expected true or false, got number 1'],
  ['mode', 'slow', 'expected one of fast, exact, got "slow"'],
  ['input', 12, 'expected a string, got number 12'],
]
for (const [name, value, message] of bad) {
  test(`BAD_ARGUMENT says what was expected of ${name} and that ${String(value) || 'nothing'} came`, async () => {
    const error = await failure('BAD_ARGUMENT', () =>
      parseArguments(specs, { input: 'a.csv', [name]: value }),
    )
    assert.ok(error.message.startsWith(`argument '${name}': ${message}`), error.message)
  })
}

test('an unknown argument names the similar one and all that are known', async () => {
  const error = await failure('UNKNOWN_ARGUMENT', () => parseArguments(specs, { imput: 'a.csv' }))
  assert.is(
    error.message,
    "unknown argument 'imput'; did you mean 'input'? (known are input, minutes, share, verbose, mode)",
  )
})

test('names of object members are no arguments', async () => {
  for (const name of ['toString', 'constructor', '__proto__']) {
    const raw = Object.fromEntries([
      ['input', 'a.csv'],
      [name, 'x'],
    ])
    await failure('UNKNOWN_ARGUMENT', () => parseArguments(specs, raw))
  }
})

test('a job without arguments says so', async () => {
  const error = await failure('UNKNOWN_ARGUMENT', () => parseArguments({}, { output: 'x' }))
  assert.match(error.message, 'this job takes no arguments')
})

test('a missing argument says what it is for', async () => {
  const error = await failure('MISSING_ARGUMENT', () => parseArguments(specs, {}))
  assert.is(error.message, "argument 'input' is missing: expected a string (CSV file)")
})

test('without a description any strings pass, and nothing else', async () => {
  assert.equal(parseArguments(undefined, { any: 'thing', other: '' }), { any: 'thing', other: '' })
  await failure('BAD_ARGUMENT', () => parseArguments(undefined, { count: 3 }))
})

test('a number survives its way through a command line', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      assert.is(
        parseArguments({ n: { type: 'number' } }, { n: `${value}` }).n,
        value === 0 ? 0 : value,
      )
    }),
  )
})

const badSpecs: readonly [string, object][] = [
  ['a type that is unknown', { type: 'date' }],
  ['a default of another type', { type: 'integer', default: 1.5 }],
  ['a default that is no choice', { type: 'string', choices: ['a'], default: 'b' }],
  ['a choice of another type', { type: 'boolean', choices: ['a'] }],
  ['no choices', { type: 'string', choices: [] }],
  ['a default although it is required', { type: 'string', default: 'a', required: true }],
]
for (const [what, spec] of badSpecs) {
  test(`an argument described with ${what} is refused when the job is defined`, async () => {
    await failure('INVALID_JOB', () =>
      defineJob({ name: 'job', args: { a: spec as never } }, () => {}),
    )
  })
}

test('an argument needs a name that a command line can carry', async () => {
  for (const name of ['', 'a=b', 'a b', '-x']) {
    await failure('INVALID_JOB', () =>
      defineJob({ name: 'job', args: { [name]: { type: 'string' } } }, () => {}),
    )
  }
})

test.run()
