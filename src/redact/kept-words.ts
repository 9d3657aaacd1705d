/**
 * Words of comments and log prefixes that are nobody's own: of English, of netfilter, of the programs that write rules. Any
 * other word is replaced. In lower case.
 */
export const KEPT_WORDS: ReadonlySet<string> = new Set(
  `
    a accept accepted accepts ack add added addr address addresses addrs advertisement affinity after again agent ah
    alert all allow allowed allows also always am an and answer answers antrea any anycast api apiserver append apr
    april are arp arptables as at attack attacks aug august auth authpriv auto automatic automatically aware aws
    azure backup bad balance balancer balancing base be been before begin block blocked blocking blocks bogon bogons
    bond both br bridge bridged bridges broadcast broute brouting bst burst but by cache cali calico can cdt cest
    cet chain chains change changed changes check cilium client clients cluster clusterip clusterips cni cni0 code
    comment comments connection connections conntrack container containers continue control controller coredns crit
    cron crowdsec csf cst ct custom daddr daemon dashboard dccp debug dec december default delete deleted denied
    denies deny denyhosts dest destination dev device devices dhcp dhcpv6 disable disabled discovery dmz dnat
    dnat'ed dns do docker docker0 does don done dport dports drop dropped dropping drops dst each ebtables echo edit
    edt eest eet egress element emerg enable enabled end endpoint endpoints eni eno enp ens envoy err error errors
    esp est established etcd eth ethernet every example examples exceeded external externalip externalips fail2ban
    false family feb february felix ferm filter fin firewall firewalld first flannel flanneld flood floods flow
    flows flowtable for forward forwarded forwarding forwards fragment fragmented fragments fri friday from ftp fw
    fw3 fw4 fwmark gateway gce generated geneve gke gmt good goto gre group groups guest hairpin handle handles has
    have health healthcheck here hit hits hook hooks host hosts http https icmp icmpv6 id if iface igmp iif iifname
    imap imaps imunify in inbound incoming incus inet inet6 info ingress input insert inserted inside interface
    interfaces internal into invalid ip ip6tables ipip ipsec iptables ipv4 ipv6 is ist istio it its jan january
    journal jst jul july jump jun june k3s k8s kern kernel klogd kube kubelet kubernetes kvm l2tp lan last ldap
    ldaps less level lfd libvirt limit limited limits linux live lo lo0 load loadbalancer loaded local locals log
    logged logging logs loop loopback lxc lxd mac machine mail main managed manager mangle manual map maps mar march
    mark marked marks martian martians masq masquerade masquerading master match matched matches matching may mdns
    mdt message messages metrics mikrotik miss misses mon monday monitoring more most msg msk mst multicast
    multipass mysql name named namespace nat need neighbor neighbour net netbird netdev netfilter nets network
    networks never new next nfs nft nftables nm no node nodelocal nodeport nodeports nodes none not note notes
    notice nov november now ntp null oct october of off offload oif oifname old on only openvpn openwrt or ospf
    other out outbound outgoing output outside over packet packets pdt per permit permitted ping plane plesk pm pod
    podman pods policies policy pong pop pop3 pop3s port portal portals ports postgres postgresql postrouting pptp
    prefix prerouting primary priority private proto protocol protocols proxmox proxy psh pst public pve pvefw
    pvesig qemu queue queued quick rate raw rd rdp ready redirect redis reject rejected rejects related remote
    remove removed replace replies reply request requests require requires requiring response responses restore
    restored return returned returns router rst rsyslogd rule rules saddr samba sat saturday save saved scan scanner
    scans scheduler sctp secondary security sep sept september server servers service services session set sets sftp
    sh shared shorewall slave slice smb smtp smtps snat snat'ed snmp so solicitation source spoof spoofed spoofing
    sport sports src ssdp ssh sshguard start started state states stderr stdout stop stopped subnet subnets sun
    sunday svc syn syslog syslogd system t table tables tag tags tailscale tap target tcp telnet temp temporary test
    testing tests tftp than that the their them then there these they this those thu thursday time to too topology
    touch trace traced traceroute traces tracing track tracking traffic true trusted tue tuesday tun tunnel tunnels
    type udp udplite ufw ulogd ulogd2 unclean under unicast unknown unreachable until untracked untrusted up upnp
    urg use used user users using utc veth virbr virbr0 virt virtual vlan vm vnc vpn vrrp vxlan vyos wan warn
    warning warnings was we weave web wed wednesday were west wet wg wg0 when where which who will wireguard with
    without worker wr xfrm xmas yes you your z zerotier zone zones
    v4 v6 txt json pcap pcapng tgz tar gz dmesg capture captures nflog monitor bundle why file files opt audit standard quot amp apos nbsp
    protect prevent avoid probe probes bad badtcp flags spam abuse badguys whitelist blacklist allowlist denylist banned ban
  `
    .trim()
    .split(/\s+/),
)
