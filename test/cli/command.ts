/**
 * Runs the built command line as a child process, for tests: what it prints, how it ends, and what happens in between.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as assert from 'uvu/assert'

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url))

/** How a process ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** How it is started. */
export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Default: nothing to read. */
  readonly stdin?: 'ignore' | 'pipe'
  /** Descriptor that stdout goes to. Default: it is read. */
  readonly stdout?: number
}

/** A process that runs. */
export class RunningCommand {
  readonly ended: Promise<Ended>
  readonly #child: ChildProcess
  readonly #texts = { stdout: '', stderr: '' }
  readonly #watchers = new Set<() => void>()
  #over = false

  constructor(command: readonly string[], { env = {}, stdin = 'ignore', stdout }: StartOptions) {
    const [program = '', ...args] = command
    this.#child = spawn(program, args, {
      stdio: [stdin, stdout ?? 'pipe', 'pipe'],
      env: { ...plainEnvironment(), ...env },
    })
    for (const name of ['stdout', 'stderr'] as const) {
      this.#child[name]?.setEncoding('utf8').on('data', (text: string) => {
        this.#texts[name] += text
        for (const watcher of this.#watchers) watcher()
      })
    }
    this.ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject)
      this.#child.on('close', (code, signal) => {
        this.#over = true
        for (const watcher of this.#watchers) watcher()
        resolve({ code, signal, ...this.#texts })
      })
    })
  }

  /** Resolves when the text has been printed. Rejects when the process ends without it. */
  printed(stream: 'stdout' | 'stderr', text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = this.#texts[stream].includes(text)
        if (!found && !this.#over) return
        this.#watchers.delete(look)
        if (found) resolve()
        else reject(new Error(`ended without printing '${text}': ${this.#texts.stderr}`))
      }
      this.#watchers.add(look)
      look()
    })
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Does what `head` does when it has seen enough. */
  closeStdout(): void {
    this.#child.stdout?.destroy()
  }

  closeStdin(): void {
    this.#child.stdin?.end()
  }

  /** What a person types. */
  type(text: string): void {
    this.#child.stdin?.write(text)
  }
}

/** Starts `millrace` with these arguments. */
export function start(args: readonly string[], options: StartOptions = {}): RunningCommand {
  return new RunningCommand([process.execPath, MAIN, ...args], options)
}

/** Runs `millrace` with these arguments to its end. */
export function millrace(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
  return start(args, options).ended
}

/**
 * Starts `millrace` on a terminal of its own, 80 columns wide. Everything it prints comes as `stdout`, with the line ends of a
 * terminal. `lacks` says what is missing here to do that.
 */
export function inTerminal(args: readonly string[], options: StartOptions = {}): RunningCommand {
  const command = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(' ')
  const shell = `stty cols 80; exec ${command}`
  return new RunningCommand(['script', '-qefc', shell, '/dev/null'], { ...options, stdin: 'pipe' })
}

const script = spawnSync('script', ['--version'], { encoding: 'utf8' })
inTerminal.lacks = script.stdout?.includes('util-linux')
  ? undefined
  : 'the command script of util-linux'

/** Runs `millrace` with its stdout going to a file. */
export async function intoFile(args: readonly string[], file: string): Promise<Ended> {
  const descriptor = openSync(file, 'w')
  try {
    return await millrace(args, { stdout: descriptor })
  } finally {
    closeSync(descriptor)
  }
}

/** The path of a job in the folder `fixtures`, compiled. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}.js`, import.meta.url))
}

/** Calls `use` with a fresh folder, which is gone afterwards. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-cli-'))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Asserts that a run ended with this exit code and one message with this code, without a stack of ours or noise of Node's. */
export function assertFailed(ended: Ended, exitCode: number, code: string): void {
  const shown = `exit ${ended.code ?? ended.signal ?? '?'}\n${ended.stderr}`
  assert.is(ended.code, exitCode, shown)
  const messages = ended.stderr.match(/^millrace: .*$/gm) ?? []
  assert.is(messages.length, 1, shown)
  assert.ok(messages[0]?.startsWith(`millrace: ${code}: `), shown)
  const frames = ended.stderr.match(/^ {4}at .*$/gm) ?? []
  assert.ok(frames.length <= 1, shown)
  assert.ok(
    frames.every((frame) => /[\\/]fixtures[\\/]/.test(frame)),
    shown,
  )
  assert.not.match(ended.stderr, /node:internal|Unhandled|Warning/)
}

function plainEnvironment(): NodeJS.ProcessEnv {
  const { NO_COLOR: _, FORCE_COLOR: __, MILLRACE_DEBUG: ___, ...rest } = process.env
  return rest
}
