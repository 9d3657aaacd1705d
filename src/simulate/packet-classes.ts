/**
 * What of a packet makes a difference on this machine: fields that no rule, route, socket or address asks for make none,
 * and of addresses and ports it counts which of the ranges asked for they are in.
 */
import { fieldsAsked, ipv4Number, lengthsOf, Ranges } from '../journey/asked.ts'
import type { Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'

/** Count only where a condition reads a field of this name. */
const ASKED: readonly [keyof Packet, RegExp][] = [
  ['ttl', /\b(ttl|hoplimit)$/],
  ['tos', /\b(tos|dscp|ecn)$/],
  ['length', /\blength$/],
  ['ipId', /^(ip|frag) id$/],
  ['fragOffset', /frag-off$|more-fragments$/],
  ['moreFragments', /frag-off$|more-fragments$/],
  ['icmpId', /^(icmp|icmpv6) id$|proto-src$|proto-dst$/],
  ['icmpSeq', /^(icmp|icmpv6) sequence$/],
  ['tcpSeq', /^tcp (sequence|ackseq|window|option)/],
  ['tcpAck', /^tcp (sequence|ackseq|window|option)/],
  ['tcpWindow', /^tcp (sequence|ackseq|window|option)/],
  ['tcpOptions', /tcp option/],
  ['uid', /^meta sk[ug]id$/],
  ['gid', /^meta sk[ug]id$/],
  ['vlan', /^vlan /],
  ['flowLabel', /flowlabel/],
  ['srcMac', /^ether /],
  ['dstMac', /^ether /],
]

type Class = string | number | boolean
type ClassOf = (value: unknown) => Class

const whole: ClassOf = (value) => (typeof value === 'object' ? JSON.stringify(value) : (value as Class))
const there: ClassOf = () => ''

export class PacketClasses {
  /** The class of a field's value; what is absent is one of its own. */
  private readonly of: Readonly<Partial<Record<keyof Packet, ClassOf>>>

  constructor(world: World) {
    const asked = fieldsAsked(world)
    const fields = [...asked.fields]
    const isAsked = (name: RegExp) => fields.some((field) => name.test(field))
    const lengths = lengthsOf(world)
    const port =
      (ranges: Ranges): ClassOf =>
      (value) =>
        asked.wholePorts ? (value as number) : ranges.classOf(value as number)
    const address =
      (ranges: Ranges): ClassOf =>
      (value) => {
        const number = asked.gaps ? undefined : ipv4Number(value as string)
        return number === undefined ? (value as string) : ranges.classOf(number)
      }
    this.of = {
      ...Object.fromEntries(ASKED.map(([key, name]) => [key, isAsked(name) ? whole : there])),
      ...(isAsked(/\b(ttl|hoplimit)$/) ? {} : { ttl: (value: unknown) => ((value as number) <= 1 ? 1 : 0) }),
      ...(isAsked(/\blength$/) ? {} : { length: (value: unknown) => lengths.classOf(value as number) }),
      ...(isAsked(/frag-off$|more-fragments$/)
        ? {}
        : { fragOffset: (value: unknown) => ((value as number) > 0 ? 1 : 0) }),
      src: address(new Ranges(asked.saddr)),
      dst: address(new Ranges(asked.daddr)),
      sport: port(new Ranges([...asked.sport, ...asked.answering])),
      dport: port(new Ranges(asked.dport)),
    }
  }

  classOf(key: keyof Packet, value: unknown): Class {
    if (value === undefined) return '-'
    return (this.of[key] ?? whole)(value)
  }
}
