/** What iptables-save text itself tells of its family and table, where no header does. */
import { IPTABLES_TABLES } from '../../model/hook.ts'
import { MAX_LINE } from './iptables-lines.ts'

type IpFamily = 'ip' | 'ip6'

const ADDRESS =
  /(?:^|\s)--?(?:s|d|src|dst|source|destination|to|to-source|to-destination|src-range|dst-range|gateway|on-ip|(?:src|dst)-pfx|ct(?:orig|repl)(?:src|dst)|tunnel-(?:src|dst)|vaddr)\s*!?\s?\[?([\da-fA-F.:]{2,39})/
const DUAL = /(?:^|\s)(?:-4|-6|--ipv[46])\s/
// without an option, a target's name may be a chain's: ip6tables has no ULOG of its own
const IPV4_WORDS =
  /(?:^|\s)(?:-m (?:icmp|ttl|realm|osf)|-j (?:TTL|ECN|CLUSTERIP|ULOG)(?= --)|-+(?:icmp-type|ttl-\S{1,4})|-+reject-with icmp-\S{1,20})(?:\s|$)/
const IPV6_WORDS =
  /(?:^|\s)(?:-p (?:ipv6-|icmpv6)\S{0,8}|-m (?:icmp6|hl|rt|mh|hbh|dst|frag|ipv6header|eui64|srh)|-j (?:HL|SNPT|DNPT)(?= --)|-+icmpv6-type|-+reject-with icmp6-\S{1,20})(?:\s|$)/

/** The family whose addresses these rules speak of. Rules marked `-4` or `-6` tell nothing: such files are for both. */
export function familyByAddresses(lines: Iterable<string>): IpFamily | undefined {
  for (const line of lines) {
    const address = line.length > MAX_LINE || DUAL.test(line) ? undefined : ADDRESS.exec(line)?.[1]
    if (address !== undefined && /:.*:/.test(address)) return 'ip6'
    if (address !== undefined && /^\d+\.\d+/.test(address)) return 'ip'
  }
  return undefined
}

/** The family whose matches and options these rules name. Not `-p icmp`: ip6tables takes it, and generators write it. */
export function familyByWords(lines: Iterable<string>): IpFamily | undefined {
  for (const line of lines) {
    if (line.length > MAX_LINE || DUAL.test(line)) continue
    if (IPV4_WORDS.test(line)) return 'ip'
    if (IPV6_WORDS.test(line)) return 'ip6'
  }
  return undefined
}

/** The table whose built-in chains these are; with fewer chains than any has, the first that has them all. */
export function tableOf(chains: ReadonlySet<string>): string {
  const builtIn = [...new Set(Object.values(IPTABLES_TABLES).flat())].filter((name) => chains.has(name))
  const order = ['filter', 'nat', 'mangle', 'raw', 'security']
  const candidates = order.filter((table) => builtIn.every((name) => IPTABLES_TABLES[table]!.includes(name)))
  return candidates.find((table) => IPTABLES_TABLES[table]!.length === builtIn.length) ?? candidates[0] ?? 'filter'
}
