/** A node of a mesh that advertises its network, as tailscaled writes it: subnet routes by mark, its own address range guarded. */
import { type MakeSetup, ping, tcp, udp } from '../setup.ts'

export const tailscale: MakeSetup = (random, { sides, hosts, far }) => {
  // the mesh's interface is the left one
  const [mesh, lan] = [sides.left, sides.right]
  const [peer, phone] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [string, string]
  const [printer, nas] = hosts.filter(({ side }) => side === 'right').map(({ ip }) => ip) as [string, string]
  const port = random.pick([445, 2049, 5000])
  const exit = random.chance(0.5)
  const policy = random.pick(['DROP', 'ACCEPT'] as const)
  const mask = '0xff0000'
  return {
    name: 'tailscale',
    about: `nas ${port}, FORWARD ${policy}${exit ? ', exit node' : ''}`,
    tables: [
      {
        name: 'mangle',
        chains: [
          {
            name: 'PREROUTING',
            policy: 'ACCEPT',
            rules: ['-m connmark ! --mark 0x0/0xff0000 -j CONNMARK --restore-mark --nfmask 0xff0000 --ctmask 0xff0000'],
          },
          {
            name: 'OUTPUT',
            policy: 'ACCEPT',
            rules: [
              '-m conntrack --ctstate NEW -m mark ! --mark 0x0/0xff0000 -j CONNMARK --save-mark --nfmask 0xff0000 --ctmask 0xff0000',
            ],
          },
        ],
      },
      {
        name: 'nat',
        chains: [
          { name: 'POSTROUTING', policy: 'ACCEPT', rules: ['-j ts-postrouting'] },
          {
            name: 'PREROUTING',
            policy: 'ACCEPT',
            rules: [`-i ${mesh.interface} -p tcp -m tcp --dport 8443 -j DNAT --to-destination ${nas}:443`],
          },
          { name: 'ts-postrouting', rules: [`-m mark --mark 0x40000/${mask} -j MASQUERADE`] },
        ],
      },
      {
        name: 'filter',
        chains: [
          {
            name: 'INPUT',
            policy: 'DROP',
            rules: [
              '-j ts-input',
              '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
              '-i lo -j ACCEPT',
              `-s ${lan.net} -p tcp -m tcp --dport 22 -j ACCEPT`,
              `-i ${lan.interface} -p udp -m udp --dport 41641 -j ACCEPT`,
              `-i ${lan.interface} -p icmp -j ACCEPT`,
            ],
          },
          {
            name: 'FORWARD',
            policy,
            rules: [
              '-j ts-forward',
              '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
              `-i ${lan.interface} -o ${mesh.interface} -j DROP`,
            ],
          },
          { name: 'OUTPUT', policy: 'ACCEPT', rules: [] },
          {
            name: 'ts-forward',
            rules: [
              ...(exit ? [] : [`-i ${mesh.interface} ! -d ${lan.net} -j DROP`]),
              `-i ${mesh.interface} -j MARK --set-xmark 0x40000/${mask}`,
              `-m mark --mark 0x40000/${mask} -j ACCEPT`,
              `-s 100.64.0.0/10 -o ${mesh.interface} -j DROP`,
            ],
          },
          {
            name: 'ts-input',
            rules: [
              `-s ${mesh.ip}/32 -i lo -j ACCEPT`,
              `-s 100.115.92.0/23 ! -i ${mesh.interface} -j RETURN`,
              `-s 100.64.0.0/10 ! -i ${mesh.interface} -j DROP`,
              `-s ${peer}/32 -i ${mesh.interface} -p tcp -m tcp --dport 9100 -j ACCEPT`,
              `-i ${mesh.interface} -p tcp -m multiport --dports 22,80 -j ACCEPT`,
              `-i ${mesh.interface} -p udp -m udp --dport 53 -j ACCEPT`,
            ],
          },
        ],
      },
    ],
    servers: [22, 80, 9100]
      .map((one): { protocol: 'tcp' | 'udp'; port: number } => ({ protocol: 'tcp', port: one }))
      .concat([53, 41641].map((one) => ({ protocol: 'udp', port: one }))),
    services: [
      { ip: nas, protocol: 'tcp', port },
      { ip: nas, protocol: 'tcp', port: 443 },
      { ip: printer, protocol: 'udp', port: 161 },
      { ip: far.right.ip, protocol: 'tcp', port: 443 },
    ],
    probes: [
      tcp('nas over the mesh', 'left', peer, nas, port),
      udp('printer over the mesh', 'left', phone, printer, 161),
      tcp('nas by a forwarded port', 'left', peer, mesh.ip, 8443),
      tcp('ssh over the mesh', 'left', phone, mesh.ip, 22),
      tcp('metrics', 'left', peer, mesh.ip, 9100),
      udp('name server', 'left', phone, mesh.ip, 53),
      ...(exit ? [tcp('internet by the exit node', 'left', phone, far.right.ip, 443)] : []),
      tcp('ssh from the lan', 'right', nas, lan.ip, 22),
      ping('ping from the lan', 'right', nas, lan.ip),
      udp('other nodes', 'right', far.right.ip, lan.ip, 41641),
      tcp('metrics by another', 'left', phone, mesh.ip, 9100),
      tcp('a node from the lan', 'right', nas, peer, 445),
    ],
  }
}
