/** `lsmod` and /proc/modules: the kernel modules that are loaded. */
import type { HostFormat } from './format.ts'
import { firstLine, forEachLine, quoted } from './lines.ts'

const HEADER = /^Module\s+Size\s+Used by\s*$/
/** `nf_nat 65536 3 xt_MASQUERADE,nft_chain_nat`; /proc adds `Live 0x…` and taint flags. */
const LINE = /^(\w+)\s+\d+\s+-?\d+(?:\s+[\w,[\]-]+)?(?:\s+(?:Live|Loading|Unloading)\s+0x[0-9a-f]+.*)?\s*$/
const PROC = /^\w+ \d+ -?\d+ \S+ (?:Live|Loading|Unloading) 0x/

export const modules: HostFormat = {
  id: 'modules',
  describe: 'lsmod, /proc/modules',
  sniff(head) {
    const first = firstLine(head)
    return first !== undefined && (HEADER.test(first) || PROC.test(first))
  },
  read(text, report) {
    const names: string[] = []
    forEachLine(text, (line, number) => {
      if (line.trim() === '' || HEADER.test(line)) return
      const name = LINE.exec(line)?.[1]
      if (name !== undefined) names.push(name)
      else report('line-not-understood', `not a line of lsmod: ${quoted(line)}`, number)
    })
    return { host: { modules: names } }
  },
}
