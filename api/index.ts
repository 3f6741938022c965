/**
 * What a program imports from `millrace` to define and run jobs.
 */
export { MillraceError } from '../mailbox/errors.ts'
export type { MillraceErrorOptions } from '../mailbox/errors.ts'
export { MAX_TIMESTAMP, MIN_TIMESTAMP } from '../mailbox/time.ts'
export type { AggregateFunction } from '../checkpoint/aggregate-function.ts'
export {
  aggregatingState,
  broadcastState,
  listState,
  mapState,
  reducingState,
  splitListState,
  unionListState,
  valueState,
} from '../checkpoint/state/declare-state.ts'
export type {
  AggregatingStateDescriptor,
  BroadcastStateDescriptor,
  InitializedValueStateDescriptor,
  KeyedStateDescriptor,
  KeyedStateOptions,
  ListStateDescriptor,
  MapStateDescriptor,
  OperatorListStateDescriptor,
  OperatorStateDescriptor,
  ReducingStateDescriptor,
  StateOf,
  StateOptions,
  ValueStateDescriptor,
  ValueStateOptions,
} from '../checkpoint/state/state-descriptors.ts'
export type {
  AggregatingState,
  BroadcastState,
  InitializedValueState,
  ListState,
  MapState,
  ReadOnlyBroadcastState,
  ReducingState,
  ValueState,
} from '../checkpoint/state/states.ts'
export type { StateTtl, TtlUpdate, TtlVisibility } from '../checkpoint/state/ttl.ts'
export { count, max, mean, min, sum, topN } from '../operators/aggregates/aggregates.ts'
export type {
  CountAccumulator,
  ExtremeAccumulator,
  Present,
  SumAccumulator,
  TopAccumulator,
} from '../operators/aggregates/aggregates.ts'
export { combine } from '../operators/aggregates/combine.ts'
export type { AggregateParts, CombinedAccumulator } from '../operators/aggregates/combine.ts'
export { countDistinct, countDistinctWhere } from '../operators/aggregates/count-distinct.ts'
export type {
  CountDistinctOptions,
  DistinctAccumulator,
  DistinctClasses,
} from '../operators/aggregates/count-distinct.ts'
export type { DistinctValues } from '../operators/aggregates/distinct-values.ts'
export type { AsyncContext, AsyncFunction, AsyncOrder } from '../operators/async/async-function.ts'
export { exponentialDelay, fixedDelay } from '../operators/async/retry-strategy.ts'
export type {
  AsyncRetryStrategy,
  ExponentialDelayOptions,
  FixedDelayOptions,
  RetryConditions,
} from '../operators/async/retry-strategy.ts'
export { ERROR_POLICIES } from '../operators/bad-records.ts'
export type { DeadLetter, ErrorPolicy } from '../operators/bad-records.ts'
export type { IntervalJoinContext, IntervalJoinInfo } from '../operators/joins/interval-join.ts'
export type { LogLevel, Logger } from '../operators/logger.ts'
export type { Counter } from '../operators/operator.ts'
export { outputTag } from '../operators/output-tag.ts'
export type { OutputTag } from '../operators/output-tag.ts'
export { OperatorError } from '../operators/operator-error.ts'
export type {
  BroadcastContext,
  BroadcastReader,
  BroadcastStates,
  Emit,
  FiredTimer,
  KeyedBroadcastContext,
  KeyedProcessContext,
  KeyedStates,
  LifeCycleContext,
  NoStates,
  OperatorStates,
  ProcessContext,
  ProcessLog,
  ProcessTimers,
  ReadOnlyHandles,
  StateHandles,
} from '../operators/process/contexts.ts'
export type { OutputDisk } from '../checkpoint/store/output-disk.ts'
export type {
  PreparedWrites,
  RecordPacker,
  Sink,
  SinkWriter,
  WriterContext,
} from '../operators/sink.ts'
export type {
  EnumeratorContext,
  PlainData,
  ReaderContext,
  Source,
  SplitEnumerator,
  SplitReader,
} from '../operators/source.ts'
export { withAlignment } from '../operators/time/alignment.ts'
export type { WatermarkAlignmentOptions } from '../operators/time/alignment.ts'
export { periodicWatermarks, punctuatedWatermarks } from '../operators/time/custom-watermarks.ts'
export type {
  PeriodicGenerator,
  PeriodicWatermarksOptions,
} from '../operators/time/custom-watermarks.ts'
export { withIdleness } from '../operators/time/idleness.ts'
export { boundedOutOfOrderness, monotonous } from '../operators/time/watermarks.ts'
export type {
  WatermarkAlignment,
  WatermarkGenerator,
  WatermarkStrategy,
} from '../operators/time/watermarks.ts'
export type { EarlyResults } from '../operators/windows/closing-triggers.ts'
export type { Evictor, EvictorContext, WindowElement } from '../operators/windows/evictor.ts'
export { evictors } from '../operators/windows/evictors.ts'
export type { EvictOptions } from '../operators/windows/evictors.ts'
export { globalWindow } from '../operators/windows/global-window.ts'
export type { Pane, PaneTiming } from '../operators/windows/pane.ts'
export { session } from '../operators/windows/session-windows.ts'
export type { SessionOptions } from '../operators/windows/session-windows.ts'
export { sliding } from '../operators/windows/sliding-windows.ts'
export type { SlidingOptions } from '../operators/windows/sliding-windows.ts'
export type { TimeWindow, WindowTime } from '../operators/windows/time-window.ts'
export type { TimeoutOptions } from '../operators/windows/timeout-trigger.ts'
export type {
  Trigger,
  TriggerContext,
  TriggerMergeContext,
  TriggerResult,
} from '../operators/windows/trigger.ts'
export { triggers } from '../operators/windows/triggers.ts'
export { endOfStream, tumbling } from '../operators/windows/window-assigner.ts'
export type {
  AlignedWindowAssigner,
  AssignerContext,
  TumblingOptions,
  WindowAssigner,
  WindowMerge,
  WindowSpacing,
} from '../operators/windows/window-assigner.ts'
export type { WindowContext } from '../operators/windows/window-context.ts'
export type { WindowResults } from '../operators/windows/window-operator-options.ts'
export { CoGroupedStreams, CoGroupedWindows, JoinedStreams, WindowJoin } from './window-join.ts'
export type { CoGroupDefinition, JoinPair } from './window-join.ts'
export { AllWindowedStream } from './all-windowed-stream.ts'
export { parseArguments } from './arguments.ts'
export type {
  ArgumentSpec,
  ArgumentSpecs,
  ArgumentsOf,
  ArgumentType,
  ArgumentValue,
} from './arguments.ts'
export type { AsyncOptions, FlatMapAsyncOptions, MapAsyncOptions } from './async-io.ts'
export {
  BroadcastConnectedStream,
  BroadcastStream,
  KeyedBroadcastConnectedStream,
} from './broadcast-stream.ts'
export type { BuildErrorCode } from './build-error.ts'
export { firstUserFrame, formatCallSite } from './call-site.ts'
export type { CallSite } from './call-site.ts'
export { ConnectedStreams, KeyedConnectedStreams } from './connected-streams.ts'
export { Environment } from './environment.ts'
export type { SourceOptions } from './environment.ts'
export { fingerprint, firstDifference } from './fingerprint.ts'
export type { GraphFingerprint } from './fingerprint.ts'
export type {
  GraphEdge,
  GraphNode,
  JobGraph,
  KeySelector,
  OperatorDescription,
  OperatorKind,
  Partitioning,
} from './graph.ts'
export { IntervalJoinedStreams } from './interval-join.ts'
export type { IntervalJoinDefinition, IntervalJoinOptions } from './interval-join.ts'
export { buildGraph, defineJob, isJobDefinition } from './job.ts'
export type { AnyArguments, JobBuild, JobDefinition, JobSpec } from './job.ts'
export { KeyedStream } from './keyed-stream.ts'
export type { Key } from './keyed-stream.ts'
export type { OperatorOptions } from './operator-options.ts'
export { createPlan, MAIN_SLOT } from './plan.ts'
export type {
  ChainedNode,
  ChannelPlan,
  EdgePartitioning,
  EdgePlan,
  ExecutionPlan,
  SubtaskPlan,
  TaskPlan,
} from './plan.ts'
export { planToMermaid } from './plan-mermaid.ts'
export type { PlanOptions, PreAggregation } from './plan-parallelism.ts'
export { planToText } from './plan-text.ts'
export type {
  BroadcastProcessDefinition,
  CoProcessDefinition,
  KeyedBroadcastProcessDefinition,
  KeyedCoProcessDefinition,
  KeyedProcessDefinition,
  KeyedProcessLifeCycle,
  ProcessDefinition,
  ProcessLifeCycle,
} from './process-function.ts'
export { Stream } from './stream.ts'
export type { WindowProcessDefinition } from './window-process.ts'
export { WindowedStream } from './windowed-stream.ts'
export type { KeyedWindowInfo, WindowInfo } from './windowed-stream.ts'
export { JobHandle, runJob } from './execution/run-job.ts'
export type { JobResult } from './execution/run-job.ts'
export { LocalCluster, startCluster } from './execution/local-cluster.ts'
export type { ClusterOptions } from './execution/local-cluster.ts'
export type { MemoryLimits } from '../runtime/memory-limits.ts'
export type { StopOptions } from './execution/attempt-stop.ts'
export type {
  JobHost,
  RestartNotice,
  RestoreFrom,
  RestoreNotice,
  RunOptions,
} from './execution/run-options.ts'
export type {
  CheckpointMode,
  CheckpointOptions,
} from '../checkpoint/coordinator/checkpoint-options.ts'
export type {
  CheckpointStatistics,
  CheckpointSummary,
} from '../checkpoint/coordinator/checkpoint-statistics.ts'
export type { CheckpointFailureReason } from '../checkpoint/coordinator/checkpoint-failure.ts'
export type { CheckpointKind, CheckpointMetadata } from '../checkpoint/store/snapshot-store.ts'
export type { JobMetrics, JobTotals } from './execution/job-metrics.ts'
export type { JobState } from './execution/coordinator.ts'
export type { SubtaskMetrics, SubtaskState } from '../operators/subtask-parts.ts'
export type { CodecName } from '../mailbox/codec.ts'
export { RemoteError } from '../runtime/wire-error.ts'
export {
  exponentialDelay as exponentialDelayRestart,
  failureRate as failureRateRestart,
  fixedDelay as fixedDelayRestart,
  noRestart,
} from '../checkpoint/recovery/restart-strategy.ts'
export type {
  ExponentialDelayOptions as ExponentialDelayRestartOptions,
  FailureRateOptions as FailureRateRestartOptions,
  FixedDelayOptions as FixedDelayRestartOptions,
  RestartStrategy,
} from '../checkpoint/recovery/restart-strategy.ts'
