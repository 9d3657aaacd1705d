/** VPNs, and programs that configure interfaces, share connections or open ports on request. */
import type { Owner } from './owner.ts'

export const NETWORKS: readonly Owner[] = [
  {
    name: 'tailscale',
    instead: 'use tailscale set --netfilter-mode, --snat-subnet-routes …, or the ACLs of the tailnet',
    lasting: 'use tailscale set or the ACLs',
    rewrites: false,
    when: 'when tailscaled restarts or its settings change',
    // util/linuxfw: the same chains in iptables and nft
    marks: [{ chains: /^ts-(input|forward|postrouting)$/ }],
  },
  // AddStatefulRule: no ACL of the tailnet changes what this rule drops
  {
    name: 'tailscale',
    instead: 'use tailscale set --stateful-filtering=false, so that new connections into the tailnet are forwarded',
    lasting: 'use --stateful-filtering=false',
    rewrites: false,
    when: 'when tailscaled restarts or its settings change',
    marks: [
      { rules: /^ts-forward (-o tailscale\S+ .*--ctstate \S+ -j DROP|oifname "tailscale\S+" ct state .* drop)$/ },
    ],
  },
  {
    name: 'wg-quick',
    instead: "change AllowedIPs, or set Table = off, in the interface's file in /etc/wireguard",
    lasting: 'change /etc/wireguard',
    rewrites: false,
    when: 'at wg-quick up',
    // src/wg-quick/linux.bash
    marks: [{ comments: /^wg-quick\(8\) rule for / }, { tables: /^ip6? wg-quick-/, whole: true }],
  },
  {
    name: 'netbird',
    instead: "change the access policy or the route in NetBird's management",
    lasting: 'change its policy or route',
    rewrites: false,
    when: 'at the next update of the network map, or netbird up',
    // client/firewall
    marks: [
      { chains: /^(NETBIRD|netbird)-/ },
      { tables: /^(inet|ip6?) netbird$/, whole: true },
      { rules: /^(INPUT|FORWARD) (-i wt0 -j DROP|iifname "wt0" drop)$/ },
    ],
  },
  {
    name: 'mullvad',
    instead: 'use mullvad lan set allow, mullvad lockdown-mode set off, or mullvad split-tunnel',
    lasting: 'use the mullvad command',
    rewrites: false,
    when: 'when the tunnel changes state',
    marks: [{ tables: /^(inet|ip6?) mullvad$/, whole: true }],
  },
  {
    name: 'openvpn-as',
    instead: "change the network settings or user permissions in Access Server's admin page, or with sacli",
    lasting: 'change its settings',
    rewrites: false,
    when: 'when Access Server restarts',
    marks: [{ chains: /^AS0_[A-Z0-9_]+$/ }],
  },
  {
    name: 'networkmanager',
    instead: 'change ipv4.method (shared) of the connection, or firewall-backend in NetworkManager.conf',
    lasting: 'change the connection',
    rewrites: false,
    when: 'when the connection is activated',
    // src/core/nm-firewall-utils.c
    marks: [
      { chains: /^nm-sh-(in|fw)-/, comments: /^nm-shared-/ },
      { tables: /^ip nm-shared-/, whole: true },
    ],
  },
  {
    name: 'systemd-networkd',
    instead: 'change IPMasquerade= in the .network file, or Port= in the .nspawn file',
    lasting: 'change its .network or .nspawn',
    rewrites: false,
    when: 'when systemd-networkd restarts, or the container starts',
    marks: [{ tables: /^ip6? io\.systemd\.nat$/, whole: true }],
  },
  {
    name: 'connman',
    instead: 'use connmanctl (tether …), or /etc/connman/main.conf',
    lasting: 'use connmanctl',
    rewrites: false,
    when: 'when connman restarts or the technology is tethered again',
    // src/iptables.c
    marks: [
      { chains: /^connman-(PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING)$/ },
      { tables: /^(ip|inet) connman$/, whole: true },
    ],
  },
  {
    name: 'miniupnpd',
    instead: 'delete the mapping (upnpc -d PORT PROTOCOL), or change the permissions in miniupnpd.conf',
    lasting: 'change miniupnpd.conf',
    rewrites: false,
    when: 'when the client requests its mapping again',
    // upnp_: in OpenWrt's fw4; _miniupnpd: its own default
    marks: [
      { chains: /^MINIUPNPD(-POSTROUTING)?$/ },
      { tables: /^inet fw4$/, chains: /^upnp_(forward|prerouting|postrouting)$/ },
      { chains: /^((prerouting|postrouting)_)?miniupnpd$/ },
    ],
  },
  {
    name: 'mwan3',
    instead: 'change /etc/config/mwan3 and restart mwan3',
    lasting: 'change /etc/config/mwan3',
    rewrites: false,
    when: 'when an interface goes up or down',
    marks: [{ chains: /^mwan3_/, sets: /^mwan3_/ }],
  },
  {
    name: 'pbr',
    instead: 'change /etc/config/pbr and reload pbr',
    lasting: 'change /etc/config/pbr',
    rewrites: false,
    when: 'when an interface or the firewall reloads',
    // openwrt/packages, net/pbr
    marks: [{ tables: /^inet fw4$/, chains: /^pbr_/ }],
  },
  {
    name: 'keepalived',
    instead: 'change the VRRP instance in /etc/keepalived/keepalived.conf (accept, use_vmac)',
    lasting: 'change keepalived.conf',
    rewrites: false,
    when: 'when the instance changes state',
    marks: [{ tables: /^(ip6?|bridge) keepalived$/, whole: true }],
  },
]
