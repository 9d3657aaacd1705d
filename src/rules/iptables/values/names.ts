/** Comma lists of names in any case, each as short as its author liked: `--ctstate EST,rel`, `--src-type LOCAL`. */
import { WordError } from '../extension.ts'

/**
 * The names in the order of `names`, which is the order iptables-save prints; a beginning means the first name in
 * `precedence` that begins so (libxt's strncasecmp chains). Throws WordError.
 */
export function readNames(text: string, names: readonly string[], precedence: readonly string[] = names): string[] {
  const given = text.split(',').map((part) => {
    const name = part === '' ? undefined : precedence.find((one) => one.startsWith(part.toUpperCase()))
    if (name === undefined) throw new WordError(`"${part}" is none of ${names.join(', ')}`, names)
    return name
  })
  return names.filter((name) => given.includes(name))
}

/** One of the names in any case, but whole. Throws WordError. */
export function readName<N extends string>(text: string, names: readonly N[]): N {
  const name = names.find((one) => one === text.toUpperCase())
  if (name === undefined) throw new WordError(`"${text}" is none of ${names.join(', ')}`, names)
  return name
}
