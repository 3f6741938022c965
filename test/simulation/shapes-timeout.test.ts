import { testShapes } from './shape-tests.ts'

testShapes('timeout', 2000, 1)
