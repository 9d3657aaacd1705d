/** `-j SET`: what passes is added to an ipset or taken out of it (net/netfilter/xt_set.c). */
import { formatAddress, maskFromLength, parseAddress } from '../model/address.ts'
import type { Packet } from '../model/packet.ts'
import type { NamedSet } from '../model/ruleset.ts'
import type { SetElement } from '../model/set-element.ts'
import type { Statement } from '../model/statement.ts'
import { ABSENT } from '../rules/eval-context.ts'
import { held } from '../rules/facts.ts'
import { setFields, setParts } from '../rules/ipset.ts'
import { protocolNumber } from '../rules/iptables/protocols.ts'
import { allowanceIn, updated, withoutSet } from '../rules/nft/update.ts'
import { isUnknown } from '../rules/truth.ts'
import { momentOf } from './moment.ts'
import type { Simulator } from './simulator.ts'
import type { Skb } from './skb.ts'
import { Undetermined } from './undetermined.ts'

type Update = Statement & { kind: 'update-set' }

export function updateSet(machine: Simulator, skb: Skb, update: Update): void {
  const { world } = machine
  if (update.nft) {
    const lookup = { ...update, nft: update.nft }
    const moment = momentOf(machine, skb)
    const own = update.op === 'delete' ? allowanceIn(lookup, moment)?.element : undefined
    if (own) machine.allowances.free(own.key)
    const now = updated(lookup, moment)
    machine.world = now ?? withoutSet(world, update)
    if (!now) machine.note(`a rule changed set ${update.set}, so its elements are unknown`)
    return
  }
  const set = world.sets.find(({ name, family }) => name === update.set && family === undefined)
  // nobody knows what is in it, so nobody can ask for it either
  if (!set) return
  if (set.type === 'list:set') {
    machine.note(`${set.name} is a list of sets, and nfwhy does not model which of these sets changes`)
    return
  }
  const parts = elementOf(machine, skb, set, update)
  if (!parts) return
  const others = set.elements.filter((element) => element.parts.join() !== parts.join())
  if (update.op === 'add' && others.length < set.elements.length) return
  const timeout = update.timeout === undefined ? {} : { timeout: update.timeout }
  const elements = update.op === 'delete' ? others : [...others, { parts, ...timeout }]
  machine.world = { ...world, sets: world.sets.map((one) => (one === set ? { ...set, elements } : one)) }
}

/** As the set's type asks; undefined where the packet has no such thing. */
function elementOf(
  machine: Simulator,
  skb: Skb,
  set: NamedSet,
  { fields: directions, op }: Update,
): string[] | undefined {
  const fields = setFields(set.type, directions, skb.family)
  if (!fields) return undefined
  const moment = momentOf(machine, skb)
  const parts: string[] = []
  for (const [i, part] of setParts(set.type).entries()) {
    if (part === 'port' && set.type !== 'bitmap:port') {
      parts.push(portOf(skb.packet, directions[i] === 'src'))
      continue
    }
    const value = held(fields[i]!, moment)
    // where the packet has no interface, there is nothing to add
    if (value === ABSENT || value === '') return undefined
    if (isUnknown(value))
      throw new Undetermined(`-j SET --${op === 'add' ? 'add' : 'del'}-set ${set.name}`, value.unknown)
    if (part === 'net') parts.push(networkOf(String(value), set, i))
    else if (part === 'ip') parts.push(cut(String(value), set.addressMask))
    else
      parts.push(part === 'mark' ? `0x${((Number(value) & (set.markMask ?? -1)) >>> 0).toString(16)}` : String(value))
  }
  return parts
}

/** ICMP's type and code stand for the port; protocols without either have port 0 (ip_set_getport.c). */
function portOf({ protocol = '', sport = 0, dport = 0, icmpType, icmpCode = 0 }: Packet, source: boolean): string {
  const name = protocolNumber(protocol) === 58 ? 'ipv6-icmp' : protocol
  return icmpType === undefined ? `${name}:${source ? sport : dport}` : `${name}:${icmpType}/${icmpCode}`
}

/** A set of networks takes one as long as the longest that it has (INIT_CIDR). */
function networkOf(address: string, { elements }: NamedSet, part: number): string {
  const whole = address.includes(':') ? 128 : 32
  const lengthOf = ({ parts }: SetElement) => Number(/\/(\d+)$/.exec(parts[part] ?? '')?.[1] ?? whole)
  const longest = elements.reduce((most, one) => Math.max(most, lengthOf(one)), 0)
  const length = elements.length === 0 ? whole : longest
  return length === whole ? address : `${cut(address, length)}/${length}`
}

function cut(address: string, mask: number | string | undefined): string {
  if (mask === undefined) return address
  const bytes = parseAddress(address)!
  const ones = typeof mask === 'number' ? maskFromLength(mask, bytes.length * 8) : parseAddress(mask)!
  return formatAddress(bytes.map((byte, i) => byte & ones[i]!))
}
