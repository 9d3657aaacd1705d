/** ufw: before, user and after chains, a rate limit, and the end that drops what is left. */
import type { Chain } from '../../generate/ruleset.ts'
import { type MakeSetup, ping, tcp, udp } from '../setup.ts'

export const ufw: MakeSetup = (random, { sides, hosts }) => {
  const { left, right } = sides
  const [client, other] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [string, string]
  const [inner] = hosts.filter(({ side }) => side === 'right').map(({ ip }) => ip) as [string]
  const web = random.pick([80, 443, 8443])
  const app = random.pick([5000, 9200])
  const established = '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'
  const invalid = ['-m conntrack --ctstate INVALID -j ufw-logging-deny', '-m conntrack --ctstate INVALID -j DROP']
  const pings = [3, 11, 12, 8].map((type) => `-p icmp -m icmp --icmp-type ${type} -j ACCEPT`)
  const recent = '-m recent --name DEFAULT --mask 255.255.255.255 --rsource'
  const routed = random.chance(0.5)
  const chains: Chain[] = [
    { name: 'INPUT', policy: 'DROP', rules: order('input') },
    { name: 'FORWARD', policy: 'DROP', rules: order('forward') },
    { name: 'OUTPUT', policy: 'ACCEPT', rules: order('output') },
    ...['input', 'forward', 'output'].flatMap((way) =>
      ['before-logging', 'after-logging', 'after', 'reject', 'track'].map((part) => ({
        name: `ufw-${part}-${way}`,
        rules: [] as string[],
      })),
    ),
    {
      name: 'ufw-before-input',
      rules: [
        '-i lo -j ACCEPT',
        established,
        ...invalid,
        ...pings,
        '-p udp -m udp --sport 67 --dport 68 -j ACCEPT',
        '-j ufw-not-local',
        '-d 224.0.0.251/32 -p udp -m udp --dport 5353 -j ACCEPT',
        '-j ufw-user-input',
      ],
    },
    { name: 'ufw-before-forward', rules: [established, ...pings, '-j ufw-user-forward'] },
    { name: 'ufw-before-output', rules: ['-o lo -j ACCEPT', established, '-j ufw-user-output'] },
    {
      name: 'ufw-not-local',
      rules: [
        '-m addrtype --dst-type LOCAL -j RETURN',
        '-m addrtype --dst-type MULTICAST -j RETURN',
        '-m addrtype --dst-type BROADCAST -j RETURN',
        '-m limit --limit 3/min --limit-burst 10 -j ufw-logging-deny',
        '-j DROP',
      ],
    },
    {
      name: 'ufw-user-input',
      rules: [
        `-p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -m recent --set ${recent.slice(10)}`,
        `-p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -m recent --update --seconds 30 --hitcount 60 ${recent.slice(10)} -j ufw-user-limit`,
        '-p tcp -m tcp --dport 22 -j ufw-user-limit-accept',
        `-p tcp -m tcp --dport ${web} -j ACCEPT`,
        `-s ${left.net} -p tcp -m tcp --dport ${app} -j ACCEPT`,
        `-i ${left.interface} -p udp -m udp --dport 1194 -j ACCEPT`,
        `-s ${client}/32 -p tcp -m multiport --dports 5432,6379 -j ACCEPT`,
      ],
    },
    {
      name: 'ufw-user-forward',
      rules: routed
        ? [`-i ${left.interface} -o ${right.interface} -d ${inner}/32 -p tcp -m tcp --dport 8080 -j ACCEPT`]
        : [],
    },
    { name: 'ufw-user-output', rules: [] },
    {
      name: 'ufw-user-limit',
      rules: [
        '-m limit --limit 3/min -j LOG --log-prefix "[UFW LIMIT BLOCK] "',
        '-j REJECT --reject-with icmp-port-unreachable',
      ],
    },
    { name: 'ufw-user-limit-accept', rules: ['-j ACCEPT'] },
    { name: 'ufw-logging-deny', rules: ['-m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "'] },
  ]
  return {
    name: 'ufw',
    about: `web ${web}, app ${app}${routed ? ', a route rule' : ''}`,
    tables: [{ name: 'filter', chains }],
    servers: [22, web, app, 5432, 8081]
      .map((port) => ({ protocol: 'tcp' as const, port }))
      .concat({ protocol: 'udp' as 'tcp', port: 1194 }),
    services: [{ ip: inner, protocol: 'tcp', port: 8080 }],
    probes: [
      tcp('web', 'left', client, left.ip, web),
      tcp('app', 'left', other, left.ip, app),
      tcp('ssh', 'left', client, left.ip, 22),
      udp('vpn', 'left', other, left.ip, 1194),
      tcp('database', 'left', client, left.ip, 5432),
      ...(routed ? [tcp('routed', 'left', other, inner, 8080)] : []),
      ping('ping', 'left', client, left.ip),
      tcp('database from another', 'left', other, left.ip, 5432),
      tcp('a port that is not open', 'left', client, left.ip, 8081),
      tcp('app from the other side', 'right', inner, right.ip, app),
    ],
  }
}

const order = (way: string): string[] =>
  ['before-logging', 'before', 'after', 'after-logging', 'reject', 'track'].map((part) => `-j ufw-${part}-${way}`)
