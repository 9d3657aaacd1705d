/**
 * What is known to be said and not to be so, by the beginning of the statement. It is to become empty: an entry goes when
 * the statement does.
 */
const STILL_WRONG: Readonly<Record<string, readonly string[]>> = {
  'kube-nodeport-no-local-endpoint': ['tried with the model, delivered, but on the kernel refused'],
  'kube-nodelocaldns-notrack': ['tried with the model, sent, but on the kernel nothing'],
  'tailscale-drops-cgnat-dns': ['tried with the model, delivered, but on the kernel nothing'],
  'openwrt-reflection-other-zone': ['tried with the model, delivered, but on the kernel refused'],
  'ufw-docker-host-port-allowed': ['tried with the model, forwarded, but on the kernel refused'],
  'nft-interface-number-of-old-device': ['tried with the model, delivered, but on the kernel refused'],
  'firehol-drops-own-solicitation': ['tried with the model, sent, but on the kernel unreachable'],
}

export const isKnown = (problem: string, said: string): boolean =>
  (STILL_WRONG[problem] ?? []).some((start) => said.startsWith(start))
