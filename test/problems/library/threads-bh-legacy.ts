/** Container hosts with rules of iptables-legacy, from threads: a rule for an address of before, a redirected port, a card that is left out, a program that does not reply. */
import { bridged, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { docker } from './docker.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

/** What ufw-docker adds to /etc/ufw/after.rules. */
const UFW_DOCKER = `-A DOCKER-USER -j ufw-user-forward
-A DOCKER-USER -s 10.0.0.0/8 -j RETURN
-A DOCKER-USER -s 172.16.0.0/12 -j RETURN
-A DOCKER-USER -s 192.168.0.0/16 -j RETURN
-A DOCKER-USER -p udp -m udp --sport 53 --dport 1024:65535 -j RETURN
-A DOCKER-USER -d 192.168.0.0/16 -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j ufw-docker-logging-deny
-A DOCKER-USER -d 10.0.0.0/8 -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j ufw-docker-logging-deny
-A DOCKER-USER -d 172.16.0.0/12 -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j ufw-docker-logging-deny
-A DOCKER-USER -d 192.168.0.0/16 -p udp -m udp --dport 0:32767 -j ufw-docker-logging-deny
-A DOCKER-USER -d 10.0.0.0/8 -p udp -m udp --dport 0:32767 -j ufw-docker-logging-deny
-A DOCKER-USER -d 172.16.0.0/12 -p udp -m udp --dport 0:32767 -j ufw-docker-logging-deny
-A ufw-docker-logging-deny -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW DOCKER BLOCK] "
-A ufw-docker-logging-deny -j DROP
`

const nginx = bridged('docker0', '172.17.0.1/16', {})
const squid = bridged('docker0', '172.17.0.1/16', {})
const pihole = bridged('podman0', '10.88.0.1/16', {})

export const THREADS_BH_LEGACY: Problem[] = [
  {
    name: 'ufw-docker-allows-the-address-that-the-container-had-before',
    thread: {
      title: 'Container restart requires new rules',
      address: 'https://github.com/chaifeng/ufw-docker/issues/31',
    },
    backend: 'iptables-legacy',
    ...nginx,
    hosts: {
      ...nginx.hosts,
      host: {
        ...nginx.hosts.host!,
        bridges: { docker0: ['veth1', 'veth2'] },
        rules: {
          v4: docker({
            forward: `:ufw-user-forward - [0:0]
:ufw-docker-logging-deny - [0:0]
-A ufw-user-forward -d 172.17.0.3/32 -p tcp -m tcp --dport 80 -j ACCEPT
-A ufw-user-forward -d 172.17.0.3/32 -p tcp -m tcp --dport 443 -j ACCEPT
`,
            user: UFW_DOCKER,
          })
            .replace(
              '-j DNAT --to-destination 172.17.0.2:80\n',
              '-j DNAT --to-destination 172.17.0.2:80\n-A DOCKER ! -i docker0 -p tcp -m tcp --dport 3306 -j DNAT --to-destination 172.17.0.3:3306\n',
            )
            .replace(
              '-p tcp -m tcp --dport 80 -j ACCEPT\n-A DOCKER-ISO',
              '-p tcp -m tcp --dport 80 -j ACCEPT\n-A DOCKER -d 172.17.0.3/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 3306 -j ACCEPT\n-A DOCKER-ISO',
            ),
        },
      },
      mysql: {
        addresses: { eth0: ['172.17.0.3/16'] },
        routes: ['default via 172.17.0.1'],
        listeners: [{ protocol: 'tcp', port: 3306 }],
      },
    },
    links: [...nginx.links, ['host:veth2', 'mysql:eth0']],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 3306 }, seen: 'nothing' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '172.17.0.3', port: 3306 }, seen: 'answered' },
    ],
    truth: {
      words:
        'ufw-docker allowed port 80 of 172.17.0.3, the address that the container had before it was made anew. It has 172.17.0.2 now, and the rest of DOCKER-USER drops new connections to it.',
      causes: [
        { rule: '-j DROP', chain: 'filter ufw-docker-logging-deny' },
        { rule: '-d 172.17.0.3/32 -p tcp -m tcp --dport 80', chain: 'filter ufw-user-forward' },
        { rule: '-d 172.16.0.0/12 -p tcp', chain: 'filter DOCKER-USER' },
        { chain: 'filter ufw-user-forward' },
      ],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -R ufw-user-forward 1 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j ACCEPT']],
  },
  {
    name: 'squid-gets-what-containers-ask-and-fedoras-last-rule-rejects-its-port',
    thread: {
      title: 'Default rule in Fedora 20 rejects with icmp-host-prohibited',
      address: 'https://github.com/jpetazzo/squid-in-a-can/issues/5',
    },
    backend: 'iptables-legacy',
    ...squid,
    hosts: {
      ...squid.hosts,
      host: {
        ...squid.hosts.host!,
        listeners: [SSH, { protocol: 'tcp', port: 3129 }],
        rules: {
          v4: docker({
            input: `-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
`,
          }).replace(
            '-A OUTPUT ! -d 127.0.0.0/8',
            '-A PREROUTING -i docker0 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 3129\n-A OUTPUT ! -d 127.0.0.0/8',
          ),
        },
      },
    },
    fails: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 3129 }, seen: 'unreachable' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'ping', to: '192.0.2.9' }, seen: 'answered' },
    ],
    truth: {
      words:
        "nat redirects what containers ask of port 80 to Squid on the host's port 3129, and INPUT, which has no rule for it, rejects it at its end.",
      causes: [
        { rule: '-j REJECT --reject-with icmp-host-prohibited', chain: 'filter INPUT' },
        { rule: '--to-ports 3129', chain: 'nat PREROUTING' },
      ],
      status: ['rejected'],
    },
    mend: [['host', 'iptables -I INPUT 5 -i docker0 -p tcp -m tcp --dport 3129 -j ACCEPT']],
  },
  {
    name: 'rke2-opens-the-private-card-and-pods-come-in-by-a-card-of-their-own',
    thread: {
      title: 'Worker Nodes lose their metrics connection',
      address: 'https://github.com/rancher/rke2/issues/3803',
    },
    backend: 'iptables-legacy',
    hosts: {
      other: { addresses: { eth0: ['10.0.4.2/24'] } },
      outside: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['default via 203.0.113.1'] },
      node: {
        addresses: { ens3: ['203.0.113.1/24'], ens4: ['10.0.4.1/24'] },

        sysctls: FORWARDS,
        listeners: [SSH, { protocol: 'tcp', port: 10250 }, { protocol: 'tcp', port: 6443 }],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FIREWALL - [0:0]
:cali-INPUT - [0:0]
:cali-wl-to-host - [0:0]
:cali-from-wl-dispatch - [0:0]
:cali-fw-cali1 - [0:0]
-A INPUT -m comment --comment "cali:Cz_u1IQiXIMmKD4c" -j cali-INPUT
-A INPUT -j KUBE-FIREWALL
-A INPUT -i lo -j ACCEPT
-A INPUT -i ens4 -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80,443,2376,6443 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m multiport --dports 30000:32767 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -s 203.0.113.0/24 -j ACCEPT
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A cali-INPUT -i cali+ -m comment --comment "cali:FewJpBykm9iJ-YNH" -g cali-wl-to-host
-A cali-INPUT -m comment --comment "cali:i7okJZpS8VxaJB3n" -m mark --mark 0x1000000/0x1000000 -j ACCEPT
-A cali-wl-to-host -m comment --comment "cali:Ee9Sbo10IpVujdIY" -j cali-from-wl-dispatch
-A cali-wl-to-host -m comment --comment "cali:nSZbcOoG1xPONxb8" -j RETURN
-A cali-from-wl-dispatch -i cali1 -g cali-fw-cali1
-A cali-from-wl-dispatch -m comment --comment "Unknown interface" -j DROP
-A cali-fw-cali1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-fw-cali1 -m conntrack --ctstate INVALID -j DROP
-A cali-fw-cali1 -j MARK --set-xmark 0x10000/0x10000
-A cali-fw-cali1 -m mark --mark 0x10000/0x10000 -j RETURN
COMMIT
`,
        },
      },
      pod: {
        addresses: { eth0: ['10.42.1.7/32'] },
        routes: ['169.254.1.1 dev eth0', 'default via 169.254.1.1 onlink dev eth0'],
      },
    },
    links: [
      ['outside:eth0', 'node:ens3'],
      ['other:eth0', 'node:ens4'],
      ['node:cali1', 'pod:eth0'],
    ],
    traced: 'node',
    setup: [
      [
        'node',
        'sysctl -qw net.ipv4.conf.cali1.proxy_arp=1 && ip route add default via 203.0.113.9 && ip route add 10.42.1.7/32 dev cali1',
      ],
    ],
    fails: { from: 'pod', what: 'tcp', to: '10.0.4.1', port: 10250 },
    seen: 'nothing',
    others: [
      { sending: { from: 'outside', what: 'tcp', to: '203.0.113.1', port: 10250 }, seen: 'nothing' },
      { sending: { from: 'other', what: 'tcp', to: '10.0.4.1', port: 10250 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '10.0.4.1', port: 6443 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '10.0.4.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The rules open all of ens4, the private network, but a pod of the same node comes in by its own interface, cali1: Calico returns it to INPUT, and INPUT's policy drops what it asks of the kubelet.",
      causes: [{ policy: 'filter INPUT' }, { rule: '-i ens4 -j ACCEPT', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['node', 'iptables -A INPUT -i cali+ -p tcp -m tcp --dport 10250 -j ACCEPT']],
  },
  {
    name: 'healthy-pihole-gets-the-query-and-does-not-reply-to-who-is-not-local',
    thread: {
      title: 'Unable to access UDP port 53 exposed by container from network',
      address: 'https://github.com/podman-container-tools/podman/issues/14365',
    },
    backend: 'iptables-legacy',
    ...pihole,
    hosts: {
      ...pihole.hosts,
      host: {
        ...pihole.hosts.host!,
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:NETAVARK-1D8721804F16F - [0:0]
:NETAVARK-DN-1D8721804F16F - [0:0]
:NETAVARK-HOSTPORT-DNAT - [0:0]
:NETAVARK-HOSTPORT-MASQ - [0:0]
:NETAVARK-HOSTPORT-SETMARK - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT
-A OUTPUT -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT
-A POSTROUTING -j NETAVARK-HOSTPORT-MASQ
-A POSTROUTING -s 10.88.0.0/16 -j NETAVARK-1D8721804F16F
-A NETAVARK-1D8721804F16F -d 10.88.0.0/16 -j ACCEPT
-A NETAVARK-1D8721804F16F ! -d 224.0.0.0/4 -j MASQUERADE
-A NETAVARK-DN-1D8721804F16F -s 10.88.0.0/16 -p udp -m udp --dport 53 -j NETAVARK-HOSTPORT-SETMARK
-A NETAVARK-DN-1D8721804F16F -s 127.0.0.1/32 -p udp -m udp --dport 53 -j NETAVARK-HOSTPORT-SETMARK
-A NETAVARK-DN-1D8721804F16F -p udp -m udp --dport 53 -j DNAT --to-destination 10.88.0.2:53
-A NETAVARK-DN-1D8721804F16F -p tcp -m tcp --dport 8090 -j DNAT --to-destination 10.88.0.2:80
-A NETAVARK-HOSTPORT-DNAT -p udp -m udp --dport 53 -m comment --comment "dnat name: podman id: e92da0e3e69b" -j NETAVARK-DN-1D8721804F16F
-A NETAVARK-HOSTPORT-DNAT -p tcp -m tcp --dport 8090 -m comment --comment "dnat name: podman id: e92da0e3e69b" -j NETAVARK-DN-1D8721804F16F
-A NETAVARK-HOSTPORT-MASQ -m comment --comment "netavark portfw masq mark" -m mark --mark 0x2000/0x2000 -j MASQUERADE
-A NETAVARK-HOSTPORT-SETMARK -j MARK --set-xmark 0x2000/0x2000
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:NETAVARK_FORWARD - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -m comment --comment "netavark firewall plugin rules" -j NETAVARK_FORWARD
-A NETAVARK_FORWARD -d 10.88.0.0/16 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A NETAVARK_FORWARD -s 10.88.0.0/16 -j ACCEPT
COMMIT
`,
        },
      },
    },
    setup: [['c1', dnsmasq('a.startswith("10.88.")')]],
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'udp', to: '10.88.0.2', port: 53 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8090 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 9090 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'Nothing is wrong with the rules: the query reaches the container, whose dnsmasq replies to its own network alone and ignores the client.',
      causes: [{ code: 'not-netfilter', words: ['10.88.0.2'] }],
      status: ['unanswered'],
    },
    mend: [['c1', `kill $(cat /tmp/bh-dnsmasq.pid); sleep .3; ${dnsmasq('True')}`]],
  },
]

/** Replies to whom the condition holds for, `a` being the address. */
function dnsmasq(condition: string): string {
  return `python3 -c 'import socket,os
open("/tmp/bh-dnsmasq.pid","w").write(str(os.getpid()))
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(("0.0.0.0",53))
while True:
  d,w=s.recvfrom(2000); a=w[0]
  if ${condition}: s.sendto(b"ok",w)' >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnu | grep -q :53 && break; sleep .1; done`
}
