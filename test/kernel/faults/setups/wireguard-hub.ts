/** A hub of tunnels: spoke to spoke through it, out by an exit that a mark chooses, which CONNMARK keeps for each connection. */
import { type MakeSetup, ping, tcp, udp } from '../setup.ts'

const MARK = '0x51/0xff'

export const wireguardHub: MakeSetup = (random, { sides, hosts, far }) => {
  const [wg, uplink] = [sides.left, sides.right]
  const [gateway, peer, phone] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [
    string,
    string,
    string,
  ]
  const provider = hosts.find(({ side }) => side === 'right')!.ip
  const outside = random.int(3000, 3999)
  const inside = random.pick([445, 8123, 32400])
  const snat = random.chance(0.5)
  const early = random.chance(0.5)
  const restore = '-j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff'
  const save = '-j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff'
  return {
    name: 'wireguard hub',
    about: `${outside} → ${inside}, ${snat ? 'SNAT by mark' : 'masqueraded by source'}${early ? ', marked connections pass' : ''}`,
    settings: [
      ['net.ipv4.conf.all.src_valid_mark', '1'],
      ['net.ipv4.conf.all.send_redirects', '0'],
      [`net.ipv4.conf.${wg.interface}.send_redirects`, '0'],
    ],
    routing: {
      add: [
        `route del ${far.right.net} via ${provider}`,
        `route add default via ${gateway}`,
        `route add ${wg.net} dev ${wg.interface} table 51`,
        `route add ${far.left.net} via ${gateway} table 51`,
        `route add ${uplink.net} dev ${uplink.interface} table 51`,
        `route add default via ${provider} table 51`,
        `rule add pref 510 fwmark ${MARK} lookup 51`,
      ],
      del: [],
    },
    tables: [
      {
        name: 'mangle',
        chains: [
          {
            name: 'PREROUTING',
            policy: 'ACCEPT',
            rules: [
              restore,
              ...(early ? ['-m mark ! --mark 0x0/0xff -j ACCEPT'] : []),
              `-s ${wg.net} ! -d ${wg.net} -i ${wg.interface} -m conntrack --ctstate NEW -j EXITS`,
              `-i ${uplink.interface} -m conntrack --ctstate NEW -j MARK --set-xmark ${MARK}`,
              save,
            ],
          },
          { name: 'EXITS', rules: [`-d ${far.left.net} -j RETURN`, `-j MARK --set-xmark ${MARK}`] },
          { name: 'OUTPUT', policy: 'ACCEPT', rules: [restore] },
        ],
      },
      {
        name: 'nat',
        chains: [
          {
            name: 'PREROUTING',
            policy: 'ACCEPT',
            rules: [
              `-i ${uplink.interface} -p tcp -m tcp --dport ${outside} -j DNAT --to-destination ${peer}:${inside}`,
            ],
          },
          {
            name: 'POSTROUTING',
            policy: 'ACCEPT',
            rules: [
              snat
                ? `-o ${uplink.interface} -m mark --mark ${MARK} -j SNAT --to-source ${uplink.ip}`
                : `-s ${wg.net} -o ${uplink.interface} -j MASQUERADE`,
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
              '-i lo -j ACCEPT',
              '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
              `-i ${uplink.interface} -p udp -m udp --dport 51820 -j ACCEPT`,
              `-i ${wg.interface} -j FROM_PEERS`,
            ],
          },
          {
            name: 'FROM_PEERS',
            rules: [
              '-p udp -m udp --dport 53 -j ACCEPT',
              `-s ${phone}/32 -p tcp -m tcp --dport 22 -j ACCEPT`,
              '-p icmp -j ACCEPT',
              '-p tcp -j REJECT --reject-with tcp-reset',
            ],
          },
          {
            name: 'FORWARD',
            policy: 'DROP',
            rules: [
              '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
              `-i ${wg.interface} -o ${wg.interface} -j SPOKES`,
              `-i ${wg.interface} -o ${uplink.interface} -m mark --mark ${MARK} -j ACCEPT`,
              `-i ${uplink.interface} -o ${wg.interface} -m conntrack --ctstate DNAT -j ACCEPT`,
            ],
          },
          {
            name: 'SPOKES',
            rules: [
              `-s ${far.left.net} -d ${peer}/32 -p tcp -m tcp --dport ${inside} -j ACCEPT`,
              `-s ${far.left.net} -d ${wg.net} -p icmp -j ACCEPT`,
              `-s ${phone}/32 -d ${far.left.net} -p tcp -m multiport --dports 80,443,8080 -j ACCEPT`,
              '-j REJECT --reject-with icmp-admin-prohibited',
            ],
          },
        ],
      },
    ],
    servers: [
      { protocol: 'udp', address: uplink.ip, port: 51820 },
      { protocol: 'udp', port: 53 },
      { protocol: 'tcp', port: 22 },
    ],
    services: [
      { ip: peer, protocol: 'tcp', port: inside },
      { ip: far.left.ip, protocol: 'tcp', port: 443 },
      { ip: far.right.ip, protocol: 'tcp', port: 443 },
    ],
    probes: [
      tcp('phone to the internet by the exit', 'left', phone, far.right.ip, 443),
      tcp('peer by its forwarded port', 'right', far.right.ip, uplink.ip, outside),
      tcp('site to a peer', 'left', far.left.ip, peer, inside),
      tcp('phone to a site', 'left', phone, far.left.ip, 443),
      udp('tunnel', 'right', far.right.ip, uplink.ip, 51820),
      udp('name server', 'left', peer, wg.ip, 53),
      tcp('ssh by the phone', 'left', phone, wg.ip, 22),
      ping('ping of a peer from a site', 'left', far.left.ip, phone),
      tcp('ssh by another peer', 'left', peer, wg.ip, 22),
      tcp('site to the phone', 'left', far.left.ip, phone, 22),
      tcp('a port that is not forwarded', 'right', far.right.ip, uplink.ip, 9999),
    ],
  }
}
