/** A rule that names interfaces with the other tool's wildcard: `eth+` is iptables', `eth*` is nft's. Each takes the other's for a name. */
import type { Condition, Value } from '../../model/condition.ts'
import type { Host } from '../../model/host.ts'
import type { Packet } from '../../model/packet.ts'
import { linkNamed } from '../../rules/links.ts'
import { interfaceHeld } from './failed-condition.ts'

export interface ForeignWildcard {
  /** As the rule has it. */
  name: string
  /** The rule's own tool, with the name as that would write it. */
  tool: 'nft' | 'iptables'
  own: string
}

/** The wildcard would match the packet's interface, and no interface has the name. */
export function foreignWildcard(condition: Condition, packet: Packet, host: Host): ForeignWildcard | undefined {
  if (condition.kind !== 'compare' || condition.op !== '==' || !host.links) return undefined
  const held = interfaceHeld(condition.field, packet)
  const [tool, foreign, own] = /^(?:! )?-[io] /.test(condition.text ?? '')
    ? (['iptables', '*', '+'] as const)
    : (['nft', '+', '*'] as const)
  const name = namesIn(condition.value).find(
    (one) => one.length > 1 && one.endsWith(foreign) && held?.startsWith(one.slice(0, -1)) && !linkNamed(host, one),
  )
  return name === undefined ? undefined : { name, tool, own: `${name.slice(0, -1)}${own}` }
}

function namesIn(value: Value): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && 'set' in value ? value.set.flatMap(namesIn) : []
}
