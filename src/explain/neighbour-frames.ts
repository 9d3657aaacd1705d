/** Frames by which neighbours are found, ARP and neighbour discovery, at chains that no trace of IP shows. */
import { decides } from '../journey/backends.ts'
import { baseChainsAt, deviceChainsAt } from '../journey/base-chains.ts'
import type { Hook } from '../model/hook.ts'
import type { RuleRef } from '../model/journey.ts'
import type { Family, Packet } from '../model/packet.ts'
import { walk } from '../rules/walk.ts'
import { bridgeNamed } from './bridges.ts'
import type { Context } from './context.ts'
import { letsGo } from './counterfactual/what-if.ts'
import { endOf, refOf } from './refs.ts'

export interface Stopped {
  ref: RuleRef
  what: 'request' | 'reply'
}

/** What is asked leaves, what is replied comes in. */
const WAYS: readonly { what: Stopped['what']; hooks: readonly Hook[]; atDevice: 'egress' | 'ingress' }[] = [
  { what: 'request', hooks: ['output', 'postrouting'], atDevice: 'egress' },
  { what: 'reply', hooks: ['prerouting', 'input'], atDevice: 'ingress' },
]

/** The rule that drops what is asked of, or replied by, the neighbours on this interface; undefined where none does for certain. */
export function stoppedFrame(context: Context, device: string, neighbour: string): Stopped | undefined {
  const { world, journey, budget } = context
  const isSix = journey.family === 'ip6'
  const families: Family[] = bridgeNamed(world.host, device) ? ['bridge'] : []
  if (!isSix) families.push('arp')
  for (const { what, hooks, atDevice } of WAYS) {
    const isReply = what === 'reply'
    const way = isReply ? { in: device } : { out: device }
    const frame = frameOf(isSix, isReply, neighbour)
    const written = new Map([['arp operation', isReply ? 2 : 1]])
    const found = [
      ...deviceChainsAt(world, atDevice).filter(({ chain }) => chain.devices?.includes(device)),
      ...families.flatMap((family) => hooks.flatMap((hook) => baseChainsAt(world, family, hook, true))),
    ]
    for (const { table, chain, hook } of found) {
      if (!decides(chain)) continue
      const isBridge = table.family === 'bridge'
      // by which port of a bridge is not known
      const packet = isBridge ? frame : { ...frame, ...way }
      const family = isSix ? (isBridge ? 'bridge' : 'netdev') : 'arp'
      const walked = walk(table, [{ chain, index: 0 }], { packet, family, world, hook, written }, budget)
      if (letsGo(walked, chain) !== false) continue
      const { last } = walked
      if (last) return { what, ref: refOf(context, table.name, last.chain, last.rule) }
      const { ruleNumber: _, ...end } = endOf(table, chain)
      return { what, ref: { ...end, rule: 'policy drop' } }
    }
  }
  return undefined
}

/** RFC 826, RFC 4861. What is forwarded is asked for with an address of this host, whichever that is. */
function frameOf(isSix: boolean, isReply: boolean, neighbour: string): Packet {
  if (isSix) {
    const told = { protocol: 'icmpv6', icmpType: isReply ? 136 : 135, icmpCode: 0, ttl: 255 }
    return isReply ? { ...told, src: neighbour } : told
  }
  return isReply ? { src: neighbour } : { dst: neighbour }
}
