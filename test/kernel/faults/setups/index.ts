import type { MakeSetup } from '../setup.ts'
import { calico } from './calico.ts'
import { docker } from './docker.ts'
import { firewalld } from './firewalld.ts'
import { hostFirewall } from './host-firewall.ts'
import { kubeProxy } from './kube-proxy.ts'
import { libvirt } from './libvirt.ts'
import { mailHost } from './mail-host.ts'
import { neutronRouter } from './neutron-router.ts'
import { nftBalancer } from './nft/balancer.ts'
import { nftDocker } from './nft/docker.ts'
import { nftFirewalld } from './nft/firewalld.ts'
import { nftHostFirewall } from './nft/host-firewall.ts'
import { nftIncus } from './nft/incus.ts'
import { nftIpv6Router } from './nft/ipv6-router.ts'
import { nftKubeProxy } from './nft/kube-proxy.ts'
import { nftLibvirt } from './nft/libvirt.ts'
import { nftNptRouter } from './nft/npt-router.ts'
import { nftOpenwrt } from './nft/openwrt.ts'
import { nftOwnOutput } from './nft/own-output.ts'
import { nftRouter } from './nft/router.ts'
import { nftTailscale } from './nft/tailscale.ts'
import { nftUplinks } from './nft/uplinks.ts'
import { nftVyos } from './nft/vyos.ts'
import { openwrt } from './openwrt.ts'
import { ownOutput } from './own-output.ts'
import { router } from './router.ts'
import { securityGroups } from './security-groups.ts'
import { shorewall } from './shorewall.ts'
import { tailscale } from './tailscale.ts'
import { ufw } from './ufw.ts'
import { wireguardHub } from './wireguard-hub.ts'

export const SETUPS: readonly MakeSetup[] = [
  hostFirewall,
  router,
  docker,
  kubeProxy,
  firewalld,
  ufw,
  neutronRouter,
  securityGroups,
  ownOutput,
  libvirt,
  openwrt,
  tailscale,
  shorewall,
  calico,
  mailHost,
  wireguardHub,
]

/** In nft's own words. */
export const NFT_SETUPS: readonly MakeSetup[] = [
  nftHostFirewall,
  nftRouter,
  nftDocker,
  nftKubeProxy,
  nftFirewalld,
  nftOpenwrt,
  nftLibvirt,
  nftOwnOutput,
  nftTailscale,
  nftIpv6Router,
  nftVyos,
  nftUplinks,
  nftBalancer,
  nftIncus,
  nftNptRouter,
]
