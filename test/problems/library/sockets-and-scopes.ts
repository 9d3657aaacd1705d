/** Whose packet it is, from threads: a sidecar's own reply, a tethered machine's in the tunnel, a pod's to itself, one from an address of the link. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { transparent } from './nft-translated.ts'
import { FILTER, MANGLE, NAT, RAW, saved } from './services-astray.ts'
import { told } from './threads-a.ts'

const HTTPS = { protocol: 'tcp', port: 443 } as const
const DNS = { protocol: 'udp', port: 53 } as const

export const SOCKETS_AND_SCOPES: Problem[] = [
  {
    name: 'istio-tproxy-takes-replies-to-the-sidecar-itself',
    thread: {
      title: 'panic in istio-init with GKE+COS and interceptionMode: TPROXY',
      address: 'https://github.com/istio/istio/issues/22500',
    },
    backend: 'iptables-legacy',
    hosts: {
      pilot: {
        addresses: { eth0: ['10.8.0.1/24'] },
        listeners: [
          { protocol: 'tcp', port: 15012 },
          { protocol: 'tcp', port: 9000 },
        ],
      },
      pod: {
        addresses: { eth0: ['10.8.0.7/24'] },
        routes: ['default via 10.8.0.1'],
        rules: {
          v4: `${saved(
            'mangle',
            MANGLE,
            'ISTIO_DIVERT ISTIO_INBOUND ISTIO_TPROXY',
            // where the kernel has no xt_socket, the rule with -m socket is left out
            `-A PREROUTING -p tcp -j ISTIO_INBOUND
-A ISTIO_DIVERT -j MARK --set-xmark 0x539/0xffffffff
-A ISTIO_DIVERT -j ACCEPT
-A ISTIO_INBOUND -p tcp -m tcp --dport 22 -j RETURN
-A ISTIO_INBOUND -p tcp -m tcp --dport 15090 -j RETURN
-A ISTIO_INBOUND -p tcp -m tcp --dport 15021 -j RETURN
-A ISTIO_INBOUND -p tcp -m tcp --dport 15020 -j RETURN
-A ISTIO_INBOUND -p tcp -j ISTIO_TPROXY
-A ISTIO_TPROXY ! -d 127.0.0.1/32 -p tcp -j TPROXY --on-port 15006 --on-ip 0.0.0.0 --tproxy-mark 0x539/0xffffffff
`,
          )}${saved(
            'nat',
            NAT,
            'ISTIO_INBOUND ISTIO_IN_REDIRECT ISTIO_OUTPUT ISTIO_REDIRECT',
            // what the sidecar asks is told by its port in place of its user
            `-A OUTPUT -p tcp -j ISTIO_OUTPUT
-A ISTIO_INBOUND -p tcp -m tcp --dport 15008 -j RETURN
-A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports 15006
-A ISTIO_OUTPUT -s 127.0.0.6/32 -o lo -j RETURN
-A ISTIO_OUTPUT -p tcp -m tcp --dport 15012 -j RETURN
-A ISTIO_OUTPUT -m owner --uid-owner 1337 -j RETURN
-A ISTIO_OUTPUT ! -d 127.0.0.1/32 -o lo -m owner --gid-owner 1337 -j ISTIO_IN_REDIRECT
-A ISTIO_OUTPUT -o lo -m owner ! --gid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -m owner --gid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -d 127.0.0.1/32 -j RETURN
-A ISTIO_OUTPUT -j ISTIO_REDIRECT
-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001
`,
          )}`,
        },
        listeners: [{ protocol: 'tcp', port: 15021 }],
      },
      client: { addresses: { eth0: ['10.8.1.9/24'] }, routes: ['default via 10.8.1.1'] },
    },
    links: [
      ['pilot:eth0', 'pod:eth0'],
      ['client:eth0', 'pilot:eth1'],
    ],
    traced: 'pod',
    setup: [
      ['pilot', 'ip address add 10.8.1.1/24 dev eth1; sysctl -qw net.ipv4.ip_forward=1'],
      ['pod', 'ip rule add fwmark 0x539 lookup 133; ip route add local default dev lo table 133'],
      ['pod', transparent(15006)],
    ],
    fails: { from: 'pod', what: 'tcp', to: '10.8.0.1', port: 15012 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.8.0.7', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.8.0.7', port: 15021 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'ping', to: '10.8.0.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rule that lets packets of sockets of the pod pass is missing in front of TPROXY: the reply to what the sidecar itself has asked comes to TPROXY, which finds that connection's own socket; it is not transparent, so the packet is dropped.",
      causes: [
        { rule: '-j TPROXY --on-port 15006', chain: 'mangle ISTIO_TPROXY' },
        { rule: '-j ISTIO_TPROXY', chain: 'mangle ISTIO_INBOUND' },
      ],
      status: ['reply-lost'],
    },
    mend: [['pod', 'iptables -t mangle -I ISTIO_INBOUND 5 -p tcp -m socket -j ISTIO_DIVERT']],
  },
  {
    name: 'android-tethers-to-its-uplink-and-not-to-its-vpn',
    thread: {
      title: 'Per device VPN sharing',
      address: 'https://github.com/Mygod/VPNHotspot/issues/463',
    },
    backend: 'iptables-legacy',
    hosts: {
      tablet: { addresses: { eth0: ['192.168.184.130/24'] }, routes: ['default via 192.168.184.1'] },
      laptop: { addresses: { eth0: ['192.168.184.20/24'] }, routes: ['default via 192.168.184.1'] },
      phone: {
        bridges: { rndis0: ['usb1', 'usb2'] },
        addresses: { rndis0: ['192.168.184.1/24'], wlan0: ['192.0.2.50/24'], tun0: ['10.111.0.2/24'] },
        routes: ['default via 192.0.2.1'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [DNS],
        rules: {
          v4: `${saved('raw', RAW, 'bw_raw_PREROUTING idletimer_raw_PREROUTING tetherctrl_raw_PREROUTING', '-A PREROUTING -j bw_raw_PREROUTING\n-A PREROUTING -j idletimer_raw_PREROUTING\n-A PREROUTING -j tetherctrl_raw_PREROUTING\n')}${saved(
            'mangle',
            MANGLE,
            'bw_mangle_POSTROUTING idletimer_mangle_POSTROUTING oem_mangle_post routectrl_mangle_INPUT tetherctrl_mangle_FORWARD wakeupctrl_mangle_INPUT',
            `-A INPUT -j wakeupctrl_mangle_INPUT
-A INPUT -j routectrl_mangle_INPUT
-A FORWARD -j tetherctrl_mangle_FORWARD
-A POSTROUTING -j oem_mangle_post
-A POSTROUTING -j bw_mangle_POSTROUTING
-A POSTROUTING -j idletimer_mangle_POSTROUTING
-A routectrl_mangle_INPUT -i wlan0 -j MARK --set-xmark 0x30064/0xffefffff
-A routectrl_mangle_INPUT -i tun0 -j MARK --set-xmark 0x10066/0xffefffff
-A tetherctrl_mangle_FORWARD -p tcp -m tcp --tcp-flags SYN SYN -j TCPMSS --clamp-mss-to-pmtu
`,
          )}${saved(
            'nat',
            NAT,
            'oem_nat_pre tetherctrl_nat_POSTROUTING',
            `-A PREROUTING -j oem_nat_pre
-A POSTROUTING -j tetherctrl_nat_POSTROUTING
-A tetherctrl_nat_POSTROUTING -o wlan0 -j MASQUERADE
`,
          )}${saved(
            'filter',
            FILTER,
            `bw_FORWARD bw_INPUT bw_OUTPUT bw_costly_shared bw_data_saver bw_global_alert bw_happy_box bw_penalty_box fw_FORWARD
fw_INPUT fw_OUTPUT oem_fwd oem_out st_OUTPUT st_penalty_log st_penalty_reject tetherctrl_FORWARD tetherctrl_counters`,
            `-A INPUT -j bw_INPUT
-A INPUT -j fw_INPUT
-A FORWARD -j oem_fwd
-A FORWARD -j fw_FORWARD
-A FORWARD -j bw_FORWARD
-A FORWARD -j tetherctrl_FORWARD
-A OUTPUT -j oem_out
-A OUTPUT -j fw_OUTPUT
-A OUTPUT -j st_OUTPUT
-A OUTPUT -j bw_OUTPUT
-A bw_INPUT -j bw_global_alert
-A bw_OUTPUT -j bw_global_alert
-A bw_costly_shared -j bw_penalty_box
-A bw_data_saver -j RETURN
-A bw_happy_box -j bw_data_saver
-A bw_penalty_box -j bw_happy_box
-A st_penalty_reject -j REJECT --reject-with icmp-port-unreachable
-A tetherctrl_FORWARD -i wlan0 -o rndis0 -m state --state RELATED,ESTABLISHED -g tetherctrl_counters
-A tetherctrl_FORWARD -i rndis0 -o wlan0 -m state --state INVALID -j DROP
-A tetherctrl_FORWARD -i rndis0 -o wlan0 -g tetherctrl_counters
-A tetherctrl_FORWARD -j DROP
-A tetherctrl_counters -i rndis0 -o wlan0 -j RETURN
-A tetherctrl_counters -i wlan0 -o rndis0 -j RETURN
`,
          )}`,
        },
      },
      ap: { addresses: { eth0: ['192.0.2.1/24'], lo: ['203.0.113.7/32'] }, listeners: [HTTPS] },
      vpn: { addresses: { eth0: ['10.111.0.1/24'], lo: ['198.51.100.7/32'] }, listeners: [HTTPS] },
    },
    links: [
      ['tablet:eth0', 'phone:usb1'],
      ['laptop:eth0', 'phone:usb2'],
      ['phone:wlan0', 'ap:eth0'],
      ['phone:tun0', 'vpn:eth0'],
    ],
    traced: 'phone',
    setup: [
      [
        'phone',
        'ip route add default via 10.111.0.1 dev tun0 table 1042; ip route add default via 192.0.2.1 dev wlan0 table 1021; ip rule add pref 17900 from 192.168.184.128/25 lookup 1042; ip rule add pref 18000 iif rndis0 lookup 1021; ip rule add pref 17000 to 192.168.184.0/24 lookup main',
      ],
    ],
    fails: { from: 'tablet', what: 'tcp', to: '198.51.100.7', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'laptop', what: 'tcp', to: '203.0.113.7', port: 443 }, seen: 'answered' },
      { sending: { from: 'tablet', what: 'udp', to: '192.168.184.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '203.0.113.7', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'A routing rule sends the tablet into the tunnel, and Android forwards what is tethered to wlan0 alone: the last rule drops it. And it masquerades for wlan0 alone, so the reply would find no way back.',
      causes: [
        { rule: '-j DROP', chain: 'filter tetherctrl_FORWARD' },
        { rule: '-o wlan0 -j MASQUERADE', chain: 'nat tetherctrl_nat_POSTROUTING' },
      ],
      status: ['dropped'],
      alsoTrue: ['several-causes'],
    },
    mend: [
      [
        'phone',
        'iptables -I tetherctrl_FORWARD -i rndis0 -o tun0 -g tetherctrl_counters; iptables -I tetherctrl_FORWARD -i rndis0 -o tun0 -m state --state INVALID -j DROP; iptables -I tetherctrl_FORWARD -i tun0 -o rndis0 -m state --state RELATED,ESTABLISHED -g tetherctrl_counters; iptables -t nat -A tetherctrl_nat_POSTROUTING -o tun0 -j MASQUERADE',
      ],
    ],
  },
  {
    name: 'kube-router-wipes-the-mark-of-the-host-port',
    thread: {
      title: 'fix(network_policy): mask mark reset on FW marks',
      address: 'https://github.com/cloudnativelabs/kube-router/pull/992',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['10.10.2.0/24 via 192.0.2.1'] },
      node: {
        bridges: { 'kube-bridge': ['veth1', 'veth2'] },
        addresses: { eth0: ['192.0.2.1/24'], 'kube-bridge': ['10.10.2.1/24'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '1' },
        rules: {
          ipset: `create kube-router-pod-subnets hash:net
add kube-router-pod-subnets 10.10.0.0/16
create kube-router-node-ips hash:ip
add kube-router-node-ips 192.0.2.1
create KUBE-DST-PHV4XTPZ7JZKN3GH hash:ip
add KUBE-DST-PHV4XTPZ7JZKN3GH 10.10.2.102
`,
          v4: `${saved(
            'nat',
            NAT,
            'CNI-DN-8d52f1a9e7b3c64012af5 CNI-HOSTPORT-DNAT CNI-HOSTPORT-MASQ CNI-HOSTPORT-SETMARK',
            `-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ
-A POSTROUTING -m set --match-set kube-router-pod-subnets src -m set ! --match-set kube-router-pod-subnets dst -m set ! --match-set kube-router-node-ips dst -j MASQUERADE
-A CNI-DN-8d52f1a9e7b3c64012af5 -s 10.10.2.0/24 -p tcp -m tcp --dport 9090 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-8d52f1a9e7b3c64012af5 -s 127.0.0.1/32 -p tcp -m tcp --dport 9090 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-8d52f1a9e7b3c64012af5 -p tcp -m tcp --dport 9090 -j DNAT --to-destination 10.10.2.102:9090
-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: kubernetes id: 4b8e2d70" -m multiport --dports 9090 -j CNI-DN-8d52f1a9e7b3c64012af5
-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE
-A CNI-HOSTPORT-SETMARK -m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark 0x2000/0x2000
`,
          )}${saved(
            'filter',
            FILTER,
            `KUBE-NWPLCY-H3VRQZ5XW2OJ6T4A KUBE-POD-FW-7NUBK5YQPLZ3QSMD KUBE-ROUTER-FORWARD KUBE-ROUTER-INPUT KUBE-ROUTER-OUTPUT
KUBE-ROUTER-SERVICES`,
            `-A INPUT -m comment --comment "kube-router netpol - 4IA2OSFRMVNDXBVV" -j KUBE-ROUTER-INPUT
-A INPUT -m comment --comment "handle traffic to IPVS service IPs in custom chain" -j KUBE-ROUTER-SERVICES
-A FORWARD -m comment --comment "kube-router netpol - TEMCG2JMVZWTQHBT" -j KUBE-ROUTER-FORWARD
-A FORWARD -i kube-bridge -m comment --comment "allow outbound traffic from pods" -j ACCEPT
-A FORWARD -o kube-bridge -m comment --comment "allow inbound traffic to pods" -j ACCEPT
-A FORWARD -o eth0 -m comment --comment "allow outbound node port traffic on node interface with which node ip is associated" -j ACCEPT
-A OUTPUT -m comment --comment "kube-router netpol - VEAAIY32XVBHCSCY" -j KUBE-ROUTER-OUTPUT
-A KUBE-NWPLCY-H3VRQZ5XW2OJ6T4A -p tcp -m comment --comment "rule to ACCEPT traffic from all sources to dest pods selected by policy name: web namespace default" -m set --match-set KUBE-DST-PHV4XTPZ7JZKN3GH dst -m tcp --dport 9090 -j MARK --set-xmark 0x10000/0x10000
-A KUBE-NWPLCY-H3VRQZ5XW2OJ6T4A -p tcp -m comment --comment "rule to ACCEPT traffic from all sources to dest pods selected by policy name: web namespace default" -m set --match-set KUBE-DST-PHV4XTPZ7JZKN3GH dst -m tcp --dport 9090 -m mark --mark 0x10000/0x10000 -j RETURN
-A KUBE-POD-FW-7NUBK5YQPLZ3QSMD -m comment --comment "rule for stateful firewall for pod" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A KUBE-POD-FW-7NUBK5YQPLZ3QSMD -d 10.10.2.102/32 -m comment --comment "rule to permit the traffic traffic to pods when source is the pod's local node" -m addrtype --src-type LOCAL -j ACCEPT
-A KUBE-POD-FW-7NUBK5YQPLZ3QSMD -d 10.10.2.102/32 -m comment --comment "run through nw policy web" -j KUBE-NWPLCY-H3VRQZ5XW2OJ6T4A
-A KUBE-POD-FW-7NUBK5YQPLZ3QSMD -m comment --comment "rule to REJECT traffic destined for POD name:web namespace: default" -m mark ! --mark 0x10000/0x10000 -j REJECT --reject-with icmp-port-unreachable
-A KUBE-POD-FW-7NUBK5YQPLZ3QSMD -m comment --comment "reset mark to let traffic pass through rest of the chains" -j MARK --set-xmark 0x0/0xffffffff
-A KUBE-ROUTER-FORWARD -d 10.10.2.102/32 -m comment --comment "rule to jump traffic destined to POD name:web namespace: default to chain KUBE-POD-FW-7NUBK5YQPLZ3QSMD" -j KUBE-POD-FW-7NUBK5YQPLZ3QSMD
-A KUBE-ROUTER-FORWARD -d 10.10.2.102/32 -m physdev --physdev-is-bridged -m comment --comment "rule to jump traffic destined to POD name:web namespace: default to chain KUBE-POD-FW-7NUBK5YQPLZ3QSMD" -j KUBE-POD-FW-7NUBK5YQPLZ3QSMD
-A KUBE-ROUTER-INPUT -m comment --comment "allow traffic to cluster IP" -d 10.96.0.0/12 -j RETURN
-A KUBE-ROUTER-INPUT -p tcp -m comment --comment "allow LOCAL TCP traffic to node ports" -m addrtype --dst-type LOCAL -m multiport --dports 30000:32767 -j RETURN
-A KUBE-ROUTER-OUTPUT -d 10.10.2.102/32 -m comment --comment "rule to jump traffic destined to POD name:web namespace: default to chain KUBE-POD-FW-7NUBK5YQPLZ3QSMD" -j KUBE-POD-FW-7NUBK5YQPLZ3QSMD
`,
          )}`,
        },
      },
      web: {
        addresses: { eth0: ['10.10.2.102/24'] },
        routes: ['default via 10.10.2.1'],
        listeners: [{ protocol: 'tcp', port: 9090 }],
      },
      other: { addresses: { eth0: ['10.10.2.7/24'] }, routes: ['default via 10.10.2.1'] },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:veth1', 'web:eth0'],
      ['node:veth2', 'other:eth0'],
    ],
    traced: 'node',
    setup: [['node', 'bridge link set dev veth1 hairpin on; bridge link set dev veth2 hairpin on']],
    fails: { from: 'web', what: 'tcp', to: '192.0.2.1', port: 9090 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 9090 }, seen: 'answered' },
      { sending: { from: 'other', what: 'tcp', to: '192.0.2.1', port: 9090 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.10.2.102', port: 9090 }, seen: 'answered' },
      { sending: { from: 'web', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The pod's firewall chain resets the whole mark and not its own bit alone: the mark of the host port is gone with it, nothing masquerades, and the pod that asks its own host port gets its packet back with its own source.",
      causes: [
        { rule: '--set-xmark 0x0/0xffffffff', chain: 'filter KUBE-POD-FW-7NUBK5YQPLZ3QSMD' },
        { code: 'mark-missing', words: ['0x2000'] },
      ],
      status: ['unanswered', 'lost'],
      alsoTrue: ['not-masqueraded', 'vanished-martian'],
    },
    mend: [['node', 'iptables -R KUBE-POD-FW-7NUBK5YQPLZ3QSMD 5 -j MARK --set-xmark 0x0/0x10000']],
  },
  {
    name: 'netavark-forwards-nothing-from-an-address-of-the-link',
    thread: {
      title: 'IPv6 port forwards do not work for link local IP addresses (from external host on same network)',
      address: 'https://github.com/containers/netavark/issues/745',
    },
    backend: 'iptables-nft',
    hosts: {
      client: {
        addresses: { eth0: ['fe80::9/64', '2001:db8:1::9/64'] },
        routes: ['fd8a:e26d:2709:9821::/64 via 2001:db8:1::1'],
      },
      host: {
        bridges: { podman1: ['veth0'] },
        addresses: { eth0: ['fe80::1/64', '2001:db8:1::1/64'], podman1: ['fd8a:e26d:2709:9821::1/64'] },
        sysctls: FORWARDS,
        // a proxy for the same service, which the rules go past
        listeners: [{ protocol: 'tcp', address: '::', port: 8080 }],
        rules: {
          v6: `${saved(
            'nat',
            NAT,
            'NETAVARK-44A471C841C13 NETAVARK-DN-44A471C841C13 NETAVARK-HOSTPORT-DNAT NETAVARK-HOSTPORT-MASQ NETAVARK-HOSTPORT-SETMARK',
            `-A PREROUTING -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT
-A OUTPUT -m addrtype --dst-type LOCAL -j NETAVARK-HOSTPORT-DNAT
-A POSTROUTING -j NETAVARK-HOSTPORT-MASQ
-A POSTROUTING -s fd8a:e26d:2709:9821::/64 -j NETAVARK-44A471C841C13
-A NETAVARK-44A471C841C13 -d fd8a:e26d:2709:9821::/64 -j ACCEPT
-A NETAVARK-44A471C841C13 ! -d ff00::/8 -j MASQUERADE
-A NETAVARK-DN-44A471C841C13 -s fd8a:e26d:2709:9821::/64 -p tcp -m tcp --dport 8080 -j NETAVARK-HOSTPORT-SETMARK
-A NETAVARK-DN-44A471C841C13 -s ::1/128 -p tcp -m tcp --dport 8080 -j NETAVARK-HOSTPORT-SETMARK
-A NETAVARK-DN-44A471C841C13 -p tcp -m tcp --dport 8080 -j DNAT --to-destination [fd8a:e26d:2709:9821::2]:80
-A NETAVARK-HOSTPORT-DNAT -p tcp -m tcp --dport 8080 -m comment --comment "dnat name: web id: 5f0c1e7a92" -j NETAVARK-DN-44A471C841C13
-A NETAVARK-HOSTPORT-MASQ -m comment --comment "netavark portfw masq mark" -m mark --mark 0x2000/0x2000 -j MASQUERADE
-A NETAVARK-HOSTPORT-SETMARK -j MARK --set-xmark 0x2000/0x2000
`,
          )}${saved(
            'filter',
            'INPUT FORWARD OUTPUT',
            'NETAVARK_FORWARD NETAVARK_INPUT NETAVARK_ISOLATION_2 NETAVARK_ISOLATION_3',
            `-A INPUT -m comment --comment "netavark firewall rules" -j NETAVARK_INPUT
-A FORWARD -m comment --comment "netavark firewall rules" -j NETAVARK_FORWARD
-A NETAVARK_FORWARD -m conntrack --ctstate INVALID -j DROP
-A NETAVARK_FORWARD -d fd8a:e26d:2709:9821::/64 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A NETAVARK_FORWARD -s fd8a:e26d:2709:9821::/64 -j ACCEPT
-A NETAVARK_INPUT -s fd8a:e26d:2709:9821::/64 -p udp -m udp --dport 53 -j ACCEPT
-A NETAVARK_ISOLATION_3 -o podman1 -j DROP
-A NETAVARK_ISOLATION_3 -j NETAVARK_ISOLATION_2
`,
          )}`,
        },
      },
      web: {
        addresses: { eth0: ['fd8a:e26d:2709:9821::2/64'] },
        routes: ['default via fd8a:e26d:2709:9821::1'],
        listeners: [{ protocol: 'tcp', address: '::', port: 80 }],
      },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth0', 'web:eth0'],
    ],
    traced: 'host',
    fails: { from: 'client', what: 'tcp', to: 'fe80::1%eth0', port: 8080 },
    seen: 'unreachable',
    looksAt: { protocol: 'tcp', dst: 'fe80::1' },
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '2001:db8:1::1' }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: 'fd8a:e26d:2709:9821::2', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Asked for its address of the link, the host is asked from such an address, too. Behind DNAT the packet would have to be forwarded, and the kernel forwards none whose source is link-local: it answers that this is beyond the scope of the address.',
      causes: told(['vanished-scope', 'kernel-drop', 'not-netfilter'], 'link-local', 'scope'),
      status: ['lost', 'refused', 'unanswered'],
    },
    mend: [['host', 'ip6tables -t nat -I NETAVARK-HOSTPORT-DNAT -s fe80::/10 -j RETURN']],
  },
]
