/** A virtualisation host: libvirt's own nft table beside the host's firewall, ports forwarded by the administrator. */
import { type MakeSetup, ping, tcp, udp } from '../../setup.ts'

export const nftLibvirt: MakeSetup = (random, { sides, hosts, far }) => {
  const [lan, guests] = [sides.left, sides.right]
  const bridge = guests.interface
  const [guest, database] = hosts.filter(({ side }) => side === 'right').map(({ ip }) => ip) as [string, string]
  const [client, admin] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [string, string]
  const published = random.pick([2222, 8080, 3389])
  const inside = random.pick([22, 80])
  const routed = random.chance(0.5)
  return {
    name: 'nft libvirt',
    about: `${published} → ${inside}${routed ? ', the firewall names its interfaces in sets' : ''}`,
    tables: [
      {
        name: 'ip libvirt_network',
        chains: [
          {
            name: 'forward',
            base: 'type filter hook forward priority filter',
            rules: ['counter jump guest_cross', 'counter jump guest_input', 'counter jump guest_output'],
          },
          {
            name: 'guest_output',
            rules: [`ip saddr ${guests.net} iif "${bridge}" counter accept`, `iif "${bridge}" counter reject`],
          },
          {
            name: 'guest_input',
            rules: [
              `oif "${bridge}" ip daddr ${guests.net} ct state established,related counter accept`,
              `oif "${bridge}" ip daddr ${guests.net} ct status dnat counter accept`,
              `oif "${bridge}" counter reject`,
            ],
          },
          { name: 'guest_cross', rules: [`iif "${bridge}" oif "${bridge}" counter accept`] },
          {
            name: 'guest_nat',
            base: 'type nat hook postrouting priority srcnat',
            rules: [
              `ip saddr ${guests.net} ip daddr 224.0.0.0/24 counter return`,
              `ip saddr ${guests.net} ip daddr 255.255.255.255 counter return`,
              `meta l4proto tcp ip saddr ${guests.net} ip daddr != ${guests.net} counter masquerade to :1024-65535`,
              `meta l4proto udp ip saddr ${guests.net} ip daddr != ${guests.net} counter masquerade to :1024-65535`,
              `ip saddr ${guests.net} ip daddr != ${guests.net} counter masquerade`,
            ],
          },
        ],
      },
      {
        name: 'inet host',
        sets: [
          {
            ...{ kind: 'set', name: 'inside', define: 'type ifname;' },
            elements: [`"${bridge}"`, '"virbr1"'],
          },
        ],
        chains: [
          {
            name: 'input',
            base: 'type filter hook input priority filter',
            policy: 'DROP',
            rules: [
              'ct state established,related accept',
              'iif "lo" accept',
              `ip saddr ${admin} tcp dport { 16509, 16514 } accept`,
              `ip saddr ${lan.net} tcp dport 22 ct state new accept`,
              'meta l4proto { icmp, ipv6-icmp } accept',
              routed
                ? 'iifname @inside meta l4proto . th dport { udp . 53, tcp . 53, udp . 67 } accept'
                : `iifname "${bridge}" udp dport { 53, 67 } accept`,
            ],
          },
          {
            name: 'prerouting',
            base: 'type nat hook prerouting priority dstnat',
            rules: [
              `ip daddr ${lan.ip} tcp dport ${published} counter dnat ip to ${guest}:${inside}`,
              `ip daddr ${lan.ip} dnat ip to tcp dport map { 15432 : ${database}, 25432 : ${guest} }`,
            ],
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
      { ip: database, protocol: 'tcp', port: 15432 },
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
