/** A reply of which conntrack's list alone tells that it came from an address that was not asked. */
import type { Finding } from '../../../model/journey.ts'
import { entryOpened, isUnreplied } from '../../../rules/conntrack/entries.ts'
import { isForMany } from '../../../rules/fib.ts'
import { asItLeft } from '../../as-it-left.ts'
import type { Told } from '../join/joined.ts'
import { repliesFromOwn } from './new-connection.ts'

/**
 * No reply was captured: conntrack lists a connection that a program here has begun from the port that was
 * asked, to the one that asked. A socket that is bound to no address has its source from the route to whom it replies.
 */
export function listedAsNew(told: Told): Finding | undefined {
  const { journey } = told
  const { host } = told.world
  const { protocol, src, sport } = journey.packet
  // whoever belongs to a group replies from its own address
  if (isForMany(journey.packet, host)) return undefined
  if (protocol !== 'udp' || journey.outcome !== 'delivered' || src === undefined || sport === undefined)
    return undefined
  const { dst, dport } = { ...journey.packet, ...asItLeft(journey) }
  if (dst === undefined || dport === undefined) return undefined
  const addresses = (host.links ?? []).flatMap((link) => link.addresses ?? []).map(({ address }) => address)
  const other = addresses.find((own) => {
    const back = { protocol, src: own, sport: dport, dst: src, dport: sport }
    const entry = own === dst ? undefined : entryOpened(back, { host })
    return entry !== undefined && isUnreplied(entry)
  })
  if (other === undefined) return undefined
  const isSentHere = dst !== journey.packet.dst || dport !== journey.packet.dport
  const contacted = isSentHere ? 'nat sent the request to' : `${src} contacted`
  return repliesFromOwn(
    told,
    { to: dst, port: dport, from: other },
    { contacted, shows: "conntrack's list shows that " },
  )
}
