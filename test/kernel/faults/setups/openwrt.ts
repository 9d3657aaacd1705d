/** An OpenWrt router as fw3 wrote it: zones, their forwardings, port forwards with reflection, an end that rejects. */
import type { Chain } from '../../generate/ruleset.ts'
import { type MakeSetup, ping, tcp, udp } from '../setup.ts'

const named = (name: string) => `-m comment --comment "!fw3: ${name}"`
const plain = '-m comment --comment "!fw3"'

export const openwrt: MakeSetup = (random, { sides, hosts, far }) => {
  const [lan, wan] = [sides.left, sides.right]
  const [pc, camera] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [string, string]
  const neighbour = hosts.find(({ side }) => side === 'right')!.ip
  const outside = random.int(9000, 9999)
  const inside = random.pick([80, 554, 8000])
  const allowSsh = random.chance(0.5)
  const zone = (name: string, device: string, accept: 'ACCEPT' | 'REJECT'): Chain[] => [
    {
      name: `zone_${name}_input`,
      rules: [
        `${named(`Custom ${name} input rule chain`)} -j input_${name}_rule`,
        ...(name === 'wan'
          ? [
              `-p udp -m udp --dport 68 ${named('Allow-DHCP-Renew')} -j ACCEPT`,
              `-p icmp -m icmp --icmp-type 8 ${named('Allow-Ping')} -j ACCEPT`,
              ...(allowSsh ? [`-s ${wan.net} -p tcp -m tcp --dport 22 ${named('Allow-SSH')} -j ACCEPT`] : []),
              `-m conntrack --ctstate DNAT ${named('Accept port redirections')} -j ACCEPT`,
            ]
          : [`-m conntrack --ctstate DNAT ${named('Accept port redirections')} -j ACCEPT`]),
        `${plain} -j zone_${name}_src_${accept}`,
      ],
    },
    {
      name: `zone_${name}_forward`,
      rules: [
        `${named(`Custom ${name} forwarding rule chain`)} -j forwarding_${name}_rule`,
        ...(name === 'lan' ? [`${named('Zone lan to wan forwarding policy')} -j zone_wan_dest_ACCEPT`] : []),
        `-m conntrack --ctstate DNAT ${named('Accept port forwards')} -j ACCEPT`,
        `${plain} -j zone_${name}_dest_REJECT`,
      ],
    },
    {
      name: `zone_${name}_output`,
      rules: [
        `${named(`Custom ${name} output rule chain`)} -j output_${name}_rule`,
        `${plain} -j zone_${name}_dest_ACCEPT`,
      ],
    },
    {
      name: `zone_${name}_src_${accept}`,
      rules: [`-i ${device} ${plain} -j ${accept === 'ACCEPT' ? 'ACCEPT' : 'reject'}`],
    },
    {
      name: `zone_${name}_dest_ACCEPT`,
      rules:
        name === 'wan'
          ? [
              `-o ${device} -m conntrack --ctstate INVALID ${named('Prevent NAT leakage')} -j DROP`,
              `-o ${device} ${plain} -j ACCEPT`,
            ]
          : [`-o ${device} ${plain} -j ACCEPT`],
    },
    { name: `zone_${name}_dest_REJECT`, rules: [`-o ${device} ${plain} -j reject`] },
    ...['input', 'output', 'forwarding'].map((way) => ({ name: `${way}_${name}_rule`, rules: [] as string[] })),
  ]
  const base = (way: string, option: string, part: string): string[] => [
    `${option === '-i' ? '-i' : '-o'} lo ${plain} -j ACCEPT`,
    `${named(`Custom ${way} rule chain`)} -j ${way}_rule`,
    `-m conntrack --ctstate RELATED,ESTABLISHED ${plain} -j ACCEPT`,
    `${option} ${lan.interface} ${plain} -j zone_lan_${part}`,
    `${option} ${wan.interface} ${plain} -j zone_wan_${part}`,
  ]
  return {
    name: 'OpenWrt',
    about: `${outside} → ${inside}${allowSsh ? ', ssh from the wan' : ''}`,
    tables: [
      {
        name: 'mangle',
        chains: [
          {
            name: 'FORWARD',
            policy: 'ACCEPT',
            rules: [
              `-o ${wan.interface} -p tcp -m tcp --tcp-flags SYN,RST SYN ${named('Zone wan MTU fixing')} -j TCPMSS --clamp-mss-to-pmtu`,
            ],
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
              `${named('Custom prerouting rule chain')} -j prerouting_rule`,
              `-i ${lan.interface} ${plain} -j zone_lan_prerouting`,
              `-i ${wan.interface} ${plain} -j zone_wan_prerouting`,
            ],
          },
          {
            name: 'POSTROUTING',
            policy: 'ACCEPT',
            rules: [
              `${named('Custom postrouting rule chain')} -j postrouting_rule`,
              `-o ${lan.interface} ${plain} -j zone_lan_postrouting`,
              `-o ${wan.interface} ${plain} -j zone_wan_postrouting`,
            ],
          },
          { name: 'prerouting_rule', rules: [] },
          { name: 'postrouting_rule', rules: [] },
          {
            name: 'zone_lan_prerouting',
            rules: [
              `-s ${lan.net} -d ${wan.ip}/32 -p tcp -m tcp --dport ${outside} ${named('camera (reflection)')} -j DNAT --to-destination ${camera}:${inside}`,
            ],
          },
          {
            name: 'zone_lan_postrouting',
            rules: [
              `-s ${lan.net} -d ${camera}/32 -p tcp -m tcp --dport ${inside} ${named('camera (reflection)')} -j SNAT --to-source ${lan.ip}`,
            ],
          },
          {
            name: 'zone_wan_prerouting',
            rules: [
              `-p tcp -m tcp --dport ${outside} ${named('camera')} -j DNAT --to-destination ${camera}:${inside}`,
              `-p udp -m udp --dport 51820 ${named('tunnel')} -j DNAT --to-destination ${pc}:51820`,
            ],
          },
          { name: 'zone_wan_postrouting', rules: [`${plain} -j MASQUERADE`] },
        ],
      },
      {
        name: 'filter',
        chains: [
          {
            name: 'INPUT',
            policy: 'ACCEPT',
            rules: [
              ...base('input', '-i', 'input').slice(0, 3),
              `-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN ${plain} -j syn_flood`,
              ...base('input', '-i', 'input').slice(3),
            ],
          },
          {
            name: 'FORWARD',
            policy: 'DROP',
            rules: [...base('forwarding', '-i', 'forward').slice(1), `${plain} -j reject`],
          },
          { name: 'OUTPUT', policy: 'ACCEPT', rules: base('output', '-o', 'output') },
          ...['input', 'forwarding', 'output'].map((way) => ({ name: `${way}_rule`, rules: [] as string[] })),
          {
            name: 'reject',
            rules: [
              `-p tcp ${plain} -j REJECT --reject-with tcp-reset`,
              `${plain} -j REJECT --reject-with icmp-port-unreachable`,
            ],
          },
          {
            name: 'syn_flood',
            rules: [
              `-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m limit --limit 200/sec --limit-burst 500 ${plain} -j RETURN`,
              `${plain} -j DROP`,
            ],
          },
          ...zone('lan', lan.interface, 'ACCEPT'),
          ...zone('wan', wan.interface, 'REJECT'),
        ],
      },
    ],
    servers: [
      { protocol: 'tcp', port: 22 },
      { protocol: 'tcp', port: 80 },
      { protocol: 'udp', port: 53 },
    ],
    services: [
      { ip: camera, protocol: 'tcp', port: inside },
      { ip: pc, protocol: 'udp', port: 51820 },
      { ip: far.right.ip, protocol: 'tcp', port: 443 },
      { ip: far.right.ip, protocol: 'udp', port: 123 },
    ],
    probes: [
      tcp('camera from the internet', 'right', far.right.ip, wan.ip, outside),
      tcp('pc to the internet', 'left', pc, far.right.ip, 443),
      udp('tunnel', 'right', far.right.ip, wan.ip, 51820),
      tcp('camera by its outer address', 'left', pc, wan.ip, outside),
      udp('name server', 'left', pc, lan.ip, 53),
      udp('time', 'left', camera, far.right.ip, 123),
      ping('ping from outside', 'right', neighbour, wan.ip),
      ...(allowSsh ? [tcp('ssh from the wan', 'right', neighbour, wan.ip, 22)] : []),
      tcp('web interface from outside', 'right', neighbour, wan.ip, 80),
      tcp('inside from outside', 'right', far.right.ip, pc, 445),
    ],
  }
}
