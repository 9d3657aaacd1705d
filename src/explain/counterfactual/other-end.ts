/** Rules that ask the packet's other end: `--dport 53` of what comes from port 53. */
import { inPrefix, parseAddress } from '../../model/address.ts'
import { memo } from '../../model/memo.ts'
import type { Packet } from '../../model/packet.ts'
import type { Chain } from '../../model/ruleset.ts'
import { type FailedCondition, fieldOf, isExact } from './failed-condition.ts'

const END = /([sd])(addr|port)$/

/** Does it ask for one address or port, which the packet has at its other end? */
export function isOtherEnd({ condition }: Pick<FailedCondition, 'condition'>, packet: Packet): boolean {
  const [, side, what] = END.exec(fieldOf(condition) ?? '') ?? []
  if (what === undefined || condition.kind !== 'compare' || condition.op !== '==' || !isExact(condition)) return false
  const { value } = condition
  const asked = typeof value !== 'object' ? value : 'prefix' in value ? value.prefix : undefined
  const { src, dst, sport, dport } = packet
  // by chance: who begins a connection has another port each time
  if (what === 'port' && side === 'd' && (isPassing(packet) || isBetweenServices(packet))) return false
  const held = what === 'addr' ? (side === 's' ? dst : src) : side === 's' ? dport : sport
  return held !== undefined && String(asked) === String(held)
}

/**
 * Does it ask the destination for a network that the source is of? Not where the chain asks the source for the network as well:
 * then one is for each direction.
 */
export function isNetworkOfSource(
  { condition }: Pick<FailedCondition, 'condition'>,
  { src }: Packet,
  chain: Chain,
): boolean {
  if (condition.kind !== 'compare' || condition.op !== '==' || isExact(condition)) return false
  const { field, value } = condition
  if (!/^ip6? daddr$/.test(field) || typeof value !== 'object' || !('prefix' in value) || value.length === 0)
    return false
  const [network, held] = [value.prefix, src ?? ''].map(parseAddress)
  if (!network || network.length !== held?.length || !inPrefix(held, network, value.length)) return false
  return !asked(chain).has(wordsOf(turnedEnd(field), value))
}

/** What the rules of a chain ask for, each field with its value: of 10,000 rules, each may nearly have matched. */
const asked = memo(
  ({ rules }: Chain) =>
    new Set(
      rules.flatMap(({ conditions }) =>
        conditions.flatMap((one) =>
          one.kind === 'compare' && / [sd]addr$/.test(one.field) ? [wordsOf(one.field, one.value)] : [],
        ),
      ),
    ),
)

const wordsOf = (field: string, value: unknown): string => `${field} ${JSON.stringify(value)}`

/** `dport` → `sport`. */
export const turnedEnd = (field: string): string =>
  field.replace(END, (_, side, what) => (side === 's' ? 'd' : 's') + what)

/** Does it ask for the source port of who begins a connection, which has another one each time? */
export const isPassingPort = ({ condition }: Pick<FailedCondition, 'condition'>, packet: Packet): boolean =>
  isPassing(packet) && / sport$/.test(fieldOf(condition) ?? '')

/** Does it ask for the destination port of what comes back, where both sides have a port of their own? */
export const isForTheWayBack = ({ condition }: Pick<FailedCondition, 'condition'>, packet: Packet): boolean =>
  isBetweenServices(packet) && / dport$/.test(fieldOf(condition) ?? '') && isForPort(condition, packet.sport)

const isForPort = (condition: FailedCondition['condition'], port: number | undefined): boolean =>
  condition.kind === 'compare' && condition.op === '==' && condition.value === port

/** As DHCP has it, 68 and 67: each side is asked at its own port, and a rule for one of them is there for that direction. */
const isBetweenServices = ({ protocol, sport, dport }: Packet): boolean =>
  protocol === 'udp' && [sport, dport].every((one) => one !== undefined && one < FIRST_PASSING) && sport !== dport

function isPassing({ protocol, tcpFlags, ctState, sport }: Packet): boolean {
  const begins = protocol === 'tcp' ? tcpFlags?.includes('syn') && !tcpFlags.includes('ack') : ctState === 'new'
  return begins === true && sport !== undefined && sport >= FIRST_PASSING
}

/** Below it are the ports of services, and of who may bind them: a rule may ask for these. */
const FIRST_PASSING = 1024
