/** iptables-legacy on a place: whether it is in use, and with it the kernel's log. */
import { type Facts, legacyTables } from '../survey/facts.ts'
import { rulesOf, type TraceRule } from './rules.ts'
import type { IpFamily, Wish } from './wish.ts'

export const LOG_SYSCTL = { ip: 'net/netfilter/nf_log/2', ip6: 'net/netfilter/nf_log/10' } as const
export const FAMILY_NAME = { ip: 'IPv4', ip6: 'IPv6' } as const

/** Undefined: there is no iptables, or it does not say. */
export function iptablesIsNft({ versions }: Facts): boolean | undefined {
  const version = versions.get('iptables')
  return version === undefined || !/v\d/.test(version) ? undefined : version.includes('nf_tables')
}

export const legacyTraces = (facts: Facts, family: IpFamily): TraceRule[] =>
  rulesOf(facts).traces.filter(({ backend, table }) => backend === 'legacy' && table.family === family)

/** Families that are asked about, and whose TRACE lines go to the kernel's log: iptables-legacy has rules, or is what `iptables` is. */
export function legacyFamilies(facts: Facts, { families }: Wish): IpFamily[] {
  return families.filter(
    (family) => (legacyTables(facts, family) ?? []).length > 0 || (family === 'ip' && iptablesIsNft(facts) === false),
  )
}

/** What concerns the kernel's log is an error where a TRACE rule writes to it, and else a warning. */
export const logSeverity = (facts: Facts, families: readonly IpFamily[]): 'error' | 'warning' =>
  families.some((family) => legacyTraces(facts, family).length > 0) ? 'error' : 'warning'
