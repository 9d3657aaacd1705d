/**
 * What each step did to the packet. The kernel shows what changed between two lines; which rule did it is told by the
 * targets that can: a mark, TTL or TOS by the rule before, a destination by the nat rule of that hook. What nobody's
 * rule did: routing takes one hop off the TTL, and packets of a known flow are rewritten without a line.
 */
import type { Change } from '../../../src/model/journey.ts'
import type { Packet } from '../../../src/model/packet.ts'
import type { WalkedStep } from '../truth/walk.ts'
import type { Pair } from './pair.ts'

const WRITERS: Readonly<Record<'mark' | 'ttl' | 'tos', RegExp>> = {
  mark: /^(MARK|CONNMARK)$/,
  ttl: /^(TTL|HL)$/,
  tos: /^(DSCP|TOS)$/,
}
const DESTINATION_NAT = /^(DNAT|REDIRECT|NETMAP)$/

export function compareChanges({ seen, journey }: Pair): string[] {
  const differences: string[] = []
  const told = journey.steps.map((step) => new Set(step.changes.map(changeText)))
  const { steps, fate } = seen
  for (const [i, step] of steps.entries()) {
    const next = steps[i + 1]
    if (!next) break
    for (const [at, change] of expected(steps, i, next, (why) =>
      differences.push(`${why}\n${step.line.text}\n${next.line.text}`),
    ))
      if (!told[at]!.delete(changeText(change)))
        differences.push(`step ${at + 1} has to tell ${changeText(change)}\n${steps[at]!.line.text}\n${next.line.text}`)
  }
  // the last line's rule rewrites behind it; the wire shows that, if the packet gets there
  const last = steps.at(-1)!
  for (const change of journey.steps.at(-1)!.changes) {
    const isSource = change.field === 'src' || change.field === 'sport'
    const isDestination = change.field === 'dst' || change.field === 'dport'
    const target = last.rule?.target ?? ''
    const isWritten = (isSource && target === 'SNAT') || (isDestination && DESTINATION_NAT.test(target))
    // nat in OUTPUT makes the route be asked for anew, and later hooks still print the interface from before
    const isRouted = change.field === 'out' && last.hook === 'output' && last.line.packet.out === change.from
    if (isWritten && (!fate.arrived || isGiven(change, fate.arrived.packet))) told.at(-1)!.delete(changeText(change))
    if (isRouted && (!fate.arrived || leavesTo(fate.arrived.at, change))) told.at(-1)!.delete(changeText(change))
  }
  for (const [i, left] of told.entries())
    for (const text of left)
      differences.push(`step ${i + 1} tells ${text}, which did not happen\n${steps[i]!.line.text}`)
  return differences
}

/** The lab's interfaces begin with k, and the first letter of their side (lab/topology.ts). */
const leavesTo = (side: 'left' | 'right' | 'router', { to }: Change): boolean =>
  side === 'router' ? to === 'lo' : String(to).startsWith(`k${side[0]}`)

/** The end that came to the other side; of several ports the kernel chooses one. */
function isGiven({ field, to, among }: Change, packet: Packet): boolean {
  if (field === 'src' || field === 'dst') return packet[field] === to
  const port = field === 'dport' ? packet.dport : packet.sport
  const [least, most] = among ?? [to, to]
  return port !== undefined && port >= Number(least) && port <= Number(most)
}

const changeText = ({ field, from, to }: Change) => `${field} ${from} → ${to}`

/** The changes between step `i` and the next, each with the step that made it. */
function* expected(
  steps: readonly WalkedStep[],
  i: number,
  next: WalkedStep,
  fail: (why: string) => void,
): Generator<[number, Change]> {
  const step = steps[i]!
  const [before, after] = [step.line.packet, next.line.packet]
  const differs = (field: keyof Packet) =>
    before[field] !== undefined && after[field] !== undefined && before[field] !== after[field]
  const change = (field: keyof Packet): Change => ({ field, from: before[field] as string, to: after[field] as string })
  for (const field of ['mark', 'ttl', 'tos'] as const) {
    if (!differs(field)) continue
    const routed = field === 'ttl' && step.hook === 'prerouting' && next.line.packet.out !== undefined
    if (step.rule?.target && WRITERS[field].test(step.rule.target)) yield [i, change(field)]
    else if (!routed) fail(`nothing here can change ${field}`)
  }
  const rewriter = steps.findLastIndex(
    (one, at) => at <= i && one.hook === step.hook && DESTINATION_NAT.test(one.rule?.target ?? ''),
  )
  for (const field of ['dst', 'dport'] as const) {
    if (!differs(field)) continue
    const natShown = steps.some((one, at) => at <= i && one.hook === step.hook && one.table === 'nat')
    if (rewriter >= 0) yield [rewriter, change(field)]
    else if (natShown) fail(`nothing here can change ${field}`)
  }
}
