import { command } from '../../model/command.ts'
import type { Host, RoutingRule } from '../../model/host.ts'
import type { RuleRef } from '../../model/journey.ts'
import { ONLY_LOOKS } from '../../model/only-looks.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { lookupRoute, type RouteQuestion, routeDevices, rulesFor, tableLedTo } from '../../rules/route.ts'
import { knowsSockets } from '../../rules/sockets.ts'
import { begins } from '../../rules/tproxy.ts'
import { acceptBefore, propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import { together } from '../changes/proposal.ts'
import { type Context, type Detected, type Detector, describeEnd, finding } from '../context.ts'
import { unusedDivert } from '../counterfactual/divert-chain.ts'
import { lastProxyRule, type ProxyRule } from '../host/proxy-socket.ts'
import { addRoute, addRoutingRule } from '../host/routes.ts'
import { nameRef, refAt } from '../refs.ts'
import { atRouting } from './routing.ts'
import { numberedRef, withoutRule } from './verdicts.ts'

/**
 * TPROXY accepts what a transparent socket takes, and drops the rest (net/netfilter/xt_TPROXY.c). Its line in the kernel
 * log looks the same either way, nft's tracing tells the verdict; what it accepts is routed by the mark that it sets.
 * Asked before routing: where more than the line that is missing speaks of TPROXY.
 */
export const proxyMissing: Detector = {
  code: 'proxy-missing',
  detect(context) {
    const handed = handedOver(context)
    if (!handed || handed.refused) return []
    const { world, ended } = context
    const { protocol } = handed.packet
    const lost = ended.outcome === 'vanished'
    if (handed.own) {
      if (handed.taken || isTransparent(handed)) return []
      return lost ? dropped(context, handed) : isLastSeen(context, handed) ? droppedUnless(context, handed) : []
    }
    // of UDP a connected socket may take it, which nothing lists: but a proxy has one that listens as well
    const isFirst = begins(handed.packet)
    if (!handed.taken && (lost || isFirst) && knowsSockets(world.host, protocol) && handed.listens === undefined)
      return dropped(context, handed, 'nothing listens there')
    // the same hook goes on in the next table
    if (!handed.taken && ended.missing?.hook === 'prerouting')
      return lost && !isTransparent(handed) ? dropped(context, handed) : []
    // what has a socket is not forwarded (net/ipv4/ip_forward.c), so that no later line can come
    const routed = atRouting(context)
    if (!routed || routed.local || routed.route === undefined) return []
    const [device] = routed.route ? routeDevices(routed.route) : []
    const way = device === undefined ? 'there is no route for it' : `its route leads out of ${device}`
    const mark = (routed.packet.mark ?? 0) >>> 0
    const past = ledPast(world.host, routed.question)
    if (past) {
      const leads = device === undefined ? 'has no route for it' : `sends it out of ${device}`
      const socket = handed.taken ? '' : ' The proxy also needs a socket with IP_TRANSPARENT.'
      return tell(
        context,
        handed,
        (rule, proxy) =>
          `${rule} ${handed.taken ? 'handed' : 'hands'} it to ${proxy}. Routing rule ${past.first.priority} matches its mark ${hex(mark)} first and ${leads}. Rule ${past.local.priority}, which would deliver it to this host, is never reached.${socket}`,
        propose(
          "move the proxy's routing rule to the front",
          addRoutingRule({ ...past.local, priority: past.first.priority - 1 }),
          'every packet with this mark is then delivered to this host',
        ),
      )
    }
    return led(context, handed, `a local route for its mark ${hex(mark)} (now ${way})`, leadHere(context, mark))
  },
}

/** The same, where routing has nothing against it. */
export const proxyRefuses: Detector = {
  code: 'proxy-missing',
  detect(context) {
    const handed = handedOver(context)
    if (!handed || handed.taken || context.ended.outcome !== 'vanished' || isTransparent(handed)) return []
    // what came over lo was routed when it was sent
    if (handed.packet.in === 'lo' || atRouting(context)?.local) return dropped(context, handed)
    const found = led(context, handed, 'a local route for its mark')
    // a socket may have taken it, and something else have lost it
    return knowsSockets(context.world.host, handed.packet.protocol)
      ? found
      : found.map((one) => ({ ...one, severity: 'note' as const }))
  },
}

/** The same, where nft's tracing tells that the rule dropped it. */
export const proxyRefused: Detector = {
  code: 'proxy-missing',
  detect(context) {
    const handed = handedOver(context)
    return handed?.refused && !isTransparent(handed) ? dropped(context, handed) : []
  },
}

interface Handed extends ProxyRule {
  /** It has found a socket: nft's rule would not have come to its end without, nor would the packet be in the next table. */
  taken: boolean
  protocol: string
  /** The kernel says that it found no socket. */
  refused: boolean
}

/** What TPROXY finds, as far as host state tells, would have taken the packet: so nothing is said against it. */
const isTransparent = ({ own, listens, packet }: Handed): boolean =>
  own ? own.listed?.transparent === true : begins(packet) && listens?.transparent === true

/** Where TPROXY had the last word about it. */
function handedOver(context: Context): Handed | undefined {
  const { evidence, ended } = context
  const proxy = lastProxyRule(context, ended.step)
  if (!proxy?.packet.protocol) return undefined
  const { step, ending, otherwise, packet } = proxy
  const goesOn = otherwise === 'next-rule' && ending === 'continue'
  if (ending !== 'accept' && ending !== 'drop' && !goesOn) return undefined
  // other tables of the hook may follow
  if (evidence.arrivals.slice(step, ended.step + 1).some(({ hook }) => hook !== 'prerouting')) return undefined
  const taken = otherwise === 'next-rule' || step < ended.step
  return { ...proxy, protocol: packet.protocol!, refused: ending === 'drop' && !taken, taken }
}

export const listenThere = (protocol: string, port: number): Proposal => ({
  description: `make the proxy listen on port ${port} with IP_TRANSPARENT; ss --inet-sockopt then shows "transparent"`,
  look: command('ss', '-ln', `--${protocol}`, '-p', '--inet-sockopt', `sport = :${port}`),
  unverified: ONLY_LOOKS,
})

const dropped = (context: Context, handed: Handed, known?: string): Detected[] =>
  tell(context, handed, (rule, proxy) =>
    handed.own
      ? `${rule} dropped it: TPROXY first looks for a socket of the packet's own connection. It found ${ownWords(handed)}, which has no IP_TRANSPARENT.`
      : `${rule} dropped it: it is meant for ${proxy}, and ${known ?? whyNotTaken(handed)}.`,
  )

/** Nothing behind it was captured, of whatever packet. */
const isLastSeen = ({ ended }: Context, { step }: Handed): boolean =>
  ended.outcome === 'undetermined' && step === ended.step

const droppedUnless = (context: Context, handed: Handed): Detected[] =>
  tell(
    context,
    handed,
    (rule) =>
      `${rule} drops it unless the socket of its own connection has IP_TRANSPARENT: TPROXY looks for this socket first. It is ${ownWords(handed)}.`,
  ).map((one) => ({ ...one, severity: 'warning' }))

/** That it was not taken shows that the socket is not transparent. */
const ownWords = ({ own, packet }: Handed): string =>
  own?.listed
    ? `the one of ${own.listed.process ?? 'a program'} at ${describeEnd(packet.dst, packet.dport)}`
    : `the one that sent the request, ${describeEnd(packet.dst, packet.dport)}`

function whyNotTaken({ listens, packet }: Handed): string {
  if (packet.tcpFlags && !begins(packet)) return 'its connection has no socket with IP_TRANSPARENT'
  if (!listens) return 'nothing listens there with IP_TRANSPARENT'
  const program = listens.process ?? 'a program'
  return listens.transparent === false
    ? `${program} listens there, but not with IP_TRANSPARENT`
    : `${program} listens there: host state does not show whether with IP_TRANSPARENT`
}

/** Either it was not taken, or routing lost it. */
const led = (context: Context, handed: Handed, mark: string, lead: Proposal[] = []): Detected[] =>
  tell(
    context,
    handed,
    (rule, proxy) =>
      handed.taken
        ? `${rule} handed the packet to ${proxy}, but the packet needs ${mark}.`
        : `${rule} hands it to ${proxy}. The proxy needs a socket with IP_TRANSPARENT, and the packet needs ${mark}.`,
    lead.length > 0 ? lead : [leadByHand()],
  )

/** Where no table can be chosen here. */
export const leadByHand = (mark = 'MARK'): Proposal => ({
  description: `add a local route for the mark: ip rule add fwmark ${mark} lookup TABLE, ip route add local default dev lo table TABLE`,
  unverified: 'which table numbers are free is unknown here',
})

/** A routing rule for other marks leads it elsewhere, in front of one that leads it to this host. */
function ledPast(host: Host, question: RouteQuestion): { first: RoutingRule; local: RoutingRule } | undefined {
  const applying = rulesFor(question, host)
  const isMarked = (one: RoutingRule) => one.mark !== undefined && !one.not
  const marked = applying.filter(isMarked).slice(0, MOST)
  const rules = applying.filter((one) => !isMarked(one) || marked.includes(one))
  const leadsHere = (...missing: RoutingRule[]) =>
    lookupRoute(question, { ...host, routingRules: rules.filter((one) => !missing.includes(one)) })?.type === 'local'
  for (const first of marked) {
    if (first.priority < 2 || !leadsHere(first)) continue
    const local = marked.find((one) => one !== first && !leadsHere(first, one))
    if (local) return { first, local }
  }
  return undefined
}

/** Of the rules for one mark, of which there may be thousands, only so many of the first are tried. */
const MOST = 20

const FIRST_TABLE = 100

/** By the table that a routing rule for this mark has already, or one that leads to this host; else by a free one. */
export function leadHere({ world, journey }: Pick<Context, 'world' | 'journey'>, mark: number): Proposal[] {
  const family = journey.family === 'ip6' ? 'ip6' : 'ip'
  const { routes, routingRules } = world.host
  if (mark === 0 || !routes || !routingRules) return []
  const own = routingRules.find(
    (rule) => rule.family === family && rule.mark === mark && tableLedTo(rule) !== undefined,
  )
  const destination = family === 'ip6' ? '::/0' : '0.0.0.0/0'
  const toAll = routes.filter((one) => one.family === family && one.destination === destination)
  const note = 'every packet with this mark is then delivered to this host'
  const leading = toAll.find(({ type, device, table }) => type === 'local' && device === 'lo' && table !== undefined)
  // its routing rule alone is missing
  if (!own && leading?.table !== undefined) {
    const { table } = leading
    return propose(
      `add a routing rule for the mark, to table ${table}, which leads to this host`,
      addRoutingRule({ family, mark, action: { table } }),
      note,
    )
  }
  const used = new Set([...routes.map(({ table }) => table), ...routingRules.map(tableLedTo)])
  let free = FIRST_TABLE
  while (used.has(String(free))) free++
  const table = (own && tableLedTo(own)) ?? String(free)
  // another route for everything is there for a reason
  if (toAll.some((one) => one.table === table)) return []
  const local = addRoute({ family, type: 'local', destination, table, device: 'lo' })
  const change = own ? local : together(addRoutingRule({ family, mark, action: { table } }), local)
  return propose(
    own ? `add a local default route to table ${table}, which its mark selects` : 'add a local route for the mark',
    change,
    note,
  )
}

function tell(
  context: Context,
  { step, protocol, port, refused, taken, own }: Handed,
  say: (rule: string, proxy: string) => string,
  more: Proposal[] = [],
): Detected[] {
  const ref = refAt(context, step)
  if (!ref) return []
  return [
    finding('proxy-missing', 'error', say(nameRef(ref), `a transparent proxy on ${protocol} port ${port}`), {
      steps: [step + 1],
      rules: [ref],
      culprit: step,
      fix: [
        ...more,
        ...(own ? pastReply(context, step, ref) : []),
        ...(taken || own ? [] : [listenThere(protocol, port)]),
        // where the rule is said to have dropped it, that is proposed there
        ...(refused || own ? [] : pastRule(context, step, ref)),
        ...(own ? withoutRule(context, step, ref) : []),
      ],
    }),
  ]
}

/** Such packets alone go past the proxy; last the rule goes. */
const pastRule = (context: Context, step: number, ref: RuleRef): Proposal[] => [
  ...propose(
    `accept such packets before ${numberedRef(ref)}`,
    acceptBefore(ref, context.evidence.arrivals[step]!.packet, { hook: 'prerouting' }),
    'they then go past the proxy',
  ),
  ...withoutRule(context, step, ref),
]

/** Replies to what this host has asked need no proxy. */
function pastReply(context: Context, step: number, ref: RuleRef): Proposal[] {
  const { packet, table, rule } = context.evidence.arrivals[step]!
  const divert = unusedDivert(table, rule, context.world)
  const socket = table?.kind === 'nft' ? 'socket wildcard 0' : '-m socket'
  return [
    ...propose(
      `accept such replies before ${numberedRef(ref)}`,
      acceptBefore(ref, packet, { hook: 'prerouting', answer: true }),
      'they then go past the proxy',
    ),
    ...(divert
      ? [
          {
            description: `before ${numberedRef(ref)}, send packets that have a socket on this host (${socket}) to chain ${divert.name}: no rule leads there yet`,
            unverified: 'the sockets open at that moment are not known',
          },
        ]
      : []),
  ]
}
