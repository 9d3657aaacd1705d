/** What of a link explains that a neighbour behind it does not reply, as far as the list of interfaces shows. */
import { deviceWord } from '../../edits/words.ts'
import { command, spoken } from '../../model/command.ts'
import type { Host, Link, Route } from '../../model/host.ts'
import { ONLY_LOOKS } from '../../model/only-looks.ts'
import { bridgeNamed } from '../../rules/bridge-calls.ts'
import { linkNamed, portsOfBridge } from '../../rules/links.ts'
import { propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import { leadsToGuest } from '../host/bridges.ts'
import { addRoute, hostPrefix } from '../host/routes.ts'

export interface LinkHint {
  /** A sentence, with the blank before it. */
  words: string
  fix: Proposal[]
}

/** With more candidates none is named. */
const MOST = 3

/** Of the link that leads to `neighbour`, one of this host's own network. */
export function linkHint(host: Host, out: string, neighbour: string): LinkHint | undefined {
  const link = linkNamed(host, out)
  return (
    link &&
    (heldPortHint(host, link) ??
      queueHint(link) ??
      portHint(host, link, neighbour) ??
      snoopingHint(link, neighbour) ??
      macvlanHint(link, neighbour))
  )
}

/**
 * What comes in by a bridge's port is the bridge's (br_handle_frame), replies to what the port itself asks, too. Its routes
 * are to be those of the bridge.
 */
export function ownPortHint(host: Host, route: Route, out: string, neighbour: string): LinkHint | undefined {
  const link = linkNamed(host, out)
  const bridge = link && linkNamed(host, link.master)
  if (!link || bridge?.kind !== 'bridge') return undefined
  const own = link.addresses?.filter(({ family, scope }) => family === route.family && scope !== 'link') ?? []
  const shown = own.map(({ address, prefixLength }) => `${address}/${prefixLength}`)
  const has = shown.length > 0 ? `, and has the address ${shown.join(' and ')}` : ''
  const move = shown.map((address) => `move ${address} from ${out} to ${bridge.name}`)
  return {
    words: ` ${out} is a port of ${bridge.name}${has}: every frame that comes in by ${out} is received by ${bridge.name}, so ${out} itself gets no reply.`,
    fix: [
      ...(route.gateway === undefined ? byBridge(route, bridge.name, neighbour) : []),
      {
        description: `${move.length > 0 ? move.join('; ') : `give the routes of ${out} to ${bridge.name}`}, also in the network configuration`,
        unverified: 'this is not a rule change',
      },
    ],
  }
}

/** For that neighbour alone: of the route to the whole network the command could not restore who made it. */
const byBridge = ({ family, source, table }: Route, device: string, neighbour: string): Proposal[] =>
  propose(
    `send packets to ${neighbour} out of ${device}`,
    addRoute({
      ...{ family, type: 'unicast', destination: hostPrefix(neighbour), table, device },
      ...(source === undefined ? {} : { source }),
    }),
    'only for this neighbour',
  )

/** Spanning tree keeps a new port from forwarding for twice the forward delay (net/bridge/br_stp_timer.c). */
export function heldPortHint({ links = [] }: Host, bridge: Link): LinkHint | undefined {
  const held = portsOfBridge({ links }, bridge.name).filter(({ portState }) => portState !== undefined)
  const [first] = held
  if (!first || held.length > MOST) return undefined
  const names = held.map(({ name }) => name).join(', ')
  const waits = first.portState === 'blocking' ? '' : ' A new port waits for twice the forward delay, 30 s by default.'
  const off = command('ip', 'link', 'set', deviceWord(bridge.name), 'type', 'bridge', 'stp_state', '0')
  return {
    words: ` Spanning tree (STP) keeps ${names}, ${held.length > 1 ? 'ports' : 'a port'} of ${bridge.name}, from forwarding: its state is ${first.portState}.${waits}`,
    fix: [
      {
        description: `wait until "bridge link" shows ${first.name} as forwarding; or, if no other bridge can form a loop with ${bridge.name}, switch STP off: ${spoken(off) ?? 'stp_state 0'}`,
        unverified: 'whether another bridge is connected is unknown here',
      },
    ],
  }
}

/** Who has not reported its groups gets no neighbour solicitation, which is multicast (net/bridge/br_multicast.c). */
function snoopingHint({ name, snoops }: Link, neighbour: string): LinkHint | undefined {
  if (!snoops || !neighbour.includes(':')) return undefined
  const off = command('ip', 'link', 'set', deviceWord(name), 'type', 'bridge', 'mcast_snooping', '0')
  return {
    words: ` ${name} does multicast snooping and is the querier: a port without an MLD report gets no neighbour solicitation.`,
    fix: [
      {
        description: `check that "bridge mdb show dev ${name}" lists the solicited-node group of ${neighbour}; if it does not, make ${neighbour} send MLD reports, or switch snooping off: ${spoken(off) ?? 'mcast_snooping 0'}`,
        unverified: 'the groups of the bridge are unknown here',
      },
    ],
  }
}

/** A queue may drop what no class of it takes, and what is over its rate: ARP requests, too. */
export function queueHint({ name, qdisc }: Link): LinkHint | undefined {
  if (qdisc === undefined) return undefined
  return {
    words: ` Interface ${name} has the qdisc ${qdisc}. It can drop packets, also those of ARP and neighbour discovery.`,
    fix: [
      {
        description: `check the "dropped" counter of qdisc ${qdisc} on ${name}`,
        look: command('tc', '-s', 'qdisc', 'show', 'dev', deviceWord(name)),
        unverified: ONLY_LOOKS,
      },
    ],
  }
}

/** The host's ends of containers' links are ports of a bridge, or have routes or addresses of their own: these have nothing. */
function portHint(host: Host, bridge: Link, neighbour: string): LinkHint | undefined {
  if (!bridgeNamed(host, bridge.name)) return undefined
  const loose = (host.links ?? []).filter((one) => isLoose(one, host)).map(({ name }) => name)
  if (loose.length === 0 || loose.length > MOST) return undefined
  const [are, which] = loose.length > 1 ? ['are not ports', 'one of them'] : ['is not a port', loose[0]]
  return {
    words: ` ${loose.join(', ')} ${are} of any bridge. If ${which} leads to ${neighbour}, ${bridge.name} cannot reach ${neighbour}.`,
    fix: loose.map((name) => ({
      description: `if ${name} leads to ${neighbour}: ${joined(name, bridge.name)}`,
      unverified: 'which interface leads to the neighbour is unknown here',
    })),
  }
}

function joined(port: string, bridge: string): string {
  const join = command('ip', 'link', 'set', deviceWord(port), 'master', deviceWord(bridge))
  return spoken(join) ?? `make ${port} a port of ${bridge}`
}

function isLoose(link: Link, { routes = [] }: Host): boolean {
  const { name, kind, up, master, peerNamespace, addresses = [] } = link
  // both ends of a veth may be here
  if (!leadsToGuest(link) || (kind === 'veth' && peerNamespace === undefined)) return false
  if (up === false || master !== undefined) return false
  if (addresses.some(({ scope }) => scope !== 'link')) return false
  return !routes.some(({ device, destination }) => device === name && !/^(fe80|ff00)::/.test(destination))
}

/** What the parent of a macvlan sends is not given to the macvlans on it (drivers/net/macvlan.c). */
function macvlanHint({ name, master, promiscuous }: Link, neighbour: string): LinkHint | undefined {
  if (!promiscuous || master !== undefined) return undefined
  return {
    words: ` ${name} is promiscuous, so it may be the parent of a macvlan. A host cannot reach a macvlan through its parent interface.`,
    fix: [
      {
        description: `if ${neighbour} is a macvlan on ${name}: add a macvlan on ${name} to this host, and route ${neighbour} through the new macvlan`,
        unverified: 'the model does not create interfaces',
      },
    ],
  }
}
