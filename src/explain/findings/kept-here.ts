import { editCommand } from '../../edits/print.ts'
import { networkAddress, parseAddress } from '../../model/address.ts'
import { spoken } from '../../model/command.ts'
import { FOR_REPORTS } from '../../model/for-reports.ts'
import type { Link } from '../../model/host.ts'
import { isStoppedByRule } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import type { Rule, Table } from '../../model/ruleset.ts'
import { linkNamed } from '../../rules/links.ts'
import { canonicalAddress, prefixLength } from '../../rules/prefixes.ts'
import { leadsHere, lookupRoute, questionOf, routeDevices } from '../../rules/route.ts'
import { knowsSockets, listener } from '../../rules/sockets.ts'
import { NOT_TRIED, type Proposal } from '../changes/proposal.ts'
import { type Context, type Detector, finding, lastPacket } from '../context.ts'
import { rulesAt } from '../counterfactual/chain-graph.ts'
import { homeOf, isDefault } from '../host/routes.ts'
import { askedFor, isOpening, natSeen } from '../reply/request-reply.ts'

/**
 * The destination is behind this host, and stands on an interface of its own as well, or is the anycast address of all
 * routers there: so it was not forwarded.
 */
export const keptHere: Detector = {
  code: 'wrong-way-out',
  detect(context) {
    const { journey, world, ended, evidence } = context
    const packet = lastPacket(context)
    const { dst, in: from } = packet
    // what belongs to a connection has its program here, or had it
    if (askedFor(journey.packet, world) || !isOpening(journey, natSeen(evidence), world)) return []
    const isStopped = isStoppedByRule(journey.outcome) && evidence.arrivals[ended.step]?.hook === 'input'
    const isRefused = context.inVain === 'refused' || knowsSockets(world.host, packet.protocol)
    if (!isStopped && !(journey.outcome === 'delivered' && isRefused)) return []
    if (dst === undefined || from === undefined) return []
    // whom nat names is meant: a program that listens on every address is there for this host's own
    const socket = listener(world.host, packet)
    if (socket && (socket.address !== undefined || dst === journey.packet.dst)) return []
    const shared = anycastOn(context, packet)
    if (shared !== undefined)
      return [
        finding(
          'wrong-way-out',
          'warning',
          `This host kept it: ${dst} is the first address of the network on ${shared}. Each router of that network uses this address itself (subnet-router anycast, RFC 4291, 2.6.1), while it forwards IPv6 (net.ipv6.conf.${shared}.forwarding = 1). So no router forwards packets to ${dst}.`,
          {
            steps: [ended.step + 1],
            [FOR_REPORTS]: { headline: 'kept by this host' },
            fix: [
              {
                description: `if a host has ${dst}, give that host another address of the network${context.world.tables.some((table) => speaksOf(table, dst)) ? `, then change the rules that send to ${dst}` : ''}; if this host should not be a router, set net.ipv6.conf.${shared}.forwarding to 0`,
                unverified: 'nfwhy does not change the addresses of other hosts',
              },
            ],
          },
        ),
      ]
    const full = dst.includes(':') ? 128 : 32
    const own = ({ addresses = [] }: Link) => addresses.find((one) => one.address === dst && one.prefixLength === full)
    const holder = world.host.links?.find((link) => own(link))
    const question = questionOf(packet)
    // where rules in front of its programs name it, it is meant here
    if (!holder || !question || rulesAt(world, journey.family, 'input').some((rule) => namesAddress(rule, dst)))
      return []
    const routes = (world.host.routes ?? []).filter(
      ({ type, destination, table, device }) =>
        prefixLength(destination) < full ||
        // the kernel makes one for an address of IPv6 in table main, too
        !(table === 'local' || type === 'local' || device === holder.name),
    )
    const onward = lookupRoute(question, { ...world.host, routes })
    if (onward?.type !== 'unicast' || isDefault(onward)) return []
    const ways = routeDevices(onward)
    if (ways.includes(holder.name) || homeOf(dst, world.host)?.link.name === holder.name) return []
    return [
      finding(
        'wrong-way-out',
        // a program that listens on every address may be there for this one
        isStopped && !knowsSockets(world.host, packet.protocol) ? 'note' : 'warning',
        `It was not forwarded, because ${dst} is an address of this host (${holder.name}). Without this address, the packet would leave by ${ways.join(' or ')} (route to ${onward.destination}).`,
        {
          steps: [ended.step + 1],
          fix: [removed(context, packet, holder.name, !ways.includes(from) && own(holder)?.scope === 'global')],
        },
      ),
    ]
  },
}

/**
 * `isAstray`: it leads elsewhere than to where the packet came from. A service's shared address stands on hosts to which it
 * comes by the very link that it would leave by: there it is meant.
 */
function removed({ world }: Context, packet: Packet, device: string, isAstray: boolean): Proposal {
  const address = packet.dst!
  const edit = { kind: 'address', family: address.includes(':') ? 'ip6' : 'ip', address, device } as const
  const condition = 'if another host has the address, remove it here'
  // who asks here is this host itself, and may mean its own program
  if (!isAstray || packet.in === 'lo' || !knowsSockets(world.host, packet.protocol))
    return {
      description: `${condition}: ${spoken(editCommand({ ...edit, op: 'del' }))}`,
      unverified: 'it is unknown which host should have the address',
    }
  return {
    description: condition,
    edits: [{ ...edit, op: 'del' }],
    undo: [{ ...edit, op: 'add' }],
    unverified: NOT_TRIED,
    note: 'first check that this host does not need the address',
  }
}

/** Does a rule name the address? */
const speaksOf = ({ chains }: Table, address: string): boolean =>
  [...chains.values()].some(({ rules }) => rules.some((rule) => namesAddress(rule, address)))

const namesAddress = ({ text }: Rule, address: string): boolean =>
  text.split(/[\s,{}[\]]+/).some((word) => word.replace(/\/(32|128)$/, '') === address)

/** Of which interface. The kernel adds these to its table where it forwards (addrconf_join_anycast in net/ipv6/addrconf.c). */
function anycastOn({ world: { host } }: Context, packet: Packet): string | undefined {
  const question = questionOf(packet)
  const route = question && lookupRoute(question, host)
  if (route?.type !== 'anycast' || !leadsHere(route) || route.device === undefined) return undefined
  // a program may join an anycast address of its own
  const { addresses } = linkNamed(host, route.device) ?? {}
  const first = canonicalAddress(packet.dst!)
  const isFirst = (addresses ?? [{ address: packet.dst!, prefixLength: USUAL }]).some(
    ({ address, prefixLength: length }) => {
      const bytes = parseAddress(address)
      return bytes && networkAddress(bytes, length) === first
    },
  )
  return isFirst ? route.device : undefined
}

/** Where the interface's addresses are not listed. */
const USUAL = 64
