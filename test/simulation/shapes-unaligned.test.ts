import { testShapes } from './shape-tests.ts'

testShapes('unaligned', 1000, 1)
