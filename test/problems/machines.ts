/** Arrangements that many problems have in common. */
import type { HostSpec, Link } from '../../src/demo/incident.ts'
import type { Problem } from './problem.ts'

type Net = Pick<Problem, 'hosts' | 'links' | 'traced'>

/** `client` at 192.0.2.2, and the machine in question, `server` at 192.0.2.1. */
export const clientAndServer = (server: HostSpec): Net => ({
  hosts: {
    client: {
      addresses: { eth0: ['192.0.2.2/24', '2001:db8:1::2/64'] },
      routes: ['default via 192.0.2.1', 'default via 2001:db8:1::1'],
    },
    server: { ...server, addresses: { eth0: ['192.0.2.1/24', '2001:db8:1::1/64'], ...server.addresses } },
  },
  links: [['client:eth0', 'server:eth0']],
  traced: 'server',
})

/** Someone on the internet (203.0.113.9), `router` (203.0.113.1, 192.168.1.1) and `pc` (192.168.1.10) behind it. */
export const homeRouter = (
  router: HostSpec,
  { pc = {}, remote = {} }: { pc?: HostSpec; remote?: HostSpec } = {},
): Net => ({
  hosts: {
    remote: {
      ...remote,
      addresses: { eth0: ['203.0.113.9/24', '2001:db8:f::9/64'] },
      routes: ['2001:db8:1::/64 via 2001:db8:f::1', ...(remote.routes ?? [])],
    },
    router: {
      ...router,
      addresses: {
        wan: ['203.0.113.1/24', '2001:db8:f::1/64'],
        lan: ['192.168.1.1/24', '2001:db8:1::1/64'],
        ...router.addresses,
      },
      sysctls: { ...FORWARDS, ...router.sysctls },
    },
    pc: {
      ...pc,
      addresses: { eth0: ['192.168.1.10/24', '2001:db8:1::10/64'] },
      routes: ['default via 192.168.1.1', 'default via 2001:db8:1::1'],
    },
  },
  links: [
    ['remote:eth0', 'router:wan'],
    ['router:lan', 'pc:eth0'],
  ],
  traced: 'router',
})

export const FORWARDS = { 'net.ipv4.ip_forward': '1', 'net.ipv6.conf.all.forwarding': '1' }

/** `client` (192.0.2.9), a `host` (192.0.2.1), and `c1`, a container or guest at its bridge, with the second address of its network. */
export function bridged(bridge: string, address: string, host: HostSpec, guest: HostSpec = {}): Net {
  const [gateway] = address.split('/') as [string]
  const own = address.replace(/1\//, '2/')
  const links: Link[] = [
    ['client:eth0', 'host:eth0'],
    ['host:veth1', 'c1:eth0'],
  ]
  return {
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'], listeners: WEB },
      host: {
        routes: ['default via 192.0.2.9'],
        ...host,
        bridges: { [bridge]: ['veth1'] },
        addresses: { eth0: ['192.0.2.1/24'], [bridge]: [address], ...host.addresses },
        sysctls: { ...FORWARDS, ...host.sysctls },
      },
      c1: {
        listeners: WEB,
        ...guest,
        addresses: { eth0: [own] },
        routes: [`default via ${gateway}`],
      },
    },
    links,
    traced: 'host',
  }
}

export const WEB = [{ protocol: 'tcp', port: 80 }] as const
