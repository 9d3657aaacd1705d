import type { Incident } from '../incident.ts'

/** As Docker writes them, without a published port. */
const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
`

export const containerNoInternet: Incident = {
  name: 'container-no-internet',
  title: 'a container has no internet, because the firewall of the host drops what it forwards',
  story:
    "Docker's own rules accept and masquerade what a container sends. But /etc/nftables.conf has a forward chain " +
    'with policy drop, and packets must be accepted in both.',
  backend: 'xtables-nft',
  hosts: {
    container: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'] },
    host: {
      bridges: { docker0: ['veth1'] },
      addresses: { eth0: ['192.0.2.1/24'], docker0: ['172.17.0.1/16'] },
      sysctls: { 'net.ipv4.ip_forward': '1' },
      rules: {
        v4: RULES,
        nft: `table inet firewall {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport 22 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
  }
}
`,
      },
    },
    internet: { addresses: { eth0: ['192.0.2.9/24'] }, listeners: [{ protocol: 'tcp', port: 443 }] },
  },
  links: [
    ['container:eth0', 'host:veth1'],
    ['host:eth0', 'internet:eth0'],
  ],
  traced: 'host',
  packet: { from: 'container', what: 'tcp', to: '192.0.2.9', port: 443 },
  expected: {
    outcome: 'dropped',
    sender: 'nothing',
    culprit: 'inet firewall forward',
    findings: ['dropped-by-policy'],
    fix: {
      words: 'Accept what containers send, and its replies, in the forward chain of /etc/nftables.conf too.',
      command:
        'nft add rule inet firewall forward iifname \'"docker0"\' accept && ' +
        'nft add rule inet firewall forward ct state established,related accept',
      proposed: false,
    },
    after: { outcome: 'forwarded', sender: 'answered' },
  },
}
