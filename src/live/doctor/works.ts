/** What of a place is as it should be, in a few lines: its right-hand side is what a person wants to see first. */
import { command } from '../../model/command.ts'
import { CAPABILITIES, type Facts, hasCapability, legacyTables, sysctlOf } from '../survey/facts.ts'
import type { TraceHost } from '../trace-host.ts'
import { FAMILY_NAME, LOG_SYSCTL } from './legacy.ts'
import { traceListeners } from './listeners.ts'
import { nameOf, rulesOf } from './rules.ts'
import { typedText } from './typed.ts'

export interface Work {
  /** `unknown`: it could not be seen. */
  works: 'yes' | 'no' | 'unknown'
  what: string
  text: string
}

/** `place`: where to it is. */
export const worksOf = (facts: Facts, place: TraceHost): Work[] => [
  rights(facts),
  nft(facts),
  legacy(facts),
  log(facts),
  tools(facts),
  traced(facts, place),
]

function rights(facts: Facts): Work {
  const names = Object.keys(CAPABILITIES) as (keyof typeof CAPABILITIES)[]
  const missing = names.filter((name) => hasCapability(facts, name) === false)
  if (facts.capabilities === undefined) return { works: 'unknown', what: 'rights', text: 'not known' }
  return {
    works: missing.includes('CAP_NET_ADMIN') ? 'no' : 'yes',
    what: 'rights',
    text:
      missing.length === 0
        ? `all rights that tracing needs (user ${facts.uid})`
        : `without ${missing.map((name) => `${name} (${NEEDED[name]})`).join(', ')}`,
  }
}

const NEEDED: Readonly<Record<keyof typeof CAPABILITIES, string>> = {
  CAP_NET_ADMIN: 'rules, traces',
  CAP_SYS_ADMIN: 'other namespaces',
  CAP_SYSLOG: 'the kernel log',
  CAP_PERFMON: 'drop reasons',
  CAP_BPF: 'drop reasons',
}

function nft({ versions, nftTables, nftNotLoaded, nftRefused }: Facts): Work {
  const version = /v(\d[\d.]*)/.exec(versions.get('nft') ?? '')?.[1]
  if (version === undefined) return { works: 'no', what: 'nft', text: 'is not installed' }
  if (nftTables) return { works: 'yes', what: 'nft', text: `${version}, ${counted(nftTables, 'table')}` }
  const why = nftNotLoaded ? 'the kernel module is not loaded' : (nftRefused ?? 'it was not checked')
  return { works: nftNotLoaded ? 'unknown' : 'no', what: 'nft', text: `${version}; ${why}` }
}

function legacy(facts: Facts): Work {
  const version = /v(\d.*)/.exec(facts.versions.get('iptables') ?? '')?.[1]
  const tables = (['ip', 'ip6'] as const).map((family) => legacyTables(facts, family))
  const hidden = tables.includes(undefined)
  const names = (['ip', 'ip6'] as const).flatMap((family, i) => (tables[i] ?? []).map((table) => `${family} ${table}`))
  const text = hidden
    ? 'no right to see legacy tables'
    : names.length === 0
      ? 'no legacy table'
      : `legacy: ${names.join(', ')}`
  if (version === undefined)
    return { works: names.length > 0 ? 'unknown' : 'no', what: 'iptables', text: `is not installed; ${text}` }
  return { works: hidden ? 'unknown' : 'yes', what: 'iptables', text: `${version}; ${text}` }
}

/** Where TRACE of iptables-legacy goes. */
function log(facts: Facts): Work {
  const loggers = (['ip', 'ip6'] as const).flatMap((family) => {
    const value = sysctlOf(facts, LOG_SYSCTL[family])
    return value === undefined ? [] : [`${FAMILY_NAME[family]} ${value}`]
  })
  const readable = facts.texts.has('dmesg')
    ? 'dmesg can be read'
    : (facts.refused.get('dmesg') ?? 'dmesg is not installed')
  if (loggers.length === 0) return { works: 'unknown', what: 'logger', text: `it is unknown; ${readable}` }
  return {
    works: loggers.some((one) => one.includes('nf_log_')) ? 'yes' : 'no',
    what: 'logger',
    text: `${loggers.join(', ')}, for LOG and for TRACE of iptables-legacy alone; ${readable}`,
  }
}

/** What fixes and advice call, and what is so without it. */
const TOOLS: Readonly<Record<string, string>> = {
  'xtables-monitor': 'nft monitor trace shows the same',
  tcpdump: 'it would show whether a packet arrives',
  sysctl: 'write to /proc/sys instead',
}

function tools({ programs }: Facts): Work {
  const missing = Object.entries(TOOLS).filter(([name]) => !programs.has(name))
  return {
    works: missing.length === 0 ? 'yes' : 'no',
    what: 'tools',
    text:
      missing.length === 0
        ? Object.keys(TOOLS).join(', ')
        : `not installed: ${missing.map(([name, instead]) => `${name} (${instead})`).join(', ')}`,
  }
}

const MOST_NAMES = 3

function traced(facts: Facts, place: TraceHost): Work {
  const { traces } = rulesOf(facts)
  const seen = facts.texts.has('nft') || facts.texts.has('ip-raw') || facts.texts.has('ip6-raw')
  if (traces.length === 0)
    return seen || legacyTables(facts, 'ip') !== undefined
      ? {
          works: 'no',
          what: 'traced',
          text: `nothing at the moment; \`${typedText(place, [command('nfwhy', 'trace')])}\` starts a trace`,
        }
      : { works: 'unknown', what: 'traced', text: 'no right to see the rules' }
  const names = traces.slice(0, MOST_NAMES).map((trace) => `${nameOf(trace)} (${hooks(trace.bases)})`)
  const more = traces.length > MOST_NAMES ? `, and ${traces.length - MOST_NAMES} more` : ''
  const listeners = traceListeners(facts).length
  return {
    works: traces.some(({ bases }) => bases.length > 0) ? 'yes' : 'no',
    what: 'traced',
    text: `${names.join(', ')}${more}${listeners > 0 ? `; ${listeners} listening` : ''}`,
  }
}

const hooks = (bases: readonly { hook: string; priority: number }[]): string =>
  bases.length === 0 ? 'on no hook' : bases.map(({ hook, priority }) => `${hook} ${priority}`).join(', ')

const counted = (list: readonly string[], word: string): string =>
  `${list.length} ${word}${list.length === 1 ? '' : 's'}`
