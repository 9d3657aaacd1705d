/**
 * What is known to be said and not to be so, by the beginning of the statement. Both tables are to become empty: an entry
 * goes when the statement does.
 */
type Known = Readonly<Record<string, readonly string[]>>

/** With all files. */
export const WITH_ALL: Known = {}

/**
 * With fewer files (with-less.ts). A reply that was seen is called an answer, although its neighbour, or the entry that led
 * it past nat, is not listed; that a bridge passes a packet on, only the links tell, and that it is of another connection,
 * only connection tracking's entries.
 * Whose address a source is, only the host's addresses tell: without them the copy that a host gets of its own broadcast is
 * joined with the packet itself. That a packet is a reply, which a chain in front of connection tracking cannot see, only its
 * entry tells: without it the set that it is not in is taken for what it lacks. Without the host's addresses, a reply that a rule
 * has rewritten is joined with no request, and stands for an exchange of its own. That a source is not of this host, the
 * routes tell: without them a rule for this host's own is taken for one that the packet was led past.
 */
export const WITH_LESS: Known = {
  'server-has-a-prefix-wider-than-its-link': ['status answered'],
  'guest-has-a-gateway-that-nobody-is': ['status answered'],
  'near-other-router-brings-the-request-and-the-client-drops-the-reply': ['status answered'],
  'incus-os-has-the-address-on-the-port-of-its-bridge': ['status answered'],
  'cilium-keeps-proxy-replies-to-a-node-port-from-conntrack': ['status answered'],
  'uplink-switched-entry-stays': ['status answered'],
  'netifd-leaves-the-routing-rule-of-the-table-before': ['status answered'],
  'balena-router-writes-the-port-of-ntp-into-every-reply': ['status answered'],
  'one-deploy-new-port-waits-for-the-spanning-tree': ['error several-causes'],
  'kubevirt-guest-learned-at-the-other-port': ['error vanished-no-route'],
  'vyos-ftp-helper-before-conntrack': ['error several-causes'],
  'aws-marks-services-before-dnat': ['warning wrong-way-out'],
  'odd-discover-from-no-address-is-not-invalid': ['status dropped', 'error dropped-by-policy'],
  'geo-filter-at-the-priority-of-connection-tracking': ['warning not-in-set'],
  'jackett-replies-to-its-neighbour-by-the-gateway': ['status answered'],
  'permanent-neighbour-of-older-node': ['status answered'],
  'merlin-qos-marks-a-large-connection-as-the-tunnels': ['status answered'],
  'suricata-queue-without-reader': ['status queued'],
  'pod-asks-the-node-port-of-another-node-and-the-endpoint-beside-it-replies': ['warning mark-missing'],
  'docker0-has-lost-its-address-and-the-published-port-leads-out-again': ['error several-causes'],
}

export const isKnown = (known: Known, problem: string, said: string): boolean =>
  (known[problem] ?? []).some((start) => said.startsWith(start))
