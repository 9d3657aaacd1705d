/** Addresses that a director shares with its servers, and a bridge that has its own setting for iptables. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const HEALTHY = { words: 'Nothing is wrong.', causes: [], status: ['answered'] } as const
const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

/**
 * The director has the virtual address, hands what is for it to a real server, and is that server's default gateway. In
 * place of IPVS, which this kernel lacks, a mark hands it over: the reply is the same.
 */
function director(name: string, settings: Readonly<Record<string, string>>): Omit<Problem, 'seen' | 'truth' | 'mend'> {
  return {
    name,
    thread: {
      title: 'keepalived and ipvsadm DR loadbalancer on CentOS 8 Stream does not work as expected',
      address: 'https://github.com/acassen/keepalived/issues/1827',
    },
    backend: 'nft',
    hosts: {
      client: {
        addresses: { eth0: ['172.16.10.9/24'] },
        routes: ['default via 172.16.10.1'],
      },
      lb: {
        addresses: { enp1s0: ['172.16.10.1/24', '172.16.10.30/32'], enp4s0: ['10.0.0.1/24'] },
        routes: ['172.16.10.30/32 via 10.0.0.11 dev enp4s0 table 80'],
        sysctls: { ...FORWARDS, ...settings },
        listeners: [{ protocol: 'tcp', port: 22 }],
        rules: {
          nft: `table ip lvs {
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "enp1s0" ip daddr 172.16.10.30 tcp dport 80 meta mark set 1
  }
}
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    icmp type echo-request accept
    tcp dport 22 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "enp1s0" oifname "enp4s0" tcp dport 80 accept
    iifname "enp4s0" oifname "enp1s0" accept
  }
}
`,
        },
      },
      real1: {
        addresses: { eth0: ['10.0.0.11/24'], lo: ['172.16.10.30/32'] },
        routes: ['default via 10.0.0.1'],
        sysctls: { 'net.ipv4.conf.all.arp_ignore': '1', 'net.ipv4.conf.all.arp_announce': '2' },
        listeners: WEB,
      },
    },
    links: [
      ['client:eth0', 'lb:enp1s0'],
      ['lb:enp4s0', 'real1:eth0'],
    ],
    setup: [['lb', 'ip rule add pref 10 lookup local; ip rule add pref 5 fwmark 1 lookup 80; ip rule del pref 0']],
    traced: 'lb',
    fails: { from: 'client', what: 'tcp', to: '172.16.10.30', port: 80 },
    others: [
      { sending: { from: 'client', what: 'ping', to: '172.16.10.1' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.0.0.11', port: 80 }, seen: 'answered' },
      { sending: { from: 'real1', what: 'ping', to: '172.16.10.9' }, seen: 'answered' },
    ],
  }
}

/** dockerd's, of a host that publishes nothing. */
const DOCKER = `*nat
${NAT}:DOCKER - [0:0]
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
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
`

export const DIRECTORS_AND_BRIDGES: Problem[] = [
  {
    ...director('keepalived-director-takes-its-servers-replies-for-spoofed', {}),
    seen: 'nothing',
    truth: {
      words:
        'The reply comes in from the real server with the virtual address as its source, which the director has itself: without accept_local it is a martian source.',
      causes: [
        { code: 'vanished-martian', words: ['accept_local'] },
        { code: 'reply-dropped', words: ['accept_local'] },
        { code: 'kernel-drop', words: ['accept_local'] },
      ],
      status: ['reply-lost', 'unanswered', 'lost'],
    },
    mend: [
      [
        'lb',
        'sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.enp4s0.rp_filter=0 net.ipv4.conf.enp4s0.accept_local=1',
      ],
    ],
  },
  {
    ...director('healthy-director-forwards-replies-that-have-its-own-address', {
      'net.ipv4.conf.all.rp_filter': '0',
      'net.ipv4.conf.default.rp_filter': '0',
      'net.ipv4.conf.all.accept_local': '1',
    }),
    seen: 'answered',
    truth: HEALTHY,
    mend: [['lb', 'true']],
  },
  {
    name: 'healthy-real-server-redirects-an-address-that-it-has-not',
    thread: {
      title: 'Direct Routing and the ARP Limitation',
      address:
        'https://www.redhat.com/docs/manuals/enterprise/RHEL-5-manual/en-US/RHEL510/Virtual_Server_Administration/s3-lvs-dr-limitations-VSA.html',
    },
    backend: 'iptables-legacy',
    hosts: {
      // stands for the director, too: it sends the frame to the real server's link address
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['192.0.2.100/32 via 192.0.2.5'] },
      real1: {
        addresses: { eth0: ['192.0.2.5/24'] },
        listeners: [...WEB, { protocol: 'tcp', port: 22 }],
        rules: {
          v4: `*nat
${NAT}-A PREROUTING -d 192.0.2.100/32 -p tcp -m tcp --dport 80 -j REDIRECT
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:RH-Firewall-1-INPUT - [0:0]
-A INPUT -j RH-Firewall-1-INPUT
-A FORWARD -j RH-Firewall-1-INPUT
-A RH-Firewall-1-INPUT -i lo -j ACCEPT
-A RH-Firewall-1-INPUT -p icmp -m icmp --icmp-type any -j ACCEPT
-A RH-Firewall-1-INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A RH-Firewall-1-INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A RH-Firewall-1-INPUT -p tcp -m state --state NEW -m tcp --dport 80 -j ACCEPT
-A RH-Firewall-1-INPUT -j REJECT --reject-with icmp-host-prohibited
COMMIT
`,
        },
      },
    },
    links: [['client:eth0', 'real1:eth0']],
    traced: 'real1',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.100', port: 80 },
    seen: 'answered',
    others: [{ sending: { from: 'client', what: 'tcp', to: '192.0.2.5', port: 22 }, seen: 'answered' }],
    truth: HEALTHY,
    mend: [['real1', 'true']],
  },
  {
    name: 'bridge-itself-calls-iptables-though-the-sysctl-is-off',
    thread: {
      title: 'libnetwork should enable iptables only for the bridges that it manages',
      address: 'https://github.com/moby/libnetwork/issues/2497',
    },
    backend: 'iptables-legacy',
    hosts: {
      peer: { addresses: { eth0: ['192.0.2.9/24'] } },
      host: {
        bridges: { br0: ['eth0', 'vnet0'], br1: ['vnet1', 'vnet2'] },
        addresses: { br0: ['192.0.2.1/24'], br1: ['10.9.0.1/24'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: WEB,
        rules: { v4: DOCKER },
      },
      vm: { addresses: { eth0: ['192.0.2.20/24'] }, listeners: WEB },
      vm1: { addresses: { eth0: ['10.9.0.11/24'] }, listeners: WEB },
      vm2: { addresses: { eth0: ['10.9.0.12/24'] } },
    },
    links: [
      ['peer:eth0', 'host:eth0'],
      ['host:vnet0', 'vm:eth0'],
      ['host:vnet1', 'vm1:eth0'],
      ['host:vnet2', 'vm2:eth0'],
    ],
    traced: 'host',
    setup: [['host', 'ip link set br0 type bridge nf_call_iptables 1']],
    fails: { from: 'peer', what: 'tcp', to: '192.0.2.20', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'peer', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'vm2', what: 'tcp', to: '10.9.0.11', port: 80 }, seen: 'answered' },
      // routed between the bridges
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.20', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The bridge has nf_call_iptables of its own, so FORWARD judges its frames, whose policy is DROP since Docker is there; the sysctl for all bridges is off.',
      causes: [{ policy: 'filter FORWARD' }, { code: 'bridge-nf-call' }],
      status: ['dropped'],
    },
    mend: [['host', 'ip link set br0 type bridge nf_call_iptables 0']],
  },
]
