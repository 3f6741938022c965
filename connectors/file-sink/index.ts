export { fileSink } from './file-sink.ts'
export type { FileSinkOptions, FileSinkRoll } from './file-sink.ts'
export type {
  BulkEncoder,
  BulkFormat,
  PieceEncoder,
  RecordEncoder,
  RecordFormat,
} from '../files/record-format.ts'
