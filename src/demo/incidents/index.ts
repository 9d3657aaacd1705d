/** All incidents, in the order in which they are listed: those that engineers wrote up come first. */
import type { Incident } from '../incident.ts'
import { calicoAsymmetric } from './calico-asymmetric.ts'
import { closedPort } from './closed-port.ts'
import { containerNoInternet } from './container-no-internet.ts'
import { dockerForwardDrop } from './docker-forward-drop.ts'
import { firewalldPortForward } from './firewalld-port-forward.ts'
import { forwardingOff } from './forwarding-off.ts'
import { hairpin } from './hairpin.ts'
import { ipsetMissing } from './ipset-missing.ts'
import { ipv6Forgotten } from './ipv6-forgotten.ts'
import { mixedBackends } from './mixed-backends.ts'
import { mtuBlackHole } from './mtu-black-hole.ts'
import { nftAllowSet } from './nft-allow-set.ts'
import { nodeportClash } from './nodeport-clash.ts'
import { nodeportLocal } from './nodeport-local.ts'
import { openstackSnat } from './openstack-snat.ts'
import { publishedPortOpen } from './published-port-open.ts'
import { rpFilter } from './rp-filter.ts'
import { staleConntrack } from './stale-conntrack.ts'

export const INCIDENTS: readonly Incident[] = [
  nodeportClash,
  openstackSnat,
  firewalldPortForward,
  nftAllowSet,
  calicoAsymmetric,
  dockerForwardDrop,
  staleConntrack,
  hairpin,
  rpFilter,
  forwardingOff,
  closedPort,
  ipv6Forgotten,
  ipsetMissing,
  mixedBackends,
  mtuBlackHole,
  nodeportLocal,
  containerNoInternet,
  publishedPortOpen,
]
