/** Faults of the host besides its rules that need two places to be seen: the way back, policy routing, IPsec, neighbours. */
import { type Culprit, type Fault, isForwarded, type Kind, type Scene } from '../fault.ts'
import { added, gatewayOn, ip, isIpv6, otherSide, placeOf, set } from './changes.ts'

const named = (words: string[], ...codes: string[]): Culprit[] => codes.map((code) => ({ code, words }))

const host = (address: string): string => `${address}/${address.includes(':') ? 128 : 32}`

const six = (scene: Scene): string => (isIpv6(scene) ? '-6 ' : '')

/** Now and then: no command on the machine can mend these. */
const isRare = ({ random }: Scene): boolean => random.chance(0.25)

const REFUSALS = ['blackhole', 'unreachable', 'prohibit']

/** The reply finds no way to whoever asked, or one that leads elsewhere. */
export const wayBack: Kind = {
  name: 'the way back',
  make: (scene) => {
    const { probe, setup, topology } = scene
    const src = probe.packet.src!
    if (probe.at === 'router') return []
    const refused = REFUSALS.map(
      (type): Fault => ({
        kind: 'the way back',
        about: `ip route add ${type} ${src}`,
        variant: { changes: [added(`${six(scene)}route add ${type} ${host(src)}`)] },
        culprits: named([src, type], 'vanished-no-route', 'vanished-rp-filter', 'reply-dropped', 'wrong-way-out'),
      }),
    )
    const other = otherSide(probe.at)
    const key = 'net.ipv4.conf.all.rp_filter'
    const old = setup.settings?.find(([name]) => name === key)?.[1] ?? '0'
    const elsewhere: Fault = {
      kind: 'the way back',
      about: `ip route add ${src} via ${gatewayOn(other, scene)}, and rp_filter = 0`,
      variant: {
        changes: [
          added(`${six(scene)}route add ${host(src)} via ${gatewayOn(other, scene)}`),
          ...(isIpv6(scene) ? [] : [set(key, '0', old)]),
        ],
      },
      culprits: named(
        [src, topology.sides[other].interface],
        'wrong-way-out',
        'reply-by-other-uplink',
        'reply-dropped',
      ),
    }
    return [...refused, elsewhere]
  },
}

const TABLE = '77'

/** In front of the main table: it says no, or has another way. */
export const policyRule: Kind = {
  name: 'a policy routing rule',
  make: (scene) => {
    const { probe, healthy } = scene
    if (!isForwarded(scene)) return []
    const { address: dst, side } = placeOf(healthy.arrived)
    const chooses = [`to ${host(dst!)}`, `from ${host(probe.packet.src!)}`]
    const refused = chooses.flatMap((words) =>
      REFUSALS.map(
        (type): Fault => ({
          kind: 'a policy routing rule',
          about: `ip rule add pref 100 ${words} ${type}`,
          variant: { changes: [added(`${six(scene)}rule add pref 100 ${words} ${type}`)] },
          culprits: named([type], 'vanished-no-route'),
        }),
      ),
    )
    const elsewhere = chooses.map(
      (words): Fault => ({
        kind: 'a policy routing rule',
        about: `ip rule add pref 100 ${words} lookup ${TABLE}, which leads to ${otherSide(side)}`,
        variant: {
          changes: [
            added(`${six(scene)}route add default via ${gatewayOn(otherSide(side), scene)} table ${TABLE}`),
            added(`${six(scene)}rule add pref 100 ${words} lookup ${TABLE}`),
          ],
        },
        culprits: named([TABLE], 'wrong-way-out', 'vanished-rp-filter'),
      }),
    )
    return [...refused, ...elsewhere]
  },
}

/** The destination's address is the machine's own as well: the packet is not forwarded any more. */
export const ownAddress: Kind = {
  name: 'an address too many',
  make: (scene) => {
    if (!isForwarded(scene) || !isRare(scene)) return []
    const { address } = placeOf(scene.healthy.arrived)
    return [
      {
        kind: 'an address too many',
        about: `ip addr add ${host(address!)} dev lo`,
        variant: {
          changes: [ip(`addr add ${host(address!)} dev lo`, `addr del ${host(address!)} dev lo`)],
        },
        culprits: named([address!, 'lo'], 'wrong-way-out', 'closed-port', 'refused-here'),
      },
    ]
  },
}

export const echoIgnored: Kind = {
  name: 'pings are ignored',
  make: (scene) => {
    const { probe, healthy } = scene
    if (!/^icmp/.test(probe.packet.protocol!) || !healthy.arrived.startsWith('router')) return []
    const key = isIpv6(scene) ? 'net.ipv6.icmp.echo_ignore_all' : 'net.ipv4.icmp_echo_ignore_all'
    return [
      {
        kind: 'pings are ignored',
        about: `${key} = 1`,
        variant: { changes: [set(key, '1', '0')] },
        culprits: named([key], 'echo-ignored'),
      },
    ]
  },
}

/** The server is there, and takes only what comes to another address or by another interface. */
export const boundElsewhere: Kind = {
  name: 'a server bound elsewhere',
  make: (scene) => {
    const { healthy, probe, setup, topology } = scene
    const { address, port } = placeOf(healthy.arrived)
    if (!healthy.arrived.startsWith('router') || address === undefined || port === undefined) return []
    if (probe.at === 'router' || address.startsWith('127.') || !isRare(scene)) return []
    const other = topology.sides[otherSide(probe.at)]
    const { servers = [] } = setup
    const fault = (about: string, word: string, change: { address?: string; device?: string }): Fault => ({
      kind: 'a server bound elsewhere',
      about: `the server of port ${port} is bound to ${about}`,
      elsewhere: true,
      variant: {
        servers: servers.map((one) =>
          one.protocol === probe.packet.protocol && one.port === Number(port) ? { ...one, ...change } : one,
        ),
      },
      culprits: named([port, word], 'closed-port', 'refused-here', 'listens-elsewhere'),
    })
    const another = isIpv6(scene) ? other.ip6 : other.ip
    return [
      fault(another, another, { address: another }),
      fault(other.interface, other.interface, { device: other.interface }),
    ]
  },
}

/** Nobody has the next hop's address any more. */
export const neighbourGone: Kind = {
  name: 'a neighbour gone',
  make: (scene) => {
    const { healthy, setup, topology } = scene
    if (healthy.arrived.startsWith('router') || !isRare(scene)) return []
    const { address, side } = placeOf(healthy.arrived)
    const { alike = [] } = setup
    const found = topology.hosts.find((one) => [one.ip, one.ip6].includes(address!))
    const next = found ? address! : gatewayOn(side, scene)
    const { mac } = topology.hosts.find((one) => [one.ip, one.ip6].includes(next))!
    const dev = topology.sides[side].interface
    if (alike.includes(next)) return []
    return [
      {
        kind: 'a neighbour gone',
        about: `${next} does not answer any more`,
        elsewhere: true,
        variant: {
          changes: [
            {
              do: ['ip', 'neigh', 'del', next, 'dev', dev],
              // what waits for an answer is not sent later
              undo: [
                'sh',
                '-c',
                `ip neigh del ${next} dev ${dev}; ip neigh replace ${next} lladdr ${mac} dev ${dev} nud permanent`,
              ],
            },
          ],
        },
        culprits: named([next], 'neighbour-failed'),
      },
    ]
  },
}

/** Half of a tunnel: packets have to be encrypted, and nothing says how. */
export const ipsecPolicy: Kind = {
  name: 'an IPsec policy without a state',
  make: (scene) => {
    const { healthy, probe, topology } = scene
    const { address, side } = placeOf(healthy.arrived)
    if (address === undefined || address.startsWith('127.') || !isRare(scene)) return []
    const isHere = healthy.arrived.startsWith('router')
    if (isHere && probe.at === 'router') return []
    const [dst, out] = isHere ? [probe.packet.src!, probe.at as 'left' | 'right'] : [address, side]
    const own = topology.sides[out]
    const ends = isIpv6(scene) ? `src ${own.ip6} dst ${dst}` : `src ${own.ip} dst ${dst}`
    const policy = `dst ${host(dst)} dir out`
    return [
      {
        kind: 'an IPsec policy without a state',
        about: `ip xfrm policy add ${policy}`,
        elsewhere: true,
        variant: {
          changes: [ip(`xfrm policy add ${policy} tmpl ${ends} proto esp mode tunnel`, `xfrm policy delete ${policy}`)],
        },
        // where it keeps back the reply to what was delivered here, it is told with that
        culprits: [...named([dst], 'ipsec-no-state'), ...named([dst, "IPsec's policy"], 'reply-dropped')],
      },
    ]
  },
}
