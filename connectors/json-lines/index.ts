export { jsonLinesSource } from './json-lines-source.ts'
export type { JsonLinesSourceOptions, JsonLinesSplit } from './json-lines-source.ts'
export { jsonLinesSink } from './json-lines-sink.ts'
export type { JsonLinesSinkOptions } from './json-lines-sink.ts'
