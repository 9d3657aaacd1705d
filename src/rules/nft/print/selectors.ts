/** Selectors as `nft list` prints them. */
import type { Expression, Selector } from '../ast.ts'

/** Keys of meta that stand alone in print (meta_key_is_unqualified in nft's src/meta.c). */
const UNQUALIFIED = new Set(['iif', 'oif', 'iifname', 'oifname', 'iifgroup', 'oifgroup'])

/** `print` prints what a hash is made of. */
export function printSelector(selector: Selector, print: (expression: Expression) => string): string {
  if ('payload' in selector) return payload(selector.payload)
  if ('meta' in selector) return `${UNQUALIFIED.has(selector.meta.key) ? '' : 'meta '}${selector.meta.key}`
  if ('ct' in selector) return words('ct', selector.ct.dir, selector.ct.family, selector.ct.key)
  if ('exthdr' in selector) {
    const { name, field } = selector.exthdr
    return field === undefined ? `exthdr ${name}` : `${name} ${field}`
  }
  if ('tcp option' in selector) return tcpOption(selector['tcp option'])
  if ('ip option' in selector) return words('ip option', selector['ip option'].name, selector['ip option'].field)
  if ('sctp chunk' in selector) return words('sctp chunk', selector['sctp chunk'].name, selector['sctp chunk'].field)
  if ('dccp option' in selector) return words('dccp option', selector['dccp option'].type)
  if ('rt' in selector) return words('rt', selector.rt.family, selector.rt.key)
  if ('fib' in selector) return `fib ${[selector.fib.flags].flat().join(' . ')} ${selector.fib.result}`
  if ('socket' in selector) {
    const { key, level } = selector.socket
    return level === undefined ? `socket ${key}` : `socket ${key} level ${level}`
  }
  if ('osf' in selector) return words('osf', selector.osf.ttl && `ttl ${selector.osf.ttl}`, selector.osf.key)
  if ('ipsec' in selector) {
    const { key, dir, family, spnum } = selector.ipsec
    return words('ipsec', dir, spnum ? `spnum ${spnum}` : undefined, family, key)
  }
  if ('tunnel' in selector) return `tunnel ${selector.tunnel.key}`
  if ('numgen' in selector) {
    const { mode, mod, offset } = selector.numgen
    return words('numgen', mode, 'mod', mod, offset ? `offset ${offset}` : undefined)
  }
  if ('jhash' in selector) {
    const { expr, mod, seed, offset } = selector.jhash
    const seeded = seed === undefined ? undefined : `seed 0x${seed.toString(16)}`
    return words('jhash', print(expr), 'mod', mod, seeded, offset ? `offset ${offset}` : undefined)
  }
  if ('symhash' in selector) {
    const { mod, offset } = selector.symhash
    return words('symhash mod', mod, offset ? `offset ${offset}` : undefined)
  }
  return Object.keys(selector)[0] ?? ''
}

const words = (...parts: (string | number | undefined)[]): string =>
  parts.filter((part) => part !== undefined).join(' ')

function payload(payload: Extract<Selector, { payload: unknown }>['payload']): string {
  if ('field' in payload) {
    const { protocol, field, tunnel } = payload
    const name = field === 'parameter-problem' ? 'param-problem' : field
    return words(tunnel === protocol ? undefined : tunnel, protocol, name)
  }
  return `@${payload.base},${payload.offset},${payload.len}`
}

function tcpOption(option: Extract<Selector, { 'tcp option': unknown }>['tcp option']): string {
  if ('name' in option) return words('tcp option', option.name, option.field)
  const { base, offset, len } = option
  if (offset === 0 && (len === 8 || len === 0)) return `tcp option ${base}`
  return `tcp option @${base},${offset},${len}`
}
