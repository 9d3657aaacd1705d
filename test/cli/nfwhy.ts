/**
 * The command as people run it: `node bin/nfwhy.js …` in a process of its own, away from any terminal. All JSON that it
 * prints is held against the published schemas.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { LATEST } from '../latest.ts'
import { checkOutput } from '../schemas.ts'

export const BIN = fileURLToPath(new URL('../../bin/nfwhy.js', import.meta.url))
/** A capture of two packets, its ruleset, and a folder of host state. */
export const EXAMPLE = fileURLToPath(new URL('../../examples/nodeport-clash', import.meta.url))

export interface Run {
  /** Null where a signal ended it. */
  code: number | null
  stdout: string
  stderr: string
}

interface Options {
  cwd?: string
  /** Standard input; nothing and closed at once if absent. */
  input?: string | Uint8Array
  env?: NodeJS.ProcessEnv
  /** More of Node's own arguments. */
  node?: readonly string[]
}

/** Without a terminal, 80 columns, UTF-8; commands are proposed as of an installed nfwhy. */
const environment = (): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  LANG: 'C.UTF-8',
  NFWHY_CALLED_AS: 'nfwhy',
})

export function nfwhy(args: readonly string[], { input = '', node = [], ...options }: Options = {}): Promise<Run> {
  const child = start([...node, BIN, ...args], options)
  child.stdin!.on('error', () => {}).end(input)
  return finished(child)
}

/** The command where none of the packages is installed that it can do without; it is copied into this folder, and runs there. */
export function nfwhyAlone(at: string, args: readonly string[]): Promise<Run> {
  for (const part of ['bin', 'dist', 'package.json'])
    cpSync(join(EXAMPLE, '../..', part), join(at, 'nfwhy', part), { recursive: true })
  const child = start([join(at, 'nfwhy/bin/nfwhy.js'), ...args], { cwd: at })
  child.stdin!.end()
  return finished(child)
}

/** A line of bash in which `nfwhy` is the command. */
export const shell = (script: string, { cwd, env }: Pick<Options, 'cwd' | 'env'> = {}): Promise<Run> => {
  const child = spawn('bash', ['-c', `nfwhy() { '${process.execPath}' '${BIN}' "$@"; }\n${script}`], {
    cwd,
    env: { ...environment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LATEST,
  })
  return finished(child)
}

/** A run whose standard input is still being written. */
export function begin(args: readonly string[], options: Pick<Options, 'cwd'> = {}): Begun {
  const child = start([BIN, ...args], options)
  let stdout = ''
  child.stdout!.on('data', (part) => {
    stdout += part
  })
  return {
    child,
    write: (text) => void child.stdin!.write(text),
    async shows(text) {
      const until = Date.now() + LATEST
      while (!stdout.includes(text)) {
        if (Date.now() > until) throw new Error(`"${text}" did not come; this did:\n${stdout}`)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
    shown: () => stdout,
    end() {
      child.stdin!.end()
      return finished(child)
    },
  }
}

interface Begun {
  child: ChildProcess
  write(text: string): void
  /** Waits until this is on standard output. */
  shows(text: string): Promise<void>
  shown(): string
  end(): Promise<Run>
}

function start(args: readonly string[], { cwd, env }: Pick<Options, 'cwd' | 'env'>): ChildProcess {
  return spawn(process.execPath, args, { cwd, env: { ...environment(), ...env }, timeout: LATEST })
}

function finished(child: ChildProcess): Promise<Run> {
  const [stdout, stderr] = [child.stdout!, child.stderr!].map((stream) => {
    const parts: Buffer[] = []
    stream.on('data', (part) => parts.push(part))
    return parts
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      const run = { code, stdout: Buffer.concat(stdout!).toString(), stderr: Buffer.concat(stderr!).toString() }
      try {
        checkOutput(run.stdout)
        resolve(run)
      } catch (error) {
        reject(error)
      }
    })
  })
}

/** A folder with these files, gone when the test is; a name with a slash makes folders. */
export function folder(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'nfwhy-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), content)
  }
  return path
}
