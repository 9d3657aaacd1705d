import type { MakeSetup } from '../setup.ts'
import { docker } from './docker.ts'
import { firewalld } from './firewalld.ts'
import { hostFirewall } from './host-firewall.ts'
import { kubeProxy } from './kube-proxy.ts'
import { neutronRouter } from './neutron-router.ts'
import { ownOutput } from './own-output.ts'
import { router } from './router.ts'
import { securityGroups } from './security-groups.ts'
import { ufw } from './ufw.ts'

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
]
