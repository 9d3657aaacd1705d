/** Guests and a shared link of desktops and home servers, beside the rules of Docker, ufw and NetworkManager. */
import { bridged, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { NAT, saved } from './services-astray.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const _WEB_AND_SSH = [...WEB, SSH]

const DOCKER = `${saved(
  'nat',
  NAT,
  'DOCKER',
  `-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
`,
)}${saved(
  'filter',
  'INPUT FORWARD=DROP OUTPUT',
  'DOCKER DOCKER-ISOLATION-STAGE-1 DOCKER-ISOLATION-STAGE-2 DOCKER-USER',
  `-A FORWARD -j DOCKER-USER
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
`,
)}`

/** As waydroid-net.sh makes it with nft. */
const WAYDROID = `table inet lxc {
  chain input {
    type filter hook input priority filter; policy accept;
    iifname "waydroid0" udp dport { 53, 67 } accept
    iifname "waydroid0" tcp dport { 53, 67 } accept
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "waydroid0" accept
    oifname "waydroid0" accept
  }
}
table ip lxc {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 192.168.240.0/24 ip daddr != 192.168.240.0/24 counter masquerade
  }
}
`

const UFW = saved(
  'filter',
  'INPUT=DROP FORWARD=DROP OUTPUT',
  `ufw-after-forward ufw-after-input ufw-after-logging-forward ufw-after-logging-input ufw-before-forward ufw-before-input
ufw-before-logging-input ufw-before-output ufw-not-local ufw-reject-input ufw-skip-to-policy-input ufw-track-input
ufw-track-output ufw-user-forward ufw-user-input ufw-user-output`,
  `-A INPUT -j ufw-before-logging-input
-A INPUT -j ufw-before-input
-A INPUT -j ufw-after-input
-A INPUT -j ufw-after-logging-input
-A INPUT -j ufw-reject-input
-A INPUT -j ufw-track-input
-A FORWARD -j ufw-before-forward
-A FORWARD -j ufw-after-forward
-A FORWARD -j ufw-after-logging-forward
-A OUTPUT -j ufw-before-output
-A OUTPUT -j ufw-track-output
-A ufw-after-input -p udp -m udp --dport 137 -j ufw-skip-to-policy-input
-A ufw-after-input -p udp -m udp --dport 138 -j ufw-skip-to-policy-input
-A ufw-after-input -p tcp -m tcp --dport 139 -j ufw-skip-to-policy-input
-A ufw-after-input -p tcp -m tcp --dport 445 -j ufw-skip-to-policy-input
-A ufw-after-input -p udp -m udp --dport 67 -j ufw-skip-to-policy-input
-A ufw-after-input -p udp -m udp --dport 68 -j ufw-skip-to-policy-input
-A ufw-after-input -m addrtype --dst-type BROADCAST -j ufw-skip-to-policy-input
-A ufw-after-logging-forward -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "
-A ufw-after-logging-input -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "
-A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-forward -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-forward -j ufw-user-forward
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-input -p udp -m udp --sport 67 --dport 68 -j ACCEPT
-A ufw-before-input -j ufw-not-local
-A ufw-before-input -d 224.0.0.251/32 -p udp -m udp --dport 5353 -j ACCEPT
-A ufw-before-input -j ufw-user-input
-A ufw-before-output -o lo -j ACCEPT
-A ufw-before-output -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-output -j ufw-user-output
-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
-A ufw-not-local -m addrtype --dst-type MULTICAST -j RETURN
-A ufw-not-local -m addrtype --dst-type BROADCAST -j RETURN
-A ufw-not-local -j DROP
-A ufw-skip-to-policy-input -j DROP
-A ufw-track-output -p tcp -m conntrack --ctstate NEW -j ACCEPT
-A ufw-track-output -p udp -m conntrack --ctstate NEW -j ACCEPT
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
`,
)

/** libvirt's backend of nft, since 10.4. */
const LIBVIRT = `table ip libvirt_network {
  chain forward {
    type filter hook forward priority filter; policy accept;
    counter jump guest_cross
    counter jump guest_input
    counter jump guest_output
  }
  chain guest_output {
    ip saddr 192.168.121.0/24 iifname "virbr1" counter accept
    iifname "virbr1" counter reject
  }
  chain guest_input {
    oifname "virbr1" ip daddr 192.168.121.0/24 ct state established,related counter accept
    oifname "virbr1" counter reject
  }
  chain guest_cross {
    iifname "virbr1" oifname "virbr1" counter accept
  }
  chain guest_nat {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 192.168.121.0/24 ip daddr 224.0.0.0/24 counter return
    ip saddr 192.168.121.0/24 ip daddr 255.255.255.255 counter return
    meta l4proto tcp ip saddr 192.168.121.0/24 ip daddr != 192.168.121.0/24 counter masquerade to :1024-65535
    meta l4proto udp ip saddr 192.168.121.0/24 ip daddr != 192.168.121.0/24 counter masquerade to :1024-65535
    ip saddr 192.168.121.0/24 ip daddr != 192.168.121.0/24 counter masquerade
  }
}
`

/** NetworkManager's of a shared link, and Docker's of the supervisor's network. */
const SHARED = `table ip nm-shared-wlp3s0 {
  chain nat_postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.42.0.0/24 ip daddr != 10.42.0.0/24 masquerade
  }
  chain filter_forward {
    type filter hook forward priority filter; policy accept;
    ip daddr 10.42.0.0/24 oifname "wlp3s0" ct state { established, related } accept
    ip saddr 10.42.0.0/24 iifname "wlp3s0" accept
    iifname "wlp3s0" oifname "wlp3s0" accept
    iifname "wlp3s0" reject
    oifname "wlp3s0" reject
  }
}
table ip filter {
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    counter jump DOCKER-USER
    oifname "hassio" ct state related,established counter accept
    oifname "hassio" counter jump DOCKER
    iifname "hassio" oifname != "hassio" counter accept
    iifname "hassio" oifname "hassio" counter accept
  }
  chain DOCKER-USER {
    counter return
  }
  chain DOCKER {
    iifname != "hassio" oifname "hassio" counter drop
  }
}
table ip nat {
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    oifname != "hassio" ip saddr 172.30.32.0/23 counter masquerade
  }
}
`

const shared = bridged('hassio', '172.30.32.1/23', {
  addresses: { wlp3s0: ['10.42.0.1/24'] },
  rules: { nft: SHARED },
})

export const GUESTS_ON_DESKTOPS: Problem[] = [
  {
    name: 'waydroid-accepts-in-its-own-table-and-docker-drops',
    thread: {
      title: 'Add sensible ntftables tables, chains and rules installing waydroid',
      address: 'https://github.com/waydroid/waydroid/issues/1250',
    },
    backend: 'iptables-nft',
    ...bridged(
      'waydroid0',
      '192.168.240.1/24',
      { bridges: {}, rules: { v4: DOCKER, nft: WAYDROID }, listeners: [SSH] },
      { listeners: [{ protocol: 'tcp', port: 5555 }] },
    ),
    fails: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.168.240.2', port: 5555 }, seen: 'nothing' },
      { sending: { from: 'host', what: 'tcp', to: '192.168.240.2', port: 5555 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.168.240.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "Waydroid's own table accepts what it forwards, but Docker has set the policy of FORWARD to DROP, and none of its rules is for waydroid0.",
      causes: [{ policy: 'filter FORWARD' }, { chain: 'filter DOCKER-USER' }],
      status: ['dropped'],
    },
    mend: [
      [
        'host',
        'iptables -I DOCKER-USER -i waydroid0 -j ACCEPT; iptables -I DOCKER-USER -o waydroid0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      ],
    ],
  },
  {
    name: 'libvirt-has-no-rules-for-what-guests-ask-the-host-and-ufw-drops-it',
    thread: {
      title: 'No networking with static IPs with libvirt > 10.3.0',
      address: 'https://github.com/vagrant-libvirt/vagrant-libvirt/issues/1839',
    },
    backend: 'iptables-nft',
    ...bridged('virbr1', '192.168.121.1/24', {
      rules: { v4: UFW, nft: LIBVIRT },
      listeners: [SSH, { protocol: 'udp', port: 53 }, { protocol: 'tcp', port: 631 }],
    }),
    fails: { from: 'c1', what: 'udp', to: '192.168.121.1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '192.168.121.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.168.121.1', port: 631 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 53 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "libvirt's table of nft has no rules for what comes to the host, and could not lift another table's drop: no rule of ufw is for DNS from virbr1, so that the policy of INPUT drops it.",
      causes: [{ policy: 'filter INPUT' }, { chain: 'filter ufw-user-input' }],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -A ufw-user-input -i virbr1 -p udp -m udp --dport 53 -j ACCEPT']],
  },
  {
    name: 'shared-link-rejects-what-a-container-asks-of-a-camera',
    thread: {
      title: 'add dnsmasq for NetworkManager shared network',
      address: 'https://github.com/home-assistant/operating-system/pull/3865',
    },
    backend: 'nft',
    ...shared,
    hosts: {
      ...shared.hosts,
      camera: {
        addresses: { eth0: ['10.42.0.20/24'] },
        routes: ['default via 10.42.0.1'],
        listeners: [{ protocol: 'tcp', port: 554 }],
      },
    },
    links: [...shared.links, ['host:wlp3s0', 'camera:eth0']],
    fails: { from: 'c1', what: 'tcp', to: '10.42.0.20', port: 554 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.42.0.20', port: 554 }, seen: 'refused' },
      { sending: { from: 'camera', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '172.30.32.2', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The table that NetworkManager has for the shared link rejects everything new to it, wherever it comes from: a container of the same host, too.',
      causes: [{ rule: 'oifname "wlp3s0" reject', chain: 'ip nm-shared-wlp3s0 filter_forward' }],
      status: ['rejected'],
    },
    mend: [['host', 'nft insert rule ip nm-shared-wlp3s0 filter_forward iifname hassio oifname wlp3s0 accept']],
  },
]
