/** Which fields of a packet an ipset looks at. */
import { wordTable } from '../model/word-table.ts'

type Direction = 'src' | 'dst'

const FIELDS: Readonly<Record<string, Readonly<Record<Direction, string>>>> = wordTable({
  port: { src: 'th sport', dst: 'th dport' },
  mac: { src: 'ether saddr', dst: 'ether daddr' },
  iface: { src: 'meta iifname', dst: 'meta oifname' },
  mark: { src: 'meta mark', dst: 'meta mark' },
})

/** The parts of a set's type: `ip` and `port` of `hash:ip,port`. */
export const setParts = (type: string): string[] => type.slice(type.indexOf(':') + 1).split(',')

/**
 * The fields that the parts of a set's elements are compared with, for a set of `type` (`hash:ip,port`) asked with
 * these directions. Directions beyond the type's parts are ignored; with too few, or for a type not known, undefined:
 * the kernel then finds nothing (net/netfilter/ipset/ip_set_core.c, ip_set_test). A `list:set` hands the same
 * directions on to its members, so ask for those. The protocol of a `port` part (`udp:53`, `icmp:8/0`) has to be
 * compared as well, except in a `bitmap:port`, which has none.
 */
export function setFields(type: string, directions: readonly string[], family: 'ip' | 'ip6'): string[] | undefined {
  const parts = setParts(type)
  if (directions.length < parts.length) return undefined
  const fields = parts.map((part, i) => fieldOf(part, directions[i] === 'src' ? 'src' : 'dst', family))
  return fields.every((field) => field !== undefined) ? fields : undefined
}

function fieldOf(part: string, direction: Direction, family: 'ip' | 'ip6'): string | undefined {
  if (part === 'ip' || part === 'net') return `${family} ${direction === 'src' ? 'saddr' : 'daddr'}`
  return FIELDS[part]?.[direction]
}
