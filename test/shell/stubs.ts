/** Real shells whose PATH holds nothing but stubs, each of which only notes the words that it got. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from '../../src/model/command.ts'
import { LATEST } from '../latest.ts'

/** What commands of ours name, and what an attack would. */
const PROGRAMS = [
  ...['iptables', 'ip6tables'].flatMap((name) => [name, `${name}-legacy`, `${name}-nft`]),
  ...['nft', 'ip', 'ipset', 'sysctl', 'conntrack', 'tcpdump', 'ss', 'perf', 'cat', 'tc', 'free', 'bridge', 'bpftool'],
  ...['awk', 'nfwhy', 'modprobe', 'xtables-monitor', 'pkill', 'ssh', 'sh', 'sudo', 'tar', 'unzip', 'xzcat', 'zstdcat'],
  ...['bzcat', 'iconv', 'journalctl', 'touch', 'reboot', 'id', 'rm', 'x', 'program', 'a=1', 'if', '!', '{', 'ä b'],
]

const isThere = (shell: readonly string[]): boolean => spawnSync(shell[0]!, [...shell.slice(1), '-c', ':']).status === 0

/** The stubs' PATH leads to no shell; to look for one takes as long as to run it. */
const paths = new Map<string, string>()
function pathOf(shell: string): string {
  const path = paths.get(shell) ?? execFileSync('which', [shell], { encoding: 'utf8' }).trim()
  paths.set(shell, path)
  return path
}

/** Those that are at hand here. */
export const SHELLS = [['dash'], ['bash', '--posix'], ['bash'], ['busybox', 'ash']].filter(isThere)

/** A program with the words that it got. */
export type Invocation = readonly string[]

export class Stubs {
  private readonly folder = mkdtempSync(join(tmpdir(), 'nfwhy-stubs-'))
  private readonly log = join(this.folder, 'log')

  constructor() {
    mkdirSync(join(this.folder, 'bin'))
    mkdirSync(join(this.folder, 'work'))
    const stub = join(this.folder, 'stub')
    writeFileSync(stub, `#!/bin/sh\nprintf '%s\\0' "$#" "\${0##*/}" "$@" >>'${this.log}'\n`)
    chmodSync(stub, 0o755)
    for (const name of PROGRAMS) linkSync(stub, join(this.folder, 'bin', name))
  }

  /** What one shell makes of the text; all that it ran, and fails where it did more than that. */
  run([program, ...options]: readonly string[], text: string): Invocation[] {
    writeFileSync(this.log, '')
    const work = join(this.folder, 'work')
    const { stderr, status, error } = spawnSync(pathOf(program!), [...options, '-c', text], {
      cwd: work,
      env: { PATH: join(this.folder, 'bin'), HOME: work },
      input: '',
      encoding: 'utf8',
      timeout: LATEST,
    })
    const made = readdirSync(work)
    if (error || status !== 0 || stderr !== '' || made.length > 0)
      throw new Error(`${program}: ${JSON.stringify(text)}: ${status} ${stderr} ${error ?? ''} ${made.join(' ')}`)
    return invocations(readFileSync(this.log))
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Sorted: both ends of a pipe run at once. */
function invocations(log: Uint8Array): Invocation[] {
  const parts = new TextDecoder('utf-8', { ignoreBOM: true }).decode(log).split('\0')
  const found: Invocation[] = []
  for (let at = 0; at + 1 < parts.length; ) {
    const count = Number(parts[at])
    found.push(parts.slice(at + 1, at + 2 + count))
    at += 2 + count
  }
  return sorted(found)
}

const sorted = (found: readonly Invocation[]): Invocation[] =>
  [...found].sort((a, b) => (a.join('\0') < b.join('\0') ? -1 : 1))

interface Inside {
  syntax:
    | { kind: 'simple'; words: readonly (string | { outputOf: Command })[] }
    | { kind: 'joined'; by: string; commands: readonly Command[] }
}

/** What is to be run, where every program succeeds and prints nothing. */
export const meant = (command: Command): Invocation[] => sorted(all(command))

/** nft joins its arguments by blanks and reads that text: `'{ policy accept; }'` is the same to it as five words. */
export const asItReads = (ran: readonly Invocation[]): Invocation[] =>
  ran.map((words) => (words[0] === 'nft' ? ['nft', words.slice(1).join(' ')] : words))

function all(command: Command): Invocation[] {
  const { syntax } = command as unknown as Inside
  if (syntax.kind === 'joined') return (syntax.by === '||' ? syntax.commands.slice(0, 1) : syntax.commands).flatMap(all)
  const own = syntax.words.filter((word) => typeof word === 'string')
  return [own, ...syntax.words.flatMap((word) => (typeof word === 'string' ? [] : all(word.outputOf)))]
}
