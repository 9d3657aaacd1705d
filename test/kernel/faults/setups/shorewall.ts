/** A two-interface firewall as Shorewall writes it: a chain for each pair of zones, actions for what comes to no rule. */
import { type MakeSetup, ping, tcp, udp } from '../setup.ts'

const UNKNOWN = '-m conntrack --ctstate INVALID,NEW,UNTRACKED'
const KNOWN = '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'

export const shorewall: MakeSetup = (random, { sides, hosts, far }) => {
  const [loc, net] = [sides.left, sides.right]
  const [pc, server, second] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [
    string,
    string,
    string,
  ]
  const neighbour = hosts.find(({ side }) => side === 'right')!.ip
  const outside = random.pick([2222, 8888, 444])
  const inside = random.pick([22, 80, 443])
  const locked = random.chance(0.5)
  const macro = (name: string) => `-m comment --comment ${name}`
  const frwd = (zone: string, out: string, to: string) => ({
    name: `${zone}_frwd`,
    rules: [`${UNKNOWN} -j dynamic`, `${UNKNOWN} -j smurfs`, '-p tcp -j tcpflags', `-o ${out} -j ${to}`],
  })
  return {
    name: 'shorewall',
    about: `${outside} → ${inside}${locked ? ', loc to net by single services' : ', loc to net ACCEPT'}`,
    settings: [['net.ipv4.conf.all.rp_filter', '0']],
    tables: [
      {
        name: 'mangle',
        chains: [
          { name: 'PREROUTING', policy: 'ACCEPT', rules: ['-j tcpre'] },
          { name: 'FORWARD', policy: 'ACCEPT', rules: ['-j MARK --set-xmark 0x0/0xff', '-j tcfor'] },
          { name: 'POSTROUTING', policy: 'ACCEPT', rules: ['-j tcpost'] },
          ...['tcpre', 'tcfor', 'tcpost'].map((name) => ({ name, rules: [] })),
        ],
      },
      {
        name: 'nat',
        chains: [
          { name: 'PREROUTING', policy: 'ACCEPT', rules: [`-i ${net.interface} -j net_dnat`] },
          { name: 'POSTROUTING', policy: 'ACCEPT', rules: [`-o ${net.interface} -j ${net.interface}_masq`] },
          {
            name: 'net_dnat',
            rules: [
              `-d ${net.ip}/32 -p tcp -m tcp --dport ${outside} -j DNAT --to-destination ${server}:${inside}`,
              `-p tcp -m multiport --dports 25,587 ${macro('Mail')} -j DNAT --to-destination ${second}`,
            ],
          },
          { name: `${net.interface}_masq`, rules: [`-s ${loc.net} -j SNAT --to-source ${net.ip}`] },
        ],
      },
      {
        name: 'filter',
        chains: [
          {
            name: 'INPUT',
            policy: 'DROP',
            rules: [
              `-i ${net.interface} -j net-fw`,
              `-i ${loc.interface} -j loc-fw`,
              '-i lo -j ACCEPT',
              '-j Reject',
              '-g reject',
            ],
          },
          {
            name: 'FORWARD',
            policy: 'DROP',
            rules: [`-i ${net.interface} -j net_frwd`, `-i ${loc.interface} -j loc_frwd`, '-j Reject', '-g reject'],
          },
          {
            name: 'OUTPUT',
            policy: 'DROP',
            rules: [
              `-o ${net.interface} -j fw-net`,
              `-o ${loc.interface} -j fw-loc`,
              '-o lo -j ACCEPT',
              '-j Reject',
              '-g reject',
            ],
          },
          {
            name: 'Broadcast',
            rules: ['BROADCAST', 'MULTICAST', 'ANYCAST'].map((type) => `-m addrtype --dst-type ${type} -j DROP`),
          },
          ...['Drop', 'Reject'].map((name) => ({
            name,
            rules: [
              '-j Broadcast',
              `-p icmp -m icmp --icmp-type 3/4 -m comment --comment "Needed ICMP types" -j ACCEPT`,
              `-p icmp -m icmp --icmp-type 11 -m comment --comment "Needed ICMP types" -j ACCEPT`,
              '-m conntrack --ctstate INVALID -j DROP',
              `-p udp -m multiport --dports 135,445 ${macro('SMB')} -j ${name === 'Drop' ? 'DROP' : 'reject'}`,
              `-p udp -m udp --dport 1900 ${macro('UPnP')} -j DROP`,
              '-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -j DROP',
            ],
          })),
          { name: 'dynamic', rules: ['-s 192.0.2.66/32 -j DROP'] },
          {
            name: 'smurfs',
            rules: ['-s 0.0.0.0/32 -j RETURN', '-m addrtype --src-type BROADCAST -j DROP', '-s 224.0.0.0/4 -j DROP'],
          },
          {
            name: 'tcpflags',
            rules: [
              '-p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG FIN,PSH,URG -j DROP',
              '-p tcp -m tcp --tcp-flags SYN,RST SYN,RST -j DROP',
              '-p tcp -m tcp --sport 0 --tcp-flags FIN,SYN,RST,ACK SYN -j DROP',
            ],
          },
          {
            name: 'reject',
            rules: [
              '-m addrtype --src-type BROADCAST -j DROP',
              '-s 224.0.0.0/4 -j DROP',
              '-p tcp -j REJECT --reject-with tcp-reset',
              '-p udp -j REJECT --reject-with icmp-port-unreachable',
              '-j REJECT --reject-with icmp-host-prohibited',
            ],
          },
          frwd('net', loc.interface, 'net-loc'),
          frwd('loc', net.interface, 'loc-net'),
          {
            name: 'net-fw',
            rules: [
              `${UNKNOWN} -j dynamic`,
              `${UNKNOWN} -j smurfs`,
              '-p tcp -j tcpflags',
              KNOWN,
              `-p icmp -m icmp --icmp-type 8 ${macro('Ping')} -j ACCEPT`,
              `-s ${neighbour}/32 -p tcp -m tcp --dport 22 ${macro('SSH')} -j ACCEPT`,
              '-j Drop',
              '-j DROP',
            ],
          },
          {
            name: 'loc-fw',
            rules: [
              `${UNKNOWN} -j dynamic`,
              `${UNKNOWN} -j smurfs`,
              '-p tcp -j tcpflags',
              KNOWN,
              `-p udp -m udp --dport 53 ${macro('DNS')} -j ACCEPT`,
              `-p tcp -m multiport --dports 22,3128 -j ACCEPT`,
              `-p icmp -m icmp --icmp-type 8 ${macro('Ping')} -j ACCEPT`,
              '-j Reject',
              '-g reject',
            ],
          },
          {
            name: 'net-loc',
            rules: [
              KNOWN,
              '-p tcp -m conntrack --ctstate INVALID -j DROP',
              `-d ${server}/32 -p tcp -m tcp --dport ${inside} -m conntrack --ctorigdst ${net.ip} --ctorigdstport ${outside} -j ACCEPT`,
              `-d ${second}/32 -p tcp -m multiport --dports 25,587 ${macro('Mail')} -j ACCEPT`,
              '-j Drop',
              '-j DROP',
            ],
          },
          {
            name: 'loc-net',
            rules: [
              KNOWN,
              ...(locked
                ? [
                    `-p tcp -m multiport --dports 80,443 ${macro('Web')} -j ACCEPT`,
                    `-s ${server}/32 -p udp -m udp --dport 123 ${macro('NTP')} -j ACCEPT`,
                    '-j Reject',
                    '-g reject',
                  ]
                : ['-j ACCEPT']),
            ],
          },
          {
            name: 'fw-net',
            rules: [KNOWN, `-p udp -m multiport --dports 53,123 -j ACCEPT`, '-j Reject', '-g reject'],
          },
          { name: 'fw-loc', rules: [KNOWN, '-j ACCEPT'] },
        ],
      },
    ],
    servers: [
      { protocol: 'tcp', port: 22 },
      { protocol: 'tcp', port: 3128 },
      { protocol: 'udp', port: 53 },
    ],
    services: [
      { ip: server, protocol: 'tcp', port: inside },
      { ip: second, protocol: 'tcp', port: 587 },
      { ip: far.right.ip, protocol: 'tcp', port: 443 },
      { ip: far.right.ip, protocol: 'udp', port: 123 },
    ],
    probes: [
      tcp('server by its forwarded port', 'right', far.right.ip, net.ip, outside),
      tcp('mail by its forwarded port', 'right', far.right.ip, net.ip, 587),
      tcp('loc to the net', 'left', pc, far.right.ip, 443),
      tcp('proxy', 'left', pc, loc.ip, 3128),
      udp('name server', 'left', second, loc.ip, 53),
      udp('time for the server', 'left', server, far.right.ip, 123),
      udp('time for the firewall', 'router', net.ip, far.right.ip, 123),
      tcp('ssh by the neighbour', 'right', neighbour, net.ip, 22),
      ping('ping from the net', 'right', far.right.ip, net.ip),
      tcp('ssh from the net', 'right', far.right.ip, net.ip, 22),
      tcp('inside from outside', 'right', far.right.ip, pc, 445),
    ],
  }
}
