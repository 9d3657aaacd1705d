/**
 * Fields that nft takes otherwise than iptables, whose readings are in rules/facts: there they are not known. The kernel
 * was asked (test/kernel/nft-conditions.test.ts).
 */

import { wordTable } from '../../model/word-table.ts'
import { ABSENT, type EvalContext, ipVersion, type Read } from '../eval-context.ts'
import { rawReader } from '../facts/raw.ts'
import { cameWithRoute } from '../facts/routing.ts'
import { wholeOptions } from '../facts/transport.ts'
import { inputName, outputName } from '../facts/way.ts'
import { held } from '../facts.ts'
import { addressType, reverseWay } from '../fib.ts'
import { isUnknown, type Unknown, unknown } from '../truth.ts'
import type { Held } from '../values.ts'

/** Headers that nft reads at the place where the transport header should be. */
const TRANSPORT = ['tcp', 'udp', 'udplite', 'sctp', 'dccp', 'icmp', 'icmpv6', 'igmp', 'ah', 'esp', 'comp', 'gre', 'th']

/** Options are looked for in whole headers alone (net/netfilter/nft_exthdr.c). */
const isTransport = (field: string): boolean =>
  TRANSPORT.includes(field.slice(0, field.indexOf(' '))) && !field.startsWith('tcp option')

const isPorts = (field: string): boolean => field.startsWith('th ')
const isFib = (field: string): boolean => field.startsWith('fib ')

/** Not there before connection tracking has looked, though `ct zone set` may have left an entry: so Linux 6.18 has it. */
const isOfEntry = (field: string): boolean => field.startsWith('ct ') && field !== 'ct state'

export const isPeculiar = (field: string): boolean =>
  isTransport(field) || isFib(field) || field.startsWith('tcp option') || isOfEntry(field)

/** Where they end, in bytes from the beginning of the header: a packet that is shorter does not have them. */
const ENDS: Readonly<Record<string, number>> = wordTable({
  ...Object.fromEntries(
    TRANSPORT.flatMap((name) => [
      [`${name} sport`, 2],
      [`${name} dport`, 4],
      [`${name} type`, 1],
      [`${name} code`, 2],
      [`${name} id`, 6],
    ]),
  ),
  ...{ 'tcp sequence': 8, 'tcp ackseq': 12, 'tcp doff': 13, 'tcp flags': 14, 'tcp window': 16 },
  ...{ 'icmp sequence': 8, 'icmpv6 sequence': 8, 'udp length': 6, 'tcp option': 20 },
})
const endOf = (field: string): number | undefined => ENDS[field.startsWith('tcp option') ? 'tcp option' : field]

/** The IP header is this long at least. */
const isCut = (end: number, { packet: { length, fragOffset }, family }: EvalContext): boolean =>
  length !== undefined && !fragOffset && length < end + (family === 'ip6' ? 40 : 20)

/** Why what the packet holds is not what nft compares; undefined: it is. */
export function peculiar(field: string, moment: EvalContext): Held | Unknown | typeof ABSENT | undefined {
  if (isOfEntry(field)) return moment.connection?.protocol === '0' ? ABSENT : undefined
  const end = endOf(field)
  if (end !== undefined && isCut(end, moment)) return ABSENT
  if (field === 'tcp options' && Array.isArray(held(field, moment))) return wholeOptions(moment.packet.tcpOptions!)
  if (isTransport(field)) return withoutHeader(field, moment)
  return isFib(field) ? ofRoutes(field, moment) : undefined
}

/** Kernels differ: some compare the bytes that stand where the header would be (net/netfilter/nft_payload.c). */
function withoutHeader(field: string, moment: EvalContext): Unknown | number | undefined {
  if ((moment.packet.fragOffset ?? 0) > 0) return unknown('a later fragment does not contain that header')
  if (!isPorts(field) || held(field, moment) !== ABSENT) return undefined
  // ICMP has its type and code there
  const bytes = rawReader(field === 'th sport' ? '@th,0,16' : '@th,16,16')?.(moment)
  return typeof bytes === 'number'
    ? bytes
    : unknown('the protocol has no ports; the bytes at their position are not known')
}

/** Only whose address it is hangs on the interface; its route may lead anywhere (net/ipv6/netfilter/nft_fib_ipv6.c). */
function typeOnDevice(address: string | undefined, device: ReturnType<Read>, { world: { host } }: EvalContext) {
  if (typeof device !== 'string') return device === ABSENT ? undefined : device
  const there = addressType(address, host, device)
  if (there === 'local' || isUnknown(there)) return there
  const type = addressType(address, host)
  return type === 'local' ? 'unicast' : type
}

/** Types that a route back may have and rpfilter does not take (net/ipv4/netfilter/nft_fib_ipv4.c). */
const NO_WAY_BACK = ['anycast', 'broadcast', 'multicast']

function ofRoutes(field: string, moment: EvalContext): Held | Unknown | undefined {
  const [, key, bound] = /^fib ([sd]addr) \. ([io])if type$/.exec(field) ?? []
  if (bound !== undefined && ipVersion(moment) === 'ip6')
    return typeOnDevice(
      moment.packet[key === 'saddr' ? 'src' : 'dst'],
      (bound === 'i' ? inputName : outputName)(moment),
      moment,
    )
  if (!field.endsWith(' oif') || field.startsWith('fib daddr')) return undefined
  const came = cameWithRoute(moment)
  if (came !== undefined) return came
  const type = held('fib saddr type', moment)
  if (typeof type === 'string' && NO_WAY_BACK.includes(type))
    return unknown(`it is unknown whether a route leads back to ${type} addresses`)
  if (ipVersion(moment) !== 'ip6') return undefined
  const options = { mark: field.includes(' . mark'), strict: field.includes(' . iif'), best: true }
  const way = reverseWay(moment.packet, moment.world.host, options)
  return isUnknown(way) ? way : way.device
}
