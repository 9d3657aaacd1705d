/** The kernel itself says that it dropped the packet, and why (its tracepoint kfree_skb): known, and not concluded. */

import { addressWord, deviceWord } from '../../edits/words.ts'
import { Command, command } from '../../model/command.ts'
import type { Drop } from '../../model/host.ts'
import type { Finding } from '../../model/journey.ts'
import { ONLY_LOOKS } from '../../model/only-looks.ts'
import { isStoppedByRule } from '../../model/outcome-kinds.ts'
import { isNameless, type Packet } from '../../model/packet.ts'
import type { World } from '../../model/world.ts'
import type { Proposal } from '../changes/proposal.ts'
import { smallerPackets } from '../changes/smaller-packets.ts'
import { type Context, type Detected, type Detector, finding, lastPacket } from '../context.ts'
import { codesOf, functionOf, meaningOf, NOT_SPECIFIED } from '../kernel-drops/meaning.ts'
import { mayBeRules } from '../kernel-drops/outcome.ts'
import type { Meaning } from '../kernel-drops/stages.ts'
import { DEVICE } from '../kernel-drops/stages.ts'
import { findsNoSocket } from './closed-port.ts'

/** `vanished`: they know what to do about most reasons, and ask host state for details. */
export const kernelDrop = (vanished: readonly Detector[]): Detector => ({
  code: 'kernel-drop',
  detect(context) {
    const { drop, journey } = context
    const meaning = drop && meaningOf(drop)
    if (!meaning || isTold(context, drop)) return []
    if (mayBeRules(context)) return [between(context, drop, meaning, undefined)]
    if (journey.outcome !== 'vanished') return [behind(context, drop, meaning)]
    const { exact, likely } = codesOf(drop)
    for (const detector of vanished) {
      if (likely !== undefined && !likely.includes(detector.code)) continue
      const found = detector.detect(context)
      if (found.length > 0) return found.map((one) => ({ ...one, message: `${one.message} ${saysSo(drop)}` }))
    }
    return [between(context, drop, meaning, exact)]
  },
})

/** By the trace, or by another finding. */
function isTold({ journey: { outcome } }: Context, drop: Drop): boolean {
  if (drop.reason === 'NETFILTER_DROP') return isStoppedByRule(outcome)
  return outcome === 'delivered' && findsNoSocket(drop)
}

/** Nobody reads the queue, or it is full (net/netfilter/nf_queue.c). */
const isHandingOver = (drop: Drop): boolean =>
  drop.reason === NOT_SPECIFIED && /^_*nf_queue$/.test(functionOf(drop) ?? '')

const named = (drop: Drop): string => {
  const place = functionOf(drop)
  return place === undefined ? drop.reason : `${drop.reason} in ${place}`
}

const saysSo = (drop: Drop): string =>
  drop.reason === NOT_SPECIFIED
    ? `The kernel reports that it dropped this packet${functionOf(drop) ? ` in ${functionOf(drop)}` : ''}, but not why.`
    : `The kernel says so: ${named(drop)}.`

/** Where iptables-legacy and nf_tables are both traced. */
const ELSEWHERE =
  'netfilter dropped it, in conntrack or by a rule of the other backend (iptables-legacy or nf_tables), whose trace is a separate journey'

/** Between two hooks, or in one of which nothing is shown. */
function between(context: Context, drop: Drop, meaning: Meaning, code: string | undefined): Detected {
  const isOther = drop.reason === 'NETFILTER_DROP' && context.world.tracedBoth
  const text = isOther ? ELSEWHERE : meaning.text
  const told = finding('kernel-drop', 'error', `The kernel dropped it (${named(drop)}): ${text}.`, {
    steps: [context.ended.step + 1],
    fix: fixOf(lastPacket(context), meaning, code, context.world),
  })
  return code === undefined ? told : { ...told, code }
}

/** It passed what the capture shows; or the capture shows another end. */
function behind(context: Context, drop: Drop, meaning: Meaning): Detected {
  const why = `(${named(drop)}): ${meaning.text}.`
  const steps = [context.ended.step + 1]
  const more = { steps, fix: fixOf(lastPacket(context), meaning, undefined) }
  const { outcome } = context.journey
  if (isStoppedByRule(outcome) || outcome === 'stolen')
    return finding(
      'kernel-drop',
      'warning',
      `The capture ends at a rule, and the kernel gives another reason for the drop ${why}`,
      more,
    )
  if (outcome === 'queued' && isHandingOver(drop))
    return finding(
      'kernel-drop',
      'error',
      `No program read it from its queue, and the kernel dropped it (in ${functionOf(drop)}).`,
      { steps },
    )
  if (outcome === 'queued')
    return finding('kernel-drop', 'error', `It was handed to a program, but then the kernel dropped it ${why}`, more)
  if (meaning.harmless || (drop.reason === 'NO_SOCKET' && drop.packet.tcpFlags?.includes('rst')))
    return finding('kernel-drop', 'note', `The rules accepted it, and the kernel discarded it ${why}`, { steps })
  // where it names no reason it may have been a copy, or the end of a packet that was used
  if (drop.reason === NOT_SPECIFIED)
    return finding(
      'kernel-drop',
      'note',
      `The rules accepted it, and the kernel discarded it ${why} Perhaps no packet was lost: the kernel also reports this when it frees a copy, or a packet that it no longer needs.`,
      {
        steps,
      },
    )
  if (outcome === 'delivered' && meaning.stage === 'here')
    return finding('kernel-drop', 'error', `It was delivered to this host, where the kernel dropped it ${why}`, more)
  return finding('kernel-drop', 'error', `${PASSED} ${why}`, more)
}

const PASSED = 'The rules accepted it, but the kernel dropped it'

/** Of a packet that had passed, and was told of before the kernel said so; undefined where that is no loss. */
export function droppedLater(packet: Packet, drop: Drop): Finding | undefined {
  const meaning = meaningOf(drop)
  if (!meaning || meaning.harmless || drop.reason === NOT_SPECIFIED || drop.reason === 'NO_SOCKET') return undefined
  const message = `${PASSED} (${named(drop)}): ${meaning.text}.`
  return finding('kernel-drop', 'error', message, { fix: fixOf(packet, meaning, undefined) })
}

function fixOf(packet: Packet, { check, look, stage }: Meaning, code: string | undefined, world?: World): Proposal[] {
  const { src, dst } = packet
  const unverified = ONLY_LOOKS
  if (code === 'vanished-rp-filter' && src !== undefined)
    return [
      {
        description: 'check which interface the route back uses',
        look: command('ip', 'route', 'get', addressWord(src)),
        unverified,
      },
    ]
  if (code === 'vanished-no-route' && dst !== undefined && src !== undefined) {
    const from = isNamed(packet.in) ? ['from', addressWord(src), 'iif', deviceWord(packet.in)] : []
    return [
      {
        description: 'look up the route',
        look: command('ip', 'route', 'get', addressWord(dst), ...from),
        unverified,
      },
    ]
  }
  if (code === 'vanished-mtu') return smallerPackets(packet, src?.includes(':') ? 'ip6' : 'ip', world)
  if (check === undefined) return []
  const device = stage === 'out' ? packet.out : packet.in
  const words = look?.map((word) => (word !== DEVICE ? word : isNamed(device) ? deviceWord(device) : undefined))
  const asked = words?.every((word) => word !== undefined) ? { look: Command.of(words) } : {}
  return [{ description: check, ...asked, unverified }]
}

const isNamed = (device: string | undefined): device is string => device !== undefined && !isNameless(device)
