import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TarReader } from '../../src/read/tar.ts'
import { looksLikeTar } from '../../src/read/tar-header.ts'
import { folder } from '../cli/nfwhy.ts'
import { END, type Entry, entry, header, makeTar, pax } from './make-tar.ts'

interface Read {
  files: Record<string, string>
  mtimes: Record<string, number>
  refused: string[]
  damaged: string | undefined
}

/** In pieces of so many bytes. */
function read(archive: Uint8Array, piece = archive.length): Read {
  const result: Read = { files: {}, mtimes: {}, refused: [], damaged: undefined }
  let parts: Buffer[] = []
  let name = ''
  const reader = new TarReader({
    file(file) {
      name = file.name
      result.mtimes[name] = file.mtime
      parts = []
      return true
    },
    data: (chunk) => void parts.push(Buffer.from(chunk)),
    done() {
      result.files[name] = Buffer.concat(parts).toString()
    },
    refused: (refused, code, reason) => void result.refused.push(`${refused}: ${code}: ${reason}`),
  })
  for (let at = 0; at < archive.length; at += piece) reader.push(archive.subarray(at, at + piece))
  reader.end()
  result.damaged = reader.damaged
  return result
}

const GOOD: Entry = { name: 'good', content: 'kept' }

describe('what a real tar writes', () => {
  const long = `${'d'.repeat(90)}/${'e'.repeat(90)}/${'f'.repeat(120)}`
  const files = { 'a/b': 'content', 'a/empty': '', 'a/ümlaut ß': 'x'.repeat(5000), [long]: 'long' }

  test.each(['ustar', 'gnu', 'pax', 'v7', 'oldgnu'])('--format=%s', (format) => {
    const cwd = folder(files)
    const { stdout, status } = spawnSync('tar', ['-c', `--format=${format}`, '--mtime=@1700000000', '.'], { cwd })
    const result = read(stdout)
    // names that a format has no room for, tar leaves out and says so
    const expected = Object.entries(files).filter(([name]) => status === 0 || name.length < 100)
    expect(result.files).toEqual(Object.fromEntries(expected))
    expect(new Set(Object.values(result.mtimes))).toEqual(new Set([1_700_000_000]))
    expect(result).toMatchObject({ refused: [], damaged: undefined })
  })

  test('links, pipes and devices', () => {
    const cwd = folder({ good: 'kept' })
    const script = 'ln -s /etc/passwd soft; ln good hard; mkfifo pipe; tar -c good hard pipe soft'
    const { stdout } = spawnSync('bash', ['-c', script], { cwd })
    const result = read(stdout)
    expect(result.files).toEqual({ good: 'kept' })
    expect(result.refused).toEqual([
      'hard: archive-link: it is a link, which is not followed',
      'pipe: archive-device: it is a named pipe',
      'soft: archive-link: it is a link, which is not followed',
    ])
  })
})

describe('is refused, and what stands beside it is read', () => {
  test.each<[string, readonly (Entry | Buffer)[], string]>([
    [
      'an absolute name',
      [{ name: '/etc/passwd', content: 'x' }],
      '/etc/passwd: archive-name: its name is an absolute path',
    ],
    ['a drive', [{ name: 'C:\\evil', content: 'x' }], 'C:\\evil: archive-name: its name is an absolute path'],
    ['..', [{ name: '../evil', content: 'x' }], '../evil: archive-name: its name leads out of the archive (..)'],
    ['.. inside', [{ name: 'a/../../evil' }], 'a/../../evil: archive-name: its name leads out of the archive (..)'],
    [
      '.. with backslashes',
      [{ name: 'a\\..\\evil' }],
      'a\\..\\evil: archive-name: its name leads out of the archive (..)',
    ],
    [
      '.. in a ustar prefix',
      [{ name: 'evil', prefix: '../..' }],
      '../../evil: archive-name: its name leads out of the archive (..)',
    ],
    [
      '.. in a pax path',
      [pax({ path: '../evil' }), { name: 'ok', content: 'x' }],
      '../evil: archive-name: its name leads out of the archive (..)',
    ],
    [
      '.. in a GNU long name',
      [entry({ name: '././@LongLink', type: 'L', content: '/abs\0' }), { name: 'ok' }],
      '/abs: archive-name: its name is an absolute path',
    ],
    ['a name of none', [{ name: './.', content: 'x' }], './.: archive-name: its name is empty'],
    [
      'a name that is too long',
      [pax({ path: 'x'.repeat(5000) }), { name: 'ok' }],
      `${'x'.repeat(5000)}: archive-name: its name is too long`,
    ],
    [
      'a symbolic link',
      [{ name: 'l', type: '2', link: '/etc/shadow' }],
      'l: archive-link: it is a link, which is not followed',
    ],
    [
      'a hard link that claims a size',
      [{ name: 'l', type: '1', link: 'good', size: 1000 }],
      'l: archive-link: it is a link, which is not followed',
    ],
    ['a character device', [{ name: 'd', type: '3' }], 'd: archive-device: it is a device'],
    ['a block device', [{ name: 'd', type: '4' }], 'd: archive-device: it is a device'],
    ['a pipe', [{ name: 'p', type: '6' }], 'p: archive-device: it is a named pipe'],
    ['a sparse file', [{ name: 's', type: 'S', content: 'x' }], 's: archive-kind: it is a sparse file'],
    [
      'a sparse file of pax',
      [pax({ 'GNU.sparse.major': '1' }), { name: 's', content: 'x' }],
      's: archive-kind: it is a sparse file',
    ],
    ['an unknown kind', [{ name: 'u', type: 'Q', content: 'x' }], 'u: archive-kind: it is not a regular file'],
  ])('%s', (_, entries, refused) => {
    const result = read(makeTar([...entries, GOOD]))
    expect(result).toMatchObject({ files: { good: 'kept' }, refused: [refused], damaged: undefined })
  })
})

describe('pax', () => {
  test('path, size and mtime stand for those of the header', () => {
    const archive = makeTar([
      pax({ path: 'dir/ä', mtime: '1700000000.5', size: '3' }),
      Buffer.concat([header({ name: 'other', size: 0 }), Buffer.from('abc'), Buffer.alloc(509)]),
      GOOD,
    ])
    expect(read(archive)).toMatchObject({
      files: { 'dir/ä': 'abc', good: 'kept' },
      mtimes: { 'dir/ä': 1_700_000_000.5 },
    })
  })

  test('a global header is of nobody', () => {
    expect(read(makeTar([pax({ path: 'all' }, 'g'), GOOD]))).toMatchObject({ files: { good: 'kept' } })
  })
})

describe('damage', () => {
  test.each<[string, Buffer, string, Record<string, string>]>([
    ['no archive', Buffer.from('x'.repeat(600)), 'it is no tar archive', {}],
    [
      'cut in a file',
      makeTar([GOOD, { name: 'b', content: 'y'.repeat(2000) }]).subarray(0, 2000),
      'it ends in the middle of a file',
      { good: 'kept' },
    ],
    ['cut in a header', makeTar([GOOD]).subarray(0, 1024 + 100), 'it ends in the middle of a file', { good: 'kept' }],
    [
      'a header overwritten',
      Buffer.concat([entry(GOOD), Buffer.from('z'.repeat(512)), END]),
      'a header in it is damaged',
      { good: 'kept' },
    ],
    [
      'a size that is none',
      makeTar([GOOD, header({ name: 'h', size: 2 ** 60 })]),
      'a header in it is damaged',
      { good: 'kept' },
    ],
    [
      'an endless pax header',
      makeTar([GOOD, header({ name: 'p', type: 'x', size: 2 ** 30 })]),
      'a header in it is too long',
      { good: 'kept' },
    ],
  ])('%s', (_, archive, damaged, files) => {
    expect(read(archive)).toMatchObject({ damaged, files })
  })

  test('without the blocks that end it, it is whole', () => {
    expect(read(entry(GOOD))).toMatchObject({ damaged: undefined, files: { good: 'kept' } })
  })

  test('mutated, cut and in pieces of any size it never throws, and says the same in pieces', () => {
    const whole = makeTar([GOOD, pax({ path: 'p' }), { name: 'x', content: 'c'.repeat(700) }, { name: 'l', type: '2' }])
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 5 }),
        fc.nat(whole.length),
        fc.integer({ min: 1, max: 1500 }),
        (changes, length, piece) => {
          const archive = Uint8Array.from(whole.subarray(0, length))
          for (const [at, byte] of changes) if (at < length) archive[at] = byte
          expect(read(archive, piece)).toEqual(read(archive))
        },
      ),
    )
  })
})

test('is recognised by its checksum', () => {
  expect(looksLikeTar(makeTar([GOOD]))).toBe(true)
  expect(looksLikeTar(entry({ ...GOOD, format: 'v7' }))).toBe(true)
  expect(looksLikeTar(END)).toBe(false)
  expect(looksLikeTar(Buffer.from(`good${'\0'.repeat(600)}`))).toBe(false)
  expect(looksLikeTar(makeTar([GOOD]).subarray(0, 511))).toBe(false)
})

test('more than 8 GB are told in base 256', () => {
  let size = 0
  const reader = new TarReader({
    file(file) {
      size = file.size
      return false
    },
    data() {},
    done() {},
    refused() {},
  })
  reader.push(header({ name: 'big', size: 9e9 }))
  expect(size).toBe(9e9)
})
