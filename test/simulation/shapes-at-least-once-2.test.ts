import { testShapes } from './shape-tests.ts'

testShapes('at-least-once', 3000, 2)
