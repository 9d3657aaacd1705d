/** A node's rules as kube-proxy's nftables mode writes them: services and nodePorts in verdict maps, masquerade by mark. */

import { type MakeSetup, tcp, udp } from '../../setup.ts'
import type { Chain } from '../../table.ts'

interface Service {
  name: string
  id: string
  protocol: 'tcp' | 'udp'
  clusterIp: string
  port: number
  nodePort?: number
  endpoints: string[]
  targetPort: number
}

const KEY = 'ip daddr . meta l4proto . th dport'

export const nftKubeProxy: MakeSetup = (random, { sides, hosts, far }) => {
  const { left, right } = sides
  const pods = hosts.filter(({ side }) => side === 'right').map(({ ip }) => ip)
  const [remotePod, otherPod] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [string, string]
  const cluster = `${left.ip.replace(/\d+$/, '0')}/24`
  const targetPort = random.pick([8080, 3000, 9000])
  const services: Service[] = [
    {
      ...{ name: 'default/web/tcp/http', id: 'ULMVA6XW', protocol: 'tcp', clusterIp: '172.30.0.10', port: 80 },
      ...{ nodePort: random.int(30000, 32000), endpoints: pods.slice(0, random.int(1, 2)), targetPort },
    },
    {
      ...{ name: 'kube-system/kube-dns/udp/dns', id: 'NWBZK7IH', protocol: 'udp', clusterIp: '172.30.0.53', port: 53 },
      ...{ endpoints: [pods[2]!], targetPort: 5353 },
    },
    {
      ...{ name: 'shop/cart/tcp/http', id: '4AT6LBPK', protocol: 'tcp', clusterIp: '172.30.0.77', port: 8000 },
      ...{ nodePort: random.int(32001, 32700), endpoints: [pods[1]!], targetPort: targetPort + 1 },
    },
    {
      ...{ name: 'shop/old/tcp/http', id: 'MVFWF4VQ', protocol: 'tcp', clusterIp: '172.30.0.99', port: 80 },
      ...{ endpoints: [], targetPort },
    },
  ]
  const guarded = random.chance(0.5)
  const [served, without] = [true, false].map((has) => services.filter(({ endpoints }) => endpoints.length > 0 === has))
  const key = ({ clusterIp, protocol, port }: Service) => `${clusterIp} . ${protocol} . ${port}`
  return {
    name: 'nft kube-proxy',
    about: `${services[0]!.endpoints.length} endpoints${guarded ? ', a guarded forward chain' : ''}`,
    tables: [
      {
        name: 'ip kube-proxy',
        sets: [
          {
            ...{ kind: 'set', name: 'cluster-ips', define: 'type ipv4_addr;' },
            elements: services.map(({ clusterIp }) => clusterIp),
          },
          { kind: 'set', name: 'nodeport-ips', define: 'type ipv4_addr;', elements: [left.ip, right.ip] },
          {
            ...{ kind: 'map', name: 'no-endpoint-services' },
            define: 'type ipv4_addr . inet_proto . inet_service : verdict;',
            elements: without!.map((one) => `${key(one)} comment "${one.name}" : goto reject-chain`),
          },
          {
            ...{ kind: 'map', name: 'no-endpoint-nodeports' },
            ...{ define: 'type inet_proto . inet_service : verdict;', elements: [] },
          },
          {
            ...{ kind: 'map', name: 'service-ips' },
            define: 'type ipv4_addr . inet_proto . inet_service : verdict;',
            elements: served!.map((one) => `${key(one)} : goto ${chainOf(one)}`),
          },
          {
            ...{ kind: 'map', name: 'service-nodeports', define: 'type inet_proto . inet_service : verdict;' },
            elements: served!.flatMap((one) =>
              one.nodePort === undefined
                ? []
                : [`${one.protocol} . ${one.nodePort} : goto ${chainOf(one).replace('service-', 'external-')}`],
            ),
          },
        ],
        chains: [...BASES, ...served!.flatMap((one) => chainsOf(one, cluster))],
      },
      {
        name: 'inet node',
        chains: [
          {
            name: 'forward',
            base: 'type filter hook forward priority filter',
            policy: guarded ? 'DROP' : 'ACCEPT',
            rules: guarded
              ? ['ct state established,related accept', `ip saddr ${cluster} accept`, 'ct status dnat accept']
              : [],
          },
        ],
      },
    ],
    routing: { add: [`route add 172.30.0.0/16 via ${remotePod}`], del: [] },
    servers: [22, 10250].map((port) => ({ protocol: 'tcp' as const, port })),
    services: services.flatMap(({ endpoints, protocol, targetPort: port }) =>
      endpoints.map((ip) => ({ ip, protocol, port })),
    ),
    alike: services[0]!.endpoints,
    probes: [
      tcp('NodePort from outside', 'left', far.left.ip, left.ip, services[0]!.nodePort!),
      tcp('ClusterIP from a pod', 'left', otherPod, '172.30.0.10', 80),
      tcp('ClusterIP from the node', 'router', left.ip, '172.30.0.10', 80),
      udp('name service from a pod', 'left', otherPod, '172.30.0.53', 53),
      tcp('another NodePort', 'left', far.left.ip, left.ip, services[2]!.nodePort!),
      tcp('a pod to its own service', 'right', pods[1]!, '172.30.0.77', 8000),
      tcp('a service without endpoints', 'left', otherPod, '172.30.0.99', 80),
      tcp('a port that no service has', 'left', far.left.ip, left.ip, 29999),
      tcp('another port of a service', 'left', otherPod, '172.30.0.10', 81),
      tcp('a pod from outside', 'left', far.left.ip, pods[0]!, 22),
    ],
  }
}

const chainOf = ({ id, name }: Service): string => `service-${id}-${name}`

const BASES: Chain[] = [
  { name: 'reject-chain', rules: ['reject'] },
  { name: 'mark-for-masquerade', rules: ['meta mark set meta mark or 0x4000'] },
  {
    name: 'masquerading',
    rules: ['meta mark and 0x4000 == 0 return', 'meta mark set meta mark xor 0x4000', 'masquerade fully-random'],
  },
  {
    name: 'cluster-ips-check',
    rules: ['ip daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"'],
  },
  {
    name: 'nodeport-endpoints-check',
    rules: ['ip daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports'],
  },
  { name: 'service-endpoints-check', rules: [`${KEY} vmap @no-endpoint-services`] },
  {
    name: 'services',
    rules: [`${KEY} vmap @service-ips`, 'ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports'],
  },
  {
    name: 'filter-input',
    base: 'type filter hook input priority -110',
    rules: ['ct state new jump nodeport-endpoints-check', 'ct state new jump service-endpoints-check'],
  },
  {
    name: 'filter-forward',
    base: 'type filter hook forward priority -110',
    rules: ['ct state new jump service-endpoints-check', 'ct state new jump cluster-ips-check'],
  },
  {
    name: 'filter-output',
    base: 'type filter hook output priority -110',
    rules: ['ct state new jump service-endpoints-check'],
  },
  {
    name: 'filter-output-post-dnat',
    base: 'type filter hook output priority -90',
    rules: ['ct state new jump cluster-ips-check'],
  },
  { name: 'nat-prerouting', base: 'type nat hook prerouting priority dstnat', rules: ['jump services'] },
  { name: 'nat-output', base: 'type nat hook output priority -100', rules: ['jump services'] },
  { name: 'nat-postrouting', base: 'type nat hook postrouting priority srcnat', rules: ['jump masquerading'] },
]

function chainsOf(service: Service, cluster: string): Chain[] {
  const { id, name, protocol, clusterIp, port, nodePort, endpoints, targetPort } = service
  const endpointOf = (ip: string) => `endpoint-${id.split('').reverse().join('')}-${name}__${ip}/${targetPort}`
  return [
    ...endpoints.map((ip) => ({
      name: endpointOf(ip),
      rules: [`ip saddr ${ip} jump mark-for-masquerade`, `meta l4proto ${protocol} dnat to ${ip}:${targetPort}`],
    })),
    {
      name: chainOf(service),
      rules: [
        `ip daddr ${clusterIp} ${protocol} dport ${port} ip saddr != ${cluster} jump mark-for-masquerade`,
        `numgen random mod ${endpoints.length} vmap { ${endpoints.map((ip, i) => `${i} : goto ${endpointOf(ip)}`).join(', ')} }`,
      ],
    },
    ...(nodePort === undefined
      ? []
      : [
          {
            name: chainOf(service).replace('service-', 'external-'),
            rules: ['jump mark-for-masquerade', `goto ${chainOf(service)}`],
          },
        ]),
  ]
}
