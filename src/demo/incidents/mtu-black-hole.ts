import type { Incident } from '../incident.ts'

export const mtuBlackHole: Incident = {
  name: 'mtu-black-hole',
  title: 'small packets get through a tunnel, large ones disappear',
  story:
    'A router has a tunnel with an MTU of 1280 bytes. TCP works, because its segments are clamped, but only ' +
    'small UDP packets get through. Large packets vanish, and the sender never learns why: a rule drops the ICMP ' +
    'error that contains the MTU.',
  backend: 'legacy',
  // nft has no word for "don't fragment"
  onlyLegacy: true,
  hosts: {
    client: { addresses: { eth0: ['192.0.2.2/24'] }, routes: ['default via 192.0.2.1'] },
    router: {
      addresses: { lan: ['192.0.2.1/24'], tunnel: ['198.51.100.1/24'] },
      mtu: { tunnel: 1280 },
      sysctls: { 'net.ipv4.ip_forward': '1' },
      rules: {
        v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A FORWARD -o tunnel -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A OUTPUT -p icmp -m icmp --icmp-type destination-unreachable -j DROP
COMMIT
`,
      },
    },
    server: {
      addresses: { eth0: ['198.51.100.9/24'] },
      mtu: { eth0: 1280 },
      routes: ['default via 198.51.100.1'],
      listeners: [{ protocol: 'udp', port: 4500 }],
    },
  },
  links: [
    ['client:eth0', 'router:lan'],
    ['router:tunnel', 'server:eth0'],
  ],
  traced: 'router',
  packet: { from: 'client', what: 'udp', to: '198.51.100.9', port: 4500, bytes: 1400, tries: 2 },
  alike: [{ from: 'client', what: 'udp', to: '198.51.100.9', port: 4500, bytes: 1000 }],
  expected: {
    outcome: 'vanished',
    sender: 'nothing',
    findings: ['vanished-mtu'],
    fix: {
      words: 'Accept the ICMP error: the sender then sends smaller packets.',
      command: 'iptables -D OUTPUT 1',
      proposed: false,
    },
    after: { outcome: 'forwarded', sender: 'answered' },
  },
}
