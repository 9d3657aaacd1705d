/** firewalld with its iptables backend: zones by interface, direct rules, a port forward, masquerading. */
import type { Chain } from '../../generate/ruleset.ts'
import { type MakeSetup, ping, tcp, udp } from '../setup.ts'

const PARTS = ['pre', 'log', 'deny', 'allow', 'post'] as const

interface Zone {
  name: string
  interface: string
  /** By prefix of the chains, what stands in `_allow`. */
  allow: Readonly<Record<string, string[]>>
}

export const firewalld: MakeSetup = (random, { sides, hosts, far }) => {
  const { left, right } = sides
  const [client, other] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [string, string]
  const [server, second] = hosts.filter(({ side }) => side === 'right').map(({ ip }) => ip) as [string, string]
  const forwarded = random.int(8000, 8999)
  const fresh = '-m conntrack --ctstate NEW,UNTRACKED'
  const extra = random.pick([9090, 8443, 5901])
  const zones: Zone[] = [
    {
      name: 'public',
      interface: left.interface,
      allow: {
        IN: [
          `-p tcp -m tcp --dport 22 ${fresh} -j ACCEPT`,
          `-p tcp -m tcp --dport ${extra} ${fresh} -j ACCEPT`,
          `-s ${left.net} -p udp -m udp --dport 161 ${fresh} -j ACCEPT`,
        ],
        PRE: [
          `-p tcp -m tcp --dport ${forwarded} -j DNAT --to-destination ${server}:80`,
          `-p tcp -m tcp --dport ${forwarded + 1000} -j DNAT --to-destination ${second}:443`,
        ],
        POST: ['! -o lo -j MASQUERADE'],
        FWDI: [],
        FWDO: ['-m conntrack --ctstate NEW,UNTRACKED -j ACCEPT'],
      },
    },
    {
      name: 'internal',
      interface: right.interface,
      allow: {
        IN: [`-p tcp -m tcp --dport 22 ${fresh} -j ACCEPT`, `-p udp -m udp --dport 53 ${fresh} -j ACCEPT`],
        PRE: [],
        POST: [],
        FWDI: [],
        FWDO: [],
      },
    },
  ]
  const established = '-m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT'
  const end = ['-m conntrack --ctstate INVALID -j DROP', '-j REJECT --reject-with icmp-host-prohibited']
  const direct = random.chance(0.5) ? [`-s ${client}/32 -p tcp -m tcp --dport 3306 -j ACCEPT`] : []
  return {
    name: 'firewalld',
    about: `port ${forwarded} forwarded, ${extra} open${direct.length > 0 ? ', a direct rule' : ''}`,
    tables: [
      {
        name: 'nat',
        chains: [
          { name: 'PREROUTING', policy: 'ACCEPT', rules: ['-j PREROUTING_direct', '-j PREROUTING_ZONES'] },
          { name: 'INPUT', policy: 'ACCEPT', rules: [] },
          { name: 'OUTPUT', policy: 'ACCEPT', rules: ['-j OUTPUT_direct'] },
          { name: 'POSTROUTING', policy: 'ACCEPT', rules: ['-j POSTROUTING_direct', '-j POSTROUTING_ZONES'] },
          { name: 'OUTPUT_direct', rules: [] },
          { name: 'PREROUTING_direct', rules: [] },
          { name: 'POSTROUTING_direct', rules: [] },
          { name: 'PREROUTING_ZONES', rules: dispatch('PRE', '-i', zones) },
          { name: 'POSTROUTING_ZONES', rules: dispatch('POST', '-o', zones) },
          ...zones.flatMap((zone) => [...zoneChains('PRE', zone), ...zoneChains('POST', zone)]),
        ],
      },
      {
        name: 'filter',
        chains: [
          {
            name: 'INPUT',
            policy: 'ACCEPT',
            rules: [established, '-i lo -j ACCEPT', '-j INPUT_direct', '-j INPUT_ZONES', ...end],
          },
          {
            name: 'FORWARD',
            policy: 'ACCEPT',
            rules: [
              established,
              '-i lo -j ACCEPT',
              '-j FORWARD_direct',
              '-j FORWARD_IN_ZONES',
              '-j FORWARD_OUT_ZONES',
              ...end,
            ],
          },
          { name: 'OUTPUT', policy: 'ACCEPT', rules: ['-o lo -j ACCEPT', '-j OUTPUT_direct'] },
          { name: 'INPUT_direct', rules: direct },
          { name: 'FORWARD_direct', rules: [] },
          { name: 'OUTPUT_direct', rules: [] },
          { name: 'INPUT_ZONES', rules: dispatch('IN', '-i', zones) },
          { name: 'FORWARD_IN_ZONES', rules: dispatch('FWDI', '-i', zones) },
          { name: 'FORWARD_OUT_ZONES', rules: dispatch('FWDO', '-o', zones) },
          ...zones.flatMap((zone) => [
            ...zoneChains('IN', zone, ['-p icmp -j ACCEPT']),
            ...zoneChains('FWDI', zone, ['-p icmp -j ACCEPT']),
            ...zoneChains('FWDO', zone),
          ]),
        ],
      },
    ],
    servers: [22, extra, 3306]
      .map((port) => ({ protocol: 'tcp' as const, port }))
      .concat([53, 161].map((port) => ({ protocol: 'udp' as 'tcp', port }))),
    services: [
      { ip: server, protocol: 'tcp', port: 80 },
      { ip: second, protocol: 'tcp', port: 443 },
      { ip: far.left.ip, protocol: 'tcp', port: 443 },
    ],
    probes: [
      tcp('forwarded port', 'left', far.left.ip, left.ip, forwarded),
      tcp('open port', 'left', client, left.ip, extra),
      tcp('inside to the internet', 'right', server, far.left.ip, 443),
      tcp('ssh', 'left', other, left.ip, 22),
      udp('snmp', 'left', other, left.ip, 161),
      udp('name server, inside', 'right', second, right.ip, 53),
      tcp('another forwarded port', 'left', client, left.ip, forwarded + 1000),
      ping('ping', 'left', client, left.ip),
      tcp('database', 'left', client, left.ip, 3306),
      tcp('a port that is not open', 'left', client, left.ip, 5432),
      tcp('inside from outside', 'left', client, server, 80),
    ],
  }
}

const dispatch = (prefix: string, option: string, zones: readonly Zone[]): string[] => [
  ...zones.map((zone) => `${option} ${zone.interface} -g ${prefix}_${zone.name}`),
  `-g ${prefix}_${zones[0]!.name}`,
]

function zoneChains(prefix: string, { name, allow }: Zone, last: readonly string[] = []): Chain[] {
  const chain = `${prefix}_${name}`
  return [
    { name: chain, rules: [...PARTS.map((part) => `-j ${chain}_${part}`), ...last] },
    ...PARTS.map((part) => ({ name: `${chain}_${part}`, rules: part === 'allow' ? allow[prefix]! : [] })),
  ]
}
