/**
 * Where checkpoints and savepoints are kept: the contract between the coordinator, which writes and removes them, recovery,
 * which reads them, and whatever keeps them.
 *
 * A checkpoint is a number of parts (bytes under a name) and its metadata, which is written last: a checkpoint exists when its
 * metadata does. Once `complete` has resolved it survives a crash of the process and of the machine; before that, nothing of it is
 * ever offered. What is in a part, and its name, is the caller's (`subtask-part.ts` has the form of a subtask's).
 *
 * One store instance writes at a time. Calls may overlap; what changes the list of checkpoints is done one after the other.
 */

/** What led to it: `checkpoint`, by the job for itself and removed by retention, or `savepoint`, by a user and kept until removed. */
export type CheckpointKind = 'checkpoint' | 'savepoint'

/** The bytes of a part, in one piece or several. They must not change until the call that takes them has settled. */
export type PartContent = Uint8Array | readonly Uint8Array[]

/** A part as it lies in the store. Plain data: it can be sent to another thread and put into metadata. */
export interface StoredPart {
  /** The name it was put under. */
  readonly name: string
  /** Where it lies, relative to the store, with `/` between folder and file. */
  readonly file: string
  /** Length of the content. */
  readonly bytes: number
  /** The checksum at the end of its file, an unsigned 32-bit number. */
  readonly checksum: number
}

/** What is known of an operator of the job. */
export interface OperatorFacts {
  readonly uid: string
  readonly name: string
  /** Position of its task in the plan of the run: says which `SubtaskName`s are its. */
  readonly task: number
  readonly parallelism: number
  readonly maxParallelism: number
}

/** What the coordinator says about a checkpoint. */
export interface CheckpointFacts {
  readonly jobName: string
  /** Tells one run of a job, with its restarts, from another. */
  readonly jobId: string
  /** The hash of the graph's fingerprint. */
  readonly fingerprint: string
  /** When it was triggered, in milliseconds since 1970. */
  readonly triggeredAt: number
  /** When the last part had come, in milliseconds since 1970. */
  readonly completedAt: number
  /** All operators, also those without state. */
  readonly operators: readonly OperatorFacts[]
  /** What the coordinator itself must know after a restore, e.g. what sources have given out: any plain data. */
  readonly coordinator: unknown
}

/** What a checkpoint consists of. */
export interface CheckpointMetadata extends CheckpointFacts {
  /** The version of the metadata's form, see `metadata.ts`. */
  readonly format: number
  readonly id: number
  readonly kind: CheckpointKind
  /** In the order in which they were put. Names are unique. */
  readonly parts: readonly StoredPart[]
}

/** Something wrong with a stored checkpoint: what should be there, and what is. */
export interface Damage {
  readonly checkpointId: number
  /** Relative to the store. */
  readonly file: string
  readonly expected: string
  readonly found: string
}

/**
 * A line of the list of checkpoints. `complete`: the metadata is there and sound (its parts were not looked at). `damaged`: the
 * metadata is there, but not sound. `unsupported`: a later version of Millrace has written it. `incomplete`: there is none, a
 * checkpoint that is being written, or the rest of one.
 */
export type CheckpointListing =
  | {
      readonly state: 'complete'
      readonly id: number
      readonly kind: CheckpointKind
      readonly metadata: CheckpointMetadata
    }
  | {
      readonly state: 'damaged'
      readonly id: number
      readonly kind: CheckpointKind
      readonly damage: Damage
    }
  | {
      readonly state: 'unsupported'
      readonly id: number
      readonly kind: CheckpointKind
      readonly reason: string
    }
  | { readonly state: 'incomplete'; readonly id: number; readonly kind: CheckpointKind }

/** What `latest` has found. */
export interface LatestCheckpoint {
  /** The newest one that is whole; undefined where there is none. */
  readonly metadata: CheckpointMetadata | undefined
  /** What was wrong with the newer ones, newest first: not empty means that work was lost, and must be told. */
  readonly skipped: readonly Damage[]
  /** Newer ones without metadata, newest first: a crash has interrupted them, somebody is writing them, or the file was taken away. */
  readonly incomplete: readonly number[]
}

/**
 * The reading half of a store.
 *
 * Errors of all calls: `DAMAGED_CHECKPOINT` (a `DamagedCheckpointError`), `UNSUPPORTED_FORMAT`, `UNKNOWN_CHECKPOINT`, and where the
 * storage itself refuses `STORE_NOT_FOUND`, `STORE_NOT_A_DIRECTORY`, `STORE_NOT_PERMITTED`, `STORE_FAILED`. Only what is proven to
 * be damaged counts as such: a storage that cannot be read at the moment never makes a job go on from an older checkpoint.
 */
export interface CheckpointCatalog {
  /** How people know it, e.g. its path. */
  readonly location: string
  /** Everything that is there, oldest first. Reads the metadata only. */
  list(): Promise<CheckpointListing[]>
  /** The metadata of a checkpoint. */
  metadata(id: number): Promise<CheckpointMetadata>
  /** The content of a part. Throws `DAMAGED_CHECKPOINT` unless it is byte for byte what was put. `checkpointId` is for the message. */
  readPart(part: StoredPart, checkpointId: number): Promise<Uint8Array>
  /** Reads all of a checkpoint and returns what is wrong with it, nothing where all is well. */
  verify(id: number): Promise<Damage[]>
  /** The newest checkpoint or savepoint of which every byte is sound, and what was wrong with newer ones. Reads all of them. */
  latest(): Promise<LatestCheckpoint>
}

/** How a checkpoint is begun. */
export interface BeginOptions {
  /** Default: `checkpoint`. */
  readonly kind?: CheckpointKind
}

/** One checkpoint while it is written. After `complete` or `discard` has been called, all calls throw `WRITER_CLOSED`. */
export interface CheckpointWriter {
  readonly id: number
  readonly kind: CheckpointKind
  /**
   * Writes a part. Several may be on their way at a time. Resolves when its bytes are on disk; they count only once the
   * checkpoint is complete. Where this fails, so will `complete`. Errors: `DUPLICATE_PART`, `INVALID_ARGUMENT`, `STORE_FULL`, `STORE_NOT_PERMITTED`, `STORE_FAILED`.
   */
  put(name: string, content: PartContent): Promise<StoredPart>
  /**
   * Takes in a part of an earlier, complete checkpoint under the name it has, so that nothing unchanged is written again. From now
   * on nobody removes it. A savepoint takes none (`FOREIGN_PART`), because it can be copied and must not depend on others.
   * Errors: `DUPLICATE_PART`, `FOREIGN_PART`, `INVALID_ARGUMENT`.
   */
  include(part: StoredPart): void
  /**
   * Makes the checkpoint exist, once every `put` has settled. Errors: `PUT_PENDING`, `MISSING_PART` when an included part is not
   * there, those of `put`, and then the checkpoint is discarded; or `CHECKPOINT_IN_DOUBT` where even that failed, so that it may or
   * may not be there after a crash: the job must then not go on as if it was not.
   */
  complete(facts: CheckpointFacts): Promise<CheckpointMetadata>
  /** Removes what was written. Never throws: what cannot be removed is removed when the store is opened next. */
  discard(): Promise<void>
}

/** A store that can be written to. */
export interface SnapshotStore extends CheckpointCatalog {
  /**
   * Begins a checkpoint. `id`: a whole number from 1; ids are one sequence over checkpoints and savepoints, and an id is never used
   * twice, see `nextId`. Errors: `CHECKPOINT_EXISTS`, `INVALID_ARGUMENT`, `STORE_CLOSED`, and those of `put`.
   */
  begin(id: number, options?: BeginOptions): Promise<CheckpointWriter>
  /** One more than the highest id that is there in any state. */
  nextId(): Promise<number>
  /**
   * Removes a checkpoint or savepoint, in whatever state. Parts that another one refers to stay.
   * Errors: `UNKNOWN_CHECKPOINT`, `CHECKPOINT_OPEN` while it is being written, `STORE_CLOSED`, and those of `put`.
   */
  remove(id: number): Promise<void>
  /**
   * Keeps the newest `count` complete checkpoints (from 1) and removes those before, and with them damaged ones that are older.
   * Savepoints stay, and do not count. Returns the ids that were removed, oldest first. Errors: as `remove`.
   */
  retain(count: number): Promise<number[]>
  /** Lets another process have the store. Open writers are discarded. Safe to call twice. */
  close(): Promise<void>
}
