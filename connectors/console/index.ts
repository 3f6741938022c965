export { consoleSink } from './console-sink.ts'
export type { ConsoleSinkOptions } from './console-sink.ts'
