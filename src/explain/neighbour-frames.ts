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
  const passages = passagesAt(context, device, neighbour)
  return passages.find(({ goes }) => goes === false)?.stopped()
}

/**
 * The same for a neighbour behind one port of a bridge, by a rule that asks for the port: which one it is behind is not
 * known. Undefined where a rule accepts it at another port, which then is its own.
 */
export function stoppedAtPort(context: Context, device: string, neighbour: string): AtPort | undefined {
  const ports = (context.world.host.links ?? []).filter(({ master }) => master === device)
  const found: AtPort[] = []
  for (const { name } of ports) {
    const passages = passagesAt(context, device, neighbour, name)
    const stop = passages.find(({ goes }) => goes === false)
    if (stop) found.push({ ...stop.stopped(), port: name, only: ports.length === 1, by: 'address' })
    else if (passages.some(({ isAccepted }) => isAccepted)) return undefined
    else if (passages.some(({ goes }) => goes === undefined)) {
      // a filter of link addresses: its own is not known
      const other = passagesAt(context, device, neighbour, name, UNLISTED).find(({ goes }) => goes === false)
      if (other) found.push({ ...other.stopped(), port: name, only: false, by: 'link address' })
    }
  }
  return found.length === 1 ? found[0] : undefined
}

export interface AtPort extends Stopped {
  port: string
  /** The bridge has no other one. */
  only: boolean
  /** By what the filter keeps it out. */
  by: 'address' | 'link address'
}

/** No rule names it. */
const UNLISTED = '0a:6e:66:77:68:79'

interface Passage {
  goes: boolean | undefined
  /** By a rule, not by the policy. */
  isAccepted: boolean
  stopped(): Stopped
}

/** Chains in their order. `port`: of a bridge, by which the frames come and go; absent: it is not known. */
function passagesAt(context: Context, device: string, neighbour: string, port?: string, mac?: string): Passage[] {
  const { world, journey, budget } = context
  const isSix = journey.family === 'ip6'
  const families: Family[] = bridgeNamed(world.host, device) ? ['bridge'] : []
  if (!isSix) families.push('arp')
  return WAYS.flatMap(({ what, hooks, atDevice }) => {
    const isReply = what === 'reply'
    const way = isReply ? { in: device } : { out: device }
    const frame = { ...frameOf(isSix, isReply, neighbour), ...(mac !== undefined && isReply ? { srcMac: mac } : {}) }
    const written = new Map<string, string | number>([
      ['arp operation', isReply ? 2 : 1],
      ...(isSix ? [] : [[isReply ? 'arp saddr ip' : 'arp daddr ip', neighbour] as const]),
    ])
    const at = (one: string | undefined) => (one === undefined ? {} : isReply ? { in: one } : { out: one })
    const chains = [
      ...deviceChainsAt(world, atDevice).filter(
        ({ chain }) => chain.devices?.includes(device) || (port !== undefined && chain.devices?.includes(port)),
      ),
      ...families.flatMap((family) => hooks.flatMap((hook) => baseChainsAt(world, family, hook, true))),
    ]
    return chains
      .filter(({ chain }) => decides(chain))
      .map(({ table, chain, hook }): Passage => {
        const isBridge = table.family === 'bridge'
        const packet = isBridge ? { ...frame, ...at(port) } : { ...frame, ...way }
        const family = isSix ? (isBridge ? 'bridge' : 'netdev') : 'arp'
        const walked = walk(table, [{ chain, index: 0 }], { packet, family, world, hook, written }, budget)
        return {
          goes: letsGo(walked, chain),
          isAccepted: walked.ending === 'accept',
          stopped() {
            const { last } = walked
            if (last) return { what, ref: refOf(context, table.name, last.chain, last.rule) }
            const { ruleNumber: _, ...end } = endOf(table, chain)
            return { what, ref: { ...end, rule: 'policy drop' } }
          },
        }
      })
  })
}

/** RFC 826, RFC 4861. What is forwarded is asked for with an address of this host, whichever that is. */
function frameOf(isSix: boolean, isReply: boolean, neighbour: string): Packet {
  if (isSix) {
    const told = { protocol: 'icmpv6', icmpType: isReply ? 136 : 135, icmpCode: 0, ttl: 255 }
    return isReply ? { ...told, src: neighbour } : told
  }
  return isReply ? { src: neighbour } : { dst: neighbour }
}
