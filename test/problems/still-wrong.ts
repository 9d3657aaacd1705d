/**
 * What is known to be said and not to be so, by the beginning of the statement. Both tables are to become empty: an entry
 * goes when the statement does.
 */
type Known = Readonly<Record<string, readonly string[]>>

/** With all files. */
export const WITH_ALL: Known = {}

/**
 * With fewer files (with-less.ts): rules seem to be the cause where only a setting, a route or a neighbour tells that they
 * are not.
 */
export const WITH_LESS: Known = {
  'server-has-a-prefix-wider-than-its-link': ['status answered'],
  'yunohost-vpn-drops-solicitation': ['status answered'],
  'tailscale-stateful-filter-takes-lan-to-wan': ['warning mark-missing'],
  'kube-bridge-nf-call-off-nft': ['warning mark-missing', 'warning not-masqueraded'],
  'openclash-marks-ipv6-that-nobody-takes': ['warning never-reached'],
  'ovn-egress-guard-drops-a-pod-without-translation': ['warning snat-skipped'],
  'one-deploy-new-port-waits-for-the-spanning-tree': ['error several-causes'],
  'kubevirt-guest-learned-at-the-other-port': ['error vanished-no-route'],
}

export const isKnown = (known: Known, problem: string, said: string): boolean =>
  (known[problem] ?? []).some((start) => said.startsWith(start))
