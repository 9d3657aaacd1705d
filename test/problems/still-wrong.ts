/**
 * What is known to be said and not to be so, by the beginning of the statement. It is to become empty: an entry goes when
 * the statement does.
 */
const STILL_WRONG: Readonly<Record<string, readonly string[]>> = {
  'docker-user-drops-replies': ['warning not-masqueraded: It left for 192.0.2.9'],
  'kube-nodeport-no-local-endpoint': ['tried with the model, delivered, but on the kernel refused'],
  'kube-flannel-forward-drop': ['warning mark-missing: filter KUBE-FORWARD 1'],
  'kube-nodelocaldns-notrack': ['tried with the model, sent, but on the kernel nothing'],
  'vpn-takes-replies': ['status answered'],
  'tailscale-drops-cgnat-dns': ['tried with the model, delivered, but on the kernel nothing'],
  'lxd-second-uplink': ['status answered'],
  'networkd-interface-forwarding-off': ['status answered'],
  'suricata-queue-without-reader': ['status queued'],
  'nft-ct-zone-one-way': ['tried with the model, delivered, but on the kernel nothing'],
  'dns-forced-in-a-circle': ['warning not-masqueraded', 'tried with the model'],
  'openwrt-reflection-other-zone': ['tried with the model, delivered, but on the kernel refused'],
  'ufw-docker-host-port-allowed': ['tried with the model, forwarded, but on the kernel refused'],
  'nft-rpfilter6-bridged-frames': ['error vanished-no-group'],
  'nft-interface-number-of-old-device': ['tried with the model, delivered, but on the kernel refused'],
  'nft-fw4-ping-of-second-wan': ['status answered'],
  // the kernel log is there beside it
  'kube-legacy-rules-left': ['warning mixed-backends: Behind inet tracing prerouting policy'],
  'kube-router-mixes-backends': ['status lost', 'warning capture-ends'],
  'firehol-drops-own-solicitation': ['tried with the model, sent, but on the kernel unreachable'],
  'docker-ip6tables-bridge-discovery': ['status lost', 'error vanished-no-group'],
}

export const isKnown = (problem: string, said: string): boolean =>
  (STILL_WRONG[problem] ?? []).some((start) => said.startsWith(start))
