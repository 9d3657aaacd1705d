import type { Incident } from '../incident.ts'

/** ufw's and Docker's, with what matters here: `ufw deny 8080/tcp`, and a container with `-p 8080:80`. */
const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
:ufw-before-forward - [0:0]
:ufw-before-input - [0:0]
:ufw-user-input - [0:0]
-A INPUT -j ufw-before-input
-A INPUT -j ufw-user-input
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A FORWARD -j ufw-before-forward
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-USER -j RETURN
-A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
-A ufw-user-input -p tcp -m tcp --dport 8080 -j DROP
COMMIT
`

export const publishedPortOpen: Incident = {
  name: 'published-port-open',
  title: 'a port that ufw denies is open, because Docker published it',
  story:
    'ufw denies port 8080, and yet a scan from outside finds it open: a container has published it. DNAT happens ' +
    'first, so the packet is forwarded, and no rule of INPUT sees it.',
  backend: 'legacy',
  hosts: {
    scanner: { addresses: { eth0: ['203.0.113.7/24'] } },
    host: {
      bridges: { docker0: ['veth1'] },
      addresses: { eth0: ['203.0.113.1/24'], docker0: ['172.17.0.1/16'] },
      sysctls: { 'net.ipv4.ip_forward': '1' },
      rules: { v4: RULES },
    },
    container: {
      addresses: { eth0: ['172.17.0.2/16'] },
      routes: ['default via 172.17.0.1'],
      listeners: [{ protocol: 'tcp', port: 80 }],
    },
  },
  links: [
    ['scanner:eth0', 'host:eth0'],
    ['host:veth1', 'container:eth0'],
  ],
  traced: 'host',
  packet: { from: 'scanner', what: 'tcp', to: '203.0.113.1', port: 8080 },
  expected: {
    outcome: 'forwarded',
    sender: 'answered',
    findings: ['let-through'],
    fix: {
      words: 'Drop it in DOCKER-USER, which Docker leaves to the administrator. After DNAT its port is 80.',
      command: 'iptables -I DOCKER-USER 1 -d 172.17.0.2 -p tcp --dport 80 -j DROP',
      proposed: true,
    },
    after: { outcome: 'dropped', sender: 'nothing' },
  },
}
