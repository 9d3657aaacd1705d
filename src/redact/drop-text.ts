/** Lines of kernel drops: what is read of them, with other addresses; nothing of what is no drop. */
import { dropLine, kernelDrops, lostDropsLine } from '../read/host/kernel-drops.ts'
import type { Redactor } from './redactor.ts'
import { redactPlain } from './rule-text.ts'

export function redactDropLine(line: string, redactor: Redactor): string {
  const [drop] = kernelDrops.read(line, () => {}).host?.drops ?? []
  if (drop) return redactPlain(dropLine(drop).trimEnd(), redactor)
  const lost = /"lost":\s?(\d+)\}\s*$/.exec(line)?.[1]
  return lost === undefined ? '' : lostDropsLine(Number(lost)).trimEnd()
}
