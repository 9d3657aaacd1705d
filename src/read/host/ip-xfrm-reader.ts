/**
 * A block begins with `src … dst …`; what is below says whether it is a policy (`dir`), one of a single socket (`socket`),
 * or a state (`proto`). A title makes an empty list a known one.
 */
import type { Report } from '../../model/diagnostic.ts'
import type { Host, IpsecPolicy, IpsecState } from '../../model/host.ts'
import { kernelNumber } from '../../model/kernel-number.ts'
import { canonicalAddress, canonicalPrefix } from '../../rules/prefixes.ts'
import type { HostReading } from './format.ts'
import { BLOCK, COUNTER, TITLE } from './ip-xfrm-line.ts'
import { forEachLine, quoted } from './lines.ts'

/** Keys, replay windows, lifetimes, offload: they say nothing of a packet's way. */
const BESIDES =
  /^\s+(auth|auth-trunc|enc|aead|comp|encap|replay-window|anti-replay|lifetime|limit|stats|security|sel|coa|lastused|dir|flag|output-mark|tfcpad|crypto|level|enc-mask|ptype|expire|add|use|\d|\(|seq|replay_window|bitmap|failed|0)/

export function readIpXfrm(text: string, report: Report): HostReading {
  const policies: IpsecPolicy[] = []
  const states: IpsecState[] = []
  const known = new Set<string>()
  const counters: Record<string, number> = {}
  let ends: RegExpExecArray | null = null
  let policy: IpsecPolicy | undefined
  let isState = false
  forEachLine(text, (line, number) => {
    if (line.trim() === '') return
    const title = TITLE.exec(line)
    const counter = COUNTER.exec(line)
    const block = BLOCK.exec(line)
    const detail = wordsOf(line)
    if (title) {
      known.add(title[1] ?? 'counters')
    } else if (counter) {
      known.add('counters')
      if (Number(counter[2]) > 0) counters[counter[1]!] = Number(counter[2])
    } else if (block) {
      ends = block
      policy = undefined
      isState = false
    } else if (ends && detail.has('dir') && !isState) {
      policy = policyOf(ends, detail)
      if (policy) policies.push(policy)
      else report('line-not-understood', `not a policy of IPsec: ${quoted(line)}`, number)
    } else if (policy && detail.has('tmpl')) {
      const [src, dst] = [detail.get('src'), detail.get('dst')].map((end) => canonicalAddress(end ?? ''))
      policy.templates.push({ src: src ?? '0.0.0.0', dst: dst ?? '0.0.0.0', protocol: '', mode: '' })
    } else if (policy?.templates.length && detail.has('proto')) {
      const template = policy.templates.at(-1)!
      template.protocol = detail.get('proto')!
      template.mode = detail.get('mode') ?? ''
      const reqid = kernelNumber(detail.get('reqid')) ?? 0
      if (reqid > 0) template.reqid = reqid
    } else if (policy && /^\s+level use\b/.test(line) && policy.templates.length > 0) {
      policy.templates.at(-1)!.optional = true
    } else if (ends && !policy && detail.has('proto') && detail.has('spi')) {
      isState = true
      const state = stateOf(ends, detail)
      if (state) states.push(state)
      else report('line-not-understood', `not a state of IPsec: ${quoted(line)}`, number)
    } else if (policy && detail.has('mark')) {
      const [mark, mask] = (detail.get('mark') ?? '').split('/')
      policy.mark = (kernelNumber(mark) ?? 0) >>> 0
      policy.markMask = (kernelNumber(mask) ?? 0xffffffff) >>> 0
    } else if (policy && detail.has('if_id')) {
      policy.interfaceId = kernelNumber(detail.get('if_id')) ?? 0
    } else if (!/^\s+(socket|mark|if_id) /.test(line) && !BESIDES.test(line))
      report('line-not-understood', `not a line of ip xfrm: ${quoted(line)}`, number)
  })
  const host: Partial<Host> = {}
  if (policies.length > 0 || known.has('policy')) host.ipsecPolicies = policies
  if (states.length > 0 || known.has('state')) host.ipsecStates = states
  if (known.has('counters')) host.ipsecCounters = counters
  return { host }
}

/** `dir out action block priority 0`: each word with the next. */
function wordsOf(line: string): Map<string, string> {
  const words = line.trim().split(/\s+/)
  if (words[0] === 'tmpl') words.splice(1, 0, '')
  const found = new Map<string, string>()
  for (let i = 0; i < words.length; i += 2) found.set(words[i]!, words[i + 1] ?? '')
  return found
}

function policyOf(
  [, from = '', to = '', more = '']: RegExpExecArray,
  detail: ReadonlyMap<string, string>,
): IpsecPolicy | undefined {
  const [src, dst] = [canonicalPrefix(from), canonicalPrefix(to)]
  const direction = detail.get('dir')
  if (!src || !dst || (direction !== 'in' && direction !== 'out' && direction !== 'fwd')) return undefined
  const action = detail.get('action') === 'block' ? 'block' : 'allow'
  const policy: IpsecPolicy = {
    src,
    dst,
    direction,
    action,
    priority: kernelNumber(detail.get('priority')) ?? 0,
    templates: [],
  }
  const selector = wordsOf(more)
  const [protocol, sport, dport, device] = ['proto', 'sport', 'dport', 'dev'].map((name) => selector.get(name))
  if (protocol !== undefined) policy.protocol = protocol
  if (sport !== undefined) policy.sport = kernelNumber(sport) ?? 0
  if (dport !== undefined) policy.dport = kernelNumber(dport) ?? 0
  if (device !== undefined) policy.device = device
  return policy
}

function stateOf([, from = '', to = '']: RegExpExecArray, detail: ReadonlyMap<string, string>): IpsecState | undefined {
  const [src, dst] = [canonicalAddress(from), canonicalAddress(to)]
  const spi = kernelNumber(detail.get('spi'))
  if (!src || !dst || spi === undefined) return undefined
  const [protocol = '', mode = ''] = [detail.get('proto'), detail.get('mode')]
  return { src, dst, protocol, spi, reqid: kernelNumber(detail.get('reqid')) ?? 0, mode }
}
