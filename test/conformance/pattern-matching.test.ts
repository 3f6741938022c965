/**
 * Pattern matching does not exist yet, so its cases are skipped, and said to be.
 */
import { test } from 'uvu'
import { skip } from '../runner/expect.ts'

skip(test, 'cases of pattern matching', 'pattern matching, which does not exist yet')

test.run()
