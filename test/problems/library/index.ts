import type { Problem } from '../problem.ts'
import { ADDRESSES_OF_NODES } from './addresses-of-nodes.ts'
import { ASKED_AT_HOME } from './asked-at-home.ts'
import { ASKED_OF_HOSTS } from './asked-of-hosts.ts'
import { ASKED_OF_SERVERS } from './asked-of-servers.ts'
import { ASKED_TWICE } from './asked-twice.ts'
import { BALANCERS } from './balancers.ts'
import { BANS } from './bans.ts'
import { BESIDE } from './beside.ts'
import { BEYOND_PORTS } from './beyond-ports.ts'
import { BEYOND_PORTS_IPTABLES } from './beyond-ports-iptables.ts'
import { BORDERS_OF_ENGINES } from './borders-of-engines.ts'
import { BORDERS_ON_HOSTS } from './borders-on-hosts.ts'
import { BRIDGE_PORTS } from './bridge-ports.ts'
import { CARRIERS } from './carriers.ts'
import { CELLS_AND_SIDECARS } from './cells-and-sidecars.ts'
import { CLOUD_GUESTS } from './cloud-guests.ts'
import { CLOUD_RULES } from './cloud-rules.ts'
import { CLOUDS } from './clouds.ts'
import { CLUSTER_ADDRESSES } from './cluster-addresses.ts'
import { CLUSTER_BORDERS } from './cluster-borders.ts'
import { CLUSTER_NETWORKS } from './cluster-networks.ts'
import { CLUSTERS } from './clusters.ts'
import { COMMONLY_ASKED } from './commonly-asked.ts'
import { COMMONLY_ASKED_MORE } from './commonly-asked-more.ts'
import { CONTAINER_NETWORKS } from './container-networks.ts'
import { CONTAINER_SIXES } from './container-sixes.ts'
import { DOCKER } from './docker.ts'
import { EGRESS_GATEWAYS } from './egress-gateways.ts'
import { EGRESS_OF_PODS } from './egress-of-pods.ts'
import { EGRESS_WAYS } from './egress-ways.ts'
import { ENGINE_HOST_SIXES } from './engine-host-sixes.ts'
import { ENGINE_HOSTS } from './engine-hosts.ts'
import { ENGINES_UNLIKE } from './engines-unlike.ts'
import { EXCEPTIONS_IN_ORDER } from './exceptions-in-order.ts'
import { FILTERS_LEFT_ON } from './filters-left-on.ts'
import { FIREWALLD_LISTS } from './firewalld-lists.ts'
import { FIREWALLD_MASQUERADES } from './firewalld-masquerades.ts'
import { FIREWALLS } from './firewalls.ts'
import { FW4_BORDERS } from './fw4-borders.ts'
import { GATEWAYS } from './gateways.ts'
import { HAND_WRITTEN } from './hand-written.ts'
import { HAND_WRITTEN_MORE } from './hand-written-more.ts'
import { HEADERS_AND_HELPERS } from './headers-and-helpers.ts'
import { HEALTHY_ODDITIES } from './healthy-oddities.ts'
import { HOME } from './home.ts'
import { HOME_HOSTS } from './home-hosts.ts'
import { HOST_LIMITS } from './host-limits.ts'
import { HOST_WAYS } from './host-ways.ts'
import { HOSTS } from './hosts.ts'
import { ICMP } from './icmp.ts'
import { KUBE_HOSTS } from './kube-hosts.ts'
import { KUBE_ORDERS } from './kube-orders.ts'
import { KUBERNETES } from './kubernetes.ts'
import { LEFTOVER_CHAINS } from './leftover-chains.ts'
import { LINKS } from './links.ts'
import { LINKS_AND_SOCKETS } from './links-and-sockets.ts'
import { LINKS_OF_GUESTS } from './links-of-guests.ts'
import { LISTS } from './lists.ts'
import { LOCAL_LISTENERS } from './local-listeners.ts'
import { LOCKED_OUT } from './locked-out.ts'
import { LOOSER_THAN_THEY_READ } from './looser-than-they-read.ts'
import { LOST_MARKS } from './lost-marks.ts'
import { MARKED_FRAMES } from './marked-frames.ts'
import { MARKS } from './marks.ts'
import { MARKS_OF_NODES } from './marks-of-nodes.ts'
import { MARKS_UNREAD } from './marks-unread.ts'
import { MASQUERADES } from './masquerades.ts'
import { NAMES_AND_SIZES } from './names-and-sizes.ts'
import { NAT_ASIDES } from './nat-asides.ts'
import { NEIGHBOURS } from './neighbours.ts'
import { NFT } from './nft.ts'
import { NFT_ACCEPTS_ELSEWHERE } from './nft-accepts-elsewhere.ts'
import { NFT_BESIDE_ENGINES } from './nft-beside-engines.ts'
import { NFT_BESIDE_IP } from './nft-beside-ip.ts'
import { NFT_DISPATCH } from './nft-dispatch.ts'
import { NFT_EARLY_STOPS } from './nft-early-stops.ts'
import { NFT_FIREWALLD } from './nft-firewalld.ts'
import { NFT_GATEWAYS } from './nft-gateways.ts'
import { NFT_GUESTS } from './nft-guests.ts'
import { NFT_HAND_WRITTEN } from './nft-hand-written.ts'
import { NFT_HOOK_ORDERS } from './nft-hook-orders.ts'
import { NFT_NAMES_AND_SETS } from './nft-names-and-sets.ts'
import { NFT_NIXOS } from './nft-nixos.ts'
import { NFT_OPENWRT } from './nft-openwrt.ts'
import { NFT_REWRITTEN } from './nft-rewritten.ts'
import { NFT_TRANSLATED } from './nft-translated.ts'
import { NFT_TUNNELS } from './nft-tunnels.ts'
import { NODE_FIREWALLS } from './node-firewalls.ts'
import { NODE_RULES } from './node-rules.ts'
import { NODES } from './nodes.ts'
import { OTHER_SOURCES } from './other-sources.ts'
import { OWN_COUNTERS } from './own-counters.ts'
import { OWN_REDIRECTS } from './own-redirects.ts'
import { PLANE_LEFTOVERS } from './plane-leftovers.ts'
import { PLUGINS } from './plugins.ts'
import { POD_ADDRESSES } from './pod-addresses.ts'
import { POD_ROUTING } from './pod-routing.ts'
import { PODS } from './pods.ts'
import { POLICIES_OF_NODES } from './policies-of-nodes.ts'
import { POLICIES_OF_PODS } from './policies-of-pods.ts'
import { PORTS_AND_MARKS_UNLIKE } from './ports-and-marks-unlike.ts'
import { PORTS_OF_SIDECARS } from './ports-of-sidecars.ts'
import { PORTS_TAKEN } from './ports-taken.ts'
import { PUBLISHED } from './published.ts'
import { PUBLISHING } from './publishing.ts'
import { REDIRECTS } from './redirects.ts'
import { REMOTE_ACCESS } from './remote-access.ts'
import { ROUTERS_BY_IPTABLES } from './routers-by-iptables.ts'
import { ROUTES_OF_NODES } from './routes-of-nodes.ts'
import { ROUTING_ASIDES } from './routing-asides.ts'
import { SERVICES } from './services.ts'
import { SERVICES_ASTRAY } from './services-astray.ts'
import { SERVICES_OF_NODES } from './services-of-nodes.ts'
import { SETS_AND_SCOPES } from './sets-and-scopes.ts'
import { SHARED_UPLINKS } from './shared-uplinks.ts'
import { SIDE_EFFECTS } from './side-effects.ts'
import { SIXES } from './sixes.ts'
import { SOCKETS_AND_SCOPES } from './sockets-and-scopes.ts'
import { SOURCES_AND_REDIRECTS } from './sources-and-redirects.ts'
import { TAILNETS } from './tailnets.ts'
import { THREADS_A } from './threads-a.ts'
import { THREADS_AA } from './threads-aa.ts'
import { THREADS_AB } from './threads-ab.ts'
import { THREADS_AB_NEAR } from './threads-ab-near.ts'
import { THREADS_AC } from './threads-ac.ts'
import { THREADS_AC_MORE } from './threads-ac-more.ts'
import { THREADS_AC_NEAR } from './threads-ac-near.ts'
import { THREADS_AD } from './threads-ad.ts'
import { THREADS_AD_NEAR } from './threads-ad-near.ts'
import { THREADS_AE } from './threads-ae.ts'
import { THREADS_AF } from './threads-af.ts'
import { THREADS_AF_HOSTS } from './threads-af-hosts.ts'
import { THREADS_AF_LEGACY } from './threads-af-legacy.ts'
import { THREADS_AF_MORE } from './threads-af-more.ts'
import { THREADS_AF_NEAR } from './threads-af-near.ts'
import { THREADS_AF_NEAR_MORE } from './threads-af-near-more.ts'
import { THREADS_AF_NODES } from './threads-af-nodes.ts'
import { THREADS_AG } from './threads-ag.ts'
import { THREADS_AG_MORE } from './threads-ag-more.ts'
import { THREADS_AH } from './threads-ah.ts'
import { THREADS_AH_MORE } from './threads-ah-more.ts'
import { THREADS_AJ } from './threads-aj.ts'
import { THREADS_AJ_IPTABLES } from './threads-aj-iptables.ts'
import { THREADS_AJ_LEGACY } from './threads-aj-legacy.ts'
import { THREADS_AJ_MORE } from './threads-aj-more.ts'
import { THREADS_AJ_OWN_HOSTS } from './threads-aj-own-hosts.ts'
import { THREADS_AK } from './threads-ak.ts'
import { THREADS_AK_NEAR } from './threads-ak-near.ts'
import { THREADS_AN } from './threads-an.ts'
import { THREADS_AN_IPTABLES } from './threads-an-iptables.ts'
import { THREADS_AN_LEGACY } from './threads-an-legacy.ts'
import { THREADS_AO_ALL } from './threads-ao-all.ts'
import { THREADS_AQ } from './threads-aq.ts'
import { THREADS_AQ_IPTABLES } from './threads-aq-iptables.ts'
import { THREADS_AR } from './threads-ar.ts'
import { THREADS_AR_IPTABLES } from './threads-ar-iptables.ts'
import { THREADS_AR_LEGACY } from './threads-ar-legacy.ts'
import { THREADS_B } from './threads-b.ts'
import { THREADS_C } from './threads-c.ts'
import { THREADS_D } from './threads-d.ts'
import { THREADS_E } from './threads-e.ts'
import { THREADS_F } from './threads-f.ts'
import { THREADS_G } from './threads-g.ts'
import { THREADS_H } from './threads-h.ts'
import { THREADS_I } from './threads-i.ts'
import { THREADS_J } from './threads-j.ts'
import { THREADS_K } from './threads-k.ts'
import { THREADS_L } from './threads-l.ts'
import { THREADS_M } from './threads-m.ts'
import { THREADS_N } from './threads-n.ts'
import { THREADS_O } from './threads-o.ts'
import { THREADS_P } from './threads-p.ts'
import { THREADS_R } from './threads-r.ts'
import { THREADS_S } from './threads-s.ts'
import { THREADS_T } from './threads-t.ts'
import { THREADS_U } from './threads-u.ts'
import { THREADS_V } from './threads-v.ts'
import { THREADS_W } from './threads-w.ts'
import { THREADS_X } from './threads-x.ts'
import { THREADS_Y } from './threads-y.ts'
import { THREADS_Z } from './threads-z.ts'
import { TOO_WIDE } from './too-wide.ts'
import { TWO_AT_ONCE } from './two-at-once.ts'
import { UNMATCHED } from './unmatched.ts'
import { UPLINKS } from './uplinks.ts'
import { USED_UP } from './used-up.ts'
import { VIRTUAL_ADDRESSES } from './virtual-addresses.ts'
import { VPN } from './vpn.ts'
import { WAYS_BACK } from './ways-back.ts'
import { WAYS_OF_FRAMES } from './ways-of-frames.ts'
import { WRONG_HEADERS } from './wrong-headers.ts'
import { WRONG_SOURCES } from './wrong-sources.ts'
import { ZONE_BORDERS } from './zone-borders.ts'
import { ZONES } from './zones.ts'

export const PROBLEMS: readonly Problem[] = [
  ...DOCKER,
  ...KUBERNETES,
  ...VPN,
  ...UPLINKS,
  ...NFT,
  ...HOME,
  ...HOSTS,
  ...FIREWALLS,
  ...NODES,
  ...BESIDE,
  ...MASQUERADES,
  ...GATEWAYS,
  ...REDIRECTS,
  ...PUBLISHING,
  ...CLUSTERS,
  ...ICMP,
  ...BANS,
  ...NFT_FIREWALLD,
  ...NFT_GATEWAYS,
  ...NFT_TUNNELS,
  ...NFT_NIXOS,
  ...NFT_OPENWRT,
  ...LISTS,
  ...NFT_TRANSLATED,
  ...SERVICES,
  ...SIXES,
  ...TAILNETS,
  ...ZONES,
  ...MARKS,
  ...HOME_HOSTS,
  ...PLUGINS,
  ...PODS,
  ...CLOUDS,
  ...PUBLISHED,
  ...ZONE_BORDERS,
  ...FIREWALLD_MASQUERADES,
  ...WAYS_BACK,
  ...OTHER_SOURCES,
  ...UNMATCHED,
  ...TWO_AT_ONCE,
  ...CLUSTER_NETWORKS,
  ...CLUSTER_BORDERS,
  ...CONTAINER_NETWORKS,
  ...CONTAINER_SIXES,
  ...LOCKED_OUT,
  ...HOST_WAYS,
  ...HOST_LIMITS,
  ...CARRIERS,
  ...BALANCERS,
  ...VIRTUAL_ADDRESSES,
  ...NAMES_AND_SIZES,
  ...POLICIES_OF_PODS,
  ...PORTS_OF_SIDECARS,
  ...SHARED_UPLINKS,
  ...LEFTOVER_CHAINS,
  ...HAND_WRITTEN,
  ...NFT_HAND_WRITTEN,
  ...HAND_WRITTEN_MORE,
  ...TOO_WIDE,
  ...KUBE_ORDERS,
  ...CLOUD_GUESTS,
  ...USED_UP,
  ...NFT_HOOK_ORDERS,
  ...NFT_BESIDE_IP,
  ...NFT_REWRITTEN,
  ...LINKS,
  ...SIDE_EFFECTS,
  ...BRIDGE_PORTS,
  ...POD_ADDRESSES,
  ...POD_ROUTING,
  ...LOCAL_LISTENERS,
  ...REMOTE_ACCESS,
  ...EGRESS_WAYS,
  ...CLUSTER_ADDRESSES,
  ...LINKS_OF_GUESTS,
  ...NEIGHBOURS,
  ...ENGINE_HOSTS,
  ...ENGINE_HOST_SIXES,
  ...KUBE_HOSTS,
  ...COMMONLY_ASKED,
  ...COMMONLY_ASKED_MORE,
  ...WRONG_HEADERS,
  ...THREADS_A,
  ...THREADS_B,
  ...THREADS_C,
  ...THREADS_D,
  ...THREADS_E,
  ...THREADS_F,
  ...THREADS_G,
  ...THREADS_H,
  ...THREADS_I,
  ...THREADS_J,
  ...THREADS_K,
  ...THREADS_L,
  ...THREADS_M,
  ...THREADS_N,
  ...THREADS_O,
  ...THREADS_P,
  ...THREADS_R,
  ...THREADS_S,
  ...THREADS_T,
  ...NODE_RULES,
  ...NODE_FIREWALLS,
  ...CLOUD_RULES,
  ...ASKED_AT_HOME,
  ...ASKED_OF_SERVERS,
  ...ASKED_TWICE,
  ...NFT_GUESTS,
  ...NFT_DISPATCH,
  ...NFT_NAMES_AND_SETS,
  ...NFT_EARLY_STOPS,
  ...NFT_BESIDE_ENGINES,
  ...NFT_ACCEPTS_ELSEWHERE,
  ...SERVICES_ASTRAY,
  ...PLANE_LEFTOVERS,
  ...MARKS_UNREAD,
  ...SOCKETS_AND_SCOPES,
  ...THREADS_U,
  ...THREADS_V,
  ...THREADS_W,
  ...THREADS_X,
  ...THREADS_Y,
  ...THREADS_Z,
  ...THREADS_AA,
  ...THREADS_AB,
  ...THREADS_AB_NEAR,
  ...THREADS_AC,
  ...THREADS_AC_MORE,
  ...THREADS_AC_NEAR,
  ...THREADS_AD,
  ...THREADS_AD_NEAR,
  ...THREADS_AE,
  ...THREADS_AF,
  ...THREADS_AF_HOSTS,
  ...THREADS_AF_LEGACY,
  ...THREADS_AF_MORE,
  ...THREADS_AF_NEAR,
  ...THREADS_AF_NEAR_MORE,
  ...THREADS_AF_NODES,
  ...THREADS_AG,
  ...THREADS_AG_MORE,
  ...THREADS_AH,
  ...THREADS_AH_MORE,
  ...THREADS_AJ,
  ...THREADS_AJ_IPTABLES,
  ...THREADS_AJ_LEGACY,
  ...THREADS_AJ_MORE,
  ...THREADS_AJ_OWN_HOSTS,
  ...THREADS_AK,
  ...THREADS_AK_NEAR,
  ...THREADS_AO_ALL,
  ...BEYOND_PORTS,
  ...BEYOND_PORTS_IPTABLES,
  ...HEALTHY_ODDITIES,
  ...WRONG_SOURCES,
  ...ENGINES_UNLIKE,
  ...OWN_COUNTERS,
  ...LOST_MARKS,
  ...HEADERS_AND_HELPERS,
  ...WAYS_OF_FRAMES,
  ...MARKS_OF_NODES,
  ...SERVICES_OF_NODES,
  ...POLICIES_OF_NODES,
  ...BORDERS_OF_ENGINES,
  ...ROUTING_ASIDES,
  ...NAT_ASIDES,
  ...FILTERS_LEFT_ON,
  ...EGRESS_GATEWAYS,
  ...EGRESS_OF_PODS,
  ...ROUTES_OF_NODES,
  ...ADDRESSES_OF_NODES,
  ...SETS_AND_SCOPES,
  ...PORTS_TAKEN,
  ...BORDERS_ON_HOSTS,
  ...CELLS_AND_SIDECARS,
  ...FIREWALLD_LISTS,
  ...FW4_BORDERS,
  ...OWN_REDIRECTS,
  ...ASKED_OF_HOSTS,
  ...LOOSER_THAN_THEY_READ,
  ...ROUTERS_BY_IPTABLES,
  ...MARKED_FRAMES,
  ...SOURCES_AND_REDIRECTS,
  ...EXCEPTIONS_IN_ORDER,
  ...PORTS_AND_MARKS_UNLIKE,
  ...THREADS_AQ,
  ...THREADS_AQ_IPTABLES,
  ...THREADS_AN,
  ...THREADS_AN_IPTABLES,
  ...THREADS_AN_LEGACY,
  ...THREADS_AR,
  ...THREADS_AR_IPTABLES,
  ...THREADS_AR_LEGACY,
  ...LINKS_AND_SOCKETS,
]
