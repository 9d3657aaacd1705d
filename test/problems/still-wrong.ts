/**
 * What is known to be said and not to be so, by the beginning of the statement. It is to become empty: an entry goes when
 * the statement does.
 */
const STILL_WRONG: Readonly<Record<string, readonly string[]>> = {
  'vpn-takes-replies': ['status answered'],
  'nft-rpfilter6-bridged-frames': ['error vanished-no-group'],
  'nft-fw4-ping-of-second-wan': ['status answered'],
  // the kernel log is there beside it
  'kube-legacy-rules-left': ['warning mixed-backends: Behind inet tracing prerouting policy'],
  'kube-router-mixes-backends': ['warning capture-ends'],
  'firehol-drops-own-solicitation': ['tried with the model, sent, but on the kernel unreachable'],
  'docker-ip6tables-bridge-discovery': ['status lost', 'error vanished-no-group'],
}

export const isKnown = (problem: string, said: string): boolean =>
  (STILL_WRONG[problem] ?? []).some((start) => said.startsWith(start))
