/**
 * Does the ruleset contradict the trace? The kernel prints a rule only where it matched. Where what the very line shows
 * of the packet forbids that, the ruleset is not the one that was in force.
 */
import type { Hook } from '../model/hook.ts'
import type { Packet } from '../model/packet.ts'
import type { Rule } from '../model/ruleset.ts'
import { emptyWorld, type World } from '../model/world.ts'
import { match } from '../rules/match.ts'
import type { Truth } from '../rules/truth.ts'
import type { Resolver } from './resolve.ts'
import type { Resolved } from './resolved.ts'

/**
 * One for each line: why the ruleset cannot be the one in force, or undefined where nothing speaks against it.
 * `shownLater`: the line shows the packet as a rule has left it, this one or one before.
 */
export function contradictions(
  resolved: readonly Resolved[],
  packets: readonly Packet[],
  hooks: readonly (Hook | undefined)[],
  resolver: Resolver,
  shownLater: readonly boolean[] = [],
): (string | undefined)[] {
  // sets, addresses and sockets were listed at another time; the line's own fields were not
  const world = { ...emptyWorld(), host: kernelOf(resolver.world) }
  const held = resolved.map((one, i): Truth | undefined => {
    if (one.kind !== 'rule' || !one.rule || one.rule.conditions.length === 0) return undefined
    const hook = hooks[i]
    const moment = { packet: packets[i]!, family: one.family, world, ...(hook === undefined ? {} : { hook }) }
    return match(one.rule, moment).truth
  })
  const reasons = resolved.map((one, i) => {
    if (one.kind === 'log') return undefined
    if (one.mismatch !== undefined) return one.mismatch
    if (isElsewhere(packets[i]!, hooks[i])) return `in the ruleset, ${one.chain} is reachable only from ${hooks[i]}`
    return held[i] === false && !shownLater[i] && !isUnshown(packets[i]!, one.rule!) ? notMatching(one) : undefined
  })
  for (const [i, one] of resolved.entries())
    if (one.inChain && reasons[i] !== undefined) resolver.distrust(one.inChain, reasons[i])
  // in a chain that was contradicted a rule is believed where its own conditions hold, and its end where that is in place
  return resolved.map((one, i) =>
    one.kind === 'rule' && held[i] !== true && one.inChain
      ? (reasons[i] ?? resolver.distrusted(one.inChain))
      : reasons[i],
  )
}

/** Before it is routed a packet has no output interface, and none without an input interface is on its way in. */
const isElsewhere = (packet: Packet, hook: Hook | undefined): boolean =>
  (hook === 'prerouting' || hook === 'input') && packet.in === undefined && packet.out !== undefined

/** nft's trace shows no ports of a bridge; a kernel log does. */
const showsNoPort = ({ physIn, physOut }: Packet): boolean => physIn === undefined && physOut === undefined

const asksForPort = ({ text }: Rule): boolean => text.includes('-m physdev')

/** nft's trace shows nothing of the word that has the fragment's offset and flags, DF among them; a kernel log does. */
const showsNoFragment = ({ dontFragment, fragOffset = 0 }: Packet): boolean =>
  dontFragment === undefined && fragOffset === 0

const asksForFragment = ({ text }: Rule): boolean => /\bfrag-off\b|(?:^| )-f /.test(text)

/** The rule asks for what the capture does not show. */
const isUnshown = (packet: Packet, rule: Rule): boolean =>
  (showsNoPort(packet) && asksForPort(rule)) || (showsNoFragment(packet) && asksForFragment(rule))

const kernelOf = ({ host: { kernel } }: World): World['host'] => (kernel === undefined ? {} : { kernel })

const notMatching = ({ chain, ruleNumber, rule }: Resolved): string =>
  `the trace shows rule ${ruleNumber} of ${chain}, but the rule in the ruleset does not match this packet: ${rule!.text}`
