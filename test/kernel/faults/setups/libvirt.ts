/** A virtualisation host: libvirt's chains around a NAT network, a port forwarded by a hook, the host's own name service. */
import { type MakeSetup, ping, tcp, udp } from '../setup.ts'

export const libvirt: MakeSetup = (random, { sides, hosts, far }) => {
  const [lan, guests] = [sides.left, sides.right]
  const [guest, database] = hosts.filter(({ side }) => side === 'right').map(({ ip }) => ip) as [string, string]
  const [client, admin] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [string, string]
  const published = random.pick([2222, 8080, 3389])
  const inside = random.pick([22, 80])
  const ranged = random.chance(0.5) ? ' --to-ports 1024-65535' : ''
  const outgoing = (protocol: string) => `-s ${guests.net} ! -d ${guests.net} -p ${protocol} -j MASQUERADE${ranged}`
  return {
    name: 'libvirt',
    about: `${published} → ${inside}${ranged === '' ? '' : ', a range of ports'}`,
    tables: [
      {
        name: 'mangle',
        chains: [
          { name: 'POSTROUTING', policy: 'ACCEPT', rules: ['-j LIBVIRT_PRT'] },
          {
            name: 'LIBVIRT_PRT',
            rules: [`-o ${guests.interface} -p udp -m udp --dport 68 -j CHECKSUM --checksum-fill`],
          },
        ],
      },
      {
        name: 'nat',
        chains: [
          {
            name: 'PREROUTING',
            policy: 'ACCEPT',
            rules: [
              `-d ${lan.ip}/32 -p tcp -m tcp --dport ${published} -j DNAT --to-destination ${guest}:${inside}`,
              `-d ${lan.ip}/32 -p tcp -m tcp --dport 15432 -j DNAT --to-destination ${database}:5432`,
            ],
          },
          { name: 'POSTROUTING', policy: 'ACCEPT', rules: ['-j LIBVIRT_PRT'] },
          {
            name: 'LIBVIRT_PRT',
            rules: [
              `-s ${guests.net} -d 224.0.0.0/24 -j RETURN`,
              `-s ${guests.net} -d 255.255.255.255/32 -j RETURN`,
              outgoing('tcp'),
              outgoing('udp'),
              `-s ${guests.net} ! -d ${guests.net} -j MASQUERADE`,
            ],
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
              '-j LIBVIRT_INP',
              '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
              '-i lo -j ACCEPT',
              `-s ${admin}/32 -p tcp -m tcp --dport 16509 -j ACCEPT`,
              `-s ${lan.net} -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT`,
              '-p icmp -m icmp --icmp-type 8 -j ACCEPT',
            ],
          },
          {
            name: 'FORWARD',
            policy: 'ACCEPT',
            rules: [
              `-d ${guest}/32 -o ${guests.interface} -p tcp -m tcp --dport ${inside} -m conntrack --ctstate NEW -j ACCEPT`,
              `-s ${lan.net} -d ${database}/32 -o ${guests.interface} -p tcp -m tcp --dport 5432 -j ACCEPT`,
              '-j LIBVIRT_FWX',
              '-j LIBVIRT_FWI',
              '-j LIBVIRT_FWO',
            ],
          },
          { name: 'OUTPUT', policy: 'ACCEPT', rules: ['-j LIBVIRT_OUT'] },
          {
            name: 'LIBVIRT_FWI',
            rules: [
              `-d ${guests.net} -o ${guests.interface} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
              `-o ${guests.interface} -j REJECT --reject-with icmp-port-unreachable`,
            ],
          },
          {
            name: 'LIBVIRT_FWO',
            rules: [
              `-s ${guests.net} -i ${guests.interface} -j ACCEPT`,
              `-i ${guests.interface} -j REJECT --reject-with icmp-port-unreachable`,
            ],
          },
          { name: 'LIBVIRT_FWX', rules: [`-i ${guests.interface} -o ${guests.interface} -j ACCEPT`] },
          {
            name: 'LIBVIRT_INP',
            rules: ['udp', 'tcp'].flatMap((protocol) =>
              [53, 67].map((port) => `-i ${guests.interface} -p ${protocol} -m ${protocol} --dport ${port} -j ACCEPT`),
            ),
          },
          {
            name: 'LIBVIRT_OUT',
            rules: ['udp', 'tcp'].flatMap((protocol) =>
              [53, 68].map((port) => `-o ${guests.interface} -p ${protocol} -m ${protocol} --dport ${port} -j ACCEPT`),
            ),
          },
        ],
      },
    ],
    servers: [
      { protocol: 'tcp', port: 22 },
      { protocol: 'tcp', port: 16509 },
      { protocol: 'tcp', port: 5900 },
      { protocol: 'udp', port: 53 },
    ],
    services: [
      { ip: guest, protocol: 'tcp', port: inside },
      { ip: database, protocol: 'tcp', port: 5432 },
      { ip: far.left.ip, protocol: 'tcp', port: 443 },
      { ip: far.left.ip, protocol: 'udp', port: 123 },
    ],
    probes: [
      tcp('published guest', 'left', far.left.ip, lan.ip, published),
      tcp('guest to the internet', 'right', guest, far.left.ip, 443),
      udp('time for a guest', 'right', database, far.left.ip, 123),
      tcp('published database', 'left', client, lan.ip, 15432),
      udp('name server for a guest', 'right', guest, guests.ip, 53),
      tcp('administration', 'left', admin, lan.ip, 16509),
      tcp('ssh', 'left', client, lan.ip, 22),
      ping('ping', 'left', client, lan.ip),
      tcp('a guest that is not published', 'left', client, guest, 9999),
      tcp('a console, which is not open', 'left', client, lan.ip, 5900),
      tcp('administration by another', 'left', client, lan.ip, 16509),
    ],
  }
}
