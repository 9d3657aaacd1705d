/** `ip netns`, where its names have ids: a list of bare names cannot be told from any other words. */
import type { HostFormat } from './format.ts'
import { forEachLine, quoted, wholeLines } from './lines.ts'

const WITH_ID = /^\S+ \(id: \d+\)\s*$/
const NAME = /^(\S+)(?: \(id: \d+\))?\s*$/

export const namespaces: HostFormat = {
  id: 'ip-netns',
  describe: 'ip netns',
  sniff(head) {
    const lines = [...wholeLines(head)]
    return lines.some((line) => WITH_ID.test(line)) && lines.every((line) => NAME.test(line))
  },
  read(text, report) {
    const names: string[] = []
    forEachLine(text, (line, number) => {
      if (line.trim() === '') return
      const name = NAME.exec(line)?.[1]
      if (name !== undefined) names.push(name)
      else report('line-not-understood', `not a line of ip netns: ${quoted(line)}`, number)
    })
    return { host: { namespaces: names } }
  },
}
