import type { Incident } from '../incident.ts'

export const staleConntrack: Incident = {
  name: 'stale-conntrack',
  title: 'UDP still goes to the old server after the DNAT rule was changed',
  story:
    'A resolver moved from 10.0.0.10 to 10.0.0.11, and the DNAT rule was changed. One busy client still gets no ' +
    'reply: its connection is older than the new rule, and nat rules are evaluated only for the first packet of ' +
    'a connection.',
  backend: 'legacy',
  hosts: {
    client: { addresses: { eth0: ['192.0.2.2/24'] }, routes: ['default via 192.0.2.1'] },
    router: {
      addresses: { lan: ['192.0.2.1/24'], dmz: ['10.0.0.1/24'] },
      sysctls: { 'net.ipv4.ip_forward': '1' },
      rules: {
        v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A FORWARD -o dmz -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 192.0.2.1/32 -p udp -m udp --dport 53 -j DNAT --to-destination 10.0.0.10
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -d 10.0.0.0/24 -p udp -m udp --dport 53 -j ACCEPT
COMMIT
`,
      },
    },
    resolver: {
      // the old one's address is not there any more
      addresses: { eth0: ['10.0.0.11/24'] },
      routes: ['default via 10.0.0.1'],
      listeners: [{ protocol: 'udp', port: 53 }],
    },
  },
  links: [
    ['client:eth0', 'router:lan'],
    ['router:dmz', 'resolver:eth0'],
  ],
  traced: 'router',
  packet: { from: 'client', what: 'udp', to: '192.0.2.1', port: 53, sport: 5353 },
  earlier: {
    sendings: [{ from: 'client', what: 'udp', to: '192.0.2.1', port: 53, sport: 5353 }],
    change: [
      'iptables -t nat -R PREROUTING 1 -d 192.0.2.1/32 -p udp -m udp --dport 53 -j DNAT --to-destination 10.0.0.11',
    ],
  },
  expected: {
    outcome: 'forwarded',
    sender: 'nothing',
    findings: ['stale-conntrack'],
    fix: {
      words: "Delete the connection's conntrack entry; the next packet creates a new one.",
      command: 'conntrack -D -p udp --orig-src 192.0.2.2 --orig-dst 192.0.2.1 --orig-port-src 5353 --orig-port-dst 53',
      proposed: true,
    },
    after: { outcome: 'forwarded', sender: 'answered' },
  },
}
