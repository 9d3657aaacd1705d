/** What the probe's script found, as facts about one place. What it could not find out is absent. */
import { type KilledSession, killedSession } from '../notes/find.ts'
import { LiveProblem } from '../problem.ts'
import { runScript, type TraceHost, whyNoShell } from '../trace-host.ts'
import { CLOSE_LOOK } from './close-look.ts'
import { PROBE } from './probe.ts'

export interface Facts {
  uid?: number
  /** The effective ones: bit N is capability N of capability.h. */
  capabilities?: bigint
  kernel?: string
  /** `uname -m`. */
  machine?: string
  host?: string
  /** Its clock: seconds since 1970. */
  seconds?: number
  /** Of the shell there, in that place's own numbers. */
  shellPid?: number
  /** `net:[4026531833]`: the network namespace that commands run in, and that of the place's first process. */
  namespace?: string
  firstNamespace?: string
  userNamespace?: string
  /** By name, where it is. */
  programs: ReadonlyMap<string, string>
  /** What `PROGRAM -V` says, by name. */
  versions: ReadonlyMap<string, string>
  /** Lines of files, by path; a file that is there and empty has none. */
  files: ReadonlyMap<string, readonly string[]>
  /** There, but not for us to read. */
  unreadable: ReadonlySet<string>
  /** `family name`, of iptables-legacy: nothing is in them but chains that accept. Of others it is not known, or there is something. */
  idleLegacyTables: ReadonlySet<string>
  /** `family name`, of nf_tables; absent where nft is not there or is refused. */
  nftTables?: readonly string[]
  /** `FAMILY TABLE TYPE hook HOOK …`, of each chain of nf_tables that hangs on a hook. */
  nftHooks: readonly string[]
  /** The kernel's part of nft is a module that is not loaded; so there are no tables. */
  nftNotLoaded?: boolean
  /** Why nft cannot list tables, in its own words. */
  nftRefused?: string
  /** Notes of sessions that were killed, and have something to restore. */
  killed: readonly KilledSession[]
  /** From here on only after a close look. `docker`, `podman`, `kubernetes`: the container that the shell runs in, where it shows. */
  container?: string
  /** `pid:[4026531836]` is the first one (include/linux/proc_ns.h), from which every process is seen. */
  pidNamespace?: string
  /** Lines that commands printed, and of configuration, by name: `nft`, `ip-raw`, `link` … (close-look.ts). */
  texts: ReadonlyMap<string, readonly string[]>
  /** Why there is no such text, by name, in the command's own words. */
  refused: ReadonlyMap<string, string>
  /** Those that trace, log or listen, of every namespace. */
  processes: readonly Process[]
  /** Who holds a netlink socket of this namespace, by the socket's inode; not all processes can be seen from everywhere. */
  sockets: ReadonlyMap<string, Pick<Process, 'pid' | 'name'>>
  modules: ReadonlyMap<string, ModuleState>
  /** The first namespace's `net.netfilter.nf_log_all_netns`, where this is another one and it is known from outside. */
  allNetns?: string
}

export interface Process {
  pid: number
  /** The kernel's, at most 15 characters. */
  name: string
  /** `net:[4026531833]`; absent where we may not see it. */
  namespace?: string
  /** Its command line, words joined by blanks. */
  command: string
}

/** `no-modules`: the kernel loads none, so it is built in or not there; `unknown`: the place has no list of modules. */
export type ModuleState = 'there' | 'can-be-loaded' | 'missing' | 'no-modules' | 'unknown'

/** Behind everything: a connection that breaks would else make a machine look as if it had less. */
const END = 'over'
/** Processes, sockets and the like that one machine is believed to have. */
const MOST_FACTS = 20_000

/** Looks, and changes nothing. `close`: rules, processes and daemons too. Throws LiveProblem where the place cannot be reached. */
export async function survey(place: TraceHost, close?: 'close', ending?: AbortSignal): Promise<Facts> {
  const script = `${PROBE}${close ? CLOSE_LOOK : ''}\nprintf '\\n${END}\\n'`
  const { status, stdout, complaints } = await runScript(place, script, {}, ending)
  const text = new TextDecoder().decode(stdout)
  const facts = readFacts(text)
  if (facts.kernel === undefined)
    throw new LiveProblem(
      `${place.name}: no shell answered there${status === undefined ? '' : ` (exit status ${status})`}.`,
      whyNoShell(place, complaints),
    )
  if (!new RegExp(`\n${END}\r?\n$`).test(text.slice(-9)))
    throw new LiveProblem(`${place.name}: the connection broke while nfwhy examined it.`, complaints)
  if (facts.processes.length + facts.sockets.size + facts.refused.size + facts.texts.size > MOST_FACTS)
    throw new LiveProblem(
      `${place.name}: it lists more than ${MOST_FACTS} processes and sockets; no real machine has so many.`,
    )
  return facts
}

export function readFacts(text: string): Facts {
  const files = new Map<string, string[]>()
  const programs = new Map<string, string>()
  const versions = new Map<string, string>()
  const unreadable = new Set<string>()
  const nftTables: string[] = []
  const nftHooks: string[] = []
  const killed: KilledSession[] = []
  const idleLegacyTables = new Set<string>()
  const texts = new Map<string, string[]>()
  const refused = new Map<string, string>()
  const processes: Process[] = []
  const sockets = new Map<string, Pick<Process, 'pid' | 'name'>>()
  const modules = new Map<string, ModuleState>()
  const facts: Facts = {
    programs,
    versions,
    files,
    unreadable,
    idleLegacyTables,
    nftHooks,
    killed,
    texts,
    refused,
    processes,
    sockets,
    modules,
  }
  for (const line of text.split(/\r?\n/)) {
    const [key = '', rest = ''] = cut(line)
    const [name, value] = cut(rest)
    if (key === 'program') programs.set(name, value)
    else if (key === 'version') versions.set(name, value)
    else if (key === 'there') files.set(name, [])
    else if (key === 'file') files.get(name)?.push(value)
    else if (key === 'unreadable') unreadable.add(name)
    else if (key === 'text') addText(texts, name, value)
    else if (key === 'refused') refused.set(name, value)
    else if (key === 'process') processes.push(readProcess(name, value))
    else if (key === 'socket') sockets.set(name, { pid: Number(cut(value)[0]), name: cut(value)[1] })
    else if (key === 'module') modules.set(name, value as ModuleState)
    else if (key === 'note') addKilled(killed, killedSession(rest))
    else if (key === 'legacy-idle') idleLegacyTables.add(rest)
    else if (key === 'nft-table') nftTables.push(rest.replace(/^table /, ''))
    else if (key === 'nft-hook') nftHooks.push(rest)
    else if (key === 'nft' && rest === 'works') facts.nftTables = nftTables
    else if (key === 'nft-not-loaded') facts.nftNotLoaded = true
    else if (key === 'nft') facts.nftRefused = rest
    else if (rest !== '') SINGLE[key]?.(facts, rest)
  }
  return facts
}

function addKilled(killed: KilledSession[], one: KilledSession | undefined): void {
  if (one) killed.push(one)
}

/** An empty line says only that there is such a text. */
function addText(texts: Map<string, string[]>, name: string, line: string): void {
  const lines = texts.get(name) ?? []
  texts.set(name, lines)
  if (line.trim() !== '') lines.push(line)
}

function readProcess(pid: string, rest: string): Process {
  // a name may hold blanks, so it is told from what follows by the namespace
  const [, name = '', namespace = '-', command = ''] = /^(.*?) (net:\[\d+\]|-) (.*)$/.exec(rest) ?? []
  return { pid: Number(pid), name, command: command.trim(), ...(namespace === '-' ? {} : { namespace }) }
}

const cut = (line: string): [string, string] => {
  const blank = line.indexOf(' ')
  return blank < 0 ? [line, ''] : [line.slice(0, blank), line.slice(blank + 1)]
}

const SINGLE: Readonly<Record<string, (facts: Facts, value: string) => void>> = {
  uid: (facts, value) => {
    facts.uid = Number(value)
  },
  capabilities: (facts, value) => {
    if (/^[0-9a-f]{1,32}$/i.test(value)) facts.capabilities = BigInt(`0x${value}`)
  },
  kernel: (facts, value) => {
    facts.kernel = value
  },
  machine: (facts, value) => {
    facts.machine = value
  },
  host: (facts, value) => {
    facts.host = value
  },
  seconds: (facts, value) => {
    facts.seconds = Number(value)
  },
  'shell-pid': (facts, value) => {
    facts.shellPid = Number(value)
  },
  namespace: (facts, value) => {
    facts.namespace = value
  },
  'first-namespace': (facts, value) => {
    facts.firstNamespace = value
  },
  container: (facts, value) => {
    facts.container = value
  },
  'pid-namespace': (facts, value) => {
    facts.pidNamespace = value
  },
  'user-namespace': (facts, value) => {
    facts.userNamespace = value
  },
}

/** Numbers of capability.h. */
export const CAPABILITIES = {
  CAP_NET_ADMIN: 12,
  CAP_SYS_ADMIN: 21,
  CAP_SYSLOG: 34,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
} as const

/** Undefined: not known. */
export const hasCapability = ({ capabilities }: Facts, name: keyof typeof CAPABILITIES): boolean | undefined =>
  capabilities === undefined ? undefined : ((capabilities >> BigInt(CAPABILITIES[name])) & 1n) === 1n

/** A sysctl's value (`net/netfilter/nf_log/2`); undefined where there is none or it could not be read. */
export const sysctlOf = ({ files }: Facts, path: string): string | undefined => files.get(`/proc/sys/${path}`)?.[0]

/** Tables of iptables-legacy that the kernel has; undefined where that cannot be told. Ask for no others: asking makes them. */
export function legacyTables({ files, unreadable }: Facts, family: 'ip' | 'ip6'): readonly string[] | undefined {
  const path = `/proc/net/${family}_tables_names`
  if (unreadable.has(path)) return undefined
  // without the module there is no such file
  return files.get(path) ?? []
}

/** `6.18.2-cloud` is at least `5.12`? Undefined where the kernel's release is not known. */
export function kernelAtLeast({ kernel }: Facts, major: number, minor: number): boolean | undefined {
  const [, a, b] = /^(\d+)\.(\d+)/.exec(kernel ?? '') ?? []
  if (a === undefined) return undefined
  return Number(a) > major || (Number(a) === major && Number(b) >= minor)
}
