import type { Problem } from '../problem.ts'
import { BESIDE } from './beside.ts'
import { DOCKER } from './docker.ts'
import { FIREWALLS } from './firewalls.ts'
import { HOME } from './home.ts'
import { HOSTS } from './hosts.ts'
import { KUBERNETES } from './kubernetes.ts'
import { NFT } from './nft.ts'
import { NODES } from './nodes.ts'
import { UPLINKS } from './uplinks.ts'
import { VPN } from './vpn.ts'

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
]
