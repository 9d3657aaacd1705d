/** What makes a sender send smaller packets than those that do not fit. */
import { baseChainsAt } from '../../journey/base-chains.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Packet } from '../../model/packet.ts'
import { isNftAlone, type World } from '../../model/world.ts'
import { changesOf, propose } from './change.ts'
import type { Proposal } from './proposal.ts'
import type { Spot } from './rule-changes.ts'

const UP_TO_SENDER = 'the effect depends on the sender'

/** Only TCP agrees on a size beforehand; whoever else sends learns it from the error. */
export function smallerPackets({ protocol }: Packet, family: 'ip' | 'ip6', world?: World): Proposal[] {
  const accept: Proposal = {
    description: 'accept the ICMP error all the way back to the sender, which then sends smaller packets',
    unverified: UP_TO_SENDER,
  }
  const place = protocol === 'tcp' ? placeToClamp(family, world) : undefined
  if (!place) return [accept]
  const clamp = changesOf(place.ref).add(place.ref, place.spot, { kind: 'openings' }, { kind: 'clamp' })
  return [
    ...propose("clamp TCP's segment size to the path's MTU", clamp, 'affects new connections only', UP_TO_SENDER),
    accept,
  ]
}

/** iptables has a table for it; of nft's chains, the first at the hook, in front of rules that may accept. */
function placeToClamp(family: 'ip' | 'ip6', world: World | undefined): { ref: RuleRef; spot: Spot } | undefined {
  if (!world || !isNftAlone(world)) {
    const ref = { family, table: 'mangle', chain: 'FORWARD' }
    return { ref, spot: { chain: ref.chain } }
  }
  const [first] = baseChainsAt(world, family, 'forward', false)
  if (!first) return undefined
  const { table, chain } = first
  const ref: RuleRef = { family: table.family, table: table.name, chain: chain.name, rule: 'policy accept' }
  const [before] = chain.rules
  return { ref, spot: { chain: chain.name, ...(before ? { before } : {}) } }
}
