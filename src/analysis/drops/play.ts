/**
 * Which rule drops a packet that the kernel says netfilter dropped: it is played on the model of the machine. What the kernel
 * tells is the packet as it was then, where it was and why; of the rule it says nothing, so what is found here is simulated.
 */
import { explain } from '../../explain/explain.ts'
import { codesOf } from '../../explain/kernel-drops/meaning.ts'
import type { Hook } from '../../model/hook.ts'
import type { Drop } from '../../model/host.ts'
import type { Journey, RuleRef } from '../../model/journey.ts'
import { isStoppedByRule } from '../../model/outcome-kinds.ts'
import { withoutOwnTables } from '../../model/own-table.ts'
import { isNameless, type Packet } from '../../model/packet.ts'
import type { World } from '../../model/world.ts'
import { PacketClasses } from '../../simulate/packet-classes.ts'
import { Simulator } from '../../simulate/simulator.ts'
import { type Played, playPackets } from '../simulate.ts'

/** `none`: by the model no rule drops it; `open`: that hangs on something unknown. */
export type DroppingRule = { known: true; ref: RuleRef; hook?: Hook } | { known: false; why: 'none' | 'open' }

/** Packets that differ for the rules, of which the rule is remembered. */
const MOST_REMEMBERED = 5000

/** For one World. */
export class DropPlayer {
  private readonly world: World
  private classes: PacketClasses | undefined
  private readonly remembered = new Map<string, DroppingRule>()

  constructor(world: World) {
    this.world = withoutOwnTables(world)
  }

  /** The rule, where another packet that no rule tells from this one was played before. */
  knownRule(drop: Drop): DroppingRule | undefined {
    return this.remembered.get(this.classOf(drop))
  }

  /** The rule that drops it by the model. */
  rule(drop: Drop): DroppingRule {
    const { found } = this.find(drop)
    if (this.remembered.size < MOST_REMEMBERED) this.remembered.set(this.classOf(drop), found)
    return found
  }

  /** The packet's way by the model. */
  play(drop: Drop): Played {
    const { assume } = drop.reason === 'NETFILTER_DROP' ? this.find(drop) : {}
    const packet = this.asItCame(drop.packet)
    for (const played of playPackets(this.world, [packet], [], assume ? { assume } : {})) return played
    throw new Error('one packet is one journey')
  }

  /** `assume`: what has to hold for it. */
  private find(drop: Drop): { found: DroppingRule; assume?: ReadonlyMap<string, boolean> } {
    const { found, spent } = this.simulate(drop, new Map())
    if (found.known || found.why !== 'none' || spent.length === 0) return { found }
    // other packets may have used up a limit: where the packet came to several, it is not known which
    if (spent.length > 1) return { found: { known: false, why: 'open' } }
    const assume = new Map(spent.map(({ text, usedUp }) => [text, usedUp]))
    return { found: this.simulate(drop, assume).found, assume }
  }

  private simulate({ packet }: Drop, assume: ReadonlyMap<string, boolean>) {
    const machine = new Simulator(this.world, { assume })
    const { evidence, ended } = machine.send(this.asItCame(packet))
    return { found: ruleOf(explain(evidence, this.world, { ended })), spent: machine.spent }
  }

  private classOf({ packet }: Drop): string {
    this.classes ??= new PacketClasses(this.world)
    let text = ''
    const asItCame = this.asItCame(packet)
    for (const key of Object.keys(asItCame).sort() as (keyof Packet)[])
      text += `${key} ${this.classes.classOf(key, asItCame[key])}\n`
    return text
  }

  /** With the name of its input interface; where it was to leave by, the model finds out. */
  private asItCame({ out: _, ...packet }: Packet): Packet {
    if (!isNameless(packet.in)) return packet
    const link = this.world.host.links?.find(({ index }) => `#${index}` === packet.in)
    return link ? { ...packet, in: link.name } : packet
  }
}

function ruleOf(journey: Journey): DroppingRule {
  const { outcome, cause, culprit, steps } = journey
  if (!isStoppedByRule(outcome)) return { known: false, why: outcome === 'undetermined' ? 'open' : 'none' }
  const link = cause.find(({ role }) => role === 'outcome')
  const ref = link?.rule ?? culprit
  if (!ref) return { known: false, why: 'none' }
  const hook = (link && steps.find(({ n }) => n === link.step)?.hook) ?? steps.at(-1)?.hook
  return { known: true, ref, ...(hook === undefined ? {} : { hook }) }
}

/** Does the model show the drop that the kernel tells of? */
export function fits(journey: Journey, drop: Drop): boolean {
  if (drop.reason === 'NETFILTER_DROP') return isStoppedByRule(journey.outcome)
  if (isStoppedByRule(journey.outcome)) return false
  const { exact, likely = [] } = codesOf(drop)
  const codes = [...likely, ...(exact === undefined ? [] : [exact]), ...(drop.reason === 'NO_SOCKET' ? CLOSED : [])]
  return journey.findings.some(({ code }) => codes.includes(code))
}

const CLOSED = ['closed-port']
