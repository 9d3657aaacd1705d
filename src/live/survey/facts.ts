/** What the probe's script found, as facts about one place. What it could not find out is absent. */
import { type Place, runScript } from '../place.ts'
import { LiveProblem } from '../problem.ts'
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
  /** `family name`, of nf_tables; absent where nft is not there or is refused. */
  nftTables?: readonly string[]
  /** The kernel's part of nft is a module that is not loaded; so there are no tables. */
  nftNotLoaded?: boolean
  /** Why nft cannot list tables, in its own words. */
  nftRefused?: string
}

/** Looks, and changes nothing. Throws LiveProblem where the place cannot be reached. */
export async function survey(place: Place): Promise<Facts> {
  const { status, stdout, stderr } = await runScript(place, PROBE)
  const facts = readFacts(new TextDecoder().decode(stdout))
  if (facts.kernel === undefined)
    throw new LiveProblem(
      `${place.name}: no shell answered there${status === undefined ? '' : ` (exit status ${status})`}.`,
      stderr.trim() || undefined,
    )
  return facts
}

export function readFacts(text: string): Facts {
  const files = new Map<string, string[]>()
  const programs = new Map<string, string>()
  const versions = new Map<string, string>()
  const unreadable = new Set<string>()
  const nftTables: string[] = []
  const facts: Facts = { programs, versions, files, unreadable }
  for (const line of text.split('\n')) {
    const [key = '', rest = ''] = cut(line)
    const [name, value] = cut(rest)
    if (key === 'program') programs.set(name, value)
    else if (key === 'version') versions.set(name, value)
    else if (key === 'there') files.set(name, [])
    else if (key === 'file') files.get(name)?.push(value)
    else if (key === 'unreadable') unreadable.add(name)
    else if (key === 'nft-table') nftTables.push(rest.replace(/^table /, ''))
    else if (key === 'nft' && rest === 'works') facts.nftTables = nftTables
    else if (key === 'nft-not-loaded') facts.nftNotLoaded = true
    else if (key === 'nft') facts.nftRefused = rest
    else if (rest !== '') SINGLE[key]?.(facts, rest)
  }
  return facts
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
    if (/^[0-9a-f]+$/i.test(value)) facts.capabilities = BigInt(`0x${value}`)
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
