/** Errors that this host itself sends about what it was to forward or send: it reached nobody with it. */
import { finding, UNSHOWN_ADDRESS } from '../../../explain/context.ts'
import { refusedUnquoted } from '../../../explain/findings/refused-there.ts'
import { saysAstray } from '../../../model/exchange.ts'
import { isLossReport, isRefusal, isUnreached } from '../../../model/icmp-error.ts'
import type { Finding } from '../../../model/journey.ts'
import { isPassed } from '../../../model/outcome-kinds.ts'
import type { Packet } from '../../../model/packet.ts'
import { leftBy } from '../../../model/way-out.ts'
import { asItLeft } from '../../as-it-left.ts'
import { isOfIpv6 } from '../ends.ts'
import { isAsking, type Part } from '../join/joined.ts'
import { redirected } from './icmp-redirect.ts'

/**
 * By whom was asked, or by this host in its place, and not about its size: a smaller one gets there. Behind a DNAT this
 * host sends it with the address that was asked, and it is about the way on from here.
 */
export function isAboutEnd(error: Part, parts: readonly Part[], asked: Packet): boolean {
  const { packet } = error.told.journey
  if (isRefusal(packet)) return true
  const isOfEnd = packet.src !== undefined && packet.src === leftFor(packet, parts, asked).dst
  return isOfEnd && isLossReport(packet) && !(isOurs(error) && parts.some(hasGoneFurther))
}

/** What was asked, for whom this host's DNAT sent it to, unless the error has the address from before. */
function leftFor(error: Packet, parts: readonly Part[], asked: Packet): Packet {
  const request = error.src === asked.dst ? undefined : parts.find(isAsking)
  const dst = request && asItLeft(request.told.journey).dst
  return dst === undefined ? asked : { ...asked, dst }
}

/** What this host tells itself may be seen only as it comes in again. */
const isOurs = ({ told }: Part): boolean => [undefined, 'lo'].includes(told.journey.packet.in)

const hasGoneFurther = (one: Part): boolean => isAsking(one) && one.told.journey.outcome === 'forwarded'

/** Its next hop has not replied to ARP or neighbour discovery: since when, nobody knows. */
export const isForSilentHop = ({ told: { journey } }: Part): boolean =>
  journey.findings.some(({ code, severity }) => code === 'neighbour-failed' && severity !== 'note')

export const isBeforeSilentHop = (one: Part): boolean => isAsking(one) && isForSilentHop(one)

/** The packet that reached nobody says more than the error about it. */
export function unreachedWith(error: Part, parts: readonly Part[]): { decided: Part; finding?: Finding } | undefined {
  if (!isOurs(error) || !isUnreached(error.told.journey.packet)) return undefined
  const left = parts.filter((one) => isAsking(one) && isPassed(one.told.journey.outcome))
  const silent = left.find(isBeforeSilentHop)
  if (silent) return { decided: silent }
  const [decided] = left
  return decided && { decided, finding: unreached(decided) }
}

/** What the kernel says where a next hop has no link address (arp_error_report in net/ipv4/arp.c), and WireGuard where no peer has it (wg_xmit). */
function unreached({ told: { journey, world } }: Part): Finding {
  const left = asItLeft(journey)
  const { dst = UNSHOWN_ADDRESS } = left
  const out = leftBy(journey.steps) ?? journey.packet.out
  const isSix = isOfIpv6(journey)
  const hint = out === undefined ? undefined : redirected({ ...journey.packet, ...left }, out, world.host)
  const asks = isSix ? 'neighbour discovery' : 'ARP'
  return finding(
    'neighbour-failed',
    'error',
    `This host did not reach the next hop to ${dst} on ${out}, and told the sender so (${isSix ? 'address' : 'host'} unreachable): no ${asks} reply came, or, on a tunnel, no peer has the address.${hint?.words ?? ''}`,
    {
      fix: [
        ...(hint?.fix ?? []),
        {
          description: `check that the next hop is up and connected to ${out}; ${isSix ? 'ip -6 neigh' : 'ip neigh'} then lists it`,
          unverified: 'this is not a rule change',
        },
      ],
    },
  )
}

/** Who refused it, where the error does not quote it. Why the request went there says more, where that is known. */
export function refusedBy(refusal: Part, parts: readonly Part[], asked: Packet): Finding | undefined {
  const { told } = refusal
  if (isOurs(refusal)) return undefined
  const error = told.journey.packet
  const said = refusedUnquoted(error, leftFor(error, parts, asked), told.world)
  const isAstray = ({ code, severity }: Finding) => saysAstray(code) && severity !== 'note'
  const isTold = parts.some((one) => isAsking(one) && one.told.journey.findings.some(isAstray))
  return said && isTold ? { ...said, fix: [] } : said
}
