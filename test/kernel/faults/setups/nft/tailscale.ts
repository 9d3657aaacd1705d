/** A node of a mesh that advertises its network: tailscaled's chains in the tables that it shares with the host's firewall. */
import { type MakeSetup, ping, tcp, udp } from '../../setup.ts'

export const nftTailscale: MakeSetup = (random, { sides, hosts, far }) => {
  // the mesh's interface is the left one
  const [mesh, lan] = [sides.left, sides.right]
  const [peer, phone] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [string, string]
  const [printer, nas] = hosts.filter(({ side }) => side === 'right').map(({ ip }) => ip) as [string, string]
  const port = random.pick([445, 2049, 5000])
  const exit = random.chance(0.5)
  const policy = random.pick(['DROP', 'ACCEPT'] as const)
  return {
    name: 'nft tailscale',
    about: `nas ${port}, forward ${policy.toLowerCase()}${exit ? ', exit node' : ''}`,
    tables: [
      {
        name: 'ip nat',
        chains: [
          {
            name: 'PREROUTING',
            base: 'type nat hook prerouting priority dstnat',
            rules: [`iifname "${mesh.interface}" tcp dport 8443 counter dnat to ${nas}:443`],
          },
          {
            name: 'POSTROUTING',
            base: 'type nat hook postrouting priority srcnat',
            rules: ['counter jump ts-postrouting'],
          },
          { name: 'ts-postrouting', rules: ['meta mark & 0x00ff0000 == 0x00040000 counter masquerade'] },
        ],
      },
      {
        name: 'ip filter',
        chains: [
          {
            name: 'INPUT',
            base: 'type filter hook input priority filter',
            policy: 'DROP',
            rules: [
              'counter jump ts-input',
              'ct state established,related accept',
              'iif "lo" accept',
              `ip saddr ${lan.net} tcp dport 22 accept`,
              `iifname "${lan.interface}" udp dport 41641 accept`,
              `iifname "${lan.interface}" meta l4proto icmp accept`,
            ],
          },
          {
            name: 'FORWARD',
            base: 'type filter hook forward priority filter',
            policy,
            rules: [
              'counter jump ts-forward',
              'ct state established,related accept',
              `iifname "${lan.interface}" oifname "${mesh.interface}" drop`,
            ],
          },
          {
            name: 'ts-forward',
            rules: [
              ...(exit ? [] : [`iifname "${mesh.interface}" ip daddr != ${lan.net} counter drop`]),
              `iifname "${mesh.interface}" counter meta mark set meta mark & 0xff00ffff | 0x00040000`,
              'meta mark & 0x00ff0000 == 0x00040000 counter accept',
              `oifname "${mesh.interface}" ip saddr 100.64.0.0/10 counter drop`,
            ],
          },
          {
            name: 'ts-input',
            rules: [
              `iifname "lo" ip saddr ${mesh.ip} counter accept`,
              `iifname != "${mesh.interface}" ip saddr 100.115.92.0/23 counter return`,
              `iifname != "${mesh.interface}" ip saddr 100.64.0.0/10 counter drop`,
              `iifname "${mesh.interface}" ip saddr ${peer} tcp dport 9100 counter accept`,
              `iifname "${mesh.interface}" tcp dport { 22, 80 } counter accept`,
              `iifname "${mesh.interface}" udp dport 53 counter accept`,
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
