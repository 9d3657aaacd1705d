/** Findings that nothing but host state gives, and that are fetched with it: a page without any waits for none of them. */
import { listings } from '../../read/host/listings.ts'
import type { Context, Detector } from '../context.ts'

const findings = listings.with(() => import('./host-state.ts'))

type Name = keyof typeof import('./host-state.ts')

/** Finds nothing where none of these was listed. */
export const withHostState = (code: string, name: Name): Detector => ({
  code,
  detect: (context) => (isListed(context) ? findings.loaded[name].detect(context) : []),
})

/** A command may have emptied a table of connections that nobody has listed; no finding is about an empty one. */
const isListed = ({ world: { host } }: Context): boolean =>
  [host.links, host.routes, host.routingRules, host.ipsecPolicies].some((one) => one !== undefined) ||
  (host.conntrack !== undefined && host.conntrack.length > 0)
