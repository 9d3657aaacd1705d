/** Guests of clouds, and hosts of containers within somebody's network. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'
const FILTER = ':INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n'
const MAC = 'fa:16:3e:6d:17:45'

export const CLOUD_GUESTS: Problem[] = [
  {
    name: 'neutron-forgets-the-first-address-pair',
    thread: {
      title: 'openstack neutron ports for calico',
      address: 'https://github.com/kubernetes-sigs/kubespray/issues/1359',
    },
    backend: 'iptables-legacy',
    hosts: {
      pod: { addresses: { eth0: ['10.233.64.5/32'] }, routes: ['169.254.1.1 dev eth0', 'default via 169.254.1.1'] },
      vm: {
        addresses: { eth0: ['10.0.0.5/24'], cali1: ['169.254.1.1/32'] },
        routes: ['10.233.64.5 dev cali1'],
        sysctls: FORWARDS,
      },
      compute: {
        bridges: { 'qbr5662a4e0-ef': ['tap5662a4e0-ef', 'qvb5662a4e0-ef'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '1' },
        rules: {
          v4: `*filter
${FILTER}:neutron-openvswi-FORWARD - [0:0]
:neutron-openvswi-i5662a4e0-e - [0:0]
:neutron-openvswi-o5662a4e0-e - [0:0]
:neutron-openvswi-s5662a4e0-e - [0:0]
:neutron-openvswi-sg-chain - [0:0]
:neutron-openvswi-sg-fallback - [0:0]
-A FORWARD -j neutron-openvswi-FORWARD
-A neutron-openvswi-FORWARD -m physdev --physdev-out tap5662a4e0-ef --physdev-is-bridged -j neutron-openvswi-sg-chain
-A neutron-openvswi-FORWARD -m physdev --physdev-in tap5662a4e0-ef --physdev-is-bridged -j neutron-openvswi-sg-chain
-A neutron-openvswi-i5662a4e0-e -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
-A neutron-openvswi-i5662a4e0-e -p icmp -j RETURN
-A neutron-openvswi-i5662a4e0-e -m conntrack --ctstate INVALID -j DROP
-A neutron-openvswi-i5662a4e0-e -j neutron-openvswi-sg-fallback
-A neutron-openvswi-o5662a4e0-e -s 0.0.0.0/32 -d 255.255.255.255/32 -p udp -m udp --sport 68 --dport 67 -j RETURN
-A neutron-openvswi-o5662a4e0-e -j neutron-openvswi-s5662a4e0-e
-A neutron-openvswi-o5662a4e0-e -p udp -m udp --sport 67 --dport 68 -j DROP
-A neutron-openvswi-o5662a4e0-e -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
-A neutron-openvswi-o5662a4e0-e -j RETURN
-A neutron-openvswi-o5662a4e0-e -m conntrack --ctstate INVALID -j DROP
-A neutron-openvswi-o5662a4e0-e -j neutron-openvswi-sg-fallback
-A neutron-openvswi-s5662a4e0-e -s 10.0.0.5/32 -m mac --mac-source ${MAC} -m comment --comment "Allow traffic from defined IP/MAC pairs." -j RETURN
-A neutron-openvswi-s5662a4e0-e -s 10.233.0.0/18 -m mac --mac-source ${MAC} -m comment --comment "Allow traffic from defined IP/MAC pairs." -j RETURN
-A neutron-openvswi-s5662a4e0-e -m comment --comment "Drop traffic without an IP/MAC allow rule." -j DROP
-A neutron-openvswi-sg-chain -m physdev --physdev-out tap5662a4e0-ef --physdev-is-bridged -j neutron-openvswi-i5662a4e0-e
-A neutron-openvswi-sg-chain -m physdev --physdev-in tap5662a4e0-ef --physdev-is-bridged -j neutron-openvswi-o5662a4e0-e
-A neutron-openvswi-sg-chain -j ACCEPT
-A neutron-openvswi-sg-fallback -m comment --comment "Default drop rule for unmatched traffic." -j DROP
COMMIT
`,
        },
      },
      far: { addresses: { eth0: ['10.0.0.9/24'] }, routes: ['10.233.64.0/18 via 10.0.0.5'], listeners: WEB },
    },
    links: [
      ['pod:eth0', 'vm:cali1'],
      ['vm:eth0', 'compute:tap5662a4e0-ef'],
      ['compute:qvb5662a4e0-ef', 'far:eth0'],
    ],
    traced: 'compute',
    setup: [['vm', `ip link set eth0 address ${MAC}`]],
    fails: { from: 'pod', what: 'tcp', to: '10.0.0.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'vm', what: 'tcp', to: '10.0.0.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'far', what: 'ping', to: '10.0.0.5' }, seen: 'answered' },
      { sending: { from: 'far', what: 'tcp', to: '10.0.0.5', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The second command replaced the port's allowed addresses, in place of adding to them: those of the pods are gone, and what the guest forwards for them is dropped as forged.",
      causes: [{ chain: 'filter neutron-openvswi-s5662a4e0-e' }],
      status: ['dropped'],
    },
    mend: [
      ['compute', `iptables -I neutron-openvswi-s5662a4e0-e 2 -s 10.233.64.0/18 -m mac --mac-source ${MAC} -j RETURN`],
    ],
  },
  {
    name: 'oracle-image-neither-forwards-nor-accepts',
    thread: {
      title: 'Cannot make it work in Oracle Cloud VM',
      address: 'https://github.com/angristan/wireguard-install/issues/213',
    },
    backend: 'iptables-legacy',
    hosts: {
      phone: { addresses: { wg0: ['10.66.66.2/24'] }, routes: ['default via 10.66.66.1'] },
      server: {
        addresses: { wg0: ['10.66.66.1/24'], ens3: ['10.0.0.2/24'] },
        sysctls: { 'net.ipv4.ip_forward': '0' },
        rules: {
          v4: `*nat
${NAT}-A POSTROUTING -o ens3 -j MASQUERADE
COMMIT
*filter
${FILTER}:InstanceServices - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p udp -m udp --sport 123 -j ACCEPT
-A INPUT -p tcp -m conntrack --ctstate NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -p udp -m udp --dport 54321 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A FORWARD -j REJECT --reject-with icmp-host-prohibited
-A FORWARD -i ens3 -o wg0 -j ACCEPT
-A FORWARD -i wg0 -j ACCEPT
-A OUTPUT -d 169.254.0.0/16 -j InstanceServices
-A InstanceServices -d 169.254.169.254/32 -p tcp -m tcp --dport 80 -j ACCEPT
-A InstanceServices -d 169.254.0.0/16 -p tcp -m tcp -j REJECT --reject-with tcp-reset
COMMIT
`,
        },
      },
      far: { addresses: { eth0: ['10.0.0.9/24'] }, listeners: WEB },
    },
    links: [
      ['phone:wg0', 'server:wg0'],
      ['server:ens3', 'far:eth0'],
    ],
    traced: 'server',
    fails: { from: 'phone', what: 'tcp', to: '10.0.0.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'ping', to: '10.66.66.1' }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '10.0.0.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "Forwarding is off; and once it is on, the image's REJECT in FORWARD stands before the rules that WireGuard's script has appended.",
      causes: [
        { code: 'vanished-forwarding-off', words: ['ip_forward'] },
        { rule: '-j REJECT --reject-with icmp-host-prohibited', chain: 'filter FORWARD' },
      ],
      status: ['lost'],
    },
    mend: [
      ['server', 'sysctl -qw net.ipv4.ip_forward=1'],
      ['server', 'iptables -D FORWARD -j REJECT --reject-with icmp-host-prohibited'],
    ],
  },
  {
    name: 'docker-network-is-the-clients-network',
    thread: {
      title: 'Docker Interface overlap with Local LAN',
      address: 'https://github.com/bitwarden/server/issues/947',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['172.28.5.9/16'] }, routes: ['default via 172.28.0.254'] },
      router: { addresses: { lan: ['172.28.0.254/16'], dmz: ['10.3.0.1/24'] }, sysctls: FORWARDS },
      host: {
        bridges: { 'br-828c78b615e2': ['veth1'] },
        addresses: { eth0: ['10.3.0.5/24'], 'br-828c78b615e2': ['172.28.0.1/16'] },
        routes: ['default via 10.3.0.1'],
        sysctls: { ...FORWARDS, 'net.ipv4.conf.all.rp_filter': '2' },
        rules: {
          v4: `*nat
${NAT}:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.28.0.0/16 ! -o br-828c78b615e2 -j MASQUERADE
-A DOCKER ! -i br-828c78b615e2 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.28.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o br-828c78b615e2 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o br-828c78b615e2 -j DOCKER
-A FORWARD -i br-828c78b615e2 ! -o br-828c78b615e2 -j ACCEPT
-A FORWARD -i br-828c78b615e2 -o br-828c78b615e2 -j ACCEPT
-A DOCKER -d 172.28.0.2/32 ! -i br-828c78b615e2 -o br-828c78b615e2 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
`,
        },
      },
      c1: { addresses: { eth0: ['172.28.0.2/16'] }, routes: ['default via 172.28.0.1'], listeners: WEB },
    },
    links: [
      ['client:eth0', 'router:lan'],
      ['router:dmz', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
    ],
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: '10.3.0.5', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'router', what: 'tcp', to: '10.3.0.5', port: 8080 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '172.28.0.2', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "Docker gave its network the addresses of the clients' own: to the container the client is a neighbour on its bridge, and nobody there answers for it.",
      causes: [
        { code: 'wrong-way-out', words: ['172.28.5.9', 'br-828c78b615e2'] },
        { code: 'neighbour-failed', words: ['172.28.5.9'] },
        { code: 'not-netfilter', words: ['172.28.5.9', 'br-828c78b615e2'] },
        { code: 'reply-dropped', words: ['172.28.5.9', 'br-828c78b615e2'] },
        { code: 'reply-by-other-uplink', words: ['172.28.5.9', 'br-828c78b615e2'] },
      ],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [
      [
        'host',
        'ip address flush dev br-828c78b615e2; ip address add 172.30.0.1/16 dev br-828c78b615e2; iptables -t nat -R DOCKER 1 ! -i br-828c78b615e2 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.30.0.2:80; iptables -R DOCKER 1 -d 172.30.0.2 ! -i br-828c78b615e2 -o br-828c78b615e2 -p tcp -m tcp --dport 80 -j ACCEPT',
      ],
      ['c1', 'ip address flush dev eth0; ip address add 172.30.0.2/16 dev eth0; ip route add default via 172.30.0.1'],
    ],
  },
]
