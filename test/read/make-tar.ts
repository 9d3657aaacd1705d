/** Tar archives as no tar would make them, too. */

export interface Entry {
  name: string
  content?: string | Uint8Array
  /** As the header has it; absent: a plain file. */
  type?: string
  link?: string
  mtime?: number
  /** The size that the header tells, where that is not the content's. */
  size?: number
  format?: 'ustar' | 'gnu' | 'v7'
  prefix?: string
}

const BLOCK = 512
const bytesOf = (content: string | Uint8Array): Buffer => Buffer.from(content as string)

export function header({
  name,
  content = '',
  type = '0',
  link = '',
  mtime = 0,
  size,
  format = 'ustar',
  prefix = '',
}: Entry) {
  const block = Buffer.alloc(BLOCK)
  block.write(name, 0, 100)
  block.write('0000644\0', 100)
  block.write('0000000\0', 108)
  block.write('0000000\0', 116)
  const length = size ?? bytesOf(content).length
  if (length < 8 ** 11) block.write(`${length.toString(8).padStart(11, '0')}\0`, 124)
  else {
    block[124] = 0x80
    block.writeBigUInt64BE(BigInt(length), 128)
  }
  block.write(`${mtime.toString(8).padStart(11, '0')}\0`, 136)
  block.write(type, 156, 'latin1')
  block.write(link, 157, 100)
  if (format === 'ustar') block.write('ustar\x0000', 257, 'latin1')
  if (format === 'gnu') block.write('ustar  \0', 257, 'latin1')
  if (format === 'ustar') block.write(prefix, 345, 155)
  block.write('        ', 148)
  const sum = block.reduce((all, byte) => all + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

export function entry(one: Entry): Buffer {
  const content = bytesOf(one.content ?? '')
  return Buffer.concat([header(one), content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)])
}

export const END: Buffer = Buffer.alloc(2 * BLOCK)

export const makeTar = (entries: readonly (Entry | Buffer)[]): Buffer =>
  Buffer.concat([...entries.map((one) => (Buffer.isBuffer(one) ? one : entry(one))), END])

/** A pax header for the next entry. */
export function pax(records: Readonly<Record<string, string>>, type = 'x'): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`)
    let length = rest + String(rest).length
    if (String(length).length !== String(rest).length) length = rest + String(length).length
    return `${length} ${key}=${value}\n`
  })
  return entry({ name: 'PaxHeaders/x', type, content: lines.join('') })
}
