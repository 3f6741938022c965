export { parquet } from './parquet-format.ts'
export type { ParquetFormatOptions } from './parquet-format.ts'
export { parquetSource } from './parquet-source.ts'
export type {
  ParquetColumns,
  ParquetRecord,
  ParquetSourceOptions,
  ParquetSplit,
} from './parquet-source.ts'
export type { BulkEncoder, BulkFormat } from '../files/record-format.ts'
export type { ColumnType, ColumnTypes, RecordOf } from '../files/columns.ts'
