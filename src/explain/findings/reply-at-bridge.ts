import { decides } from '../../journey/backends.ts'
import { baseChainsAt } from '../../journey/base-chains.ts'
import type { RuleRef } from '../../model/journey.ts'
import { hasLeft } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import { bridgeNamed } from '../../rules/bridge-calls.ts'
import { linkNamed, portsOfBridge } from '../../rules/links.ts'
import { neighboursAt } from '../../rules/neighbours.ts'
import { walk } from '../../rules/walk.ts'
import { nextHopOf } from '../../rules/way-out.ts'
import { acceptBefore, propose } from '../changes/change.ts'
import { type Context, type Detector, finding, lastPacket } from '../context.ts'
import { sourceRule } from '../counterfactual/rewritten.ts'
import { lacksReply } from '../counterfactual/undeliverable.ts'
import { letsGo } from '../counterfactual/what-if.ts'
import { nameRef, refOf } from '../refs.ts'
import { numberedRef } from './verdicts.ts'

/** Nothing came back to what left by a bridge, and whichever of its ports the reply comes in by, a rule of the bridge drops it. */
export const replyAtBridge: Detector = {
  code: 'reply-dropped',
  detect(context) {
    const { journey, ended, world } = context
    const { out, ...packet } = lastPacket(context)
    if (!hasLeft(journey.outcome) || out === undefined || !bridgeNamed(world.host, out)) return []
    if (!lacksReply(context) || sourceRule(context)) return []
    const reply = replyTo(context, packet, out)
    const stopped = reply ? portsOfBridge(world.host, out).map(({ name }) => stoppedAt(context, reply, name)) : []
    const rules = stopped.filter((one) => one !== undefined)
    if (!reply || rules.length === 0 || rules.length < stopped.length) return []
    const refs = [...new Map(rules.map((one) => [nameRef(one.ref), one])).values()]
      // what has dropped nothing yet is for another port
      .sort((a, b) => Number(b.used) - Number(a.used))
      .map(({ ref }) => ref)
    const [first, ...others] = refs.map(nameRef)
    const told = `the reply from ${reply.src}`
    const message =
      others.length === 0
        ? `${first} drops ${told}. A trace of the IP chains does not show that.`
        : `A rule at each port of ${out} drops ${told}: ${[first, ...others].join(', ')}. A trace of the IP chains does not show that.`
    return [
      finding('reply-dropped', 'error', message, {
        steps: [ended.step + 1],
        rules: refs,
        fix: refs.flatMap((one) =>
          propose(
            `accept such replies before ${numberedRef(one)}`,
            acceptBefore(one, reply, { hook: 'prerouting', answer: true }),
            others.length > 0 ? `if ${reply.src} is behind the port that this rule matches` : undefined,
            `which port ${reply.src} is behind is unknown`,
          ),
        ),
      }),
    ]
  },
}

/** As its frame comes in, from whoever hands it to this host. */
function replyTo({ world: { host } }: Context, asked: Packet, bridge: string): Packet | undefined {
  const { src, dst, sport, dport, protocol } = asked
  const hop = nextHopOf(asked, bridge, host)
  if (src === undefined || dst === undefined || hop === undefined || (protocol !== 'tcp' && protocol !== 'udp'))
    return undefined
  const [{ mac: srcMac } = {}] = neighboursAt(host, bridge, hop)
  const dstMac = linkNamed(host, bridge)?.mac
  return {
    ...{ protocol, src: dst, dst: src },
    ...(sport === undefined || dport === undefined ? {} : { sport: dport, dport: sport }),
    ...(protocol === 'tcp' ? { tcpFlags: ['syn', 'ack'] } : {}),
    ...(srcMac === undefined ? {} : { srcMac }),
    ...(dstMac === undefined ? {} : { dstMac }),
  }
}

interface Stopping {
  ref: RuleRef
  /** Its counter says that it has dropped something. */
  used: boolean
}

/** The rule that drops it for certain, where it comes in by this port. */
function stoppedAt(context: Context, reply: Packet, port: string): Stopping | undefined {
  const { world, budget } = context
  for (const hook of ['prerouting', 'input'] as const)
    for (const { table, chain } of baseChainsAt(world, 'bridge', hook, true)) {
      if (!decides(chain)) continue
      const packet = { ...reply, in: port }
      const walked = walk(table, [{ chain, index: 0 }], { packet, family: 'bridge', world, hook }, budget)
      const goes = letsGo(walked, chain)
      if (goes === true) continue
      // a chain of which nobody can tell comes first
      if (goes === undefined || !walked.last) return undefined
      const { last } = walked
      return { ref: refOf(context, table.name, last.chain, last.rule), used: (last.rule.counters?.packets ?? 0) > 0 }
    }
  return undefined
}
