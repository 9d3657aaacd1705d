/** What to say of the bundle of a live trace that saw no packet: when it ran, what for, and what the kernel dropped then. */
import { parseFilter } from '../filter/parse.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { Host } from '../model/host.ts'
import type { Inputs } from './inputs/open.ts'
import { UnseenDrops } from './unseen-drops.ts'

/** Is one of the inputs a live trace's bundle? Then it is no mistake that there is no packet. */
export const hasSession = ({ machines }: Inputs): boolean => machines.some(({ world }) => world.host.session)

export const nothingTraced = ({ machines }: Inputs): Diagnostic[] =>
  machines.flatMap(({ name, world }) => ofSession(name ?? 'session.json', world.host))

function ofSession(input: string, { session, drops = [] }: Host): Diagnostic[] {
  if (!session) return []
  const { filter, from, until } = session
  const what = filter === '' ? 'no packet' : `no packet that matches "${filter}"`
  const end = until === undefined ? '; the trace was interrupted' : ` to ${until}`
  const condition = parseFilter(filter)
  const unseen = 'condition' in condition ? new UnseenDrops(condition.condition) : undefined
  unseen?.add(drops, from)
  return [
    { input, code: 'nothing-traced', message: `${what} was traced from ${from}${end}` },
    ...(unseen?.list ?? []).map((drop) => ({
      input,
      code: 'dropped-untraced',
      message: `the kernel dropped a packet that matches, and no traced chain saw it: ${drop}`,
    })),
  ]
}
