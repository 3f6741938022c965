import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { captureCallSite, firstUserFrame, formatCallSite } from '../../api/call-site.ts'

const ROOT = new URL('../../', import.meta.url)

test('the line that calls into the package is found', () => {
  const site = captureCallSite()
  assert.is(site?.file, fileURLToPath(import.meta.url))
  assert.ok(site !== undefined && site.line > 0 && site.column > 0)
})

test('the depth of stack traces is left as it was', () => {
  const depth = Error.stackTraceLimit
  Error.stackTraceLimit = 3
  captureCallSite()
  assert.is(Error.stackTraceLimit, 3)
  Error.stackTraceLimit = depth
})

test('lines of the package, of Node.js and without a place are skipped', () => {
  const stack = [
    'Error: at first (/not/a/frame.js:1:1)',
    `    at Stream.map (${new URL('api/stream.js', ROOT).href}:10:5)`,
    `    at map (${fileURLToPath(new URL('operators/chain/chain.js', ROOT))}:10:5)`,
    '    at Array.map (<anonymous>)',
    '    at run (node:internal/process/task_queues:95:5)',
    '    at async build (file:///home/me/my%20job.js:12:34)',
    '    at main (/home/me/main.js:1:2)',
  ].join('\n')
  assert.equal(firstUserFrame(stack), { file: '/home/me/my job.js', line: 12, column: 34 })
})

test('a frame without a function name and a path with brackets and colons are read', () => {
  assert.equal(firstUserFrame('    at /home/me (old)/a:b.js:3:4'), {
    file: '/home/me (old)/a:b.js',
    line: 3,
    column: 4,
  })
  assert.is(firstUserFrame('    at new Thing (data:text/javascript,x:1:7)'), undefined)
})

test('code that the package generates belongs to the package', () => {
  const ownCode = new URL('operators/chain/own-code.js', ROOT).href
  const stack = [
    `    at Object.add (eval at withOwnCode (${ownCode}:23:10), <anonymous>:12:30)`,
    '    at new Function (<anonymous>)',
    '    at mean (/home/me/job.js:5:6)',
  ].join('\n')
  assert.is(firstUserFrame(stack)?.file, '/home/me/job.js')
})

test('examples and tests of the package count as users', () => {
  const example = new URL('examples/flights.js', ROOT)
  assert.is(firstUserFrame(`    at ${example.href}:7:8`)?.file, fileURLToPath(example))
})

test('no stack has no user', () => {
  assert.is(firstUserFrame(undefined), undefined)
  assert.is(firstUserFrame('Error: nothing'), undefined)
})

test('a place is written so that editors can open it', () => {
  assert.is(formatCallSite({ file: '/a/b.js', line: 3, column: 4 }), '/a/b.js:3:4')
})

test.run()
