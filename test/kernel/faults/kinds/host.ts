/** Faults outside of the rules: settings, routes, servers, the packet itself; and a chain's policy. */
import { type Fault, inserted, isForwarded, type Kind, ruleAt } from '../fault.ts'
import type { Variant } from '../stage.ts'
import { ip, isIpv6, placeOf, set } from './changes.ts'

export const policyDrop: Kind = {
  name: 'a policy',
  make: ({ setup, met }) => {
    const bases = new Set(met.filter(({ type }) => type !== 'nat').map(({ table, chain }) => `${table} ${chain}`))
    return setup.tables.flatMap((table) =>
      table.chains
        .filter(
          ({ name, policy, base }) => (policy ?? (base && 'ACCEPT')) === 'ACCEPT' && bases.has(`${table.name} ${name}`),
        )
        .map(({ name }) => ({
          kind: 'a policy',
          about: `${table.name} ${name}: policy DROP`,
          variant: {
            tables: setup.tables.map((one) =>
              one !== table
                ? one
                : {
                    ...one,
                    chains: one.chains.map((each) =>
                      each.name === name ? { ...each, policy: 'DROP' as const } : each,
                    ),
                  },
            ),
          },
          culprits: [{ policy: { table: table.name, chain: name } }],
        })),
    )
  },
}

export const forwardingOff: Kind = {
  name: 'forwarding off',
  make: (scene) => {
    if (!isForwarded(scene)) return []
    if (isIpv6(scene)) {
      const all = 'net.ipv6.conf.all.forwarding'
      return [
        {
          kind: 'forwarding off',
          about: `${all} = 0`,
          variant: { changes: [set(all, '0', '1')] },
          culprits: [{ code: 'vanished-forwarding-off', words: [all] }],
        },
      ]
    }
    const { interface: device } = scene.topology.sides[scene.probe.at === 'right' ? 'right' : 'left']
    const own = `net.ipv4.conf.${device}.forwarding`
    const faults: Fault[] = [
      {
        kind: 'forwarding off',
        about: 'net.ipv4.ip_forward = 0',
        variant: { changes: [set('net.ipv4.ip_forward', '0', '1')] },
        culprits: [{ code: 'vanished-forwarding-off', words: ['ip_forward'] }],
      },
      {
        kind: 'forwarding off',
        about: `${own} = 0`,
        variant: { changes: [set(own, '0', '1')] },
        culprits: [{ code: 'vanished-forwarding-off', words: [own] }],
      },
    ]
    return faults
  },
}

/** Strict, while the way back to the client leads elsewhere. */
export const rpFilter: Kind = {
  name: 'rp_filter',
  make: (scene) => {
    const { topology, probe, healthy } = scene
    if (probe.at === 'router' || isIpv6(scene)) return []
    const { src } = healthy.sent.packet
    const other = probe.at === 'left' ? 'right' : 'left'
    const gateway = topology.hosts.find(({ side }) => side === other)!.ip
    const back = `route add ${src}/32 via ${gateway}`
    return [
      {
        kind: 'rp_filter',
        about: `rp_filter = 1, and the way back to ${src} is ${topology.sides[other].interface}`,
        variant: {
          changes: [ip(back, back.replace('add', 'del')), set('net.ipv4.conf.all.rp_filter', '1', '0')],
        },
        culprits: [{ code: 'vanished-rp-filter', words: ['rp_filter', topology.sides[other].interface] }],
      },
    ]
  },
}

export const routeGone: Kind = {
  name: 'a route gone',
  make: (scene) => {
    const { topology, healthy, setup } = scene
    if (!isForwarded(scene)) return []
    const { address: dst, side } = placeOf(healthy.arrived)
    // chance may send the next packet to another one
    const { alike = [] } = setup
    const any = alike.includes(dst!) ? alike : [dst!]
    const six = isIpv6(scene)
    const far = topology.far[side]
    const { net, net6, interface: device, ip: own } = topology.sides[side]
    const gateway = topology.hosts.find((host) => host.side === side)!
    const isFar = dst === (six ? far.ip6 : far.ip)
    const route = isFar
      ? `${six ? far.net6 : far.net} via ${six ? gateway.ip6 : gateway.ip}`
      : six
        ? `${net6} dev ${device} proto kernel metric 256`
        : `${net} dev ${device} proto kernel scope link src ${own}`
    const host = `${dst}/${six ? 128 : 32}`
    const gone = ip(`route del ${route}`, `route add ${route}`)
    // some machines have it in another table
    const isThere = !setup.routing?.add.includes(`route del ${route}`)
    const whole: Fault[] = [
      {
        kind: 'a route gone',
        about: `ip route del ${route}`,
        variant: { changes: [gone] },
        // by which gateway it went nobody says any more
        ...(isFar ? { elsewhere: true as const } : {}),
        culprits: any.map((one) => ({ code: 'vanished-no-route', words: [one] })),
      },
    ]
    const faults: Fault[] = [
      ...(isThere ? whole : []),
      ...['blackhole', 'unreachable', 'prohibit'].map((type) => ({
        kind: 'a route gone',
        about: `ip route add ${type} ${dst}`,
        variant: { changes: [ip(`route add ${type} ${host}`, `route del ${type} ${host}`)] },
        culprits: [{ code: 'vanished-no-route', words: [dst!, type] }],
      })),
    ]
    return faults
  },
}

/** There is a route, and it leads the wrong way. */
export const routeElsewhere: Kind = {
  name: 'a route elsewhere',
  make: (scene) => {
    const { topology, healthy } = scene
    if (!isForwarded(scene)) return []
    const { address: dst, side } = placeOf(healthy.arrived)
    const other = side === 'left' ? 'right' : 'left'
    const gateway = topology.hosts.find((host) => host.side === other)!
    const route = isIpv6(scene) ? `route add ${dst}/128 via ${gateway.ip6}` : `route add ${dst}/32 via ${gateway.ip}`
    return [
      {
        kind: 'a route elsewhere',
        about: `ip ${route}`,
        variant: { changes: [ip(route, route.replace('add', 'del'))] },
        culprits: [{ code: 'wrong-way-out', words: [dst!] }],
      },
    ]
  },
}

export const nobodyListens: Kind = {
  name: 'nobody listens',
  make: ({ setup, healthy, probe }) => {
    const { address, port } = placeOf(healthy.arrived)
    if (address === undefined || port === undefined) return []
    const place = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
    const isMeant = (one: { protocol: string; port: number }) =>
      one.protocol === probe.packet.protocol && one.port === Number(port)
    const fault = (about: string, variant: Variant): Fault => ({
      kind: 'nobody listens',
      about,
      variant,
      elsewhere: true,
      culprits: ['closed-port', 'refused-here', 'refused-there'].map((code) => ({
        code,
        words: [place],
      })),
    })
    const { servers = [], services } = setup
    const gone = `nothing listens on ${place}`
    if (!healthy.arrived.startsWith('router'))
      return [fault(gone, { services: services.filter((one) => !isMeant(one) || one.ip !== address) })]
    const faults = [fault(gone, { servers: servers.filter((one) => !isMeant(one)) })]
    if (!address.startsWith('127.') && !address.includes(':'))
      faults.push(
        fault(`the server of port ${port} is bound to 127.0.0.1`, {
          servers: servers.map((one) => (isMeant(one) ? { ...one, address: '127.0.0.1' } : one)),
        }),
      )
    return faults
  },
}

export const ttl: Kind = {
  name: 'TTL',
  make: (scene) => {
    if (!isForwarded(scene)) return []
    const rule = `-d ${scene.probe.packet.dst}/32 -j TTL --ttl-set 1`
    const faults: Fault[] = [
      {
        kind: 'TTL',
        about: `-t mangle -I PREROUTING 1 ${rule}`,
        variant: { tables: inserted(scene.setup.tables, 'mangle', 'PREROUTING', 0, rule) },
        culprits: [ruleAt({ table: 'mangle', chain: 'PREROUTING', index: 0 })],
      },
      // now and then, as nothing on the machine can mend it
      ...(scene.random.chance(0.7)
        ? []
        : [
            {
              kind: 'TTL',
              about: 'the packet comes with a TTL of 1',
              elsewhere: true as const,
              variant: {},
              probe: { ...scene.probe, packet: { ...scene.probe.packet, ttl: 1 } },
              culprits: [{ code: 'vanished-ttl', words: ['TTL 1'] }],
            },
          ]),
    ]
    return faults
  },
}

export const martian: Kind = {
  name: 'a martian',
  make: (scene) => {
    const { probe, healthy, topology } = scene
    if (probe.at === 'router' || isIpv6(scene)) return []
    if (/> 127\./.test(healthy.arrived))
      return [
        {
          kind: 'a martian',
          about: 'net.ipv4.conf.all.route_localnet = 0, and DNAT leads to 127.0.0.1',
          variant: { changes: [set('net.ipv4.conf.all.route_localnet', '0', '1')] },
          culprits: [{ code: 'vanished-martian', words: ['route_localnet'] }],
        },
      ]
    // now and then, as nothing on the machine can mend it
    if (scene.random.chance(0.6)) return []
    const src = topology.sides[probe.at === 'left' ? 'right' : 'left'].ip
    return [
      {
        kind: 'a martian',
        about: `the packet comes from ${src}, which is the machine's own address`,
        elsewhere: true,
        variant: {},
        probe: { ...probe, packet: { ...probe.packet, src } },
        culprits: [{ code: 'vanished-martian', words: [src] }],
      },
    ]
  },
}
