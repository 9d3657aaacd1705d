/** A locked-down server: its own programs may reach only what they need, by user, address and port; a service reached by a made-up address. */
import { type MakeSetup, ping, tcp, udp } from '../setup.ts'

export const ownOutput: MakeSetup = (random, { sides, hosts, far }) => {
  const { left, right } = sides
  const [resolver, database, spare] = hosts.filter(({ side }) => side === 'right').map(({ ip }) => ip) as [
    string,
    string,
    string,
  ]
  const [monitor] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [string]
  const virtual = '172.29.1.1'
  const port = random.pick([5432, 3306])
  const reject = random.chance(0.5)
  const established = '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'
  return {
    name: 'own output',
    about: `database ${port}${reject ? ', the rest rejected' : ', policy DROP'}`,
    routing: { add: [`route add default via ${resolver}`], del: [] },
    sets: [
      'create updates hash:ip,port family inet',
      `add updates ${far.right.ip},tcp:443`,
      `add updates ${far.right.ip},tcp:80`,
    ],
    tables: [
      {
        name: 'nat',
        chains: [
          { name: 'PREROUTING', policy: 'ACCEPT', rules: [] },
          { name: 'INPUT', policy: 'ACCEPT', rules: [] },
          {
            name: 'OUTPUT',
            policy: 'ACCEPT',
            rules: [
              `-d ${virtual}/32 -p tcp -m tcp --dport ${port} -j DNAT --to-destination ${database}:${port}`,
              `-d ${virtual}/32 -p udp -m udp --dport 53 -j DNAT --to-destination ${resolver}:53`,
            ],
          },
          { name: 'POSTROUTING', policy: 'ACCEPT', rules: [] },
        ],
      },
      {
        name: 'filter',
        chains: [
          {
            name: 'INPUT',
            policy: 'DROP',
            rules: [
              established,
              '-i lo -j ACCEPT',
              `-s ${monitor}/32 -p tcp -m tcp --dport 9100 -j ACCEPT`,
              '-p icmp -j ACCEPT',
            ],
          },
          { name: 'FORWARD', policy: 'DROP', rules: [] },
          {
            name: 'OUTPUT',
            policy: reject ? 'ACCEPT' : 'DROP',
            rules: [
              '-o lo -j ACCEPT',
              established,
              `-d ${resolver}/32 -p udp -m udp --dport 53 -j ACCEPT`,
              `-d ${database}/32 -o ${right.interface} -p tcp -m tcp --dport ${port} -m conntrack --ctstate NEW -j ACCEPT`,
              '-m set --match-set updates dst,dst -j ACCEPT',
              `-d ${right.net} -m owner --uid-owner 0 -p tcp -m tcp --dport 873 -j ACCEPT`,
              '-p icmp -j ACCEPT',
              ...(reject
                ? ['-p tcp -j REJECT --reject-with tcp-reset', '-j REJECT --reject-with icmp-admin-prohibited']
                : []),
            ],
          },
        ],
      },
    ],
    servers: [{ protocol: 'tcp', port: 9100 }],
    services: [
      { ip: resolver, protocol: 'udp', port: 53 },
      { ip: database, protocol: 'tcp', port },
      { ip: database, protocol: 'tcp', port: 873 },
      { ip: spare, protocol: 'tcp', port },
      { ip: far.right.ip, protocol: 'tcp', port: 443 },
      { ip: far.right.ip, protocol: 'tcp', port: 22 },
    ],
    probes: [
      tcp('database by its made-up address', 'router', right.ip, virtual, port),
      tcp('updates', 'router', right.ip, far.right.ip, 443),
      udp('name server', 'router', right.ip, resolver, 53),
      tcp('backup', 'router', right.ip, database, 873),
      udp('name server by its made-up address', 'router', right.ip, virtual, 53),
      tcp('monitoring', 'left', monitor, left.ip, 9100),
      ping('ping', 'left', monitor, left.ip),
      tcp('ssh to the internet', 'router', right.ip, far.right.ip, 22),
      tcp('another database', 'router', right.ip, spare, port),
    ],
  }
}
