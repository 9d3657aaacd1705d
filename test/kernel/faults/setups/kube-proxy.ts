/** A node's rules as kube-proxy writes them: ClusterIP and NodePort, masquerade by mark, services without endpoints. */
import type { Chain } from '../../generate/ruleset.ts'
import { type MakeSetup, tcp, udp } from '../setup.ts'

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

const comment = (text: string) => `-m comment --comment "${text}"`

export const kubeProxy: MakeSetup = (random, { sides, hosts, far }) => {
  const { left, right } = sides
  const pods = hosts.filter(({ side }) => side === 'right').map(({ ip }) => ip)
  const [remotePod, otherPod] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [string, string]
  const cluster = `${left.ip.replace(/\d+$/, '0')}/24`
  const targetPort = random.pick([8080, 3000, 9000])
  const services: Service[] = [
    {
      ...{ name: 'default/web:http', id: 'ERIFXISQEP7F7OF4', protocol: 'tcp', clusterIp: '172.30.0.10', port: 80 },
      ...{ nodePort: random.int(30000, 32000), endpoints: pods.slice(0, random.int(1, 2)), targetPort },
    },
    {
      ...{
        name: 'kube-system/kube-dns:dns',
        id: 'TCOU7JCQXEZGVUNU',
        protocol: 'udp',
        clusterIp: '172.30.0.53',
        port: 53,
      },
      ...{ endpoints: [pods[2]!], targetPort: 5353 },
    },
    {
      ...{ name: 'shop/cart:http', id: 'XGLOHA7QRQ3V22RZ', protocol: 'tcp', clusterIp: '172.30.0.77', port: 8000 },
      ...{ nodePort: random.int(32001, 32700), endpoints: [pods[1]!], targetPort: targetPort + 1 },
    },
    {
      name: 'shop/old:http',
      id: 'OLD7JCQXEZGVUOLD',
      protocol: 'tcp',
      clusterIp: '172.30.0.99',
      port: 80,
      endpoints: [],
      targetPort,
    },
  ]
  const policy = random.pick(['ACCEPT', 'DROP'] as const)
  return {
    name: 'kube-proxy',
    about: `${services[0]!.endpoints.length} endpoints, FORWARD ${policy}`,
    tables: [
      {
        name: 'nat',
        chains: nat(
          services.filter(({ endpoints }) => endpoints.length > 0),
          cluster,
        ),
      },
      {
        name: 'filter',
        chains: filter(
          services.filter(({ endpoints }) => endpoints.length === 0),
          cluster,
          policy,
        ),
      },
    ],
    routing: {
      add: [`route add 172.30.0.0/16 via ${remotePod}`],
      del: [],
    },
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
      tcp('a pod from outside', 'left', far.left.ip, pods[0]!, 22),
      tcp('another pod of the node', 'left', otherPod, right.ip, 22),
    ],
  }
}

function nat(services: readonly Service[], cluster: string): Chain[] {
  const portals = comment('kubernetes service portals')
  const chains: Chain[] = [
    { name: 'PREROUTING', policy: 'ACCEPT', rules: [`${portals} -j KUBE-SERVICES`] },
    { name: 'INPUT', policy: 'ACCEPT', rules: [] },
    { name: 'OUTPUT', policy: 'ACCEPT', rules: [`${portals} -j KUBE-SERVICES`] },
    {
      name: 'POSTROUTING',
      policy: 'ACCEPT',
      rules: [`${comment('kubernetes postrouting rules')} -j KUBE-POSTROUTING`],
    },
    {
      name: 'KUBE-SERVICES',
      rules: [
        ...services.map(
          ({ name, id, protocol, clusterIp, port }) =>
            `-d ${clusterIp}/32 -p ${protocol} ${comment(`${name} cluster IP`)} -m ${protocol} --dport ${port} -j KUBE-SVC-${id}`,
        ),
        `${comment('kubernetes service nodeports; NOTE: this must be the last rule in this chain')} -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS`,
      ],
    },
    {
      name: 'KUBE-NODEPORTS',
      rules: services.flatMap(({ name, id, protocol, nodePort }) =>
        nodePort === undefined
          ? []
          : [`-p ${protocol} ${comment(name)} -m ${protocol} --dport ${nodePort} -j KUBE-EXT-${id}`],
      ),
    },
    { name: 'KUBE-MARK-MASQ', rules: ['-j MARK --set-xmark 0x4000/0x4000'] },
    {
      name: 'KUBE-POSTROUTING',
      rules: [
        '-m mark ! --mark 0x4000/0x4000 -j RETURN',
        '-j MARK --set-xmark 0x4000/0x0',
        `${comment('kubernetes service traffic requiring SNAT')} -j MASQUERADE --random-fully`,
      ],
    },
  ]
  for (const { name, id, protocol, clusterIp, port, nodePort, endpoints, targetPort } of services) {
    if (nodePort !== undefined)
      chains.push({
        name: `KUBE-EXT-${id}`,
        rules: [
          `${comment(`masquerade traffic for ${name} external destinations`)} -j KUBE-MARK-MASQ`,
          `-j KUBE-SVC-${id}`,
        ],
      })
    const sep = (i: number) => `KUBE-SEP-${id.slice(1)}${i}`
    chains.push({
      name: `KUBE-SVC-${id}`,
      rules: [
        `! -s ${cluster} -d ${clusterIp}/32 -p ${protocol} ${comment(`${name} cluster IP`)} -m ${protocol} --dport ${port} -j KUBE-MARK-MASQ`,
        ...endpoints.map((ip, i) => {
          const left = endpoints.length - i
          const chance = left > 1 ? `-m statistic --mode random --probability ${(1 / left).toFixed(11)} ` : ''
          return `${comment(`${name} -> ${ip}:${targetPort}`)} ${chance}-j ${sep(i)}`
        }),
      ],
    })
    endpoints.forEach((ip, i) => {
      chains.push({
        name: sep(i),
        rules: [
          `-s ${ip}/32 ${comment(name)} -j KUBE-MARK-MASQ`,
          `-p ${protocol} ${comment(name)} -m ${protocol} -j DNAT --to-destination ${ip}:${targetPort}`,
        ],
      })
    })
  }
  return chains
}

function filter(without: readonly Service[], cluster: string, policy: 'ACCEPT' | 'DROP'): Chain[] {
  const fresh = '-m conntrack --ctstate NEW'
  const portals = `${fresh} ${comment('kubernetes service portals')} -j KUBE-SERVICES`
  const external = `${fresh} ${comment('kubernetes externally-visible service portals')} -j KUBE-EXTERNAL-SERVICES`
  const guard = `${fresh} ${comment('kubernetes load balancer firewall')} -j KUBE-PROXY-FIREWALL`
  return [
    {
      name: 'INPUT',
      policy: 'ACCEPT',
      rules: [
        guard,
        `${comment('kubernetes health check service ports')} -j KUBE-NODEPORTS`,
        external,
        '-j KUBE-FIREWALL',
      ],
    },
    {
      name: 'FORWARD',
      policy,
      rules: [
        guard,
        `${comment('kubernetes forwarding rules')} -j KUBE-FORWARD`,
        portals,
        external,
        `-s ${cluster} ${comment('flanneld forward')} -j ACCEPT`,
        `-d ${cluster} ${comment('flanneld forward')} -j ACCEPT`,
      ],
    },
    { name: 'OUTPUT', policy: 'ACCEPT', rules: [guard, portals, '-j KUBE-FIREWALL'] },
    { name: 'KUBE-EXTERNAL-SERVICES', rules: [] },
    {
      name: 'KUBE-FIREWALL',
      rules: [
        `! -s 127.0.0.0/8 -d 127.0.0.0/8 ${comment('block incoming localnet connections')} -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP`,
      ],
    },
    {
      name: 'KUBE-FORWARD',
      rules: [
        '-m conntrack --ctstate INVALID -j DROP',
        `${comment('kubernetes forwarding rules')} -m mark --mark 0x4000/0x4000 -j ACCEPT`,
        `${comment('kubernetes forwarding conntrack rule')} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
      ],
    },
    { name: 'KUBE-NODEPORTS', rules: [] },
    { name: 'KUBE-PROXY-FIREWALL', rules: [] },
    {
      name: 'KUBE-SERVICES',
      rules: without.map(
        ({ name, protocol, clusterIp, port }) =>
          `-d ${clusterIp}/32 -p ${protocol} ${comment(`${name} has no endpoints`)} -m ${protocol} --dport ${port} -j REJECT --reject-with icmp-port-unreachable`,
      ),
    },
  ]
}
