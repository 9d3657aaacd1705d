/** A small office's router: masquerading, port forwards, a list of who may administer it, strangers that are blocked. */
import { type MakeSetup, ping, tcp, udp } from '../setup.ts'

export const router: MakeSetup = (random, { sides, hosts, far }) => {
  const [lan, wan] = [sides.left, sides.right]
  const [pc, server, second] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [
    string,
    string,
    string,
  ]
  const neighbour = hosts.find(({ side }) => side === 'right')!.ip
  const outside = random.pick([8443, 2222, 8080])
  const inside = random.pick([443, 22, 80])
  const source = random.pick(['-j MASQUERADE', `-j SNAT --to-source ${wan.ip}`])
  const byAddress = random.chance(0.5) ? `-d ${wan.ip}/32` : `-i ${wan.interface}`
  const loose = random.chance(0.5)
  return {
    name: 'router',
    about: `${outside} → ${inside}, ${source}, rp_filter ${loose ? 0 : 1}`,
    settings: [
      ['net.ipv4.conf.all.rp_filter', loose ? '0' : '1'],
      [`net.ipv4.conf.all.route_localnet`, '1'],
    ],
    sets: [
      'create admins hash:ip family inet',
      `add admins ${pc}`,
      `add admins ${neighbour}`,
      'create blocked hash:net family inet',
      'add blocked 192.0.2.0/24',
      'create forwarded bitmap:port range 0-65535',
      ...[inside, 25, 514].map((port) => `add forwarded ${port}`),
    ],
    tables: [
      {
        name: 'nat',
        chains: [
          {
            name: 'PREROUTING',
            policy: 'ACCEPT',
            rules: [
              `${byAddress} -p tcp -m tcp --dport ${outside} -j DNAT --to-destination ${server}:${inside}`,
              `${byAddress} -p tcp -m tcp --dport 25 -j DNAT --to-destination ${second}:25`,
              `${byAddress} -p udp -m udp --dport 514 -j DNAT --to-destination ${second}:514`,
              `-i ${lan.interface} -p tcp -m tcp --dport 3128 -j DNAT --to-destination 127.0.0.1:3128`,
              `-s ${lan.net} -p udp -m udp --dport 53 -j REDIRECT --to-ports 5353`,
            ],
          },
          { name: 'INPUT', policy: 'ACCEPT', rules: [] },
          { name: 'OUTPUT', policy: 'ACCEPT', rules: [] },
          {
            name: 'POSTROUTING',
            policy: 'ACCEPT',
            rules: [`-s ${lan.net} -d ${wan.net} -j ACCEPT`, `-s ${lan.net} -o ${wan.interface} ${source}`],
          },
        ],
      },
      {
        name: 'filter',
        chains: [
          {
            name: 'INPUT',
            policy: 'DROP',
            rules: [
              '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
              '-i lo -j ACCEPT',
              '-m set --match-set blocked src -j DROP',
              '-m set --match-set admins src -p tcp -m tcp --dport 22 -j ACCEPT',
              `-i ${lan.interface} -p icmp -j ACCEPT`,
              `-i ${lan.interface} -p udp -m udp --dport 5353 -j ACCEPT`,
              '-d 127.0.0.0/8 -p tcp -m tcp --dport 3128 -j ACCEPT',
            ],
          },
          {
            name: 'FORWARD',
            policy: 'DROP',
            rules: [
              '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
              '-m set --match-set blocked src -j DROP',
              `-s ${lan.net} -i ${lan.interface} -o ${wan.interface} -j ACCEPT`,
              `-i ${wan.interface} -j from-outside`,
            ],
          },
          { name: 'OUTPUT', policy: 'ACCEPT', rules: [] },
          {
            name: 'from-outside',
            rules: [
              '-m conntrack --ctstate INVALID -j DROP',
              `-d ${server}/32 -o ${lan.interface} -p tcp -m tcp --dport ${inside} -m conntrack --ctstate NEW -j ACCEPT`,
              `-d ${second}/32 -o ${lan.interface} -m set --match-set forwarded dst -j ACCEPT`,
            ],
          },
        ],
      },
    ],
    servers: [
      { protocol: 'tcp', port: 22 },
      { protocol: 'tcp', address: '127.0.0.1', port: 3128 },
      { protocol: 'udp', port: 5353 },
    ],
    services: [
      { ip: server, protocol: 'tcp', port: inside },
      { ip: second, protocol: 'tcp', port: 25 },
      { ip: second, protocol: 'udp', port: 514 },
      { ip: far.right.ip, protocol: 'tcp', port: 443 },
      { ip: far.right.ip, protocol: 'udp', port: 123 },
    ],
    probes: [
      tcp('forwarded port', 'right', far.right.ip, wan.ip, outside),
      tcp('to the internet', 'left', pc, far.right.ip, 443),
      tcp('forwarded mail', 'right', far.right.ip, wan.ip, 25),
      udp('forwarded log', 'right', neighbour, wan.ip, 514),
      tcp('administration', 'left', pc, lan.ip, 22),
      tcp('proxy', 'left', pc, lan.ip, 3128),
      udp('name server', 'left', second, lan.ip, 53),
      udp('time from the internet', 'left', server, far.right.ip, 123),
      ping('ping', 'left', pc, lan.ip),
      tcp('administration by another', 'left', second, lan.ip, 22),
      tcp('ping-pong: a port that is not forwarded', 'right', far.right.ip, wan.ip, 9999),
      tcp('inside from outside', 'right', far.right.ip, server, 3389),
    ],
  }
}
