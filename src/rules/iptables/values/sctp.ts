/** SCTP's chunks by name and flags, as `--chunk-types` lists them (libxt_sctp.c). */
import { type Option, WordError } from '../extension.ts'

/** In the order of their numbers, which is the order they are printed in. */
const CHUNKS: readonly { name: string; flags: string }[] = [
  // bits 3 to 0
  { name: 'DATA', flags: 'IUBE' },
  { name: 'INIT', flags: '' },
  { name: 'INIT_ACK', flags: '' },
  { name: 'SACK', flags: '' },
  { name: 'HEARTBEAT', flags: '' },
  { name: 'HEARTBEAT_ACK', flags: '' },
  { name: 'ABORT', flags: 'T' },
  { name: 'SHUTDOWN', flags: '' },
  { name: 'SHUTDOWN_ACK', flags: '' },
  { name: 'ERROR', flags: '' },
  { name: 'COOKIE_ECHO', flags: '' },
  { name: 'COOKIE_ACK', flags: '' },
  { name: 'ECN_ECNE', flags: '' },
  { name: 'ECN_CWR', flags: '' },
  { name: 'SHUTDOWN_COMPLETE', flags: 'T' },
  { name: 'I_DATA', flags: 'IUBE' },
  { name: 'ASCONF_ACK', flags: '' },
  { name: 'RE_CONFIG', flags: '' },
  { name: 'PAD', flags: '' },
  { name: 'FORWARD_TSN', flags: '' },
  { name: 'ASCONF', flags: '' },
  { name: 'I_FORWARD_TSN', flags: '' },
]

export interface Chunks {
  match: 'any' | 'all' | 'only'
  /** Upper-case flags have to be set, lower-case ones not. */
  chunks: { name: string; flags: string }[] | 'ALL'
}

/** `--chunk-types any|all|only CHUNK[:FLAGS],…`. */
export const chunkTypes = (more: Partial<Option<Chunks>> = {}): Option<Chunks> => ({
  words: 2,
  invert: true,
  read([match = '', list = '']) {
    if (/^[-!]/.test(list)) throw new WordError('write "any", "all" or "only", and then a list of chunks')
    const how = (['any', 'all', 'only'] as const).find((one) => one === match.toLowerCase())
    if (!how) throw new WordError(`"${match}" is not a mode: write "any", "all" or "only"`)
    return { match: how, chunks: readChunks(list) }
  },
  print: ({ match, chunks }) => [match, printChunks(chunks)],
  ...more,
})

function readChunks(text: string): Chunks['chunks'] {
  if (text.toUpperCase() === 'ALL') return 'ALL'
  if (text.toUpperCase() === 'NONE') return []
  const given = new Map<string, string>()
  for (const part of text.split(',').filter((one) => one !== '')) {
    const [written, flags = ''] = part.split(/:(.*)/s)
    const chunk = CHUNKS.find(({ name }) => name === written!.toUpperCase())
    if (!chunk) throw new WordError(`"${written}" is not an SCTP chunk`)
    if ([...flags].some((flag) => !chunk.flags.includes(flag.toUpperCase())))
      throw new WordError(`"${flags}" are not flags of ${chunk.name}`)
    given.set(chunk.name, (given.get(chunk.name) ?? '') + flags)
  }
  return CHUNKS.filter(({ name }) => given.has(name)).map(({ name, flags }) => ({
    name,
    // the tool files I_DATA's flags under a wrong number, so neither it nor the kernel finds them again
    flags: name === 'I_DATA' ? '' : inOrder(given.get(name)!, flags),
  }))
}

/** A flag given both ways has to be set. */
const inOrder = (given: string, flags: string): string =>
  [...flags].map((flag) => [flag, flag.toLowerCase()].find((one) => given.includes(one)) ?? '').join('')

function printChunks(chunks: Chunks['chunks']): string {
  if (chunks === 'ALL') return 'ALL'
  if (chunks.length === 0) return 'NONE'
  return chunks.map(({ name, flags }) => (flags === '' ? name : `${name}:${flags}`)).join(',')
}
