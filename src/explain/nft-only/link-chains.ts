/** Chains of a bridge and of devices, which IP's trace does not show. */
import { decides } from '../../journey/backends.ts'
import { type BaseChain, baseChainsAt, deviceChainsAt } from '../../journey/base-chains.ts'
import type { RuleRef } from '../../model/journey.ts'
import { hasLeft } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import { bridgeNamed } from '../../rules/bridge-calls.ts'
import { walk } from '../../rules/walk.ts'
import { acceptBefore, deleteRule, propose } from '../changes/change.ts'
import { type Context, type Detected, finding, lastPacket } from '../context.ts'
import { SOURCE } from '../counterfactual/rewritten.ts'
import { letsGo } from '../counterfactual/what-if.ts'
import { opensOf } from '../findings/such-packets.ts'
import { bridgeOf } from '../host/bridges.ts'
import { endOf, nameRef, refOf } from '../refs.ts'
import { isAnswer, isOpening } from '../reply/request-reply.ts'
import { verdictAt } from '../verdict-at.ts'

/** What stands there of the packet, if one of them drops it. */
export function droppedInLinkChains(context: Context): Detected[] {
  const { journey, evidence, ended } = context
  if (!hasLeft(journey.outcome)) return []
  const packet = asItLeaves(context)
  const shown = new Set(evidence.arrivals.map(({ table, chain }) => `${table?.family} ${table?.name} ${chain?.name}`))
  let open: { name: string; where: string } | undefined
  for (const base of chainsBehind(context, packet)) {
    const { table, chain, hook } = base
    const name = `${table.family} ${table.name} ${chain.name}`
    if (!decides(chain) || shown.has(name)) continue
    const where = hook === 'egress' ? `at egress of ${packet.out}` : `at hook ${hook} of bridge ${packet.out}`
    const walked = walkOf(context, base, packet)
    const goes = letsGo(walked, chain)
    if (goes === false && !open) {
      const ref = walked.last ? refOf(context, table.name, walked.last.chain, walked.last.rule) : endOf(table, chain)
      return told(context, ref, where, packet)
    }
    if (goes === undefined) open ??= { name, where }
  }
  if (!open) return []
  return [
    finding(
      'dropped-beside',
      'note',
      `${open.name} may drop it ${open.where}: a trace of the IP chains does not show it.`,
      {
        steps: [ended.step + 1],
      },
    ),
  ]
}

function told(context: Context, ref: RuleRef, where: string, packet: Packet): Detected[] {
  // which ports it passes there is not known
  const { in: _, out: __, ...such } = packet
  const hints = { answer: isReply(context) }
  return [
    finding(
      'dropped-beside',
      'error',
      `${nameRef(ref)} drops it ${where}, after the IP chains. A trace of the IP chains does not show this.`,
      {
        steps: [context.ended.step + 1],
        rules: [ref],
        fix: [
          ...propose(
            'accept such packets there',
            acceptBefore(ref, such, hints),
            opensOf({ kind: 'such', packet: such, hints }),
          ),
          ...propose('delete the rule', deleteRule(ref), 'every packet that the rule dropped is then accepted'),
        ],
      },
    ),
  ]
}

/** To a port that is another one each time. */
function isReply({ journey: { packet }, evidence, world }: Context): boolean {
  return !isOpening({ packet }, evidence.nat, world) && isAnswer(packet, world)
}

/** As the last rule of nat leaves it. Link addresses are those of the next link, and not known. */
function asItLeaves(context: Context): Packet {
  const { ended, evidence } = context
  const { srcMac: _, dstMac: __, ...packet } = lastPacket(context)
  const isMet = evidence.arrivals[ended.step] !== undefined
  if (!isMet || !SOURCE.includes(verdictAt(context, ended.step))) return packet
  const { src: ___, sport: ____, ...rewritten } = packet
  return rewritten
}

/** In the order in which they come: those of the device, then those of the bridge that it is. */
function chainsBehind({ world }: Context, packet: Packet): BaseChain[] {
  const { out } = packet
  if (out === undefined || out === 'lo') return []
  const bridge = bridgeNamed(world.host, out)
  const passedOn = bridgeOf(packet, world.host) !== undefined
  const own = bridge && !passedOn ? baseChainsAt(world, 'bridge', 'output', true) : []
  const last = bridge ? baseChainsAt(world, 'bridge', 'postrouting', true) : []
  const device = deviceChainsAt(world, 'egress').filter(({ chain: { devices = [] } }) =>
    devices.some((one) => one === out || (one.endsWith('*') && out.startsWith(one.slice(0, -1)))),
  )
  return [...device, ...own, ...last]
}

function walkOf({ world, journey, budget }: Context, { table, chain, hook }: BaseChain, packet: Packet) {
  const isBridge = table.family === 'bridge'
  const { in: _, out: __, physIn, physOut, ...rest } = packet
  const ports = { ...(physIn === undefined ? {} : { in: physIn }), ...(physOut === undefined ? {} : { out: physOut }) }
  const family = table.family === 'inet' ? journey.family : isBridge ? 'bridge' : 'netdev'
  const moment = { packet: isBridge ? { ...rest, ...ports } : packet, family, world, hook } as const
  return walk(table, [{ chain, index: 0 }], moment, budget)
}
