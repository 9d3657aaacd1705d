import type { NftEdit } from '../../model/edit.ts'
import { isPassed } from '../../model/outcome-kinds.ts'
import { invert, numberOf, tupleOf, zoneOf } from '../../rules/conntrack/connection.ts'
import { NOT_TRIED } from '../changes/proposal.ts'
import { type Detector, describeEnd, finding, lastPacket } from '../context.ts'
import { isNatChain } from '../counterfactual/skipped-rules.ts'
import { nameRef } from '../refs.ts'
import { asItCame } from '../reply/request-reply.ts'
import { zonesOf } from './other-zone.ts'

/**
 * Two flows are in zones of their own, but their replies in one, where they look the same: the later entry cannot be inserted
 * (__nf_conntrack_confirm, net/netfilter/nf_conntrack_core.c). With nat, the kernel gives it another source port.
 */
export const replyTupleTaken: Detector = {
  code: 'snat-port-taken',
  detect(context) {
    const { journey, world, evidence, ended } = context
    const { family, outcome } = journey
    const packet = asItCame(evidence, world)
    // the model plays the drop, a capture shows it as passed
    if (
      !(isPassed(outcome) || outcome === 'vanished') ||
      (family !== 'ip' && family !== 'ip6') ||
      packet.src === undefined
    )
      return []
    const isNated = world.tables.some(
      (table) =>
        (table.family === family || table.family === 'inet') &&
        [...table.chains.values()].some((chain) => isNatChain(table, chain)),
    )
    const zones = isNated ? undefined : zonesOf(context, packet)
    const number = numberOf(packet)
    const reply = zones && invert(tupleOf(lastPacket(context)), number)
    if (!reply || zones.original === zones.reply) return []
    const user = world.host.conntrack?.find((entry) => {
      const own = zoneOf(entry)
      return (
        entry.protocol === packet.protocol &&
        own.reply === zones.reply &&
        own.original !== zones.original &&
        ENDS.every((key) => entry.reply[key] === reply[key])
      )
    })
    if (!user) return []
    const { src, sport, dst, dport } = user.original
    const ref = zones.given?.ref
    const table = { family, name: 'nat' }
    const isNft = world.tables.every(({ kind }) => kind === 'nft')
    const one = (op: NftEdit['op'], object: object): NftEdit => ({ kind: 'nft', op, object })
    return [
      finding(
        'snat-port-taken',
        'error',
        `${ref ? `${nameRef(ref)} puts it into` : 'It is in'} zone ${zones.original}, but its replies ${ref ? 'into' : 'are in'} zone ${zones.reply}. In zone ${zones.reply}, the same reply already belongs to the connection of ${describeEnd(src, sport)} to ${describeEnd(dst, dport)}, whose requests are in zone ${zoneOf(user).original}. The kernel drops the packet when it confirms its conntrack entry: it could not distinguish the replies.`,
        {
          steps: [ended.step + 1],
          rules: ref ? [ref] : [],
          fix: [
            {
              description: `add a chain of type nat for ${family === 'ip6' ? 'IPv6' : 'IPv4'}: with NAT, the kernel gives the later connection another source port`,
              ...(isNft && !world.tables.some((own) => own.family === family && own.name === table.name)
                ? {
                    edits: [
                      one('add', { table }),
                      one('add', {
                        chain: {
                          ...{ family, table: table.name, name: 'postrouting' },
                          ...{ type: 'nat', hook: 'postrouting', prio: 100, policy: 'accept' },
                        },
                      }),
                    ],
                    undo: [one('delete', { table })],
                  }
                : {}),
              unverified: NOT_TRIED,
            },
          ],
        },
      ),
    ]
  },
}

/** Who sends and whom to, of all protocols. */
const ENDS = ['src', 'dst', 'sport', 'dport', 'icmpId', 'icmpType', 'icmpCode'] as const
