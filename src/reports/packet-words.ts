/** A packet in words: its addresses with what NAT made of them, its flags or ICMP type, its interfaces. */

import { describeEnd } from '../explain/context.ts'
import type { Change, Journey } from '../model/journey.ts'
import { deviceWords, type Packet } from '../model/packet.ts'
import { leftBy } from '../model/way-out.ts'
import { wordTable } from '../model/word-table.ts'
import { ICMP_TYPES, ICMPV6_TYPES } from '../rules/iptables/values/icmp.ts'
import type { Group } from './form.ts'
import type { Marks } from './marks.ts'

/** `172.28.129.2:42182 → 172.28.129.4:80 ⇒ :52000`, cut where a line may break; a value that differs in the group is `*`. */
export function addressWords({ journey, same }: Group<unknown>, marks: Marks): string[] {
  const { packet } = journey
  if (ENDS.every((end) => packet[end] === undefined)) return ['without addresses']
  const rewritten = lastValues(journey)
  const one = (address: 'src' | 'dst', port: 'sport' | 'dport'): string[] => {
    const before = endText(same[address] ? packet[address] : '*', same[port] ? packet[port] : '*')
    const [now, nowPort] = [rewritten[address] ?? packet[address], rewritten[port] ?? packet[port]]
    const changed = now !== packet[address] || nowPort !== packet[port]
    // what other packets of the group became is not known
    if (!changed || (address === 'dst' && !(same.dst && same.dport))) return [before]
    const after = now === packet[address] ? `:${nowPort}` : endText(now, same[port] ? nowPort : '*')
    return [before, `${marks.becomes} ${after}`]
  }
  const [destination, ...more] = one('dst', 'dport')
  return [...one('src', 'sport'), `${marks.to} ${destination}`, ...more]
}

/** Do its packets differ in an address or a port? */
export const isMixed = ({ same }: Group<unknown>): boolean => !(same.src && same.dst && same.sport && same.dport)

/** One `*` where nothing of it is common to all. */
export const endText = (address: string | number | undefined, port: number | string | undefined): string =>
  address === '*' && port === '*' ? '*' : describeEnd(address, port)

const ENDS = ['src', 'sport', 'dst', 'dport'] as const

/** What each rewritten field holds in the end. */
function lastValues({ steps, packet }: Journey<unknown>): Partial<Record<string, string | number>> {
  const values: Record<string, string | number> = {}
  // one of many that went the same way is shown with the steps of another
  const isOwn = ENDS.every((end) => steps[0]?.[end] === undefined || steps[0][end] === packet[end])
  for (const step of steps) {
    // an entry of conntrack rewrites between hooks, where no step is
    for (const end of ENDS) if (isOwn && step[end] !== undefined) values[end] = step[end]
    for (const change of step.changes) values[change.field] = valueAfter(change)
  }
  return values
}

/** `7472-7473`: one of these. */
export const valueAfter = ({ to, among }: Change): string | number => among?.join('-') ?? to

/** What the packet is: `SYN`, `echo-request`, `later fragment`; with `numbers` also which one: `echo-request id 7 seq 1`. */
export function kindWords(packet: Packet, marks: Marks, numbers = true): string[] {
  const words: string[] = []
  if (packet.tcpFlags) words.push(packet.tcpFlags.length === 0 ? 'no flags' : packet.tcpFlags.join(' ').toUpperCase())
  if (packet.icmpType !== undefined) words.push([icmpName(packet), ...(numbers ? echoWords(packet) : [])].join(' '))
  if (packet.inner) words.push(`about ${describe(packet.inner, marks)}`)
  if ((packet.fragOffset ?? 0) > 0) words.push('later fragment')
  else if (packet.moreFragments) words.push('first fragment')
  return words
}

const describe = (packet: Packet, marks: Marks) =>
  `${packet.protocol ?? 'packet'} ${endText(packet.src, packet.sport)} ${marks.to} ${endText(packet.dst, packet.dport)}`

/** `id 7`, `seq 1`. */
export const echoWords = ({ icmpId, icmpSeq }: Packet): string[] => [
  ...(icmpId === undefined ? [] : [`id ${icmpId}`]),
  ...(icmpSeq === undefined ? [] : [`seq ${icmpSeq}`]),
]

function icmpName({ protocol, icmpType, icmpCode }: Packet): string {
  const names = Object.entries(protocol === 'icmp' ? ICMP_TYPES : ICMPV6_TYPES)
  const exact = names.find(([, value]) => Array.isArray(value) && value[0] === icmpType && value[1] === icmpCode)
  const whole = names.find(([, value]) => value === icmpType)
  return exact?.[0] ?? whole?.[0] ?? `type ${icmpType}${icmpCode ? ` code ${icmpCode}` : ''}`
}

/**
 * `eth0→virbr1`, `in eth0`, `out virbr1`: where it came in first and went out last. Rewritten in OUTPUT it goes another way than that
 * hook shows: not over lo to another host, and over lo to this one.
 */
export function interfaceWords({ packet, steps, outcome }: Journey<unknown>, { to }: Marks): string[] {
  const shown = steps.some((step) => step.out !== undefined) ? leftBy(steps) : packet.out
  const back = steps.some((step) => step.in === 'lo')
  const out = (outcome === 'sent' && shown === 'lo') || (back && shown !== 'lo') ? undefined : shown
  const port = packet.physIn === undefined ? '' : ` (${packet.physIn})`
  if (packet.in === undefined) return out === undefined ? [] : [`out ${deviceWords(out)}`]
  const from = `${deviceWords(packet.in)}${port}`
  return [out === undefined ? `in ${from}` : `${from}${to}${deviceWords(out)}`]
}

const HEX = new Set(['mark', 'ctMark', 'tos'])
const NAMES: Readonly<Record<string, string>> = wordTable({
  src: 'source',
  dst: 'destination',
  sport: 'source port',
  dport: 'port',
  ttl: 'TTL',
  in: 'interface',
  tcpFlags: 'flags',
  icmpType: 'ICMP type',
  icmpCode: 'ICMP code',
  ctState: 'ct state',
  tos: 'TOS',
  fragOffset: 'fragment offset',
  srcMac: 'source MAC',
  dstMac: 'destination MAC',
})

/** A packet's field as people call it. */
export const fieldName = (field: string): string => NAMES[field] ?? field

/** `mark 0 → 0x8000`, `destination 10.0.0.1 → 10.0.0.2`. */
export function changeWords(change: Change, marks: Marks): string {
  const { field, from } = change
  const value = (one: string | number) =>
    HEX.has(field) && typeof one === 'number' && one !== 0 ? `0x${one.toString(16)}` : String(one)
  return `${fieldName(field)} ${value(from)} ${marks.to} ${value(valueAfter(change))}`
}
