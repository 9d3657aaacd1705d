/** Findings that nothing but host state gives, and that are fetched with it: a page without any waits for none of them. */
import { Later } from '../../model/later.ts'
import type { Detector } from '../context.ts'

const findings = new Later(() => import('./host-state.ts'))

/** Has to be done before a journey is explained with what listings of interfaces, routes, connections and of IPsec tell. */
export const loadHostFindings = findings.load

type Name = keyof typeof import('./host-state.ts')

/** Finds nothing where none of these was listed. */
export const withHostState = (code: string, name: Name): Detector => ({
  code,
  detect: (context) => findings.there?.[name].detect(context) ?? [],
})
