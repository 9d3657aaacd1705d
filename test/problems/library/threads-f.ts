/** What is asked again and again: orders of rules, ports of a service and of its pods, requests that take another way than their replies. */
import { bridged, clientAndServer, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

export const THREADS_F: Problem[] = [
  {
    name: 'blocklist-in-raw-asks-for-established',
    thread: { title: 'use ipset in RAW table', address: 'https://github.com/trick77/nftables-blacklist/issues/44' },
    backend: 'nft',
    hosts: {
      far: {
        addresses: { eth0: ['192.0.2.2/24', '2001:db8:1::2/64'] },
        listeners: [
          { protocol: 'tcp', address: '192.0.2.2', port: 443 },
          { protocol: 'tcp', address: '2001:db8:1::2', port: 443 },
        ],
      },
      server: {
        addresses: { eth0: ['192.0.2.1/24', '2001:db8:1::1/64'] },
        listeners: [{ protocol: 'tcp', address: '192.0.2.1', port: 22 }],
        rules: {
          nft: `table inet blackhole {
  set blacklist_v4 {
    type ipv4_addr
    flags interval
    auto-merge
    elements = { 192.0.2.0/28, 198.51.100.0/24 }
  }
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    iif "lo" accept
    ct state established,related accept
    ip saddr @blacklist_v4 counter drop
  }
}
`,
        },
      },
    },
    links: [['far:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'server', what: 'tcp', to: '192.0.2.2', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'server', what: 'tcp', to: '2001:db8:1::2', port: 443 }, seen: 'answered' },
      { sending: { from: 'far', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'At priority raw connection tracking has not seen the packet yet: no reply is established there, and the list drops the SYN-ACK of what the server itself has asked.',
      causes: [
        { rule: 'ct state established,related accept', chain: 'inet blackhole prerouting' },
        { rule: 'ip saddr @blacklist_v4', chain: 'inet blackhole prerouting' },
      ],
      status: ['reply-lost'],
    },
    mend: [
      [
        'server',
        'nft flush chain inet blackhole prerouting; nft "add chain inet blackhole late { type filter hook prerouting priority mangle; }"; nft add rule inet blackhole late ct state established,related accept; nft add rule inet blackhole late ip saddr @blacklist_v4 counter drop',
      ],
    ],
  },
  {
    name: 'postgres-of-the-host-listens-for-localhost',
    thread: {
      title: 'PostgreSQL connection refused: pg_hba, listen_addresses, and TCP diagnosis',
      address: 'https://www.netdata.cloud/guides/postgres/postgres-connection-refused/',
    },
    backend: 'nft',
    ...bridged('docker0', '172.17.0.1/16', {
      listeners: [
        { protocol: 'tcp', address: '127.0.0.1', port: 5432 },
        { protocol: 'tcp', address: '0.0.0.0', port: 22 },
      ],
      rules: {
        nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif "lo" accept
    meta l4proto { icmp, ipv6-icmp } accept
    iifname "docker0" tcp dport 5432 accept
    tcp dport 22 accept
  }
}
`,
      },
    }),
    fails: { from: 'c1', what: 'tcp', to: '172.17.0.1', port: 5432 },
    seen: 'refused',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '127.0.0.1', port: 5432 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '172.17.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 5432 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The rule lets the container in; the database listens on 127.0.0.1 alone, and the container asks the bridge's address.",
      causes: [
        { code: 'closed-port', words: ['127.0.0.1'] },
        { code: 'refused-here', words: ['127.0.0.1'] },
      ],
      status: ['refused'],
    },
    mend: [
      [
        'host',
        'setsid socat TCP4-LISTEN:5432,bind=172.17.0.1,fork,reuseaddr EXEC:cat >/dev/null 2>&1 </dev/null & for i in $(seq 50); do ss -4Hltn src 172.17.0.1:5432 | grep -q . && exit 0; sleep 0.1; done; exit 1',
      ],
    ],
  },
  {
    name: 'hestia-whitelist-behind-the-bans',
    thread: {
      title: '[FEATURE] Tell Fail2ban to insert its rules in second place.',
      address: 'https://github.com/hestiacp/hestiacp/issues/1822',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [
        { protocol: 'tcp', address: '192.0.2.1', port: 8083 },
        { protocol: 'tcp', address: '2001:db8:1::1', port: 8083 },
      ],
      rules: {
        ipset: `create whitelist hash:net
add whitelist 192.0.2.0/29
`,
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:fail2ban-HESTIA - [0:0]
:fail2ban-RECIDIVE - [0:0]
-A INPUT -p tcp -m tcp --dport 8083 -j fail2ban-HESTIA
-A INPUT -p tcp -m multiport --dports 1:65535 -j fail2ban-RECIDIVE
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -m set --match-set whitelist src -j ACCEPT
-A INPUT -p tcp -m multiport --dports 80,443,8083 -j ACCEPT
-A fail2ban-HESTIA -s 198.51.100.7/32 -j REJECT --reject-with icmp-port-unreachable
-A fail2ban-HESTIA -j RETURN
-A fail2ban-RECIDIVE -s 203.0.113.50/32 -j REJECT --reject-with icmp-port-unreachable
-A fail2ban-RECIDIVE -s 192.0.2.2/32 -j REJECT --reject-with icmp-port-unreachable
-A fail2ban-RECIDIVE -j RETURN
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8083 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 8083 }, seen: 'answered' },
    ],
    truth: {
      words: "fail2ban's chains come first: the address is banned there before the rule for the whitelist is asked.",
      causes: [{ rule: '-s 192.0.2.2/32 -j REJECT', chain: 'filter fail2ban-RECIDIVE' }],
      status: ['rejected'],
    },
    mend: [['server', 'iptables -I INPUT 1 -m set --match-set whitelist src -j ACCEPT']],
  },
  {
    name: 'calico-egress-policy-names-the-port-of-the-service',
    thread: {
      title: 'networkpolicy wrongly blocks port if target port and svc port differ',
      address: 'https://github.com/projectcalico/calico/issues/8049',
    },
    backend: 'iptables-nft',
    hosts: {
      backend: { addresses: { eth0: ['10.244.1.2/29'] }, routes: ['default via 10.244.1.1'] },
      node: {
        addresses: { calib0: ['10.244.1.1/29'], calid1: ['10.244.1.9/29'] },
        sysctls: FORWARDS,
        rules: {
          ipset: `create cali40s:db1 hash:net
add cali40s:db1 10.244.1.10
`,
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-DB1 - [0:0]
:KUBE-SEP-DB1 - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A KUBE-SERVICES -d 10.96.0.20/32 -p tcp -m comment --comment "default/db1 cluster IP" -m tcp --dport 80 -j KUBE-SVC-DB1
-A KUBE-SVC-DB1 -m comment --comment "default/db1 -> 10.244.1.10:8080" -j KUBE-SEP-DB1
-A KUBE-SEP-DB1 -p tcp -m comment --comment "default/db1" -m tcp -j DNAT --to-destination 10.244.1.10:8080
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:cali-FORWARD - [0:0]
:cali-from-wl-dispatch - [0:0]
:cali-fw-calib0 - [0:0]
:cali-po-np-backend - [0:0]
-A FORWARD -j cali-FORWARD
-A cali-FORWARD -j MARK --set-xmark 0x0/0x10000
-A cali-FORWARD -i cali+ -j cali-from-wl-dispatch
-A cali-FORWARD -m comment --comment "Policy explicitly accepted packet." -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-from-wl-dispatch -i calib0 -g cali-fw-calib0
-A cali-fw-calib0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-fw-calib0 -m conntrack --ctstate INVALID -j DROP
-A cali-fw-calib0 -m comment --comment "Policy np-backend egress" -j cali-po-np-backend
-A cali-fw-calib0 -m comment --comment "Return if policy accepted" -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-fw-calib0 -m comment --comment "Drop if no policies passed packet" -j DROP
-A cali-po-np-backend -p tcp -m set --match-set cali40s:db1 dst -m multiport --dports 80 -j MARK --set-xmark 0x10000/0x10000
COMMIT
`,
        },
      },
      db1: {
        addresses: { eth0: ['10.244.1.10/29'] },
        routes: ['default via 10.244.1.9'],
        listeners: [{ protocol: 'tcp', address: '10.244.1.10', port: 8080 }],
      },
    },
    links: [
      ['backend:eth0', 'node:calib0'],
      ['node:calid1', 'db1:eth0'],
    ],
    traced: 'node',
    fails: { from: 'backend', what: 'tcp', to: '10.96.0.20', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node', what: 'tcp', to: '10.244.1.10', port: 8080 }, seen: 'answered' },
      { sending: { from: 'backend', what: 'ping', to: '10.244.1.1' }, seen: 'answered' },
      { sending: { from: 'backend', what: 'ping', to: '10.244.1.10' }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The policy is asked after the service's DNAT: it allows port 80, the port of the service, and the packet is for the pod's port 8080.",
      causes: [
        { rule: '--dports 80', chain: 'filter cali-po-np-backend' },
        { rule: '-j DROP', chain: 'filter cali-fw-calib0' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'node',
        'iptables -A cali-po-np-backend -p tcp -m set --match-set cali40s:db1 dst -m multiport --dports 8080 -j MARK --set-xmark 0x10000/0x10000',
      ],
    ],
  },
]
