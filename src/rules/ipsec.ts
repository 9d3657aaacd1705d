/** What IPsec's policies make of a packet (net/xfrm/xfrm_policy.c), by those in host state. */
import type { Host, IpsecPolicy, IpsecTemplate } from '../model/host.ts'
import type { Packet } from '../model/packet.ts'
import type { EvalContext } from './eval-context.ts'
import { isInNetwork } from './prefixes.ts'

export interface Unkept {
  policy: IpsecPolicy
  /** Absent: the policy blocks. Else no state is there for it. */
  template?: IpsecTemplate
}

/**
 * The policy for which the kernel drops the packet; undefined: there is none, or that is not known. What comes in may have
 * been IPsec's before, unless there is no state that could have read it.
 */
export function unkeptPolicy(packet: Packet, direction: IpsecPolicy['direction'], host: Host): Unkept | undefined {
  const { ipsecPolicies, ipsecStates } = host
  if (!ipsecPolicies?.length || packet.src === undefined || packet.dst === undefined || isOfIpsec(packet))
    return undefined
  let policy: IpsecPolicy | undefined
  for (const one of ipsecPolicies) {
    if (one.direction !== direction || (policy && policy.priority <= one.priority)) continue
    const chosen = chooses(one, packet)
    // nobody knows what a better one says
    if (chosen === undefined) return undefined
    if (chosen) policy = one
  }
  if (policy?.action === 'block') return { policy }
  const template = ipsecStates && policy?.templates.find((one) => !one.optional && !hasState(one, packet, host))
  return policy && template && { policy, template }
}

/**
 * Has IPsec read it, or will it write it? Only a no is known: what came in may be of any state that there is, and a
 * policy's transformations may be optional.
 */
export function isLeftAlone({ packet, world: { host } }: EvalContext, way: 'in' | 'out'): boolean {
  const { ipsecPolicies, ipsecStates } = host
  if (way === 'in') return ipsecStates?.length === 0
  return !!ipsecPolicies?.every((one) => one.direction !== 'out' || chooses(one, packet) === false)
}

/** What it is made of itself: sockets of IKE have policies of their own. */
const isOfIpsec = ({ protocol = '', sport, dport }: Packet): boolean =>
  /^(esp|ah|comp|ipcomp)$/.test(protocol) ||
  (protocol === 'udp' && [sport, dport].some((port) => port === 500 || port === 4500))

function chooses(policy: IpsecPolicy, packet: Packet): boolean | undefined {
  const { protocol, sport, dport, device, mark, markMask = 0xffffffff, interfaceId } = policy
  // counts on an xfrm interface alone
  if (interfaceId || !isInNetwork(packet.src ?? '', policy.src) || !isInNetwork(packet.dst ?? '', policy.dst))
    return false
  if (device !== undefined && device !== packet.out) return false
  if (mark !== undefined && ((packet.mark ?? 0) & markMask) >>> 0 !== mark) return false
  if (protocol !== undefined && protocol !== packet.protocol) return /^\d/.test(protocol) ? undefined : false
  return (sport === undefined || sport === packet.sport) && (dport === undefined || dport === packet.dport)
}

const ANY = ['0.0.0.0', '::']

/** One that is only asked for has no SPI yet. */
function hasState({ dst, protocol, reqid }: IpsecTemplate, packet: Packet, { ipsecStates = [] }: Host): boolean {
  const to = ANY.includes(dst) ? packet.dst : dst
  return ipsecStates.some(
    (state) =>
      state.spi !== 0 &&
      state.dst === to &&
      state.protocol === protocol &&
      (reqid === undefined || state.reqid === reqid),
  )
}
