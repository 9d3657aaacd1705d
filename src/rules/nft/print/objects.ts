/** Tables, chains, flowtables and named objects as `nft list` prints them (nft's src/rule.c). */
import type { RuleFamily } from '../../../model/ruleset.ts'
import type { ChainObject, FlowtableObject, LimitObject, NamedObject, QuotaObject } from '../objects.ts'
import { priorityName } from '../text/priorities.ts'
import { type PrintOptions, printHandle } from './rule.ts'
import { printQuota, printRate } from './stateful.ts'
import { printTime, quoted } from './values.ts'

export interface Block {
  head: string
  lines: string[]
}

/** `type filter hook input priority filter; policy accept;`, or undefined for a chain that only rules jump to. */
export function hookLine({ family, type, hook, prio, dev, policy, flags }: ChainObject['chain']): string | undefined {
  if (type === undefined || hook === undefined) return undefined
  const devices = dev === undefined ? [] : [dev].flat()
  const on =
    devices.length === 1
      ? ` device ${quoted(devices[0]!)}`
      : devices.length > 1
        ? ` devices = ${printDevices(devices)}`
        : ''
  const priority = priorityName(prio ?? 0, family, hook)
  const ends = policy === undefined ? '' : ` policy ${policy};`
  return `type ${type} hook ${hook}${on} priority ${priority};${ends}${flags === 'offload' ? ' flags offload;' : ''}`
}

const printDevices = (devices: readonly string[]): string => `{ ${devices.map(device).join(', ')} }`

const device = (name: string): string => (/^[a-zA-Z_.][\w/\-.]*$/.test(name) ? name : quoted(name))

export function flowtableBlock({ flowtable }: FlowtableObject, options: PrintOptions): Block {
  const { name, hook, prio, dev, flags, handle } = flowtable
  const lines: string[] = []
  if (hook !== undefined) lines.push(`hook ${hook} priority ${priorityName(prio ?? 0, 'netdev' as RuleFamily, hook)}`)
  const devices = dev === undefined ? [] : [dev].flat()
  if (devices.length > 0) lines.push(`devices = ${printDevices(devices)}`)
  const all = [flags ?? []].flat()
  if (all.includes('offload')) lines.push('flags offload')
  if (all.includes('counter')) lines.push('counter')
  return { head: `flowtable ${name} {${printHandle(handle, options)}`, lines }
}

export function objectBlock(object: NamedObject, options: PrintOptions): Block {
  const [kind = '', body] = Object.entries(object)[0] as [string, { name: string; handle?: number; comment?: string }]
  const comment = body.comment === undefined ? [] : [`comment ${quoted(body.comment)}`]
  return {
    head: `${kind} ${body.name} {${printHandle(body.handle, options)}`,
    lines: [...comment, ...objectLines(object)],
  }
}

/** What stands in the object's block. */
export function objectLines(object: NamedObject): string[] {
  if ('counter' in object) return [`packets ${object.counter.packets ?? 0} bytes ${object.counter.bytes ?? 0}`]
  if ('quota' in object) return [quota(object.quota)]
  if ('limit' in object) return object.limit.rate === undefined ? [] : [limit(object.limit)]
  if ('secmark' in object) return object.secmark.context === undefined ? [] : [quoted(object.secmark.context)]
  if ('synproxy' in object) {
    const { mss, wscale, flags } = object.synproxy
    const options = [flags ?? []].flat()
    return [
      ...(mss === undefined ? [] : [`mss ${mss}`]),
      ...(wscale === undefined ? [] : [`wscale ${wscale}`]),
      ...(options.length > 0 ? [options.join(' ')] : []),
    ]
  }
  if ('ct helper' in object) {
    const { type, protocol, l3proto } = object['ct helper']
    const of = protocol === undefined ? '' : ` protocol ${protocol}`
    return [...(type === undefined ? [] : [`type ${quoted(type)}${of}`]), ...family(l3proto)]
  }
  if ('ct timeout' in object) {
    const { protocol, l3proto, policy } = object['ct timeout']
    const states = Object.entries(policy ?? {}).map(([state, seconds]) => `${state} : ${seconds}`)
    return [
      ...known('protocol', protocol),
      ...family(l3proto),
      ...(states.length > 0 ? [`policy = { ${states.join(', ')} }`] : []),
    ]
  }
  if ('ct expectation' in object) {
    const { protocol, dport, timeout, size, l3proto } = object['ct expectation']
    return [
      ...known('protocol', protocol),
      ...(dport === undefined ? [] : [`dport ${dport}`]),
      ...(timeout === undefined ? [] : [`timeout ${printTime(timeout / 1000)}`]),
      ...(size === undefined ? [] : [`size ${size}`]),
      ...family(l3proto),
    ]
  }
  return tunnelLines(object.tunnel as Record<string, unknown>)
}

/** What was not said is not printed. */
const known = (word: string, value: string | undefined): string[] => (value === undefined ? [] : [`${word} ${value}`])

const family = (l3proto: string | undefined): string[] => (l3proto === undefined ? [] : [`l3proto ${l3proto}`])

const quota = ({ bytes, used, inv }: QuotaObject['quota']): string =>
  printQuota({ val: bytes ?? 0, ...(used === undefined ? {} : { used }), ...(inv ? { inv } : {}) })

function limit({ rate, per, burst, unit, rate_unit, burst_unit, inv }: LimitObject['limit']): string {
  const of = rate_unit ?? unit
  return printRate({
    rate,
    ...(per === undefined ? {} : { per }),
    ...(burst === undefined ? {} : { burst }),
    ...(of === undefined ? {} : { rate_unit: of }),
    ...(burst_unit === undefined ? {} : { burst_unit }),
    ...(inv ? { inv } : {}),
  })
}

function tunnelLines(body: Record<string, unknown>): string[] {
  const address = (key: 'src' | 'dst', word: string): string[] => {
    const value = body[key]
    return typeof value === 'string' ? [`${value.includes(':') ? 'ip6' : 'ip'} ${word} ${value}`] : []
  }
  const numbers = ['id', 'sport', 'dport', 'ttl', 'tos'].flatMap((key) =>
    body[key] === undefined ? [] : [`${key} ${body[key]}`],
  )
  const inner = [body.tunnel ?? []].flat().map((options) =>
    Object.entries(options as object)
      .map(([key, value]) => `${key} ${typeof value === 'string' && key === 'data' ? quoted(value) : value}`)
      .join(body.type === 'geneve' ? ' ' : '; '),
  )
  const type = typeof body.type === 'string' ? [`${body.type} { ${inner.join('; ')}; }`] : []
  return [...numbers, ...address('src', 'saddr'), ...address('dst', 'daddr'), ...type]
}
