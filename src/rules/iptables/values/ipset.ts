/** An ipset with the sides of the packet to look up in it, as `-m set` and `-j SET` name it (libxt_set.h, parse_dirs). */
import { type Option, WordError } from '../extension.ts'
import { protect } from '../words.ts'

export interface SetReference {
  name: string
  /** One for each part of the set's type. */
  directions: ('src' | 'dst')[]
}

/** `NAME src,dst`: up to 31 bytes, up to six directions. */
export const setReference = (more: Partial<Option<SetReference>> = {}): Option<SetReference> => ({
  words: 2,
  read([name = '', directions = '']) {
    if (/^[-!]/.test(directions)) throw new WordError("a set's name and directions are needed")
    if (new TextEncoder().encode(name).length > 31)
      throw new WordError(`the set's name "${name}" is longer than 31 bytes`)
    return { name, directions: readDirections(directions) }
  },
  print: ({ name, directions }) => [protect(name), directions.join(',')],
  ...more,
})

function readDirections(text: string): SetReference['directions'] {
  const directions = text.split(',').map((one) => {
    // the tool looks at the first three letters only
    const direction = one.slice(0, 3)
    if (direction !== 'src' && direction !== 'dst')
      throw new WordError(`"${one}" is neither src nor dst`, ['src', 'dst'])
    return direction
  })
  if (directions.length > 6) throw new WordError('at most six directions can be given')
  return directions
}
