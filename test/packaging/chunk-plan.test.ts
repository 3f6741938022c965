import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { planChunks, withImports } from '../../packaging/chunk-plan.ts'

const imports = new Map([
  ['errors.js', []],
  ['ring.js', ['errors.js']],
  ['job.js', ['ring.js', 'plan.js']],
  ['plan.js', ['errors.js', 'job.js']],
  ['table.js', ['errors.js']],
])

test('a module stands in the chunk of the first entry that needs it', () => {
  const entries = [
    { name: 'thread', modules: ['ring.js'] },
    { name: 'jobs', modules: ['job.js'] },
  ]
  const chunks = planChunks(entries, imports)
  assert.equal(Object.fromEntries(chunks), {
    'ring.js': 'thread',
    'errors.js': 'thread',
    'job.js': 'jobs',
    'plan.js': 'jobs',
  })
})

test('modules that load each other are found once', () => {
  assert.equal(
    [...withImports(['plan.js'], imports)].sort(),
    ['errors.js', 'job.js', 'plan.js', 'ring.js'].sort(),
  )
})

test('an entry that names no module is refused', () => {
  assert.throws(() => planChunks([{ name: 'x', modules: ['nothing.js'] }], imports), /nothing\.js/)
})

test.run()
