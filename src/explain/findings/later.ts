/** Findings that nothing but host state, or nothing but rules give, and that are fetched with these: a page without any waits for none of them. */
import { anyRules } from '../../edits/later.ts'
import { listings } from '../../read/host/listings.ts'
import type { Context, Detector } from '../context.ts'
// asks to be fetched with these, which it can only before any of them is
import '../counterfactual/later.ts'

const findings = listings.with(() => import('./host-state.ts'))

type Loaded = typeof import('./host-state.ts')
type Name = Exclude<
  keyof Loaded,
  | 'servedByNat'
  | 'restoreMark'
  | 'markUplink'
  | 'ledByMark'
  | 'markWrittenOver'
  | 'uplinkWithoutMark'
  | 'replyByOwnLink'
  | 'leftWords'
>

/** Finds nothing where none of these was listed. */
export const withHostState = (code: string, name: Name): Detector => ({
  code,
  detect: (context) => (isListed(context) ? findings.loaded[name].detect(context) : []),
})

/** The rule of nat that a closed port of this host is for, where it can be told. */
export const servedByNat: Loaded['servedByNat'] = (context, packet) =>
  isListed(context) ? findings.loaded.servedByNat(context, packet) : undefined

/** Why no reply may come to what left. */
export const leftWords: Loaded['leftWords'] = (context, out) =>
  isListed(context) ? findings.loaded.leftWords(context, out) : ''

/** What leads replies back by the mark of their connection. */
export const restoreMark: Loaded['restoreMark'] = (journey, world, dst, came) =>
  world.host.routingRules ? findings.loaded.restoreMark(journey, world, dst, came) : []

/** What leads replies back by a mark of the uplink where their connection began. */
export const markUplink: Loaded['markUplink'] = (journey, world, asked, came) =>
  world.host.routingRules ? findings.loaded.markUplink(journey, world, asked, came) : undefined

/** The mark of their connection, where that leads replies astray. */
export const ledByMark: Loaded['ledByMark'] = (request, reply, world, devices) =>
  world.host.routingRules ? findings.loaded.ledByMark(request, reply, world, devices) : undefined

/** A mark that would have led replies back, and that another rule has overwritten. */
export const markWrittenOver: Loaded['markWrittenOver'] = (request, reply, world, devices) =>
  (world.host.routingRules ?? world.host.routes ?? world.host.links)
    ? findings.loaded.markWrittenOver(request, reply, world, devices)
    : undefined

/** The mark that the map of uplinks does not give, as it has not this one. */
export const uplinkWithoutMark: Loaded['uplinkWithoutMark'] = (request, world, came) =>
  world.host.routingRules ? findings.loaded.uplinkWithoutMark(request, world, came) : undefined

/** What leads replies of an address out of its own link. */
export const replyByOwnLink: Loaded['replyByOwnLink'] = (packet, asked, host) =>
  host.routingRules ? findings.loaded.replyByOwnLink(packet, asked, host) : []

/**
 * A command may have emptied a table of connections that nobody has listed; no finding is about an empty one. The reply to
 * what was played has its entry even then.
 */
const isListed = ({ world: { host } }: Context): boolean =>
  [host.links, host.routes, host.routingRules, host.ipsecPolicies].some((one) => one !== undefined) ||
  (host.conntrack !== undefined && host.conntrack.length > 0 && findings.there !== undefined)

const ofRules = anyRules.with(() => import('./rules-state.ts'))

type OfRules = typeof import('./rules-state.ts')

/** The transparent proxy that a rule has given it to. */
export const takenByProxy: OfRules['takenByProxy'] = (context) =>
  context.world.tables.length > 0 ? ofRules.loaded.takenByProxy(context) : undefined

/** The rule of nat that has taken the packet from another host, which it was for. */
export const takenFromOthers: OfRules['takenFromOthers'] = (context) =>
  context.world.tables.length > 0 ? ofRules.loaded.takenFromOthers(context) : undefined

/** Finds nothing where there are no rules. */
export const withRules = (
  code: string,
  name: Exclude<keyof OfRules, 'takenByProxy' | 'takenFromOthers'>,
): Detector => ({
  code,
  detect: (context) => (context.world.tables.length > 0 ? ofRules.loaded[name].detect(context) : []),
})
