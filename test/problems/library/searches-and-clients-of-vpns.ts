/** By iptables: an answer to a search by multicast, and clients of a VPN that nobody may ask. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const WEB = { protocol: 'tcp', port: 80 } as const

export const SEARCHES_AND_CLIENTS_OF_VPNS: Problem[] = [
  {
    name: 'debops-rejects-the-answer-to-a-search-by-multicast',
    thread: {
      title: 'ferm install results in upnp clients not finding anything (e.g. vlc not finding DLNA Servers)',
      address: 'https://github.com/debops/debops/issues/452',
    },
    backend: 'iptables-nft',
    hosts: {
      nas: { addresses: { eth0: ['192.168.1.40/24'] }, listeners: [{ protocol: 'tcp', port: 9000 }] },
      laptop: {
        addresses: { eth0: ['192.168.1.20/24'] },
        listeners: [SSH, { protocol: 'udp', port: 43211 }, { protocol: 'tcp', port: 8200 }],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:debops-filter-icmp - [0:0]
:debops-filter-syn - [0:0]
:debops-filter-dhcp - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "connection_tracking" -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -p icmp -m icmp --icmp-type 8 -j debops-filter-icmp
-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j debops-filter-syn
-A INPUT -p udp -m udp --sport 67 --dport 68 -j debops-filter-dhcp
-A INPUT -p tcp -m multiport --dports 22 -m conntrack --ctstate NEW -m recent --update --seconds 300 --hitcount 8 --name sshguard --mask 255.255.255.255 --rsource -j DROP
-A INPUT -p tcp -m multiport --dports 22 -m conntrack --ctstate NEW -m recent --set --name sshguard --mask 255.255.255.255 --rsource -j ACCEPT
-A INPUT -d 224.0.0.251/32 -p udp -m udp --dport 5353 -m comment --comment "avahi" -j ACCEPT
-A INPUT -p udp -m multiport --dports 123 -m comment --comment "ntp" -j ACCEPT
-A INPUT -p tcp -j REJECT --reject-with tcp-reset
-A INPUT -j REJECT --reject-with icmp-port-unreachable
-A debops-filter-dhcp -j ACCEPT
-A debops-filter-icmp -m hashlimit --hashlimit-upto 10/sec --hashlimit-burst 100 --hashlimit-mode srcip --hashlimit-name icmp-flood -j ACCEPT
-A debops-filter-icmp -j DROP
-A debops-filter-syn -m hashlimit --hashlimit-upto 40/sec --hashlimit-burst 80 --hashlimit-mode srcip --hashlimit-name syn-flood -j RETURN
-A debops-filter-syn -j DROP
COMMIT
`,
        },
      },
    },
    links: [['nas:eth0', 'laptop:eth0']],
    traced: 'laptop',
    // what the player asks all of its network, from the port that the answer comes to
    setup: [
      [
        'laptop',
        `ip route add 239.0.0.0/8 dev eth0; python3 -c "import socket; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.setsockopt(1,2,1); s.setsockopt(1,15,1); s.bind(('192.168.1.20',43211)); s.sendto(b'M-SEARCH',('239.255.255.250',1900))" 2>/dev/null || true`,
      ],
    ],
    fails: { from: 'nas', what: 'udp', to: '192.168.1.20', port: 43211, sport: 1900 },
    seen: 'refused',
    looksAt: { protocol: 'udp', dst: '192.168.1.40', dport: 1900 },
    others: [
      { sending: { from: 'nas', what: 'tcp', to: '192.168.1.20', port: 22 }, seen: 'answered' },
      { sending: { from: 'nas', what: 'tcp', to: '192.168.1.20', port: 8200 }, seen: 'refused' },
      { sending: { from: 'laptop', what: 'tcp', to: '192.168.1.40', port: 9000 }, seen: 'answered' },
      { sending: { from: 'nas', what: 'udp', to: '192.168.1.20', port: 43211, sport: 5555 }, seen: 'refused' },
    ],
    truth: {
      words:
        "The laptop asked a group, and the server's answer comes from its own address: conntrack does not take it for a reply, so the last rule rejects it.",
      causes: [{ rule: '-j REJECT --reject-with icmp-port-unreachable', chain: 'filter INPUT' }],
      status: ['rejected', 'reply-lost'],
    },
    mend: [['laptop', 'iptables -I INPUT 5 -s 192.168.1.0/24 -p udp -m udp --sport 1900 -j ACCEPT']],
  },
  {
    name: 'ipsec-vpn-server-forwards-to-its-clients-only-what-they-asked-for',
    thread: {
      title: '[Suggestion] Access to VPN-hosts from outside the Docker',
      address: 'https://github.com/hwdsl2/docker-ipsec-vpn-server/issues/82',
    },
    backend: 'iptables-legacy',
    hosts: {
      lan: { addresses: { eth0: ['172.18.0.9/16'] }, routes: ['192.168.42.0/24 via 172.18.0.2'], listeners: [WEB] },
      vpn: {
        addresses: { eth0: ['172.18.0.2/16'], ppp0: ['192.168.42.1/24'] },
        routes: ['default via 172.18.0.1', '192.168.43.0/24 via 172.18.0.1'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'udp', port: 500 }],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 192.168.43.0/24 -o eth0 -m policy --dir out --pol none -j MASQUERADE
-A POSTROUTING -s 192.168.42.0/24 -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m udp --dport 1701 -m policy --dir in --pol none -j DROP
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p udp -m multiport --dports 500,4500 -j ACCEPT
-A INPUT -p udp -m udp --dport 1701 -m policy --dir in --pol ipsec -j ACCEPT
-A INPUT -p udp -m udp --dport 1701 -j DROP
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -i eth0 -o ppp+ -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i ppp+ -o eth0 -j ACCEPT
-A FORWARD -i ppp+ -o ppp+ -j ACCEPT
-A FORWARD -d 192.168.43.0/24 -i eth0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -s 192.168.43.0/24 -o eth0 -j ACCEPT
-A FORWARD -s 192.168.43.0/24 -o ppp+ -j ACCEPT
-A FORWARD -j DROP
COMMIT
`,
        },
      },
      client: {
        addresses: { ppp0: ['192.168.42.10/24'] },
        routes: ['default via 192.168.42.1'],
        listeners: [{ protocol: 'tcp', port: 3389 }],
      },
    },
    links: [
      ['lan:eth0', 'vpn:eth0'],
      ['vpn:ppp0', 'client:ppp0'],
    ],
    traced: 'vpn',
    fails: { from: 'lan', what: 'tcp', to: '192.168.42.10', port: 3389 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '172.18.0.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'lan', what: 'udp', to: '172.18.0.2', port: 500 }, seen: 'answered' },
      { sending: { from: 'lan', what: 'udp', to: '172.18.0.2', port: 1701 }, seen: 'nothing' },
      { sending: { from: 'lan', what: 'ping', to: '192.168.42.10' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "From the container's network only what belongs to a connection of a client goes to the clients; the last rule drops what is new.",
      causes: [
        { rule: '-j DROP', chain: 'filter FORWARD' },
        { rule: '-i eth0 -o ppp+ -m conntrack --ctstate RELATED,ESTABLISHED', chain: 'filter FORWARD' },
      ],
      status: ['dropped'],
    },
    mend: [['vpn', 'iptables -I FORWARD 7 -i eth+ -o ppp+ -j ACCEPT']],
  },
]
