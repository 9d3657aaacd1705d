import { deviceSysctl } from '../../edits/words.ts'
import type { Host, Route, RoutingRule } from '../../model/host.ts'
import { hasAddress, isGroup, isUnnumbered } from '../../rules/fib.ts'
import { sysctlName } from '../../rules/interface-settings.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import {
  leadsNowhere,
  leadsOutOf,
  lookupRoute,
  type RouteQuestion,
  refusingRule,
  routeDevices,
  wayBackOf,
} from '../../rules/route.ts'
import { droppedBy } from '../cause-words.ts'
import { propose, setSysctl } from '../changes/change.ts'
import { allOf, type Change, type Changing, NOT_TRIED, type Proposal } from '../changes/proposal.ts'
import { type Detector, finding } from '../context.ts'
import { backByMain } from '../host/back-by-main.ts'
import { otherWay, withWayBack } from '../host/other-way.ts'
import { replyByOwnLink } from '../host/own-uplink.ts'
import { addOnLink, astray, deleteRoute, deleteRoutingRule } from '../host/routes.ts'
import { unboundSource } from '../host/unbound-source.ts'
import { acceptsOpening, isAnswer, isOpening } from '../reply/request-reply.ts'
import { addressesOf } from './own-source.ts'
import { atRouting, larger } from './routing.ts'
import { sourceOfRequest } from './source-of-request.ts'
import { sourceOfRoute } from './source-of-route.ts'

/** Reverse path filter: the way back to the source leads over another interface (net/ipv4/fib_frontend.c). */
export const vanishedRpFilter: Detector = {
  code: 'vanished-rp-filter',
  detect(context) {
    const routed = atRouting(context)
    if (!routed || context.journey.family !== 'ip' || routed.packet.src === undefined) return []
    const { packet } = routed
    const device = packet.in!
    const mode = larger(context, device, 'rp_filter')
    if (!mode || packet.src === '0.0.0.0') return []
    // the mark counts only with src_valid_mark
    const marked = (larger(context, device, 'src_valid_mark') ?? 0) > 0 ? packet.mark : 0
    const asks = wayBackOf(packet, routed.dst, marked ?? 0)
    const back = lookupRoute(asks, context.world.host)
    if (back === undefined) return []
    const devices = back === null ? [] : routeDevices(back)
    const own = back?.type === 'local' && (larger(context, device, 'accept_local') ?? 0) > 0
    const anyRoute = back?.type === 'unicast' || own
    // on an interface without an address, loose is as strict (no_addr in __fib_validate_source)
    const bare = isUnnumbered(context.world.host, device)
    if (anyRoute && ((mode !== 1 && !bare) || devices.includes(device))) return []
    // with a route of such a type the filter finds no way back, in whichever mode (__fib_validate_source)
    const refusing = back !== null && leadsNowhere(back) ? back : undefined
    const rule = refusing && refusingRule(asks, context.world.host)
    const way = rule
      ? `routing rule ${rule.priority} is "${rule.action}" for packets back to ${packet.src}`
      : refusing
        ? `the route back to ${packet.src} is "${refusing.type}"`
        : back === null || devices.length === 0
          ? `there is no route back to ${packet.src}`
          : `the route back to ${packet.src} leaves by ${devices.join(' or ')}`
    const answer = { src: routed.dst, dst: packet.src!, ...(devices[0] === undefined ? {} : { out: devices[0] }) }
    const stray = astray(answer, context.world.host, device)
    const { mark } = packet
    const { sysctls } = context.world.host
    const ofAll = sysctls?.get(VALID_MARK)
    // a mark that would lead back where it came from, if it counted
    const marks =
      marked === 0 &&
      ofAll !== undefined &&
      mark &&
      leadsOutOf(lookupRoute({ dst: packet.src!, src: routed.dst, mark }, context.world.host), device)
    // and one that leads it elsewhere, because it counts
    const misled =
      marked && leadsOutOf(lookupRoute(wayBackOf(packet, routed.dst, 0), context.world.host), device)
        ? ` The filter looked up the route back with the packet's mark ${hex(marked)} (src_valid_mark is 1). Without the mark, the route back leaves by ${device}.`
        : ''
    const [out] = devices
    const request = out === undefined || misled !== '' ? undefined : sourceOfRequest(context, out)
    const isOwn = routed.local && isOpening(context.journey, context.evidence.nat, context.world)
    const isReply = isAnswer(context.journey.packet, context.world) || acceptsOpening(context.journey.packet)
    // requests with the mark take the way that this came by
    const ofRoute =
      out === undefined || misled !== '' || marks || !routed.local || !isReply
        ? undefined
        : sourceOfRoute({ ...packet, dst: routed.dst }, back, out, context.world.host)
    const byMain = backByMain(asks, device, context.world.host)
    const name = `net.ipv4.conf.${sysctlName(device)}.rp_filter`
    // a route to who replies would lead the requests elsewhere, too
    const byNeighbour = stray || ofRoute ? [] : withWayBack(packet, context.world.host, [])
    const isFromLink = byNeighbour.length === 0 && back === null && isGroup(routed.dst)
    const ways = isFromLink ? addOnLink(packet, context.world.host) : byNeighbour
    const setLoose = setSysctl(deviceSysctl('ipv4', device, 'rp_filter'), 2, sysctls?.get(name) ?? mode)
    // it asks for any route at all
    const loose: Proposal[] = !anyRoute
      ? []
      : bare
        ? numbered(
            device,
            lentTo(routed, out, context.world.host),
            sysctls?.get(name) === '2' ? undefined : setLoose,
            sysctls?.get(OF_ALL) !== '0',
          )
        : [
            {
              description: 'set the reverse path filter to loose',
              ...setLoose,
              unverified: NOT_TRIED,
              note: 'the kernel uses the larger of this value and net.ipv4.conf.all.rp_filter',
            },
          ]
    // a reply may be to what was masqueraded: whose address the filter asks about is not known then
    const byOwnLink = isOwn ? replyByOwnLink(packet, routed.dst, context.world.host) : []
    // a rule for its source is of no use to a program that leaves the source to the route
    const isUnbound = unboundSource(context.world.host, wayBackOf(packet, routed.dst, 0)).length > 0
    const bareWords =
      mode === 1 || !bare || !anyRoute ? '' : `, which is as strict as 1 here: ${device} has no IPv4 address`
    const { sentence, ...words } = droppedBy(
      'The reverse path filter',
      `it came in on ${device}, but ${way} (rp_filter=${mode}${bareWords})`,
    )
    return [
      finding(
        'vanished-rp-filter',
        'error',
        `${sentence}${marks ? ` With its mark ${hex(mark)}, the route back would leave by ${device}, but the filter ignores the mark (${VALID_MARK} is 0).` : misled}${request?.words ?? ofRoute?.words ?? ''}`,
        {
          ...words,
          steps: [context.ended.step + 1],
          ...(request ? { rules: [request.ref] } : {}),
          fix: [
            ...(request?.fix ?? ofRoute?.fix ?? []),
            ...propose(
              'use the mark for the route back',
              marks ? setSysctl(VALID_MARK, 1, ofAll) : undefined,
              'affects every interface: each then uses the mark for the route back',
            ),
            ...byMain,
            ...(refusing
              ? unrefused(refusing, rule)
              : [
                  ...propose(
                    `remove the route to ${packet.src} that does not lead to the packet's input interface`,
                    // a routing rule's own table is there for others
                    stray && byMain.length === 0 ? deleteRoute(stray.route) : undefined,
                    stray?.home &&
                      `rp_filter also drops packets with forged sources: first check that ${packet.src} is on ${stray.home.link.name}`,
                  ),
                  ...(isUnbound
                    ? [...ways, ...byOwnLink, ...loose]
                    : [
                        ...byOwnLink,
                        ...inOrder(
                          isWayOfMark(asks, device, context.world.host) ||
                            otherWay(packet, context.world.host) !== undefined,
                          ways,
                          loose,
                        ),
                      ]),
                  ...propose(
                    'do not use the mark for the route back',
                    misled !== '' && ofAll === '1' ? setSysctl(VALID_MARK, 0, ofAll) : undefined,
                    'affects every interface: another program may need the setting',
                  ),
                ]),
          ],
        },
      ),
    ]
  },
}

/** An address of another interface: the one that was asked for, or of where the route back leads. */
function lentTo({ local, dst }: { local: boolean; dst: string }, out: string | undefined, host: Host) {
  if (local && host.links?.some(({ name }) => hasAddress(host, name, dst))) return dst
  return out === undefined ? undefined : addressesOf(out, host, 'ip')[0]?.address
}

/** With an address that another interface has, the interface counts as one that has some. */
function numbered(
  device: string,
  address: string | undefined,
  setLoose: Changing | undefined,
  isForAll: boolean,
): Proposal[] {
  if (address === undefined) return []
  const edit = { kind: 'address', family: 'ip', address, device } as const
  const given: Change = { edits: [{ ...edit, op: 'add' }], undo: [{ ...edit, op: 'del' }] }
  return propose(
    `${device} has no IPv4 address, so loose would be as strict: give it ${address} as well${setLoose ? ', and set the filter to loose' : ''}`,
    allOf([given, ...(setLoose ? [setLoose] : [])]),
    `or set rp_filter to 0${isForAll ? `, both for ${device} and for all` : ` for ${device}`}`,
  )
}

const inOrder = (looseFirst: boolean, ways: Proposal[], loose: Proposal[]): Proposal[] =>
  looseFirst ? [...loose, ...ways] : [...ways, ...loose]

/** What goes to its sender by this device has a mark: a route for all would take along what has none. */
const isWayOfMark = ({ dst }: RouteQuestion, device: string, host: Host): boolean =>
  (host.routingRules ?? []).some(
    ({ mark }) => mark !== undefined && mark !== 0 && leadsOutOf(lookupRoute({ dst, mark }, host), device),
  )

/** The mode of the filter does not matter: what refuses the way back has to go. */
const unrefused = (route: Route, rule: RoutingRule | undefined): Proposal[] =>
  rule
    ? propose(
        `delete routing rule ${rule.priority}`,
        deleteRoutingRule(rule),
        'affects every packet that matches the rule',
      )
    : propose(
        `remove the ${route.type} route`,
        deleteRoute(route),
        'the route may be there to block that source on purpose; without it every packet to that network goes another way',
      )

const OF_ALL = 'net.ipv4.conf.all.rp_filter'
const VALID_MARK = 'net.ipv4.conf.all.src_valid_mark'
