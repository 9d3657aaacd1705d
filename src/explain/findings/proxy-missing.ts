import { command } from '../../model/command.ts'
import type { Host } from '../../model/host.ts'
import type { Packet } from '../../model/packet.ts'
import { routeDevices } from '../../rules/route.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import type { Proposal } from '../proposal.ts'
import { nameRef, refAt } from '../refs.ts'
import { knowsSockets, listener } from '../sockets.ts'
import { atRouting } from './routing.ts'
import { withoutRule } from './verdicts.ts'

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
    const { tcpFlags, protocol } = handed.packet
    const lost = ended.outcome === 'vanished'
    const isSyn = tcpFlags?.includes('syn') && !tcpFlags.includes('ack')
    if ((lost || isSyn) && knowsSockets(world.host, protocol) && handed.listens === undefined)
      return dropped(context, handed, 'nothing listens there')
    if (!lost) return []
    // the same hook goes on in the next table
    if (ended.missing?.hook === 'prerouting') return dropped(context, handed)
    const routed = atRouting(context)
    if (!routed || routed.local || routed.route === undefined) return []
    const [device] = routed.route ? routeDevices(routed.route) : []
    const way = device === undefined ? 'there is no route for it' : `its route leads out of ${device}`
    return led(context, handed, `its mark 0x${(routed.packet.mark ?? 0).toString(16)} to lead it here, but ${way}`)
  },
}

/** The same, where routing has nothing against it. */
export const proxyRefuses: Detector = {
  code: 'proxy-missing',
  detect(context) {
    const handed = handedOver(context)
    if (!handed || context.ended.outcome !== 'vanished') return []
    // what came over lo was routed when it was sent
    if (handed.packet.in === 'lo' || atRouting(context)?.local) return dropped(context, handed)
    return led(context, handed, 'its mark to lead it to this host')
  },
}

/** The same, where nft's tracing tells that the rule dropped it. */
export const proxyRefused: Detector = {
  code: 'proxy-missing',
  detect(context) {
    const handed = handedOver(context)
    return handed?.refused ? dropped(context, handed) : []
  },
}

interface Handed {
  packet: Packet
  protocol: string
  port: number
  /** The kernel says that it found no socket. */
  refused: boolean
  /** Who listens there, as far as host state tells. */
  listens?: string
}

/** Where TPROXY had the last word. */
function handedOver({ evidence, ended, world }: Context): Handed | undefined {
  const { rule, packet, ending } = evidence.arrivals[ended.step] ?? {}
  const proxy = rule?.statements.find((one) => one.kind === 'tproxy')
  const port = proxy?.port ?? packet?.dport
  if (!packet?.protocol || proxy?.otherwise !== 'drop' || port === undefined) return undefined
  if (ending !== 'accept' && ending !== 'drop') return undefined
  const handed = { packet, protocol: packet.protocol, port, refused: ending === 'drop' }
  const socket = placesOf(proxy.address, packet, world.host)
    .map((dst) => listener(world.host, { ...packet, dst, dport: port }))
    .find((one) => one !== undefined)
  return socket ? { ...handed, listens: socket.process ?? 'a program' } : handed
}

/** Where it asks for a socket: without `--on-ip` at the interface's own address, or where the packet goes to. */
function placesOf(given: string | undefined, { in: device, dst }: Packet, { links }: Host): string[] {
  if (given !== undefined) return [given]
  const own = links?.find(({ name }) => name === device)?.addresses ?? []
  return [...own.map(({ address }) => address), ...(dst === undefined ? [] : [dst])]
}

function dropped(context: Context, handed: Handed, known?: string): Detected[] {
  const { listens } = handed
  const why =
    listens === undefined
      ? 'nothing listens there with IP_TRANSPARENT'
      : `${listens} listens there, but not with IP_TRANSPARENT`
  return tell(context, handed, (rule, proxy) => `${rule} dropped it: it is meant for ${proxy}, and ${known ?? why}.`)
}

/** Either it was not taken, or routing lost it. */
const led = (context: Context, handed: Handed, mark: string): Detected[] =>
  tell(
    context,
    handed,
    (rule, proxy) =>
      `${rule} is to give it to ${proxy}, and it got no further: a socket with IP_TRANSPARENT has to listen there, and ${mark}.`,
    [
      {
        description:
          'lead what has the mark to this host: ip rule add fwmark MARK lookup TABLE, ip route add local default dev lo table TABLE',
        unverified: 'which table is free is not known here',
      },
    ],
  )

function tell(
  context: Context,
  { protocol, port, refused }: Handed,
  say: (rule: string, proxy: string) => string,
  more: Proposal[] = [],
): Detected[] {
  const { step } = context.ended
  const ref = refAt(context, step)
  if (!ref) return []
  return [
    finding('proxy-missing', 'error', say(nameRef(ref), `a transparent proxy on ${protocol} port ${port}`), {
      steps: [step + 1],
      rules: [ref],
      culprit: step,
      fix: [
        ...more,
        {
          description: `let the proxy listen on port ${port} with IP_TRANSPARENT; this shows "transparent" then`,
          look: command('ss', '-ln', `--${protocol}`, '-p', '--inet-sockopt', `sport = :${port}`),
          unverified: 'it only looks',
        },
        // where the rule is said to have dropped it, that is proposed there
        ...(refused ? [] : withoutRule(context, step, ref)),
      ],
    }),
  ]
}
