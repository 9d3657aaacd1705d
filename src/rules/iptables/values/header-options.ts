/** The two IPv6 extension headers that hold options: destination and hop-by-hop (libip6t_dst.c, libip6t_hbh.c). */
import { defineMatch, type Match, type Option, type OptionTable, WordError, word } from '../extension.ts'
import { hasHeader, headerLength, notShown } from './exthdr.ts'
import { readNumber } from './numbers.ts'

/** IP6T_OPTS_OPTSNR. */
const MAX_OPTIONS = 16
/** In place of a length: any. */
const ANY_LENGTH = 255

interface HeaderOption {
  type: number
  length: number
}

/** `-m NAME` with `--NAME-len` and `--NAME-opts`. */
export function headerOptionsMatch(name: 'dst' | 'hbh'): Match {
  const [lengthName, listName] = [`${name}-len`, `${name}-opts`]
  const options: Record<string, Option<number> | Option<HeaderOption[]>> = {
    [lengthName]: headerLength(),
    [listName]: word(readOptions, printHeaderOptions),
  }
  return defineMatch<OptionTable>({
    name,
    family: 'ip6',
    options,
    conditions(values) {
      const [length, list] = [values[lengthName], values[listName]]
      return [
        hasHeader(name, `-m ${name}`),
        ...notShown(lengthName, length, length && String(length.value)),
        ...notShown(listName, list, list && printHeaderOptions(list.value)),
      ]
    },
  })
}

/** `TYPE[:LENGTH],…`; of each number the kernel keeps one byte. Throws WordError. */
function readOptions(text: string): HeaderOption[] {
  const parts = text.split(',')
  const list = parts.map((part, i) => {
    const [type, length] = part.split(/:(.*)/s)
    const option = {
      type: readNumber(type!) & 0xff,
      length: length === undefined ? ANY_LENGTH : readNumber(length) & 0xff,
    }
    if (length !== undefined && option.type === 0)
      throw new WordError('option 0 is one byte of padding and has no length')
    if (length !== undefined && i === MAX_OPTIONS - 1)
      throw new WordError(`option ${MAX_OPTIONS} of the list cannot have a length`)
    return option
  })
  if (list.length > MAX_OPTIONS) throw new WordError(`at most ${MAX_OPTIONS} options can be listed`)
  return list
}

const printHeaderOptions = (list: readonly HeaderOption[]): string =>
  list.map(({ type, length }) => (length === ANY_LENGTH ? String(type) : `${type}:${length}`)).join(',')
