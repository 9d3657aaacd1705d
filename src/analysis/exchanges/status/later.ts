/** What only packets tell that rules have ruled over, or of hosts that were listed: a page without these does not wait for it. */
import { anyRules } from '../../../edits/later.ts'
import type { Finding } from '../../../model/journey.ts'
import type { Packet } from '../../../model/packet.ts'
import { listings } from '../../../read/host/listings.ts'
import { nftText } from '../../../rules/nft/text/later.ts'
import type { Part, Told } from '../join/joined.ts'

const expired = anyRules.with(() => import('./connection-expired.ts'))
const anew = anyRules.with(() => import('./new-connection.ts'))
const otherPort = anyRules.with(() => import('./from-other-port.ts'))
const proxy = anyRules.with(() => import('./to-proxy.ts'))
const written = nftText.with(() => import('./written-over.ts'))
const overlap = listings.with(() => import('./in-other-network.ts'))
const twice = listings.with(() => import('./tracked-twice.ts'))
const listed = listings.with(() => import('./listed-as-new.ts'))

const hasRules = ({ told }: Part): boolean => told.world.tables.length > 0

export const connectionExpired = (parts: readonly Part[], reply: Part): Finding | undefined =>
  hasRules(reply) ? expired.loaded.connectionExpired(parts, reply) : undefined

/** A rule has made it a packet for somebody else: nft's rules alone write ports. */
export const isWrittenOver = (parts: readonly Part[], reply: Part): boolean =>
  written.there?.writtenOver(parts, reply) !== undefined

/** Which connection a reply begins that conntrack does not know for one. */
export const begunAnew = (parts: readonly Part[], reply: Part): Finding | undefined =>
  hasRules(reply)
    ? (anew.loaded.toWrittenPort(parts, reply) ??
      anew.loaded.toOtherPort(parts, reply) ??
      anew.loaded.asNewConnection(parts, reply) ??
      connectionExpired(parts, reply))
    : undefined

/** What a reply needs to get to a program of this host that asked with another host's address. */
export const toProxy = (reply: Part): Finding | undefined =>
  hasRules(reply) ? proxy.loaded.toProxy(reply.told) : undefined

export const inOtherNetwork = (parts: readonly Part[], asked: Packet): Finding | undefined =>
  parts[0]?.told.world.host.links ? overlap.loaded.inOtherNetwork(parts, asked) : undefined

/** A reply that came from another address or port than was asked. */
export const fromOtherEnd = (told: Told, unexpected: readonly Told[]): Finding | undefined =>
  (unexpected.length > 0 && told.world.tables.length > 0
    ? otherPort.loaded.fromOtherPort(told, unexpected)
    : undefined) ?? listedAsNew(told)

const listedAsNew = (told: Told): Finding | undefined =>
  told.world.host.links ? listed.loaded.listedAsNew(told) : undefined

/** Of another host that asked, whom nat here should have sent it on to. */
export const trackedTwice = (parts: readonly Part[], reply: Part): Finding | undefined =>
  reply.told.world.host.links ? twice.loaded.trackedTwice(parts, reply) : undefined
