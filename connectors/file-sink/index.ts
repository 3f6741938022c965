export { fileSink } from './file-sink.ts'
export type { FileSinkOptions, FileSinkRoll } from './file-sink.ts'
export type {
  BulkEncoder,
  BulkFormat,
  PieceEncoder,
  RecordEncoder,
  RecordFormat,
} from '../files/record-format.ts'
export type { FileCommittable } from '../files/commit-files.ts'
export type { FolderState } from './folder-writer.ts'
