/** `iptables` as a host calls it: one of its two variants, each with tables of its own. */
import { iptablesTable } from '../edits/draft.ts'
import { isOfIptables, plainVariant } from '../explain/changes/variant.ts'
import type { Edit } from '../model/edit.ts'
import type { World } from '../model/world.ts'

export interface Aimed {
  edit: Edit
  /** Why the rules that are there stay as they are. */
  warning?: string
}

/** What a typed command changes there: not the rules that are known, where the plain name calls the other variant. */
export function asCalledHere(edit: Edit, world: World): Aimed {
  if (!isOfIptables(edit)) return { edit }
  const variant = edit.backend ?? plainVariant(edit, world)
  const { backend: _, ...plain } = edit
  const known = iptablesTable(world, plain)
  if (variant === undefined || known === undefined || (known.backend ?? variant) === variant) return { edit }
  const aimed = { ...edit, backend: variant }
  if (iptablesTable(world, aimed)?.backend === variant) return { edit: aimed }
  const tool = edit.family === 'ip6' ? 'ip6tables' : 'iptables'
  const called = edit.backend ? `${tool}-${variant}` : `${tool} calls ${tool}-${variant} on this host, which`
  const warning = `${called} does not change the rules of table ${edit.table}: they belong to ${tool}-${known.backend}`
  return { edit: aimed, warning }
}
