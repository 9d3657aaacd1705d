/**
 * `sysctl -a`, `sysctl net…`: `key = value` lines; also sysctl.conf's way of writing (`key=value`, comments), and the files
 * of /proc/sys with their names.
 */
import { dotted } from '../../edits/sysctl/name.ts'
import type { HostFormat } from './format.ts'
import { firstLine, forEachLine, quoted } from './lines.ts'

/** The folders of /proc/sys; `-`: errors are ignored (sysctl.conf). */
const LINE = /^\s*-?((?:abi|crypto|debug|dev|fs|kernel|net|sunrpc|user|vm|xen)[./][^\s=]+)\s*=\s*(.*)$/
/** `grep . /proc/sys/net/netfilter/*` */
const FILE = /^\/proc\/sys\/([^\s:=]+)\s*:(.*)$/
/** `head -v /proc/sys/net/netfilter/*`: the value is in the next line. */
const TITLE = /^==> \/proc\/sys\/(\S+) <==$/
/** What sysctl complains of on standard error; the key is then not known, as if it were not there. */
const COMPLAINT = /^sysctl: /
const COMMENT = /^\s*[#;]/

export const sysctl: HostFormat = {
  id: 'sysctl',
  describe: 'sysctl -a',
  sniff(head) {
    const first = firstLine(head, (line) => !COMMENT.test(line) && !COMPLAINT.test(line))
    return first !== undefined && (LINE.test(first) || FILE.test(first) || TITLE.test(first))
  },
  read(text, report) {
    const sysctls = new Map<string, string>()
    let title: string | undefined
    forEachLine(text, (line, number) => {
      const titled = TITLE.exec(line)?.[1]
      if (title !== undefined && titled === undefined && line.trim() !== '') {
        sysctls.set(dotted(title), line.trim())
        title = undefined
        return
      }
      if (titled !== undefined) {
        title = titled
        return
      }
      if (line.trim() === '' || COMMENT.test(line) || COMPLAINT.test(line)) return
      const match = LINE.exec(line.trimEnd()) ?? FILE.exec(line.trimEnd())
      if (match) sysctls.set(dotted(match[1]!), match[2]!.trim())
      else report('line-not-understood', `not a kernel setting: ${quoted(line)}`, number)
    })
    const boot = sysctls.get('kernel.random.boot_id')
    return { host: { sysctls, ...(boot === undefined ? {} : { boot }) } }
  },
}
