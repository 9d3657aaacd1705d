import type { Incident } from '../incident.ts'

export const hairpin: Incident = {
  name: 'hairpin',
  title: "a port forward works from outside, but not from the server's own network",
  story:
    'The web server replies on the public address to clients from outside, but not to clients in its own ' +
    'network. DNAT sends the packet back into the network it came from. The server then replies directly to the ' +
    'client, from an address that the client never contacted.',
  backend: 'nft',
  hosts: {
    laptop: { addresses: { eth0: ['192.168.1.20/24'] }, routes: ['default via 192.168.1.1'] },
    router: {
      addresses: { lan: ['192.168.1.1/24'], wan: ['203.0.113.1/24'] },
      sysctls: { 'net.ipv4.ip_forward': '1' },
      rules: {
        nft: `table ip nat {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr 203.0.113.1 tcp dport 443 dnat to 192.168.1.10
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
`,
      },
    },
    switch: { bridges: { br0: ['port1', 'port2', 'port3'] } },
    server: {
      addresses: { eth0: ['192.168.1.10/24'] },
      routes: ['default via 192.168.1.1'],
      listeners: [{ protocol: 'tcp', port: 443 }],
    },
    outside: { addresses: { eth0: ['203.0.113.7/24'] } },
  },
  links: [
    ['laptop:eth0', 'switch:port1'],
    ['server:eth0', 'switch:port2'],
    ['router:lan', 'switch:port3'],
    ['router:wan', 'outside:eth0'],
  ],
  traced: 'router',
  packet: { from: 'laptop', what: 'tcp', to: '203.0.113.1', port: 443 },
  alike: [{ from: 'outside', what: 'tcp', to: '203.0.113.1', port: 443 }],
  expected: {
    outcome: 'forwarded',
    sender: 'nothing',
    findings: ['not-masqueraded', 'dnat-changed-destination'],
    fix: {
      words: 'Masquerade packets that go back into their own network, so that replies come through this router.',
      command: 'nft add rule ip nat postrouting ip saddr 192.168.1.0/24 ip daddr 192.168.1.10 masquerade',
      proposed: false,
    },
    after: { outcome: 'forwarded', sender: 'answered' },
  },
}
