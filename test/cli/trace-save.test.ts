/** `--save DIR` where somebody else may write to the folder: files of ours are not written through a link. */
import { readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Saved } from '../../src/cli/trace-save.ts'
import { formatById } from '../../src/read/recognise.ts'
import { folder } from './nfwhy.ts'

const bytes = new TextEncoder().encode('rules')

test.each(['ruleset.nft', 'trace-1.txt'])('a link that was laid in the place of %s is not followed', (name) => {
  const around = folder({ victim: 'mine' })
  const saved = new Saved(join(around, 'why'))
  const told: string[] = []
  saved.onBroken = (message) => told.push(message)
  symlinkSync(join(around, 'victim'), join(around, 'why', name))
  const log = formatById('kernel-log')
  if (log?.kind !== 'capture') throw new Error('no capture format')
  if (name === 'ruleset.nft') saved.files(undefined, new Map([[name, bytes]]))
  else saved.chunk(undefined, 0, log.format, bytes)
  saved.close()
  expect(told).toHaveLength(1)
  expect(told[0]).toContain('cannot be written any more')
  expect(readFileSync(join(around, 'victim'), 'utf8')).toBe('mine')
})

test('rules that are read again are written again', () => {
  const around = folder()
  const saved = new Saved(join(around, 'why'))
  for (const text of ['long rules', 'rules'])
    saved.files(undefined, new Map([['ruleset.nft', new TextEncoder().encode(text)]]))
  saved.close()
  expect(readFileSync(join(around, 'why', 'ruleset.nft'), 'utf8')).toBe('rules')
})
