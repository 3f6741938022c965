export { generatorSource } from './generator-source.ts'
export type { GeneratorClock, GeneratorSourceOptions } from './generator-source.ts'
export type { IndexRange } from '../files/index-ranges.ts'
