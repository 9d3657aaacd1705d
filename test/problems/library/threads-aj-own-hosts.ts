/** More of iptables-nft: routing rules in the wrong order, and a zone that replies do not come to. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const CHAINS = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

/** Envoy's resolver, as the user whom the rules know it by: asks upstream whenever it is told to on 127.0.0.1:9900. */
const asksUpstream = (
  server: string,
) => `setpriv --reuid 1337 --regid 1338 --clear-groups /usr/bin/python3 -c "import socket
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('127.0.0.1',9900))
while True:
  d,who=s.recvfrom(2000)
  o=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); o.settimeout(1)
  try: o.sendto(b'who',('${server}',53)); s.sendto(o.recv(2000),who)
  except OSError: pass
  o.close()" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnu | grep -q :9900 && break; sleep .1; done`

export const THREADS_AJ_OWN_HOSTS: Problem[] = [
  {
    name: 'binhex-webui-replies-by-the-tunnel-since-its-rule-comes-later',
    thread: {
      title: "Wireguard mode doesn't allow for remoting into docker pod",
      address: 'https://github.com/binhex/arch-rtorrentvpn/issues/169',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.168.1.9/24'] }, routes: ['default via 192.168.1.1'] },
      dockerhost: {
        addresses: { eth0: ['192.168.1.1/24'], docker0: ['172.17.0.1/16'] },
        sysctls: FORWARDS,
        listeners: WEB,
      },
      torrentvpn: {
        addresses: { eth0: ['172.17.0.2/16'], wg0: ['10.2.0.2/30'] },
        routes: ['default via 172.17.0.1'],
        listeners: [
          { protocol: 'tcp', port: 9443 },
          { protocol: 'tcp', port: 8118 },
        ],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A OUTPUT -p tcp -m tcp --dport 9080 -j MARK --set-xmark 0x1/0xffffffff
-A OUTPUT -p tcp -m tcp --sport 9080 -j MARK --set-xmark 0x1/0xffffffff
-A OUTPUT -p tcp -m tcp --dport 9443 -j MARK --set-xmark 0x2/0xffffffff
-A OUTPUT -p tcp -m tcp --sport 9443 -j MARK --set-xmark 0x2/0xffffffff
-A OUTPUT -p tcp -m tcp --dport 8118 -j MARK --set-xmark 0x3/0xffffffff
-A OUTPUT -p tcp -m tcp --sport 8118 -j MARK --set-xmark 0x3/0xffffffff
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i wg0 -j ACCEPT
-A INPUT -s 172.17.0.0/16 -d 172.17.0.0/16 -j ACCEPT
-A INPUT -i eth0 -p udp -m udp --sport 1337 -j ACCEPT
-A INPUT -i eth0 -p tcp -m tcp --dport 9080 -j ACCEPT
-A INPUT -i eth0 -p tcp -m tcp --dport 9443 -j ACCEPT
-A INPUT -i eth0 -p tcp -m tcp --dport 8118 -j ACCEPT
-A INPUT -s 192.168.0.0/24 -i eth0 -p tcp -m tcp --dport 5000 -j ACCEPT
-A INPUT -p icmp -m icmp --icmp-type 0 -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A OUTPUT -o wg0 -j ACCEPT
-A OUTPUT -s 172.17.0.0/16 -d 172.17.0.0/16 -j ACCEPT
-A OUTPUT -o eth0 -p udp -m udp --dport 1337 -j ACCEPT
-A OUTPUT -o eth0 -p tcp -m tcp --sport 9080 -j ACCEPT
-A OUTPUT -o eth0 -p tcp -m tcp --sport 9443 -j ACCEPT
-A OUTPUT -o eth0 -p tcp -m tcp --sport 8118 -j ACCEPT
-A OUTPUT -d 192.168.0.0/24 -o eth0 -p tcp -m tcp --sport 5000 -j ACCEPT
-A OUTPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
COMMIT
`,
        },
      },
      vpn: { addresses: { eth0: ['10.2.0.1/30'] }, listeners: WEB },
    },
    links: [
      ['client:eth0', 'dockerhost:eth0'],
      ['dockerhost:docker0', 'torrentvpn:eth0'],
      ['torrentvpn:wg0', 'vpn:eth0'],
    ],
    traced: 'torrentvpn',
    setup: [
      [
        'torrentvpn',
        'ip route add default via 172.17.0.1 table 9080; ip route add default via 172.17.0.1 table 9443; ip route add default via 172.17.0.1 table 8118',
      ],
      [
        'torrentvpn',
        'ip rule add pref 32763 fwmark 0x1 lookup 9080; ip rule add pref 32762 fwmark 0x2 lookup 9443; ip rule add pref 32761 fwmark 0x3 lookup 8118',
      ],
      // the tunnel was brought up anew since, and `ip rule add` puts what is new in front
      [
        'torrentvpn',
        'ip route add default dev wg0 via 10.2.0.1 table 51820; ip rule add pref 32760 not fwmark 0xca6c lookup 51820; ip rule add pref 32759 lookup main suppress_prefixlength 0',
      ],
      [
        'torrentvpn',
        'for i in all eth0 wg0; do sysctl -qw net.ipv4.conf.$i.rp_filter=0; done; sysctl -qw net.ipv4.conf.all.src_valid_mark=1',
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '172.17.0.2', port: 9443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '172.17.0.2', port: 8118 }, seen: 'nothing', either: true },
      { sending: { from: 'dockerhost', what: 'tcp', to: '172.17.0.2', port: 9443 }, seen: 'answered' },
      { sending: { from: 'torrentvpn', what: 'tcp', to: '10.2.0.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'torrentvpn', what: 'tcp', to: '172.17.0.1', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The replies of the web interface get a mark, and a routing rule leads that mark back by eth0: wg-quick's rule stands in front of it, takes everything that has not the tunnel's own mark, and sends the replies into the tunnel.",
      causes: [
        { code: 'wrong-way-out', words: ['51820'] },
        { code: 'reply-by-other-uplink', words: ['wg0'] },
        { code: 'marked-astray', words: ['51820'] },
        { code: 'mark-missing', words: ['51820'] },
      ],
      status: ['unanswered', 'reply-lost', 'lost'],
    },
    mend: [['torrentvpn', 'ip rule del pref 32762; ip rule add pref 32758 fwmark 0x2 lookup 9443']],
  },
  {
    name: 'near-istio-replies-of-upstream-dns-in-a-zone-of-their-own',
    thread: {
      title: 'Return packets from DNS servers matched against incorrect conntrack zone',
      address: 'https://github.com/istio/istio/issues/46935',
    },
    backend: 'iptables-nft',
    hosts: {
      pod: {
        addresses: { eth0: ['10.17.65.80/24'] },
        routes: ['default via 10.17.65.1'],
        listeners: [
          { protocol: 'udp', port: 15053, address: '127.0.0.1' },
          { protocol: 'tcp', port: 15006 },
        ],
        rules: {
          v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -d 10.19.0.2/32 -p udp -m udp --sport 53 -j CT --zone 1
-A OUTPUT -p udp -m udp --dport 53 -m owner --uid-owner 1337 -j CT --zone 1
-A OUTPUT -p udp -m udp --sport 15053 -m owner --uid-owner 1337 -j CT --zone 2
-A OUTPUT -p udp -m udp --dport 53 -m owner --gid-owner 1337 -j CT --zone 1
-A OUTPUT -p udp -m udp --sport 15053 -m owner --gid-owner 1337 -j CT --zone 2
-A OUTPUT -d 10.19.0.2/32 -p udp -m udp --dport 53 -m owner ! --uid-owner 1337 -j CT --zone 2
COMMIT
*nat
${CHAINS}:ISTIO_INBOUND - [0:0]
:ISTIO_IN_REDIRECT - [0:0]
:ISTIO_OUTPUT - [0:0]
:ISTIO_REDIRECT - [0:0]
-A PREROUTING -p tcp -j ISTIO_INBOUND
-A OUTPUT -j ISTIO_OUTPUT
-A ISTIO_INBOUND -p tcp -m tcp --dport 15008 -j RETURN
-A ISTIO_INBOUND -p tcp -m tcp --dport 15090 -j RETURN
-A ISTIO_INBOUND -p tcp -m tcp --dport 15021 -j RETURN
-A ISTIO_INBOUND -p tcp -m tcp --dport 15020 -j RETURN
-A ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT
-A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports 15006
-A ISTIO_OUTPUT -s 127.0.0.6/32 -o lo -j RETURN
-A ISTIO_OUTPUT -o lo -m owner ! --uid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -m owner --uid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -m owner --gid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -d 10.19.0.2/32 -p udp -m udp --dport 53 -j REDIRECT --to-ports 15053
-A ISTIO_OUTPUT -d 127.0.0.1/32 -j RETURN
-A ISTIO_OUTPUT -p tcp -j ISTIO_REDIRECT
-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001
COMMIT
`,
        },
      },
      node: {
        addresses: { veth1: ['10.17.65.1/24'], eth0: ['10.19.0.1/24'] },
        sysctls: FORWARDS,
      },
      dns: {
        addresses: { eth0: ['10.19.0.2/24'] },
        routes: ['default via 10.19.0.1'],
        listeners: [{ protocol: 'udp', port: 53 }],
      },
    },
    links: [
      ['pod:eth0', 'node:veth1'],
      ['node:eth0', 'dns:eth0'],
    ],
    traced: 'pod',
    setup: [['pod', asksUpstream('10.19.0.2')]],
    fails: { from: 'pod', what: 'udp', to: '127.0.0.1', port: 9900 },
    seen: 'answered',
    looksAt: { protocol: 'udp', dst: '10.19.0.2' },
    others: [
      { sending: { from: 'dns', what: 'tcp', to: '10.17.65.80', port: 8080 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'ping', to: '10.19.0.2' }, seen: 'answered' },
    ],
    truth: {
      words:
        "Nothing is lost: the rule that is to put the server's replies into zone 1 asks for its address as the destination, so they are a flow of their own in no zone and stay without a reply there; but no rule asks for a state, and the socket gets them.",
      causes: [],
      status: ['answered'],
    },
    mend: [['pod', 'true']],
  },
]
