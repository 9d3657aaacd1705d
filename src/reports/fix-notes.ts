/** Notes of fixes, of which each half-sentence is said once in a block. What a result hangs on stands with the result. */
import type { PrintedFix } from '../model/journey.ts'

export const clausesOf = ({ note, given }: PrintedFix): string[] =>
  note?.split('; ').filter((one) => !given?.includes(one)) ?? []

/** Without what fixes above have said, which `said` holds and to which its own is added. */
export function withoutSaid(fix: PrintedFix, said: Set<string>): PrintedFix {
  const { note: _, ...rest } = fix
  const fresh = clausesOf(fix).filter((one) => !said.has(one))
  for (const one of fresh) said.add(one)
  return fresh.length === 0 ? rest : { ...rest, note: fresh.join('; ') }
}
