import { testShapes } from './shape-tests.ts'

testShapes('aligned', 0, 1)
