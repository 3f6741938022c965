export { parquetSource } from './parquet-source.ts'
export type {
  ParquetColumns,
  ParquetRecord,
  ParquetSourceOptions,
  ParquetSplit,
} from './parquet-source.ts'
export type { ColumnType, ColumnTypes, RecordOf } from '../files/columns.ts'
