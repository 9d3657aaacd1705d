/** One server's own firewall, as tutorials write it: INPUT drops what nothing accepts. */
import { type MakeSetup, ping, tcp, udp } from '../setup.ts'

export const hostFirewall: MakeSetup = (random, { sides, hosts }) => {
  const { left, right } = sides
  const [client, other, stranger] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [
    string,
    string,
    string,
  ]
  const web = random.pick([80, 443, 8080])
  const database = random.pick([3306, 5432, 6379])
  const established = random.pick(['-m conntrack --ctstate', '-m state --state'])
  const states = established.includes('conntrack') ? 'RELATED,ESTABLISHED' : 'RELATED,ESTABLISHED'
  const final = random.pick<string[]>([[], ['-j REJECT --reject-with icmp-host-prohibited'], ['-j DROP']])
  return {
    name: 'host firewall',
    about: `web ${web}, database ${database}, end: ${final[0] ?? 'policy DROP'}`,
    tables: [
      {
        name: 'filter',
        chains: [
          {
            name: 'INPUT',
            policy: final.length === 0 ? 'DROP' : 'ACCEPT',
            rules: [
              `${established} ${states} -j ACCEPT`,
              '-i lo -j ACCEPT',
              `-p icmp -m icmp --icmp-type 8 -j ACCEPT`,
              `-s ${left.net} -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT`,
              `-i ${left.interface} -p tcp -m tcp --dport ${web} -j ACCEPT`,
              `-s ${client}/32 -i ${left.interface} -p tcp -m tcp --dport ${database} -j ACCEPT`,
              `-s ${left.net} -p udp -m udp --dport 53 -j ACCEPT`,
              ...final,
            ],
          },
          { name: 'FORWARD', policy: 'DROP', rules: [] },
          { name: 'OUTPUT', policy: 'ACCEPT', rules: [] },
        ],
      },
    ],
    servers: [22, web, database, 9100]
      .map((port) => ({ protocol: 'tcp' as const, port }))
      .concat([{ protocol: 'udp', port: 53 } as never]),
    services: [],
    probes: [
      tcp('web', 'left', client, left.ip, web),
      tcp('ssh', 'left', other, left.ip, 22),
      tcp('database', 'left', client, left.ip, database),
      udp('name server', 'left', client, left.ip, 53),
      ping('ping', 'left', client, left.ip),
      tcp('database from a stranger', 'left', stranger, left.ip, database),
      tcp('metrics, which are not open', 'left', client, left.ip, 9100),
      tcp('ssh from the other side', 'right', hosts[3]!.ip, right.ip, 22),
    ],
  }
}
