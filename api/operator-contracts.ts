export interface WatermarkStrategy {
  readonly name: string
}
export interface WindowAssigner {
  readonly name: string
}
