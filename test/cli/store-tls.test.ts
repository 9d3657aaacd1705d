/** A broker and a database that speak TLS, with a certificate of their own. */
// @module-tag slow
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Certified, ClickHouse, certify, HAS_OPENSSL, hasClickHouse, hasProgram, Nats } from '../store/servers.ts'
import { folder, nfwhy } from './nfwhy.ts'
import { packets, RULES } from './stored.ts'

const NOT_TRUSTED = /self-signed certificate; NODE_EXTRA_CA_CERTS=FILE names an authority that Node is to trust/

describe.skipIf(!HAS_OPENSSL || !hasProgram('nats-server') || !hasClickHouse())('by TLS', () => {
  let certified: Certified | undefined
  let broker: Nats | undefined
  let database: ClickHouse | undefined
  beforeAll(async () => {
    certified = certify(mkdtempSync(join(tmpdir(), 'nfwhy-tls-')))
    broker = new Nats(1024 * 1024, certified)
    database = new ClickHouse(certified)
    await Promise.all([broker.start(), database.start()])
  })
  afterAll(async () => {
    await Promise.all([broker?.remove(), database?.remove()])
    if (certified) rmSync(dirname(certified.certificate), { recursive: true })
  })

  const trusting = (...args: string[]) => nfwhy(args, { env: { NODE_EXTRA_CA_CERTS: certified!.certificate } })
  const streamAt = (at: string) => broker!.stream('safe', join(at, 'spool')).replace('nats:', 'tls:')
  const databaseAt = (path = 'default') => `clickhouses://127.0.0.1:${database!.securePort}/${path}`

  test('a broker hands on, and a database answers', async () => {
    const at = folder({ 'trace.log': packets(0, 4), 'rules.v4': RULES })
    const stream = streamAt(at)
    const inputs = [join(at, 'trace.log'), join(at, 'rules.v4')]
    expect(await trusting('explain', '-q', ...inputs, '--store', stream)).toMatchObject({ code: 1, stderr: '' })
    expect(await trusting('load', stream, databaseAt(), '--until-empty')).toMatchObject({
      ...{ code: 0, stdout: expect.stringMatching(/^Stored 2 messages: 4 exchanges/), stderr: '' },
    })
    const { stdout } = await trusting('query', '--store', databaseAt(), 'select count(*) as n from journeys', '--csv')
    expect(stdout).toBe('n\n4\n')
  })

  test('what a broker that is not trusted is to have waits, and it is said what is missing', async () => {
    const at = folder({ 'trace.log': packets(0, 4), 'rules.v4': RULES })
    const inputs = [join(at, 'trace.log'), join(at, 'rules.v4')]
    const { code, stderr } = await nfwhy(['explain', '-q', ...inputs, '--store', streamAt(at)])
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(NOT_TRUSTED) })
    expect(stderr).toMatch(/wait in .*spool/)
  })

  test('a database that is not trusted is not asked', async () => {
    const { code, stderr } = await nfwhy(['query', '--store', databaseAt(), 'select 1'])
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(NOT_TRUSTED) })
  })
})
