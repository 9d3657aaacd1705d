import type { Incident } from '../incident.ts'

/** As Docker writes them, with one published port. */
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
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
`

export const dockerForwardDrop: Incident = {
  name: 'docker-forward-drop',
  title: 'a router stops routing once Docker is installed on it',
  story:
    'A machine routes between two networks. Since Docker was installed, it forwards nothing: Docker set ' +
    "FORWARD's policy to DROP, and accepts only what its containers need.",
  backend: 'xtables-nft',
  hosts: {
    laptop: { addresses: { eth0: ['192.0.2.2/24'] }, routes: ['default via 192.0.2.1'] },
    router: {
      bridges: { docker0: [] },
      addresses: { lan: ['192.0.2.1/24'], lab: ['198.51.100.1/24'], docker0: ['172.17.0.1/16'] },
      sysctls: { 'net.ipv4.ip_forward': '1' },
      rules: { v4: RULES },
    },
    printer: {
      addresses: { eth0: ['198.51.100.9/24'] },
      routes: ['default via 198.51.100.1'],
      listeners: [{ protocol: 'tcp', port: 631 }],
    },
  },
  links: [
    ['laptop:eth0', 'router:lan'],
    ['router:lab', 'printer:eth0'],
  ],
  traced: 'router',
  packet: { from: 'laptop', what: 'tcp', to: '198.51.100.9', port: 631 },
  expected: {
    outcome: 'dropped',
    sender: 'nothing',
    findings: ['dropped-by-policy'],
    fix: {
      words:
        'Accept the routed network and its replies in DOCKER-USER, the chain that Docker leaves to the administrator.',
      command:
        'iptables -I DOCKER-USER -i lan -o lab -j ACCEPT && ' +
        'iptables -I DOCKER-USER -i lab -o lan -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      proposed: false,
    },
    after: { outcome: 'forwarded', sender: 'answered' },
  },
}
