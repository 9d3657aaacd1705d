/** What may keep replies away from a packet that left, as host state shows it. */
import { entryOpened, isUnreplied } from '../../rules/conntrack/entries.ts'
import { hasAddress, linkWith } from '../../rules/fib.ts'
import { type Context, lastPacket } from '../context.ts'
import { hasDestinationAlone, isPublic, needsSource } from '../counterfactual/undeliverable.ts'
import { asItCame, isReplied } from '../reply/request-reply.ts'
import { servesNeighbours } from './serves-this-host.ts'

/** Sentences with the blank before each. */
export const leftWords = (context: Context, out: string | undefined): string =>
  `${otherSource(context, out)}${backThroughHere(context)}${servesNeighbours(context)}`

/** nat sent it on with the source that it came with, and connection tracking has seen no reply: only here is the reply's source rewritten. */
function backThroughHere(context: Context): string {
  const { evidence, world } = context
  const entry = hasDestinationAlone(context) ? entryOpened(asItCame(evidence, world), world) : undefined
  if (!entry || !isUnreplied(entry) || needsSource(context) === 'surely') return ''
  const { src, dst } = lastPacket(context)
  return ` nat rewrote only its destination, so ${dst} must send its reply through this host: check its route to ${src}.`
}

/** Where the uplink has no address that fits, the kernel takes that of another interface (RFC 6724). */
function otherSource(context: Context, out: string | undefined): string {
  const { world, journey } = context
  const { src, dst } = lastPacket(context)
  if (journey.outcome !== 'sent' || src === undefined || out === undefined || !isPublic(dst ?? '')) return ''
  const link = linkWith(world.host, src)?.name
  if (link === undefined || link === 'lo' || link === out || hasAddress(world.host, out, src)) return ''
  return isReplied(context) ? '' : ` Its source ${src} is an address of ${link}: the hosts behind ${out} may drop it.`
}
